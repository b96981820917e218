"""Who was expected in a room, who was recorded, and of whom nothing is there that would do. Pure.

For the room sheet, the copy on a drive and the end of the day. What the roster does not tell is not guessed: where it
names no rooms, everybody is expected in each.
"""

from enum import StrEnum

from msgspec import Struct

from exam.names import Kind
from exam.regulation import Outcome
from exam.roster import Participant, Roster
from station.config import Recording
from station.session import Day


class Standing(StrEnum):
    """How things stand with a participant."""

    ACCEPTED = "accepted"
    UNREVIEWED = "unreviewed"  # recorded, but nobody has said whether it is good
    IN_HAND = "in_hand"
    TO_REPEAT = "to_repeat"
    EXCUSED = "excused"  # an outcome says why there is no ordinary recording
    MISSING = "missing"


class Row(Struct, frozen=True):
    """One participant. `outcome`: as noted, whatever the standing. `takes`: how many count."""

    number: int
    name: str
    class_name: str
    is_from_here: bool
    standing: Standing
    outcome: Outcome | None
    takes: int


class Tally(Struct, frozen=True):
    """Everyone expected here, in the roster's order, and after them whoever was recorded here all the same."""

    rows: tuple[Row, ...]

    def count(self, *standings: Standing) -> int:
        return sum(row.standing in standings for row in self.rows)

    @property
    def expected(self) -> int:
        return sum(row.is_from_here for row in self.rows)

    @property
    def recorded(self) -> int:
        return sum(row.takes > 0 for row in self.rows)

    @property
    def missing(self) -> tuple[Row, ...]:
        """Of whom there is neither a recording that would do nor a reason."""
        return tuple(row for row in self.rows if row.standing in {Standing.MISSING, Standing.TO_REPEAT})


def expected_in(roster: Roster, room: str) -> tuple[Participant, ...]:
    """The room's list; the whole school where the roster names no rooms."""
    here = tuple(person for person in roster.values() if person.room == room)
    return here or tuple(person for person in roster.values() if not person.room)


def people_of(day: Day, roster: Roster, room: str) -> tuple[Participant, ...]:
    """The room's list, then whoever else was recorded here or has an outcome, even if the roster lost them."""
    expected = expected_in(roster, room)
    listed = {person.number for person in expected}
    seen = {take.participant for take in day.takes.values() if take.counts} | set(day.outcomes)
    others = sorted(seen - listed)
    return (*expected, *(roster.get(number) or Participant(number, f"№ {number}", "") for number in others))


def tally(day: Day, roster: Roster, room: str) -> Tally:
    """How things stand with each of them."""
    expected = {person.number for person in expected_in(roster, room)}
    return Tally(tuple(_row(day, person, person.number in expected) for person in people_of(day, roster, room)))


def still_due(day: Day, recording: Recording) -> tuple[str, ...]:
    """Stems of recordings that are not published yet, those that still grow included."""
    growing = [part.stem for part in day.parts if part.frames is None]
    growing += [take.stem for take in day.takes.values() if take.counts and take.decision is None]
    stems = (*dict.fromkeys((*growing, *day.unpublished())),)
    return tuple(stem for stem in stems if kind_of(day, stem) is not left_out(recording))


def left_out(recording: Recording) -> Kind | None:
    """What a school that records so does not publish; a stream nobody asked for stays here as the safety copy."""
    return {"stream": Kind.PARTICIPANT, "personal": Kind.STREAM}.get(recording)


def kind_of(day: Day, stem: str) -> Kind:
    """What the day's recording `stem` is a recording of."""
    if stem in day.takes:
        return Kind.PARTICIPANT
    return Kind.STREAM if any(part.stem == stem for part in day.parts) else Kind.REHEARSAL


def _row(day: Day, person: Participant, is_from_here: bool) -> Row:  # noqa: FBT001 - a field of the row
    note = day.outcomes.get(person.number)
    return Row(
        number=person.number,
        name=person.full_name,
        class_name=person.class_name,
        is_from_here=is_from_here,
        standing=_standing(day, person.number),
        outcome=note.outcome if note is not None else None,
        takes=len(day.takes_of(person.number)),
    )


def _standing(day: Day, number: int) -> Standing:
    takes = day.takes_of(number)
    if day.take is not None and day.take.participant == number:
        return Standing.IN_HAND
    if day.accepted(number) is not None:
        return Standing.ACCEPTED
    if number in day.outcomes:
        return Standing.EXCUSED
    if not takes:
        return Standing.MISSING
    return Standing.TO_REPEAT if takes[-1].decision == "rejected" else Standing.UNREVIEWED
