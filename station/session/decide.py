"""What follows from a command: events, or a refusal that says what to do instead.

Pure. Whether an event may happen in a state is the business of the table in `day`; here stands what the
regulation and a room's roster add to it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from exam.errors import Rejected
from exam.manifest import Decision
from exam.regulation import Outcome
from exam.roster import Participant
from station.session import commands as ask
from station.session import events as happened
from station.session.commands import Command
from station.session.day import Day, State, Take, evolve, next_state
from station.session.events import Event
from station.session.rules import Moment, Rules, free_take


def decide(day: Day, command: Command, now: Moment, rules: Rules) -> tuple[Event, ...]:
    """The events that follow from `command`. Raises Rejected, nothing changed, where it cannot be."""
    return _DECISIONS[type(command)](_Desk(day, now, rules), command).events


class _Desk:
    """Events gathered so far, and the day after them: each next event is judged in the light of the earlier."""

    def __init__(self, day: Day, now: Moment, rules: Rules) -> None:
        self.day, self.now, self.rules = day, now, rules
        self.events: tuple[Event, ...] = ()

    def add(self, event: Event) -> "_Desk":
        if next_state(self.day.state, event) is None:
            raise _wrong_state(self.day.state)
        self.day = evolve(self.day, event, self.now.wall)
        self.events = (*self.events, event)
        return self

    @property
    def here(self) -> dict[str, Any]:
        """The place of a press."""
        return {"stream": self.now.stream, "frame": self.now.frame}

    @property
    def here_with_tail(self) -> dict[str, Any]:
        """Where a span ends: what was said at the press is still on its way through the sound system."""
        return {"stream": self.now.stream, "frame": self.now.frame + self.rules.post_roll}

    def person(self, number: int) -> Participant:
        person = self.rules.roster.get(number)
        if person is None:
            raise Rejected(
                f"Участника № {number} нет в списке школы. Проверьте номер в списке.",
                f"Participant {number} is not in the roster. Check the number.",
                code="unknown_participant",
            )
        return person

    def free_take(self, participant: int) -> tuple[int, str]:
        return free_take(self.day, self.rules, self.now.taken, participant)


def _open(desk: _Desk, _command: ask.Open) -> _Desk:
    if desk.day.state is not State.CLOSED:
        raise Rejected("День уже открыт, запись идёт.", "The day is open already.", code="wrong_state")
    today, exam_date = desk.now.wall.date(), desk.rules.exam_date
    if today != exam_date:
        raise Rejected(
            f"Сегодня {today:%d.%m.%Y}, а экзамен назначен на {exam_date:%d.%m.%Y}: день не открыт. "
            "Проверьте дату компьютера и [exam] date в настройках.",
            f"Today is {today}, the exam is on {exam_date}: not opened. Check the clock and [exam] date.",
            code="wrong_date",
        )
    return desk.add(happened.DayOpened()).add(happened.StreamStarted(stream=desk.now.stream))


def _close(desk: _Desk, _command: ask.Close) -> _Desk:
    _end_take(desk, "close")
    _leave_review(desk, "unreviewed")
    return desk.add(happened.DayClosed(**desk.here))


def _start(desk: _Desk, command: ask.Start) -> _Desk:
    person = desk.person(command.participant)
    _check_room(desk, person, allowed=command.other_room)
    take = desk.day.take
    if desk.day.state is State.REVIEW and take is not None and take.participant == person.number:
        return _continue(desk, take, command)
    if desk.day.state is State.CLOSED:
        _open(desk, ask.Open())
    _end_previous(desk, allowed=command.end_previous)
    _check_variant(desk, person, command.variant)
    _expect_again(desk, person)
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


def _continue(desk: _Desk, take: Take, command: ask.Start) -> _Desk:
    if command.variant is not None and command.variant != take.variant:
        raise Rejected(
            f"Эта запись идёт по варианту {take.variant}. Для другого варианта сначала нажмите «Повтор» (retake), "
            "для исправления варианта — correct.",
            f"This take has variant {take.variant}. For another one use retake first; to mend it, correct.",
            code="other_variant",
        )
    return desk.add(happened.TakeContinued(stream=desk.now.stream, frame=_after_last_span(desk)))


def _mark(desk: _Desk, command: ask.MarkTask) -> _Desk:
    return desk.add(happened.TaskMarked(task=command.task, **desk.here))


def _pause(desk: _Desk, _command: ask.Pause) -> _Desk:
    return desk.add(happened.TakePaused(**desk.here_with_tail))


def _resume(desk: _Desk, _command: ask.Resume) -> _Desk:
    return desk.add(happened.TakeResumed(stream=desk.now.stream, frame=_after_last_span(desk)))


def _stop(desk: _Desk, _command: ask.Stop) -> _Desk:
    return desk.add(happened.TakeStopped(ending="operator", **desk.here_with_tail))


def _accept(desk: _Desk, command: ask.Accept) -> _Desk:
    take = _reviewed(desk)
    return desk.add(happened.TakeDecided(stem=take.stem, decision="accepted", listened=command.listened, **desk.here))


def _retake(desk: _Desk, command: ask.Retake) -> _Desk:
    take = _reviewed(desk)
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
        desk.add(_outcome_event(desk, take.participant, Outcome.EXTRA_DATE, note=command.reason))
    return desk


def _cancel(desk: _Desk, _command: ask.Cancel) -> _Desk:
    _end_take(desk, "cancel")
    return desk.add(happened.TakeCancelled(stem=_reviewed(desk).stem, **desk.here))


def _outcome(desk: _Desk, command: ask.SetOutcome) -> _Desk:
    person = desk.person(command.participant)
    if command.outcome in {Outcome.ABSENT, Outcome.WRITTEN} and desk.day.takes_of(person.number):
        raise Rejected(
            f"У участника {person.full_name} есть запись: отметка «{_OUTCOME_WORDS[command.outcome]}» невозможна. "
            "Если запись начата по ошибке, отмените её (cancel) или переназначьте (reassign).",
            f"{person.full_name} has a recording, so “{command.outcome}” cannot be. Cancel or reassign it first.",
            code="has_recording",
        )
    take = desk.day.take
    in_hand = take is not None and take.participant == person.number
    ends = command.outcome in _ENDING_OUTCOMES and in_hand
    if ends:
        _end_take(desk, "outcome")
    desk.add(_outcome_event(desk, person.number, command.outcome, at=command.at, note=command.note))
    if ends and command.outcome is not None:
        _leave_review(desk, _ENDING_OUTCOMES[command.outcome])
    return desk


def _reassign(desk: _Desk, command: ask.Reassign) -> _Desk:
    take, person = _named(desk, command.take), desk.person(command.to)
    if take.participant == person.number:
        raise Rejected(
            f"Запись {take.stem} уже принадлежит участнику {person.full_name}.",
            f"The recording {take.stem} is {person.full_name}'s already.",
            code="same_participant",
        )
    _expect_again(desk, person)
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


def _correct(desk: _Desk, command: ask.Correct) -> _Desk:
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


def _end_previous(desk: _Desk, *, allowed: bool) -> None:
    """End what is in hand before a start."""
    if desk.day.state in {State.RECORDING, State.PAUSED} and desk.day.take is not None:
        if not allowed:
            name = desk.rules.roster[desk.day.take.participant].full_name
            raise Rejected(
                f"Уже идёт запись: {name}. Сначала остановите её (stop) или начните с --end-previous.",
                f"{name} is being recorded. Stop first, or start with --end-previous.",
                code="wrong_state",
            )
        _end_take(desk, "next_start")
    _leave_review(desk, "unreviewed")


def _end_take(desk: _Desk, ending: happened.Ending) -> None:
    if desk.day.state in {State.RECORDING, State.PAUSED}:
        desk.add(happened.TakeStopped(ending=ending, **desk.here_with_tail))


def _leave_review(desk: _Desk, decision: Decision) -> None:
    if desk.day.state is State.REVIEW and desk.day.take is not None:
        desk.add(happened.TakeDecided(stem=desk.day.take.stem, decision=decision, **desk.here))


def _expect_again(desk: _Desk, person: Participant) -> None:
    """A participant marked absent who comes after all is recorded; other outcomes are a person's to take back."""
    note = desk.day.outcomes.get(person.number)
    if note is None or note.outcome is Outcome.EXTRA_DATE:
        return
    if note.outcome is not Outcome.ABSENT:
        raise Rejected(
            f"Для участника {person.full_name} отмечено «{_OUTCOME_WORDS[note.outcome]}». Если это ошибка, снимите: "
            f"station outcome --participant {person.number} clear.",
            f"{person.full_name} is marked “{note.outcome}”. If that is wrong, clear it first: "
            f"station outcome --participant {person.number} clear.",
            code="has_outcome",
        )
    desk.add(_outcome_event(desk, person.number, None))


def _outcome_event(
    desk: _Desk, participant: int, outcome: Outcome | None, *, at: str | None = None, note: str = ""
) -> happened.OutcomeSet:
    return happened.OutcomeSet(participant=participant, outcome=outcome, at=at, note=note, **desk.here)


def _check_room(desk: _Desk, person: Participant, *, allowed: bool) -> None:
    if allowed or person.room in {"", desk.rules.room}:
        return
    raise Rejected(
        f"{person.full_name} — из аудитории {person.room}, а эта — {desk.rules.room}. "
        "Если участник пришёл сюда на самом деле, начните с --other-room.",
        f"{person.full_name} belongs to room {person.room}, this is {desk.rules.room}. If it is so, use --other-room.",
        code="other_room",
    )


def _check_variant(desk: _Desk, person: Participant, variant: str | None) -> None:
    """R10: a retake takes a variant this participant has not worked with."""
    if variant is None or variant not in {take.variant for take in desk.day.takes_of(person.number)}:
        return
    raise Rejected(
        f"{person.full_name} уже отвечал(а) по варианту {variant}. Для повтора возьмите другой вариант.",
        f"{person.full_name} has already worked with variant {variant}. Take another one.",
        code="used_variant",
    )


def _with_pre_roll(desk: _Desk) -> int:
    """Pre-roll never reaches before the end of the previous take or the stream's first frame."""
    return max(desk.now.frame - desk.rules.pre_roll, _last_end(desk, desk.day.takes.values()))


def _after_last_span(desk: _Desk) -> int:
    take = desk.day.take
    return max(desk.now.frame, _last_end(desk, [take] if take else []))


def _last_end(desk: _Desk, takes: Iterable[Take]) -> int:
    """Where the latest of these takes ended in the running stream part; 0 if none did."""
    ends = [take.end for take in takes]
    return max((end.frame for end in ends if end is not None and end.stream == desk.now.stream), default=0)


def _reviewed(desk: _Desk) -> Take:
    if desk.day.state is not State.REVIEW or desk.day.take is None:
        raise _wrong_state(desk.day.state)
    return desk.day.take


def _named(desk: _Desk, name: str) -> Take:
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


_OUTCOME_WORDS = {
    Outcome.ABSENT: "неявка",
    Outcome.EARLY_END: "досрочное завершение",
    Outcome.REMOVED: "удалён",
    Outcome.WRITTEN: "письменная форма",
    Outcome.EXTRA_DATE: "дополнительная дата",
}

_STATE_WORDS = {
    State.CLOSED: ("день не открыт; откройте его (open)", "the day is not open; open it"),
    State.IDLE: ("никто не записывается; сначала начните запись (start)", "nobody is being recorded; start first"),
    State.RECORDING: (
        "идёт запись, она продолжается; закончить ответ — stop",
        "a recording is running and goes on; stop ends it",
    ),
    State.PAUSED: ("запись на паузе; продолжите её (resume) или остановите (stop)", "paused; resume or stop first"),
    State.REVIEW: (
        "запись остановлена и ждёт решения (accept, retake) или следующего участника (start)",
        "the take is stopped and awaits accept, retake or the next start",
    ),
}


def _wrong_state(state: State) -> Rejected:
    ru, en = _STATE_WORDS[state]
    return Rejected(f"Сейчас это невозможно: {ru}.", f"Not possible now: {en}.", code="wrong_state")


_ENDING_OUTCOMES: Mapping[Outcome, Decision] = {Outcome.EARLY_END: "early_end", Outcome.REMOVED: "removed"}

_DECISIONS: Mapping[type[Command], Callable[[_Desk, Any], _Desk]] = {
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
    ask.SetOutcome: _outcome,
    ask.Reassign: _reassign,
    ask.Correct: _correct,
}
