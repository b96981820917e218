"""What a room's day came to, as a JSON file the station publishes at each close: the headquarters' only word on those
of whom there is no recording.

`station` publishes it, `sync` delivers and reads it. It says what the journal said at that moment; a later one of the
same station has a higher number and replaces it in meaning, never on disk. Fields are added, never renamed.
"""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from exam import durable
from exam.errors import Rejected
from exam.manifest import SUFFIX, Decision, Listened, Opinion, Person, Source
from exam.regulation import Outcome

SCHEMA = 1
MAX_BYTES = 4 << 20
_NAME = re.compile(
    r"(?P<date>\d{2}\.\d{2}\.\d{4})_(?P<room>[^_]+)_(?P<school>[^_]+)_ведомость_(?P<number>\d{2,})"
    r"(?:~[0-9a-f]+)?\.json"
)


class RoomTake(Struct, frozen=True, kw_only=True):
    """One take. `counts`: the participant really worked in it (neither cancelled nor replaced by another name).

    `manifest`: the SHA-256 of its manifest, None while that is not published. `replaces`: the stem it supersedes.
    """

    stem: str
    participant: int
    take: int
    variant: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    decision: Decision | None = None
    counts: bool = True
    source: Source = "microphone"
    listened: Listened = None
    opinion: Opinion | None = None
    replaces: str | None = None
    flags: tuple[str, ...] = ()
    manifest: str | None = None


class RoomOutcome(Struct, frozen=True):
    """A participant's outcome; `at`: the time of day a person gave (HH:MM:SS), `noted_at`: when it was told."""

    participant: int
    outcome: Outcome
    at: str | None = None
    note: str = ""
    noted_at: datetime | None = None


class RoomDay(Struct, frozen=True, kw_only=True):
    """A room's day up to the journal's last event, at `until`. `number` counts the station's records of the day.

    `closed_at` is None when the day was not closed (a computer that failed). `listed`: whom the room's list named, as
    the roster named them then. `journal`: the SHA-256 of the journal up to there; `streams`: stems of stream files.
    """

    schema: int = SCHEMA
    kind: Literal["room"] = "room"
    exam_date: date
    room: str
    school: str
    station: str
    number: int
    scheme: int
    recording: Literal["stream", "personal", "both"]
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    until: datetime
    journal: str
    streams: tuple[str, ...] = ()
    listed: tuple[Person, ...] = ()
    takes: tuple[RoomTake, ...] = ()
    outcomes: tuple[RoomOutcome, ...] = ()

    @property
    def file(self) -> str:
        """The name under which it is published."""
        return f"{self.exam_date:%d.%m.%Y}_{self.room}_{self.school}_ведомость_{self.number:02d}{SUFFIX}"


def is_room_day(name: str) -> bool:
    """Whether a file name is that of a room's record, and so not of a recording's manifest."""
    return number_of(name) is not None


def number_of(name: str) -> int | None:
    """The number in the file name of a room's record; None when it is not one."""
    found = _NAME.fullmatch(name)
    return int(found["number"]) if found else None


def publish(record: RoomDay, folder: Path) -> Path:
    """Publish the record beside the day's recordings. FileExistsError when its number is taken."""
    path = folder / record.file
    durable.publish(path, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    return path


def load(path: Path) -> RoomDay:
    """Read a record. Raises Rejected with file and key when it is none, OSError as the disk does."""
    try:
        with path.open("rb") as file:
            record = msgspec.json.decode(file.read(MAX_BYTES + 1), type=RoomDay)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(path, str(error), str(error)) from error
    if record.schema != SCHEMA:
        raise _refused(path, f"версия {record.schema}, эта программа знает {SCHEMA}", f"schema {record.schema}")
    return record


def _refused(path: Path, ru: str, en: str) -> Rejected:
    return Rejected(
        f"Сведения аудитории {path.name} испорчены: {ru}. Записи целы; возьмите файл со станции ещё раз.",
        f"The room's record {path.name} is broken: {en}. Recordings are untouched; fetch it from the station again.",
        code="bad_room_day",
    )
