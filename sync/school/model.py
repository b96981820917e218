"""The words for a school's day: who was expected, what there is of each, what lacks and why. Pure.

Owned here, spoken by everything at the headquarters and the centre.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from exam.manifest import Decision, Listened, Opinion, Person, Source
from exam.regulation import Outcome
from exam.roster import Participant
from sync.plan import Reason
from sync.scans import model

PaperKind = model.PaperKind

PapersWay = Literal["scans", "by_hand"]
"""How the papers travel: as scans, which are then required, or on paper, which is then recorded as handed over."""

Recording = Literal["stream", "personal", "both"]


class Stage(StrEnum):
    """What is asked of each participant, in this order."""

    EXPECTED = "expected"
    RECORDED = "recorded"
    ACCEPTED = "accepted"
    SCANNED = "scanned"
    HASHED = "hashed"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"


class Mark(StrEnum):
    """How a stage stands with a participant."""

    YES = "yes"
    NO = "no"  # lacks; somebody must act
    OPEN = "open"  # on its way, nobody needs to act
    NOT_NEEDED = "not_needed"  # lawfully lacks


class Cell(Struct, frozen=True):
    """One square of the matrix. `reason`: why it is not simply yes."""

    mark: Mark
    reason: Reason | None = None


class File(Struct, frozen=True):
    """A file by its content. `name`: as it was published; `size` in bytes."""

    name: str
    sha256: str
    size: int


class Take(Struct, frozen=True, kw_only=True):
    """One take of one participant, in whatever room. `station`: which computer; `counts`: not cancelled or replaced.

    `delivery`: the copy that travels (None: the manifest is not here), `manifest`: its manifest; `here`: whether the
    delivery's bytes lie here and were found to be the manifest's. `grade`: of the sound: pass, warn or fail.
    `listed_as`: who bore the participant's number in the room's list; None: not known. `in_stream`: heard in the room's
    stream alone, there is no file of its own. `flags`: as the station's manifests and records bear them.
    """

    room: str
    station: str
    stem: str
    participant: int
    number: int
    variant: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    decision: Decision | None = None
    counts: bool = True
    source: Source = "microphone"
    listened: Listened = None
    opinion: Opinion | None = None
    grade: str | None = None
    delivery: File | None = None
    manifest: File | None = None
    here: bool = False
    in_stream: bool = False
    flags: tuple[str, ...] = ()
    listed_as: Person | None = None


class Said(Struct, frozen=True):
    """An outcome, with the time of day (HH:MM:SS), a note, and whose word it is: a room's number, or the organizer.
    `listed_as`: whom the room meant by the number."""

    outcome: Outcome
    at: str | None = None
    note: str = ""
    by: str = ""
    listed_as: Person | None = None


class Paper(Struct, frozen=True):
    """A scan that was opened and found good. `file`: as it lies in the scans folder; `name`: by which it travels."""

    file: str
    name: str
    kind: PaperKind
    sha256: str
    size: int
    pages: int
    participant: int | None = None
    room: str | None = None


class Given(Struct, frozen=True):
    """Papers handed over on paper: who gave them to whom, and when that was noted."""

    by: str
    to: str
    note: str
    noted_at: datetime


class Fault(Struct, frozen=True):
    """Something that keeps the package from being complete. `reason` says what, and what to do about it.

    Codes: no_recording not_accepted no_file two_accepted same_variant absent_but_recorded not_listed other_person
    no_protocol no_act no_form_c1 no_record_of_room room_open no_stream damaged other_school emptied, and of scans
    `scan_` with the scan's own.
    """

    code: str
    reason: Reason
    participant: int | None = None
    room: str | None = None
    file: str | None = None


class Row(Struct, frozen=True, kw_only=True):
    """One participant's day. `takes`: every take that counts, of all rooms, in order of time; `chosen`: the stem of the
    one that stands for the participant, `chosen_at`: when it began (two computers may give one name), `by_hand`: by a
    person's choice; `lacks`: why there lawfully is no accepted recording."""

    person: Participant
    said: Said | None = None
    takes: tuple[Take, ...] = ()
    chosen: str | None = None
    chosen_at: datetime | None = None
    by_hand: bool = False
    lacks: Reason | None = None
    protocol: Paper | None = None
    cells: Mapping[Stage, Cell]

    @property
    def take(self) -> Take | None:
        """The take that stands for the participant."""
        named = (take for take in self.takes if take.stem == self.chosen)
        return next((take for take in named if self.chosen_at in {None, take.started_at}), None)

    @property
    def other_person(self) -> Person | None:
        """Whom a room meant by the number, when that was somebody else; whoever chose a recording or told an outcome at
        the headquarters has seen to it."""
        meant = [take.listed_as for take in self.takes if not self.by_hand]
        meant += [self.said.listed_as] if self.said is not None else []
        return next((one for one in meant if one is not None and _plain(one) != _plain(self.person)), None)

    @property
    def rooms(self) -> tuple[str, ...]:
        """Where the participant was recorded, in order; else where the roster expected them."""
        return tuple(dict.fromkeys(take.room for take in self.takes)) or (
            (self.person.room,) if self.person.room else ()
        )


def _plain(person: Person | Participant) -> str:
    return " ".join(person.full_name.casefold().replace("ё", "е").split())


class Room(Struct, frozen=True):
    """A room of the day. `stations`: its computers, in order; `streams`: what is here of its common recording,
    `streams_lacking`: names of parts that were recorded and are not here. `is_closed`: its day, and nothing was
    recorded since. `recording`: how it really recorded, None: nobody told."""

    number: str
    stations: tuple[str, ...]
    is_closed: bool
    opened_at: datetime | None
    closed_at: datetime | None
    streams: tuple[File, ...] = ()
    streams_lacking: tuple[str, ...] = ()
    recording: Recording | None = None


class SchoolDay(Struct, frozen=True, kw_only=True):
    """A school's day. `papers`: everything that travels as a scan, protocols included; `papers_given`: by hand.
    `streams`: whether the rooms' common recordings travel."""

    school: str
    school_name: str
    exam_date: date
    scheme: int
    recording: Recording
    papers_way: PapersWay
    streams: bool = True
    rows: tuple[Row, ...]
    rooms: tuple[Room, ...] = ()
    papers: tuple[Paper, ...] = ()
    papers_given: tuple[Given, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether it may be released: nothing lacks that should be there."""
        return not self.faults

    def row(self, number: int) -> Row | None:
        """The participant with this number in the roster."""
        return next((row for row in self.rows if row.person.number == number), None)
