"""Decisions about who is recorded and from which frame on: choice, start, going on after a stop or pause. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from exam.errors import Rejected
from exam.roster import Participant
from station.session import commands as ask
from station.session import events as happened
from station.session.day import TRANSITIONS, Choice, State, Take
from station.session.desk import Desk, check_expected, end_take, expect_again, leave_review, wrong_state


def open_day(desk: Desk, _command: ask.Open) -> Desk:
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


def choose(desk: Desk, command: ask.Choose) -> Desk:
    """Whoever cannot be started is refused now, while there is time to see why; so is a choice amid an interview, even
    one that would change nothing."""
    if (desk.day.state, happened.Chosen) not in TRANSITIONS:
        raise wrong_state(desk.day.state)
    if command.participant is None:
        return desk.add(happened.Chosen(participant=None)) if desk.day.choice is not None else desk
    person = desk.person(command.participant)
    _check_room(desk, person, allowed=command.other_room)
    if _under_review(desk, person) is None:
        check_variant(desk, person, command.variant)
        check_expected(desk, person)
    wish = Choice(person.number, command.variant, command.other_room, command.document_checked)
    if wish == desk.day.choice:
        return desk
    return desk.add(
        happened.Chosen(
            participant=person.number,
            variant=command.variant,
            other_room=command.other_room,
            document_checked=command.document_checked,
        )
    )


def start(desk: Desk, command: ask.Start) -> Desk:
    participant, variant, other_room = _who(desk, command)
    person = desk.person(participant)
    _check_room(desk, person, allowed=other_room)
    if (take := _under_review(desk, person)) is not None:
        return _continue(desk, take, variant)
    if desk.day.state is State.CLOSED:
        open_day(desk, ask.Open())
    _end_previous(desk, allowed=command.end_previous)
    check_variant(desk, person, variant)
    expect_again(desk, person)
    number, stem = desk.free_take(person.number)
    first, lead = _beginning(desk, command.earlier_s)
    return desk.add(
        happened.TakeStarted(
            stream=desk.now.stream,
            frame=first,
            stem=stem,
            participant=person.number,
            take=number,
            variant=variant,
            lead=lead,
            at=_time_of(desk, first + lead) if command.earlier_s else None,
        )
    )


def resume(desk: Desk, command: ask.Resume) -> Desk:
    frame = _after_last_span(desk, round(command.earlier_s * desk.rules.sample_rate))
    return desk.add(happened.TakeResumed(stream=desk.now.stream, frame=frame))


def check_variant(desk: Desk, person: Participant, variant: str | None) -> None:
    """R10: a retake takes a variant this participant has not worked with."""
    if variant is None or variant not in {take.variant for take in desk.day.takes_of(person.number)}:
        return
    raise Rejected(
        f"{person.full_name} уже отвечал(а) по варианту {variant}. Для повтора возьмите другой вариант.",
        f"{person.full_name} has already worked with variant {variant}. Take another one.",
        code="used_variant",
    )


def _who(desk: Desk, command: ask.Start) -> tuple[int, str | None, bool]:
    """Participant, variant, and whether they may be of another room."""
    if command.participant is not None:
        return command.participant, command.variant, command.other_room
    choice = desk.day.choice
    if choice is None:
        raise Rejected(
            "Никто не выбран. Сначала выберите участника в списке.",
            "Nobody is chosen. Choose the participant in the list first.",
            code="nobody_chosen",
        )
    return choice.participant, command.variant or choice.variant, command.other_room or choice.other_room


def _under_review(desk: Desk, person: Participant) -> Take | None:
    """This participant's take, while it can still go on."""
    take = desk.day.take
    return take if take is not None and take.participant == person.number and desk.day.state is State.REVIEW else None


def _continue(desk: Desk, take: Take, variant: str | None) -> Desk:
    if variant is not None and variant != take.variant:
        raise Rejected(
            f"Эта запись идёт по варианту {take.variant}. Для другого варианта сначала нажмите «Повтор» (retake), "
            "для исправления варианта — correct.",
            f"This take has variant {take.variant}. For another one use retake first; to mend it, correct.",
            code="other_variant",
        )
    return desk.add(happened.TakeContinued(stream=desk.now.stream, frame=_after_last_span(desk)))


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


def _beginning(desk: Desk, earlier_s: float) -> tuple[int, int]:
    """The take's first frame, and how many frames of it are pre-roll. Neither reaches before the end of the previous
    take or the stream's first frame."""
    spoken = desk.now.frame - round(earlier_s * desk.rules.sample_rate)
    first = max(spoken - desk.rules.pre_roll, _last_end(desk, desk.day.takes.values()))
    return first, max(0, spoken - first)


def _time_of(desk: Desk, frame: int) -> datetime:
    """When this frame of the running part was heard; it is not long ago."""
    return desk.now.wall - timedelta(seconds=(desk.now.frame - frame) / desk.rules.sample_rate)


def _after_last_span(desk: Desk, earlier: int = 0) -> int:
    """The frame `earlier` frames before the press, but not one the take has already."""
    take = desk.day.take
    return max(desk.now.frame - earlier, _last_end(desk, [take] if take else []))


def _last_end(desk: Desk, takes: Iterable[Take]) -> int:
    """Where the latest of these takes ended in the running stream part; 0 if none did."""
    ends = [take.end for take in takes]
    return max((end.frame for end in ends if end is not None and end.stream == desk.now.stream), default=0)
