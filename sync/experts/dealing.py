"""Распределение записей между экспертами: what is to be given, and to whom. Pure.

Each recording goes to one expert; the shares are even in seconds of sound; what was given stays where it is.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from sync.experts.records import Given, Standing, folded
from sync.plan import Reason
from sync.school.model import Row, SchoolDay, Take

AFTERWARDS = 2
"""The scheme by which experts listen after the exam."""


OTHER_PERSON = Reason(
    "в аудитории под этим номером был другой участник: сначала верните список, с которым шёл экзамен",
    "the room knew somebody else by this number: first put back the list the exam was held with",
)


class Voice(Struct, frozen=True):
    """The recording that stands for a participant. `seconds` of sound."""

    participant: int
    stem: str
    sha256: str
    seconds: float


class Lacking(Struct, frozen=True):
    """A participant whose recording cannot be given, and why. `is_lawful`: none is expected."""

    participant: int
    reason: Reason
    is_lawful: bool


def scheme_of(day: SchoolDay, row: Row) -> int:
    """By which scheme the participant is checked (8.5: some always by the second)."""
    return row.person.scheme or day.scheme


def voices(day: SchoolDay, seconds: Mapping[str, float]) -> tuple[list[Voice], list[Lacking]]:
    """What can be given, and who has nothing to give. `seconds` of sound by stem, where they are known."""
    found: list[Voice] = []
    lacking: list[Lacking] = []
    for row in day.rows:
        if scheme_of(day, row) != AFTERWARDS:
            continue
        if (without := _without(row)) is not None:
            lacking.append(without)
        elif (take := row.take) is not None and take.delivery is not None:
            length = seconds.get(take.stem, _by_clock(take))
            found.append(Voice(row.person.number, take.stem, take.delivery.sha256, length))
    return found, lacking


def deal(
    found: Iterable[Voice], standing: Standing, experts: Sequence[str], apart: Mapping[int, str] | None = None
) -> list[Given]:
    """What is to be given now: the longest first, each to whom has the least. Always the same for the same.

    A participant whose recording was replaced stays with whoever has them. `apart`: who is not to be the first reader
    of a participant, unless there is nobody else.
    """
    load = {expert: sum(each.given.seconds for each in standing.of(expert)) for expert in experts}
    first = {each.given.participant: each.given for each in standing.holdings if not each.given.second}
    given: list[Given] = []
    for voice in sorted(found, key=lambda one: (-one.seconds, one.participant)):
        known = first.get(voice.participant)
        if known is None:
            other = folded((apart or {}).get(voice.participant, ""))
            free = [expert for expert in experts if folded(expert) != other] or list(experts)
            expert = min(free, key=lambda name: load[name])
            load[expert] += voice.seconds
            given.append(_given(voice, expert))
        elif known.sha256 != voice.sha256:
            holders = [each.given for each in standing.readers(voice.participant)]
            given += [_given(voice, holder.expert, second=holder.second) for holder in holders]
    return sorted(given, key=lambda one: (one.participant, one.second))


def seconded(found: Iterable[Voice], expert: str, participants: Iterable[int], standing: Standing) -> list[Given]:
    """The recordings of `participants` to a second reader; those who have one already are left out."""
    wanted = set(participants)
    taken = {each.given.participant for each in standing.holdings if each.given.second}
    return [_given(voice, expert, second=True) for voice in found if voice.participant in wanted - taken]


def _given(voice: Voice, expert: str, *, second: bool = False) -> Given:
    return Given(voice.participant, expert, voice.stem, voice.sha256, round(voice.seconds, 1), second)


def _by_clock(take: Take) -> float:
    return max((take.ended_at - take.started_at).total_seconds(), 0.0) if take.ended_at else 0.0


def _without(row: Row) -> Lacking | None:
    """Why there is nothing to give; None when there is."""
    if row.lacks is not None:
        return Lacking(row.person.number, row.lacks, is_lawful=True)
    if row.other_person is not None:
        reason = OTHER_PERSON
    elif row.take is None:
        reason = Reason("нет принятой записи", "no accepted recording")
    elif row.take.delivery is None or not row.take.here:
        reason = Reason(
            f"запись {row.take.stem} ещё не в Штабе: перенесите её из аудитории {row.take.room}",
            f"the recording {row.take.stem} is not here yet: bring it from room {row.take.room}",
        )
    else:
        return None
    return Lacking(row.person.number, reason, is_lawful=False)
