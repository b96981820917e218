"""Decisions about the papers: outcomes, whose a take is, its variant, takes cut from the stream, the time. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from exam.errors import Rejected
from exam.manifest import Decision
from exam.regulation import Outcome
from station.session import commands as ask
from station.session import events as happened
from station.session.day import Take
from station.session.desk import OUTCOME_WORDS, Desk, end_take, expect_again, leave_review, outcome_event
from station.session.places import spans_between


def outcome(desk: Desk, command: ask.SetOutcome) -> Desk:
    person = desk.person(command.participant)
    if command.outcome in {Outcome.ABSENT, Outcome.WRITTEN} and desk.day.takes_of(person.number):
        raise Rejected(
            f"У участника {person.full_name} есть запись: отметка «{OUTCOME_WORDS[command.outcome]}» невозможна. "
            "Если запись начата по ошибке, отмените её (cancel) или переназначьте (reassign).",
            f"{person.full_name} has a recording, so “{command.outcome}” cannot be. Cancel or reassign it first.",
            code="has_recording",
        )
    take = desk.day.take
    in_hand = take is not None and take.participant == person.number
    ends = command.outcome in _ENDING_OUTCOMES and in_hand
    if ends:
        end_take(desk, "outcome")
    desk.add(outcome_event(desk, person.number, command.outcome, at=command.at, note=command.note))
    if ends and command.outcome is not None:
        leave_review(desk, _ENDING_OUTCOMES[command.outcome])
    return desk


def reassign(desk: Desk, command: ask.Reassign) -> Desk:
    take, person = _named(desk, command.take), desk.person(command.to)
    if take.participant == person.number:
        raise Rejected(
            f"Запись {take.stem} уже принадлежит участнику {person.full_name}.",
            f"The recording {take.stem} is {person.full_name}'s already.",
            code="same_participant",
        )
    expect_again(desk, person)
    number, stem = desk.free_take(person.number)
    return desk.add(
        happened.TakeReassigned(
            stem=take.stem,
            new_stem=stem,
            participant=person.number,
            take=number,
            reason=command.reason,
            **desk.here,
        )
    )


def correct(desk: Desk, command: ask.Correct) -> Desk:
    take = _named(desk, command.take)
    number, stem = (take.number, take.stem) if not take.is_publishable else desk.free_take(take.participant)
    return desk.add(
        happened.TakeCorrected(
            stem=take.stem,
            new_stem=stem,
            take=number,
            variant=command.variant,
            reason=command.reason,
            **desk.here,
        )
    )


def recut(desk: Desk, command: ask.Recut) -> Desk:
    person = desk.person(command.participant)
    first, last = _time_of_day(desk, command.first), _time_of_day(desk, command.last)
    if last < first:
        last += timedelta(days=1)
    parts, rate = desk.day.parts, desk.rules.sample_rate
    spans = spans_between(parts, first, last, running=desk.now.frame - rate, sample_rate=rate)
    if not spans:
        heard = "; ".join(f"{part.started_at:%H:%M:%S}–{part.ended_at or desk.now.wall:%H:%M:%S}" for part in parts)
        raise Rejected(
            f"С {command.first} до {command.last} общая запись не шла. Она есть за: {heard or '—'}.",
            f"There is no stream from {command.first} to {command.last}. There is: {heard or '—'}.",
            code="no_stream",
        )
    return _add_take(
        desk,
        person.number,
        decision="accepted" if desk.day.accepted(person.number) else "unreviewed",
        spans=spans,
        started_at=first,
        ended_at=last,
        flags=("recut",),
    )


def import_take(desk: Desk, command: ask.Import) -> Desk:
    """What another recorder kept of a participant is a take like the others, its missing stream stated."""
    person = desk.person(command.participant)
    started_at = _time_of_day(desk, command.started_at)
    return _add_take(
        desk,
        person.number,
        decision="unreviewed",
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=command.seconds),
        flags=("no_stream", *(("source_damaged",) if command.damaged else ())),
        source=command.source,
        temporary=command.temporary,
        origin=command.origin,
    )


def _add_take(desk: Desk, participant: int, **told: Any) -> Desk:
    """The participant's next take, which was not recorded as one; its variant is that of the take before."""
    number, stem = desk.free_take(participant)
    before = desk.day.takes_of(participant)
    variant = before[-1].variant if before else None
    told |= {"stem": stem, "participant": participant, "take": number, "variant": variant}
    return desk.add(happened.TakeAdded(**told, **desk.here))


def set_clock(desk: Desk, command: ask.SetClock) -> Desk:
    told = _time_of_day(desk, command.now, command.day)
    return desk.add(happened.ClockCorrected(seconds=round((told - desk.now.wall).total_seconds(), 3), **desk.here))


def _time_of_day(desk: Desk, text: str, day: date | None = None) -> datetime:
    return datetime.combine(day or desk.rules.exam_date, time.fromisoformat(text), desk.now.wall.tzinfo)


def _named(desk: Desk, name: str) -> Take:
    takes = desk.day.takes
    for take in takes.values():
        if name == take.stem or name in {f"{take.stem}.{ending}" for ending in ("wav", "json", "mp3", "flac", "m4a")}:
            if take.counts:
                return take
            break
    known = "; ".join(stem for stem, take in takes.items() if take.counts) or "—"
    raise Rejected(
        f"Записи «{name}» сегодня нет или она отменена. Есть: {known}.",
        f"No recording “{name}” today, or it was cancelled. There are: {known}.",
        code="unknown_take",
    )


_ENDING_OUTCOMES: Mapping[Outcome, Decision] = {Outcome.EARLY_END: "early_end", Outcome.REMOVED: "removed"}
