"""What follows from a command: events, or a refusal that says what to do instead.

Pure. Whether an event may happen in a state is the business of the table in `day`; here stands what the
regulation and a room's roster add to it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from exam.errors import Rejected
from exam.regulation import Outcome
from station.session import commands as ask
from station.session import events as happened
from station.session import papers, rehearsals, starting
from station.session.commands import Command
from station.session.day import Day, State
from station.session.desk import Desk, check_in_hand, end_take, leave_review, outcome_event, reviewed, wrong_state
from station.session.events import Event
from station.session.rules import Moment, Rules


def decide(day: Day, command: Command, now: Moment, rules: Rules) -> tuple[Event, ...]:
    """The events that follow from `command`, a press having been given its meaning. Raises Rejected, nothing changed,
    where it cannot be."""
    return _DECISIONS[type(command)](Desk(day, now, rules), command).events


def _close(desk: Desk, _command: ask.Close) -> Desk:
    end_take(desk, "close")
    leave_review(desk, "unreviewed")
    return desk.add(happened.DayClosed(**desk.here))


def _mark(desk: Desk, command: ask.MarkTask) -> Desk:
    task = command.task if command.task is not None else _next_task(desk)
    return desk.add(happened.TaskMarked(task=task, **desk.here))


def _next_task(desk: Desk) -> int:
    """The task after the last one marked; what the participant does not take is passed over."""
    take = desk.day.take
    if desk.day.state is not State.RECORDING or take is None:
        raise wrong_state(desk.day.state)
    last = max((task for task, _ in take.marks), default=0)
    left = [task for task in desk.person(take.participant).tasks if task > last]
    if not left:
        raise Rejected(
            "Все задания отмечены. Закончить ответ: удерживайте «Стоп» или педаль 3 секунды.",
            "All tasks are marked. To end the take hold Stop or the pedal for 3 seconds.",
            code="no_more_tasks",
        )
    return left[0]


def _pause(desk: Desk, _command: ask.Pause) -> Desk:
    return desk.add(happened.TakePaused(**desk.here_with_tail))


def _stop(desk: Desk, _command: ask.Stop) -> Desk:
    return desk.add(happened.TakeStopped(ending="operator", **desk.here_with_tail))


def _hear(desk: Desk, command: ask.Hear) -> Desk:
    stem, seconds = reviewed(desk).stem, round(command.seconds, 1)
    return desk.add(
        happened.TakeHeard(stem=stem, opinion=command.opinion, seconds=seconds, sha256=command.sha256, **desk.here)
    )


def _accept(desk: Desk, command: ask.Accept) -> Desk:
    take = reviewed(desk)
    return desk.add(happened.TakeDecided(stem=take.stem, decision="accepted", listened=command.listened, **desk.here))


def _retake(desk: Desk, command: ask.Retake) -> Desk:
    check_in_hand(desk, command.take)
    take = reviewed(desk)
    starting.check_variant(desk, desk.person(take.participant), command.variant)
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


def _cancel(desk: Desk, command: ask.Cancel) -> Desk:
    check_in_hand(desk, command.take)
    end_take(desk, "cancel")
    return desk.add(happened.TakeCancelled(stem=reviewed(desk).stem, **desk.here))


_DECISIONS: Mapping[type[Command], Callable[[Desk, Any], Desk]] = {
    ask.Open: starting.open_day,
    ask.Close: _close,
    ask.Choose: starting.choose,
    ask.Start: starting.start,
    ask.MarkTask: _mark,
    ask.Pause: _pause,
    ask.Resume: starting.resume,
    ask.Stop: _stop,
    ask.Hear: _hear,
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
