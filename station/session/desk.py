"""Where a command is judged: the events gathered so far, the day after them, and what several decisions share. Pure."""

from typing import Any

from exam.errors import Rejected
from exam.manifest import Decision
from exam.regulation import Outcome
from exam.roster import Participant
from station.session import events as happened
from station.session.day import Day, State, Take, next_state
from station.session.events import Event
from station.session.evolution import evolve
from station.session.rules import Moment, Rules, free_take


class Desk:
    """Events gathered so far, and the day after them: each next event is judged in the light of the earlier."""

    def __init__(self, day: Day, now: Moment, rules: Rules) -> None:
        self.day, self.now, self.rules = day, now, rules
        self.events: tuple[Event, ...] = ()

    def add(self, event: Event) -> "Desk":
        if next_state(self.day.state, event) is None:
            raise wrong_state(self.day.state)
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


def check_in_hand(desk: Desk, stem: str | None) -> None:
    """Raises Rejected where a take was named, and it is not the one in hand any more: another must not suffer."""
    take = desk.day.take
    if stem is None or (take is not None and take.stem == stem):
        return
    raise Rejected(
        f"Записи {stem} уже нет в работе: началась другая или эта решена. Ничего не изменено.",
        f"{stem} is not in hand any more: another has begun, or it was decided. Nothing was changed.",
        code="other_take",
    )


def end_take(desk: Desk, ending: happened.Ending) -> None:
    """Stop what is being recorded, if anything is."""
    if desk.day.state in {State.RECORDING, State.PAUSED}:
        desk.add(happened.TakeStopped(ending=ending, **desk.here_with_tail))


def leave_review(desk: Desk, decision: Decision) -> None:
    """Decide the take under review, if one is. What would be left unreviewed is accepted where the participant has
    said that it is well, or would not listen."""
    take = desk.day.take
    if desk.day.state is State.REVIEW and take is not None:
        if decision == "unreviewed" and take.opinion in {"well", "declined"}:
            decision = "accepted"
        desk.add(happened.TakeDecided(stem=take.stem, decision=decision, **desk.here))


def expect_again(desk: Desk, person: Participant) -> None:
    """A participant marked absent who comes after all is recorded; other outcomes are a person's to take back."""
    check_expected(desk, person)
    note = desk.day.outcomes.get(person.number)
    if note is not None and note.outcome is Outcome.ABSENT:
        desk.add(outcome_event(desk, person.number, None))


def check_expected(desk: Desk, person: Participant) -> None:
    """Raises Rejected where an outcome says that this participant is not to be recorded."""
    note = desk.day.outcomes.get(person.number)
    if note is not None and note.outcome not in {Outcome.EXTRA_DATE, Outcome.ABSENT}:
        raise Rejected(
            f"Для участника {person.full_name} отмечено «{OUTCOME_WORDS[note.outcome]}». Если это ошибка, снимите: "
            f"station outcome --participant {person.number} clear.",
            f"{person.full_name} is marked “{note.outcome}”. If that is wrong, clear it first: "
            f"station outcome --participant {person.number} clear.",
            code="has_outcome",
        )


def outcome_event(
    desk: Desk, participant: int, outcome: Outcome | None, *, at: str | None = None, note: str = ""
) -> happened.OutcomeSet:
    """The event that notes, or takes back, a participant's outcome."""
    return happened.OutcomeSet(participant=participant, outcome=outcome, at=at, note=note, **desk.here)


def reviewed(desk: Desk) -> Take:
    """The take under review. Raises Rejected when none is."""
    if desk.day.state is not State.REVIEW or desk.day.take is None:
        raise wrong_state(desk.day.state)
    return desk.day.take


OUTCOME_WORDS = {
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


def wrong_state(state: State) -> Rejected:
    ru, en = _STATE_WORDS[state]
    return Rejected(f"Сейчас это невозможно: {ru}.", f"Not possible now: {en}.", code="wrong_state")
