"""A room's record from its day: what the headquarters are told of the room, those without a recording included. Pure.

`due` says when one is to be published, `recordkeeping` puts it into the folder, `verify` holds it against the journal.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from exam.manifest import Person
from exam.names import parse
from exam.roomday import RoomDay, RoomOutcome, RoomTake
from station.config import Config
from station.session import Day, Rules, State, Take
from station.tally import expected_in

_A_COMPUTER = 100
"""How many numbers a computer of a room has, as everything else it counts: the first 1-200, the second 201-300."""


class Draft(Struct, frozen=True):
    """A record without its number and its journal's SHA-256. `size`: bytes of `journal`, a file of the folder, then.

    `after`: its number is to be higher than that, as the numbers of this computer of the room are.
    """

    record: RoomDay
    after: int
    journal: str
    size: int


class Meaning(Struct, frozen=True):
    """What a record says that a journal knows."""

    opened_at: datetime | None
    closed_at: datetime | None
    streams: tuple[str, ...]
    takes: tuple[RoomTake, ...]
    outcomes: tuple[RoomOutcome, ...]


def room_day_of(day: Day, rules: Rules, config: Config, until: datetime) -> RoomDay:
    """The day as the headquarters are to know it. `until`: when its last event was noted."""
    known = known_of(day)
    return RoomDay(
        exam_date=rules.exam_date,
        room=rules.room,
        school=rules.school,
        station=config.station,
        number=rules.numbers_after,
        scheme=config.exam.scheme,
        recording=config.exam.recording,
        opened_at=known.opened_at,
        closed_at=known.closed_at,
        until=until,
        journal="",
        streams=known.streams,
        listed=tuple(Person.of(person) for person in expected_in(rules.roster, rules.room)),
        takes=known.takes,
        outcomes=known.outcomes,
    )


def known_of(day: Day) -> Meaning:
    """What the journal knows. A day that was opened again is not closed any more."""
    return Meaning(
        opened_at=day.opened_at,
        closed_at=day.closed_at if day.state is State.CLOSED else None,
        streams=tuple(part.stem for part in day.parts if part.frames != 0),
        takes=tuple(_take(day, take) for take in day.takes.values()),
        outcomes=tuple(
            RoomOutcome(number, note.outcome, note.at, note.note, note.noted_at)
            for number, note in sorted(day.outcomes.items())
        ),
    )


def stated_in(record: RoomDay) -> Meaning:
    """The same of a record."""
    return Meaning(record.opened_at, record.closed_at, record.streams, record.takes, record.outcomes)


def say_the_same(one: RoomDay, other: RoomDay) -> bool:
    """Whether there is nothing in one that is not in the other: number, journal and moment left out of account."""
    return replace(one, number=other.number, journal=other.journal, until=other.until) == other


def computer_of(number: int) -> int:
    """Which computer of the room counts so: the first is 1."""
    return max(1, (number - 1) // _A_COMPUTER)


def computer_of_day(day: Day) -> int | None:
    """Which computer of the room recorded the day, by the names it gave; None where it gave none."""
    named = [*(part.stem for part in day.parts), *(each.stem for each in day.rehearsals), *day.takes]
    return computer_of(parse(named[0]).number) if named else None


def is_over(day: Day, until: datetime, rules: Rules) -> bool:
    """Whether the day is to be told of: it is closed and sealed, or it was left open and its date is past."""
    if day.state is State.CLOSED:
        return all(part.frames is not None for part in day.parts)
    return until.date() > rules.exam_date and day.take is None


def _take(day: Day, take: Take) -> RoomTake:
    _, manifest = day.published.get(take.stem, ("", ""))
    return RoomTake(
        stem=take.stem,
        participant=take.participant,
        take=take.number,
        variant=take.variant,
        started_at=take.started_at,
        ended_at=take.ended_at,
        decision=take.decision,
        counts=take.counts,
        source=take.source,
        listened=take.listened,
        opinion=take.opinion,
        replaces=take.replaces,
        flags=take.flags,
        manifest=manifest or None,
    )
