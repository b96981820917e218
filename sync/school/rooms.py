"""What a school's rooms told of their day: which records still stand, the takes of all of them, outcomes, rooms. Pure.

Called by `assembling`. Two computers of one room are two witnesses; what one of them said later replaces what it said
before, and a record knows more than the manifests that were published earlier.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from exam.manifest import Manifest, Person
from exam.names import Kind
from exam.regulation import Outcome
from exam.roomday import RoomDay, RoomTake
from sync.school.model import File, Room, Said, Take


class Recorded(Struct, frozen=True):
    """A manifest that lies here. `manifest`: the file itself; `here`: whether the delivery does, with its content."""

    told: Manifest
    manifest: File
    here: bool


def latest(records: Iterable[RoomDay]) -> list[RoomDay]:
    """Of each computer's records the last; two computers of one room both stand, whatever they call themselves.

    A record is an earlier word of another one's journal when that holds all of its takes.
    """
    found: list[RoomDay] = []
    for record in sorted(records, key=lambda one: (one.number, one.until), reverse=True):  # clocks are set back
        if not any(_continues(later, record) for later in found):
            found.append(record)
    return sorted(found, key=lambda one: (one.room, one.opened_at or one.until))


def _continues(later: RoomDay, earlier: RoomDay) -> bool:
    if (later.room, later.station, later.opened_at) != (earlier.room, earlier.station, earlier.opened_at):
        return False
    return {(take.stem, take.started_at) for take in earlier.takes} <= {
        (take.stem, take.started_at) for take in later.takes
    }


def said_of(records: Iterable[RoomDay], takes: Iterable[Take]) -> dict[int, Said]:
    """Outcomes as the rooms told them, of each participant the latest; who came after all is not absent any more."""
    told = [(one.noted_at or record.until, record.room, record, one) for record in records for one in record.outcomes]
    last = {take.participant: take.started_at for take in takes}
    return {
        one.participant: Said(one.outcome, one.at, one.note, record.room, _listed(record, one.participant))
        for noted_at, _, record, one in sorted(told, key=lambda each: each[:2])
        if one.outcome is not Outcome.ABSENT or last.get(one.participant, noted_at) <= noted_at
    }


def takes_of(records: Iterable[RoomDay], recorded: Iterable[Recorded]) -> list[Take]:
    """Every take that counts, in order of time: as manifests tell it, and with what the rooms' records know since."""
    found: dict[tuple[str, str, datetime], Take] = {}
    replaced: set[tuple[str, str, datetime]] = set()
    for one in recorded:
        if one.told.kind is Kind.PARTICIPANT and one.told.participant is not None:
            take = _of_manifest(one)
            found[_key(take)] = take
            if one.told.replaces:
                replaced.add((take.room, one.told.replaces, take.started_at))
    for key in replaced & found.keys():
        found[key] = replace(found[key], counts=False)
    for record in records:
        for told in record.takes:
            key = (record.room, told.stem, told.started_at)
            found[key] = _as_recorded(found.get(key), told, record)
    return sorted((take for take in found.values() if take.counts), key=lambda take: (take.started_at, take.stem))


def _key(take: Take) -> tuple[str, str, datetime]:
    return take.room, take.stem, take.started_at


def _of_manifest(one: Recorded) -> Take:
    told = one.told
    person = told.participant
    return Take(
        room=told.room,
        station=told.station,
        stem=told.stem,
        participant=person.number if person else 0,
        number=told.take or 1,
        variant=told.variant,
        started_at=told.started_at,
        ended_at=told.ended_at,
        decision=told.outcome,
        source=told.source,
        listened=told.listened,
        opinion=told.opinion,
        grade=(told.verdict or {}).get("grade"),
        delivery=_sound(told),
        manifest=one.manifest,
        here=one.here,
        flags=told.flags,
        listed_as=person,
    )


def _as_recorded(take: Take | None, told: RoomTake, record: RoomDay) -> Take:
    if take is None:
        take = Take(room=record.room, station=record.station, stem=told.stem, participant=told.participant,
                    number=told.take, started_at=told.started_at)  # fmt: skip
    listed_as = take.listed_as if take.participant == told.participant else None
    return replace(
        take, participant=told.participant, variant=told.variant, ended_at=told.ended_at or take.ended_at,
        decision=told.decision, counts=told.counts, source=told.source, listened=told.listened, opinion=told.opinion,
        flags=told.flags,
        listed_as=listed_as or _listed(record, told.participant),
        in_stream=record.recording == "stream" and take.manifest is None and told.manifest is None,
    )  # fmt: skip


def _listed(record: RoomDay, number: int) -> Person | None:
    return next((person for person in record.listed if person.number == number), None)


def rooms_of(records: Sequence[RoomDay], recorded: Sequence[Recorded], *, streams: bool) -> Iterator[Room]:
    """Every room something came from. `streams`: whether the common recordings travel."""
    computers = sorted(
        {(one.room, one.station) for one in records} | {(one.told.room, one.told.station) for one in recorded}
    )
    for number, group in groupby(computers, key=lambda one: one[0]):
        mine = [record for record in records if record.room == number]
        here = [one for one in recorded if one.told.room == number]
        parts = [one for one in here if one.told.kind is Kind.STREAM] if streams else []
        missing = {stem for record in mine for stem in record.streams if streams} - {one.told.stem for one in parts}
        missing |= {one.told.stem for one in parts if not one.here}
        opened = [record.opened_at for record in mine if record.opened_at]
        closed = [record.closed_at for record in mine if record.closed_at]
        yield Room(
            number=number,
            stations=tuple(station for _, station in group),
            is_closed=_is_closed(mine, here),
            opened_at=min(opened, default=None),
            closed_at=max(closed, default=None),
            streams=tuple(_sound(one.told) for one in parts if one.here),
            streams_lacking=tuple(sorted(missing)),
            recording=mine[-1].recording if mine else None,
        )


def _is_closed(records: Sequence[RoomDay], recorded: Iterable[Recorded]) -> bool:
    """Whether the last word is that the day is over, and no recording came of which no record knows."""
    last = max(records, key=lambda record: record.until, default=None)
    known = {(take.stem, take.started_at) for record in records for take in record.takes}
    takes = {(one.told.stem, one.told.started_at) for one in recorded if one.told.kind is Kind.PARTICIPANT}
    return takes <= known and last is not None and last.closed_at is not None


def _sound(told: Manifest) -> File:
    """What travels of a recording: its copy, or the master where there is none."""
    copy = told.deliveries[0] if told.deliveries else None
    return File(copy.file, copy.sha256, copy.size) if copy else File(told.audio.file, told.sha256, told.size)
