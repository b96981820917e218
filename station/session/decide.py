"""What follows from a command: events, or a refusal that says what to do instead.

Pure. Whether an event may happen in a state is the business of the table in `day`; here stands what the
regulation and a room's roster add to it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exam.errors import Rejected
from exam.regulation import Outcome
from exam.roster import Participant
from station.session import commands as ask
from station.session import events as happened
from station.session import papers, rehearsals
from station.session.commands import Command
from station.session.day import Day, State, Take
from station.session.desk import Desk, end_take, expect_again, leave_review, outcome_event, reviewed
from station.session.events import Event
from station.session.rules import Moment, Rules


def decide(day: Day, command: Command, now: Moment, rules: Rules) -> tuple[Event, ...]:
    """The events that follow from `command`. Raises Rejected, nothing changed, where it cannot be."""
    return _DECISIONS[type(command)](Desk(day, now, rules), command).events


def _open(desk: Desk, _command: ask.Open) -> Desk:
    if desk.day.state is not State.CLOSED:
        raise Rejected("День уже открыт, запись идёт.", "The day is open already.", code="wrong_state")
    today, exam_date = desk.now.wall.date(), desk.rules.exam_date
    if today != exam_date:
        raise Rejected(
            f"Сегодня {today:%d.%m.%Y}, а экзамен назначен на {exam_date:%d.%m.%Y}: день не открыт. "
            "Если часы компьютера неверны, скажите, сколько времени сейчас: station clock ЧЧ:ММ:СС; если неверна дата "
            "экзамена, исправьте [exam] date в настройках.",
            f"Today is {today}, the exam is on {exam_date}: not opened. If the computer's clock is wrong, say what "
            "time it is: station clock HH:MM:SS; if the date of the exam is, mend [exam] date.",
            code="wrong_date",
        )
    return desk.add(happened.DayOpened()).add(happened.StreamStarted(stream=desk.now.stream))


def _close(desk: Desk, _command: ask.Close) -> Desk:
    end_take(desk, "close")
    leave_review(desk, "unreviewed")
    return desk.add(happened.DayClosed(**desk.here))


def _start(desk: Desk, command: ask.Start) -> Desk:
    person = desk.person(command.participant)
    _check_room(desk, person, allowed=command.other_room)
    take = desk.day.take
    if desk.day.state is State.REVIEW and take is not None and take.participant == person.number:
        return _continue(desk, take, command)
    if desk.day.state is State.CLOSED:
        _open(desk, ask.Open())
    _end_previous(desk, allowed=command.end_previous)
    _check_variant(desk, person, command.variant)
    expect_again(desk, person)
    number, stem = desk.free_take(person.number)
    return desk.add(
        happened.TakeStarted(
            stream=desk.now.stream,
            frame=_with_pre_roll(desk),
            stem=stem,
            participant=person.number,
            take=number,
            variant=command.variant,
        )
    )


def _continue(desk: Desk, take: Take, command: ask.Start) -> Desk:
    if command.variant is not None and command.variant != take.variant:
        raise Rejected(
            f"Эта запись идёт по варианту {take.variant}. Для другого варианта сначала нажмите «Повтор» (retake), "
            "для исправления варианта — correct.",
            f"This take has variant {take.variant}. For another one use retake first; to mend it, correct.",
            code="other_variant",
        )
    return desk.add(happened.TakeContinued(stream=desk.now.stream, frame=_after_last_span(desk)))


def _mark(desk: Desk, command: ask.MarkTask) -> Desk:
    return desk.add(happened.TaskMarked(task=command.task, **desk.here))


def _pause(desk: Desk, _command: ask.Pause) -> Desk:
    return desk.add(happened.TakePaused(**desk.here_with_tail))


def _resume(desk: Desk, _command: ask.Resume) -> Desk:
    return desk.add(happened.TakeResumed(stream=desk.now.stream, frame=_after_last_span(desk)))


def _stop(desk: Desk, _command: ask.Stop) -> Desk:
    return desk.add(happened.TakeStopped(ending="operator", **desk.here_with_tail))


def _accept(desk: Desk, command: ask.Accept) -> Desk:
    take = reviewed(desk)
    return desk.add(happened.TakeDecided(stem=take.stem, decision="accepted", listened=command.listened, **desk.here))


def _retake(desk: Desk, command: ask.Retake) -> Desk:
    take = reviewed(desk)
    _check_variant(desk, desk.person(take.participant), command.variant)
    desk.add(
        happened.TakeDecided(
            stem=take.stem,
            decision="rejected",
            reason=command.reason,
            next_variant=command.variant,
            consent=command.consent,
            **desk.here,
        )
    )
    if command.consent is False:
        desk.add(outcome_event(desk, take.participant, Outcome.EXTRA_DATE, note=command.reason))
    return desk


def _cancel(desk: Desk, _command: ask.Cancel) -> Desk:
    end_take(desk, "cancel")
    return desk.add(happened.TakeCancelled(stem=reviewed(desk).stem, **desk.here))


def _end_previous(desk: Desk, *, allowed: bool) -> None:
    """End what is in hand before a start."""
    if desk.day.state in {State.RECORDING, State.PAUSED} and desk.day.take is not None:
        if not allowed:
            name = desk.rules.roster[desk.day.take.participant].full_name
            raise Rejected(
                f"Уже идёт запись: {name}. Сначала остановите её (stop) или начните с --end-previous.",
                f"{name} is being recorded. Stop first, or start with --end-previous.",
                code="wrong_state",
            )
        end_take(desk, "next_start")
    leave_review(desk, "unreviewed")


def _check_room(desk: Desk, person: Participant, *, allowed: bool) -> None:
    if allowed or person.room in {"", desk.rules.room}:
        return
    raise Rejected(
        f"{person.full_name} — из аудитории {person.room}, а эта — {desk.rules.room}. "
        "Если участник пришёл сюда на самом деле, начните с --other-room.",
        f"{person.full_name} belongs to room {person.room}, this is {desk.rules.room}. If it is so, use --other-room.",
        code="other_room",
    )


def _check_variant(desk: Desk, person: Participant, variant: str | None) -> None:
    """R10: a retake takes a variant this participant has not worked with."""
    if variant is None or variant not in {take.variant for take in desk.day.takes_of(person.number)}:
        return
    raise Rejected(
        f"{person.full_name} уже отвечал(а) по варианту {variant}. Для повтора возьмите другой вариант.",
        f"{person.full_name} has already worked with variant {variant}. Take another one.",
        code="used_variant",
    )


def _with_pre_roll(desk: Desk) -> int:
    """Pre-roll never reaches before the end of the previous take or the stream's first frame."""
    return max(desk.now.frame - desk.rules.pre_roll, _last_end(desk, desk.day.takes.values()))


def _after_last_span(desk: Desk) -> int:
    take = desk.day.take
    return max(desk.now.frame, _last_end(desk, [take] if take else []))


def _last_end(desk: Desk, takes: Iterable[Take]) -> int:
    """Where the latest of these takes ended in the running stream part; 0 if none did."""
    ends = [take.end for take in takes]
    return max((end.frame for end in ends if end is not None and end.stream == desk.now.stream), default=0)


_DECISIONS: Mapping[type[Command], Callable[[Desk, Any], Desk]] = {
    ask.Open: _open,
    ask.Close: _close,
    ask.Start: _start,
    ask.MarkTask: _mark,
    ask.Pause: _pause,
    ask.Resume: _resume,
    ask.Stop: _stop,
    ask.Accept: _accept,
    ask.Retake: _retake,
    ask.Cancel: _cancel,
    ask.SetOutcome: papers.outcome,
    ask.Reassign: papers.reassign,
    ask.Correct: papers.correct,
    ask.Recut: papers.recut,
    ask.SetClock: papers.set_clock,
    ask.Import: papers.import_take,
    ask.Rehearse: rehearsals.begin,
    ask.CancelRehearsal: rehearsals.cancel,
    ask.AcceptRehearsal: rehearsals.accept,
}
