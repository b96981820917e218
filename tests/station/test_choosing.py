"""Who is recorded next, from which frame on, and what a press means: the session as pedal and page drive it."""

import itertools
from datetime import timedelta
from typing import get_args

import pytest
from days import IVANOV
from presses import POST, PRE, Presses

from exam.errors import Rejected
from exam.regulation import Outcome
from station.session import State, meant
from station.session import commands as ask
from station.session import events as happened
from station.session.day import Choice
from station.session.presses import MEANINGS

OPEN, STOP, PAUSE = ask.Open(), ask.Stop(), ask.Pause()
FIRST = ask.Start(participant=1)
PRESS = ask.Press(button="main", gesture="short")
HOLD = ask.Press(button="main", gesture="hold")
WELL = ask.Hear(opinion="well", seconds=31.26, sha256="a" * 64)


def test_the_chosen_one_is_started_by_a_press_as_chosen() -> None:
    room = Presses(OPEN, ask.Choose(participant=2, variant="12", document_checked=True))
    assert room.day.choice == Choice(2, "12", document_checked=True)
    room.press(PRESS)
    assert room.day.take is not None
    assert (room.day.take.participant, room.day.take.variant, room.day.choice) == (2, "12", None)


def test_the_first_press_opens_the_day() -> None:
    room = Presses(ask.Choose(participant=1))
    room.press(PRESS)
    assert room.day.state is State.RECORDING


def test_nobody_chosen_nobody_started() -> None:
    room = Presses(OPEN)
    with pytest.raises(Rejected) as refused:
        room.press(PRESS)
    assert (refused.value.code, room.day.state) == ("nobody_chosen", State.IDLE)


def test_a_choice_is_taken_back_once() -> None:
    room = Presses(OPEN, ask.Choose(participant=1))
    assert room.press(ask.Choose(participant=None)) == (happened.Chosen(participant=None),)
    assert room.press(ask.Choose(participant=None)) == ()
    assert room.day.choice is None


def test_the_same_choice_is_no_event() -> None:
    room = Presses(OPEN, ask.Choose(participant=1, variant="3"))
    assert room.press(ask.Choose(participant=1, variant="3")) == ()


def test_a_choice_ends_with_the_day() -> None:
    assert Presses(OPEN, ask.Choose(participant=1), ask.Close()).day.choice is None


@pytest.mark.parametrize(
    ("before", "choice", "code"),
    [
        ((), ask.Choose(participant=999), "unknown_participant"),
        ((), ask.Choose(participant=3), "other_room"),
        (
            (ask.Start(participant=1, variant="7"), STOP, ask.Accept()),
            ask.Choose(participant=1, variant="7"),
            "used_variant",
        ),
        ((ask.SetOutcome(participant=1, outcome=Outcome.WRITTEN),), ask.Choose(participant=1), "has_outcome"),
        ((FIRST,), ask.Choose(participant=2), "wrong_state"),
        ((FIRST, PAUSE), ask.Choose(participant=2), "wrong_state"),
    ],
)
def test_whoever_cannot_be_started_is_refused_when_chosen(
    before: tuple[ask.Command, ...], choice: ask.Choose, code: str
) -> None:
    room = Presses(OPEN, *before)
    with pytest.raises(Rejected) as refused:
        room.press(choice)
    assert (refused.value.code, room.day.choice) == (code, None)


def test_a_late_child_can_be_chosen_and_is_expected_again_when_started() -> None:
    room = Presses(OPEN, ask.SetOutcome(participant=1, outcome=Outcome.ABSENT), ask.Choose(participant=1))
    assert 1 in room.day.outcomes
    room.press(PRESS)
    assert 1 not in room.day.outcomes


def test_of_another_room_by_choice() -> None:
    room = Presses(OPEN, ask.Choose(participant=3, other_room=True), PRESS)
    assert room.day.take is not None
    assert room.day.take.participant == 3


@pytest.mark.parametrize("button", get_args(ask.Button))
@pytest.mark.parametrize("gesture", get_args(ask.Gesture))
def test_a_second_press_after_a_stop_changes_nothing(button: ask.Button, gesture: ask.Gesture) -> None:
    room = Presses(OPEN, FIRST, STOP)
    with pytest.raises(Rejected):
        room.press(ask.Press(button=button, gesture=gesture))
    assert room.day.state is State.REVIEW


def test_only_a_hold_stops() -> None:
    stops = {(button, gesture) for (_, button, gesture), command in MEANINGS.items() if command == STOP}
    assert {gesture for _, gesture in stops} == {"hold"}
    assert {button for button, _ in stops} == set(get_args(ask.Button))


def test_where_nothing_is_meant_it_is_said_what_goes_on() -> None:
    every = itertools.product(State, get_args(ask.Button), get_args(ask.Gesture))
    for state, button, gesture in every:
        if (state, button, gesture) not in MEANINGS:
            with pytest.raises(Rejected) as refused:
                meant(state, ask.Press(button=button, gesture=gesture))
            goes_on = state in {State.RECORDING, State.PAUSED}
            assert ("Запись продолжается" in refused.value.ru or "запись продолжается" in refused.value.ru) is goes_on


def test_presses_mark_the_tasks_one_by_one_and_then_nothing() -> None:
    room = Presses(OPEN, FIRST, PRESS, PRESS, PRESS, PRESS)
    assert room.day.take is not None
    assert [task for task, _ in room.day.take.marks] == [1, 2, 3, 4]
    with pytest.raises(Rejected) as refused:
        room.press(PRESS)
    assert (refused.value.code, room.day.state) == ("no_more_tasks", State.RECORDING)


def test_a_press_resumes_and_a_hold_stops_a_pause() -> None:
    room = Presses(OPEN, FIRST, PAUSE, PRESS)
    assert room.day.state is State.RECORDING
    room.press(PAUSE)
    room.press(HOLD)
    assert room.day.state is State.REVIEW


def test_already_speaking_for_a_while() -> None:
    rate = Presses().rules.sample_rate
    room = Presses(OPEN).later(10 * rate)
    press = room.frame
    room.press(ask.Start(participant=1, earlier_s=4.0))
    assert room.day.take is not None
    assert room.day.take.open_from is not None
    assert (room.day.take.open_from.frame, room.day.take.lead) == (press - 4 * rate - PRE, PRE)
    assert room.day.take.started_at == room.wall - timedelta(seconds=4)


def test_what_was_spoken_earlier_ends_at_the_take_before() -> None:
    room = Presses(OPEN, FIRST, STOP)
    end = room.frame + POST
    room.later(500)
    room.press(ask.Start(participant=2, earlier_s=900.0))
    assert room.day.take is not None
    assert room.day.take.open_from is not None
    assert (room.day.take.open_from.frame, room.day.take.lead) == (end, 0)


def test_resumed_late_what_was_said_in_the_pause_is_in_it() -> None:
    room = Presses(OPEN, FIRST, PAUSE)
    end = room.frame + POST
    room.later(500)
    room.press(ask.Resume(earlier_s=900.0))
    assert room.day.take is not None
    assert room.day.take.open_from is not None
    assert room.day.take.open_from.frame == end


def test_what_the_participant_said_is_kept_and_the_take_waits() -> None:
    room = Presses(OPEN, FIRST, STOP, WELL)
    take = room.day.takes[IVANOV]
    assert (room.day.state, take.opinion, take.listened, take.decision) == (State.REVIEW, "well", 31.3, None)


@pytest.mark.parametrize("leaving", [ask.Start(participant=2), ask.Close()])
@pytest.mark.parametrize(
    ("opinion", "listened", "decision"),
    [("well", 31.3, "accepted"), ("declined", "declined", "accepted"), ("badly", 31.3, "unreviewed")],
)
def test_what_was_said_decides_when_nobody_else_does(
    leaving: ask.Command, opinion: str, listened: float | str, decision: str
) -> None:
    room = Presses(OPEN, FIRST, STOP, ask.Hear(opinion=opinion, seconds=31.3), leaving)  # type: ignore[arg-type]
    take = room.day.takes[IVANOV]
    assert (take.decision, take.listened) == (decision, listened)


def test_accepted_by_hand_it_keeps_what_was_listened_to() -> None:
    take = Presses(OPEN, FIRST, STOP, WELL, ask.Accept()).day.takes[IVANOV]
    assert (take.decision, take.listened, take.opinion) == ("accepted", 31.3, "well")


def test_what_was_said_of_a_part_says_nothing_of_the_rest() -> None:
    take = Presses(OPEN, FIRST, STOP, WELL, FIRST, STOP).day.takes[IVANOV]
    assert (take.opinion, take.listened) == (None, None)


@pytest.mark.parametrize("before", [(), (FIRST,), (FIRST, STOP, ask.Accept())])
def test_nothing_to_say_without_a_review(before: tuple[ask.Command, ...]) -> None:
    with pytest.raises(Rejected):
        Presses(OPEN, *before).press(WELL)


def test_going_on_needs_no_new_variant() -> None:
    room = Presses(OPEN, ask.Start(participant=1, variant="7"), STOP, ask.Choose(participant=1, variant="7"), PRESS)
    assert room.day.state is State.RECORDING
    assert list(room.day.takes) == [IVANOV]
