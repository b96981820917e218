"""The session's rules, one by one: every command in every state, and what the regulation adds to the table."""

from typing import Any

import pytest
from days import IVANOV, PETROVA, STREAM, rules_for
from presses import POST, PRE, Presses

from exam.audio import FrameSpan
from exam.errors import Rejected
from exam.regulation import Outcome
from station.session import State
from station.session import commands as ask
from station.session.commands import Command
from station.session.day import Place

OPEN, CLOSE, PAUSE, RESUME, STOP = ask.Open(), ask.Close(), ask.Pause(), ask.Resume(), ask.Stop()
ACCEPT, CANCEL = ask.Accept(), ask.Cancel()
FIRST, SECOND = ask.Start(participant=1, variant="7"), ask.Start(participant=2)
RETAKE = ask.Retake(reason="шум")

SCRIPTS = {
    State.CLOSED: (),
    State.IDLE: (OPEN,),
    State.RECORDING: (OPEN, FIRST),
    State.PAUSED: (OPEN, FIRST, PAUSE),
    State.REVIEW: (OPEN, FIRST, STOP),
}


def outcome(number: int, what: Outcome | None, note: str = "") -> ask.SetOutcome:
    return ask.SetOutcome(participant=number, outcome=what, note=note)


def refusal(presses: Presses, command: Command) -> str:
    """The code of the refusal, which changed nothing."""
    before, log = presses.day, list(presses.log)
    with pytest.raises(Rejected) as caught:
        presses.press(command)
    assert (presses.day, presses.log) == (before, log)
    assert caught.value.ru != caught.value.en
    return caught.value.code


TABLE: list[tuple[Command, dict[State, State | str]]] = [
    (OPEN, {State.CLOSED: State.IDLE}),
    (CLOSE, dict.fromkeys((State.IDLE, State.RECORDING, State.PAUSED, State.REVIEW), State.CLOSED)),
    (FIRST, dict.fromkeys((State.CLOSED, State.IDLE, State.REVIEW), State.RECORDING)),
    (SECOND, dict.fromkeys((State.CLOSED, State.IDLE, State.REVIEW), State.RECORDING)),
    (ask.Start(participant=1), dict.fromkeys((State.CLOSED, State.IDLE, State.REVIEW), State.RECORDING)),
    (ask.Start(participant=2, end_previous=True), dict.fromkeys(State, State.RECORDING)),
    (ask.Start(participant=99), dict.fromkeys(State, "unknown_participant")),
    (ask.Start(participant=3), dict.fromkeys(State, "other_room")),
    (ask.MarkTask(task=1), {State.RECORDING: State.RECORDING}),
    (PAUSE, {State.RECORDING: State.PAUSED}),
    (RESUME, {State.PAUSED: State.RECORDING}),
    (STOP, dict.fromkeys((State.RECORDING, State.PAUSED), State.REVIEW)),
    (ACCEPT, {State.REVIEW: State.IDLE}),
    (RETAKE, {State.REVIEW: State.IDLE}),
    (CANCEL, dict.fromkeys((State.RECORDING, State.PAUSED, State.REVIEW), State.IDLE)),
    (outcome(2, Outcome.ABSENT), {state: state for state in State}),
    (outcome(2, Outcome.EARLY_END), {state: state for state in State}),
    (outcome(1, None), {state: state for state in State}),
    (outcome(1, Outcome.REMOVED), {state: State.IDLE if state is not State.CLOSED else state for state in State}),
    (outcome(1, Outcome.EXTRA_DATE), {state: state for state in State}),
    (outcome(99, Outcome.ABSENT), dict.fromkeys(State, "unknown_participant")),
    (ask.Reassign(take="x", to=2, reason="r"), dict.fromkeys(State, "unknown_take")),
    (ask.Correct(take="x", variant="8", reason="r"), dict.fromkeys(State, "unknown_take")),
]  # fmt: skip


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("command", "expected"), TABLE, ids=lambda value: getattr(type(value), "__name__", "?"))
def test_every_command_in_every_state(state: State, command: Command, expected: dict[State, Any]) -> None:
    presses = Presses(*SCRIPTS[state]).later(1000)
    assert presses.day.state is state
    wanted = expected.get(state, "wrong_state")
    if isinstance(wanted, State):
        presses.press(command)
        assert presses.day.state is wanted
    else:
        assert refusal(presses, command) == wanted


@pytest.mark.parametrize("command", [OPEN, FIRST])
def test_the_day_opens_on_the_exam_date_only(command: Command) -> None:
    for day in (rules_for().exam_date.replace(day=10), rules_for().exam_date.replace(day=12)):
        assert refusal(Presses(today=day), command) == "wrong_date"


def test_an_open_day_goes_on_past_midnight() -> None:
    presses = Presses(OPEN)
    presses.later(24 * 3600 * 1000).press(FIRST)
    assert presses.day.state is State.RECORDING


def test_start_on_a_closed_day_begins_stream_and_take_at_frame_0() -> None:
    presses = Presses(FIRST)
    assert [type(event).__name__ for event, _ in presses.log] == ["DayOpened", "StreamStarted", "TakeStarted"]
    take = presses.day.take
    assert take is not None
    assert take.open_from is not None
    assert (take.open_from.stream, take.open_from.frame, take.stem) == (STREAM + ".wav", 0, IVANOV)


def test_another_room_is_allowed_when_said() -> None:
    presses = Presses(OPEN, ask.Start(participant=3, other_room=True))
    assert presses.day.state is State.RECORDING
    assert Presses(OPEN, ask.Start(participant=4)).day.state is State.RECORDING, "no room in the roster: any room"


def test_start_of_another_ends_the_review_as_unreviewed() -> None:
    takes = Presses(OPEN, FIRST, STOP, SECOND).day.takes
    assert (takes[IVANOV].decision, takes[IVANOV].flags) == ("unreviewed", ())


@pytest.mark.parametrize("script", [(OPEN, FIRST), (OPEN, FIRST, PAUSE)])
def test_end_previous_flags_the_old_take(script: tuple[Command, ...]) -> None:
    presses = Presses(*script)
    assert refusal(presses, SECOND) == "wrong_state"
    presses.press(ask.Start(participant=2, end_previous=True))
    assert presses.day.takes[IVANOV].flags == ("ended_by_next_start",)
    assert presses.day.takes[IVANOV].decision == "unreviewed"
    assert presses.day.current == PETROVA


@pytest.mark.parametrize("state", [State.RECORDING, State.PAUSED])
def test_close_ends_and_flags(state: State) -> None:
    take = Presses(*SCRIPTS[state], CLOSE).day.takes[IVANOV]
    assert (take.decision, take.flags, take.open_from) == ("unreviewed", ("ended_by_close",), None)


def test_close_in_review_leaves_it_unreviewed_without_a_flag() -> None:
    take = Presses(OPEN, FIRST, STOP, CLOSE).day.takes[IVANOV]
    assert (take.decision, take.flags) == ("unreviewed", ())


# -- frames ----------------------------------------------------------------------------------------------------


def spans(presses: Presses, stem: str = IVANOV) -> list[tuple[int, int]]:
    return [(span.first_frame, span.end) for span in presses.day.takes[stem].spans]


def test_pre_roll_and_post_roll() -> None:
    assert spans(Presses(OPEN, FIRST, STOP)) == [(1000 - PRE, 2000 + POST)]


def test_pre_roll_stays_within_the_stream() -> None:
    presses = Presses(OPEN)
    presses.later(30).press(FIRST)
    presses.later(10).press(STOP)
    assert spans(presses) == [(0, 40 + POST)]


def test_pre_roll_stays_after_the_previous_take() -> None:
    presses = Presses(OPEN, FIRST, STOP)
    presses.later(30).press(SECOND)
    presses.later(100).press(STOP)
    assert spans(presses, PETROVA) == [(2000 + POST, 2130 + POST)]


def test_pre_roll_stays_after_a_cancelled_take_and_a_reassigned_one() -> None:
    presses = Presses(OPEN, FIRST, CANCEL)
    presses.later(30).press(SECOND)
    assert presses.day.takes[PETROVA].open_from.frame == 2000 + POST  # type: ignore[union-attr]
    presses = Presses(OPEN, FIRST, STOP, ask.Reassign(take=IVANOV, to=2, reason="r"))
    presses.later(-900).press(ask.Start(participant=1))
    assert presses.day.take.open_from.frame == 2010  # type: ignore[union-attr]


def test_resume_has_no_pre_roll_and_never_repeats_the_post_roll() -> None:
    presses = Presses(OPEN, FIRST, PAUSE, RESUME, STOP)
    assert spans(presses) == [(900, 2010), (3000, 4010)]
    presses = Presses(OPEN, FIRST, PAUSE)
    presses.later(3).press(RESUME)
    presses.later(2).press(STOP)
    assert spans(presses) == [(900, 2010), (2010, 2015)]


def test_stop_while_the_next_span_still_lies_ahead_gives_an_empty_span() -> None:
    presses = Presses(OPEN, FIRST, STOP)
    presses.press(SECOND)
    presses.press(STOP)
    assert spans(presses, PETROVA) == [(2010, 2010)]
    presses.press(ACCEPT)
    assert PETROVA not in presses.day.unpublished()


def test_start_from_review_continues_the_same_take_with_the_hole_as_a_pause() -> None:
    presses = Presses(OPEN, FIRST, STOP, FIRST, STOP, ACCEPT)
    assert list(presses.day.takes) == [IVANOV]
    assert spans(presses) == [(900, 2010), (3000, 4010)]
    assert presses.day.takes[IVANOV].decision == "accepted"


def test_continuing_with_another_variant_is_refused() -> None:
    assert refusal(Presses(OPEN, FIRST, STOP), ask.Start(participant=1, variant="8")) == "other_variant"


def test_stopping_a_pause_adds_no_span() -> None:
    assert spans(Presses(OPEN, FIRST, PAUSE, STOP)) == [(900, 2010)]


def test_spans_are_cut_where_the_stream_ends() -> None:
    presses = Presses(OPEN, FIRST, STOP, CLOSE)
    presses.end_part(1500)
    assert presses.day.takes[IVANOV].spans == (FrameSpan(STREAM + ".wav", 900, 600),)


def test_what_a_turned_part_left_of_a_span_is_in_the_next() -> None:
    presses = Presses(OPEN, FIRST, STOP)
    presses.turn_part(1500)
    presses.turn_part(300)
    parts = [part.file for part in presses.day.parts]
    assert presses.day.takes[IVANOV].spans == (
        FrameSpan(parts[0], 900, 600), FrameSpan(parts[1], 0, 300), FrameSpan(parts[2], 0, 210)
    )  # fmt: skip


def test_a_span_that_lay_ahead_of_a_turned_part_lies_as_far_ahead_in_the_next() -> None:
    presses = Presses(OPEN, FIRST, PAUSE, RESUME)
    presses.turn_part(1500)
    second = presses.day.parts[1].file
    assert presses.day.takes[IVANOV].open_from == Place(second, 1500)
    presses.press(STOP)
    presses.turn_part(1400)
    third = presses.day.parts[2].file
    spans = presses.day.takes[IVANOV].spans
    assert [span.frames for span in spans if span.stream in {second, third}] == [510, 0, 0], spans


# -- variants --------------------------------------------------------------------------------------------------


def test_a_variant_is_refused_only_to_who_worked_with_it() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT)
    assert refusal(presses, FIRST) == "used_variant"
    presses.press(ask.Start(participant=2, variant="7"))
    assert presses.day.take.variant == "7"  # type: ignore[union-attr]


def test_a_second_press_of_start_hears_of_the_running_take_not_of_its_variant() -> None:
    assert refusal(Presses(OPEN, FIRST), FIRST) == "wrong_state"


def test_a_retake_takes_an_unused_variant() -> None:
    presses = Presses(OPEN, FIRST, STOP)
    assert refusal(presses, ask.Retake(reason="r", variant="7")) == "used_variant"
    presses.press(ask.Retake(reason="r", variant="8"))
    presses.press(ask.Start(participant=1, variant="8"))
    assert presses.day.current == f"{IVANOV}_дубль_2"
    assert presses.day.takes[IVANOV].decision == "rejected"


def test_a_cancelled_take_uses_no_variant() -> None:
    presses = Presses(OPEN, FIRST, CANCEL, FIRST)
    assert presses.day.current == f"{IVANOV}_дубль_2", "the cancelled file keeps its name"


def test_a_reassigned_take_moves_its_variant_along() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT, ask.Reassign(take=IVANOV, to=2, reason="перепутали"))
    assert refusal(presses, ask.Start(participant=2, variant="7")) == "used_variant"
    presses.press(FIRST)
    assert presses.day.current == f"{IVANOV}_дубль_2"


# -- outcomes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [Outcome.EARLY_END, Outcome.REMOVED])
@pytest.mark.parametrize("state", [State.RECORDING, State.PAUSED, State.REVIEW])
def test_an_ending_outcome_stops_and_ends_the_current_take(state: State, what: Outcome) -> None:
    day = Presses(*SCRIPTS[state], outcome(1, what)).day
    assert (day.state, day.takes[IVANOV].decision, day.outcomes[1].outcome) == (State.IDLE, str(what), what)


@pytest.mark.parametrize("what", [Outcome.ABSENT, Outcome.WRITTEN])
def test_who_has_a_recording_was_not_absent(what: Outcome) -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT)
    assert refusal(presses, outcome(1, what)) == "has_recording"
    presses = Presses(OPEN, FIRST, CANCEL, outcome(1, what))
    assert presses.day.outcomes[1].outcome is what


def test_an_absent_participant_who_comes_late_is_recorded() -> None:
    presses = Presses(OPEN, outcome(1, Outcome.ABSENT), FIRST)
    assert presses.day.outcomes == {}
    assert presses.day.state is State.RECORDING


@pytest.mark.parametrize("what", [Outcome.REMOVED, Outcome.EARLY_END, Outcome.WRITTEN])
def test_other_outcomes_must_be_cleared_before_a_start(what: Outcome) -> None:
    presses = Presses(OPEN, outcome(1, what))
    assert refusal(presses, FIRST) == "has_outcome"
    presses.press(outcome(1, None))
    presses.press(FIRST)
    assert presses.day.state is State.RECORDING


@pytest.mark.parametrize(("consent", "left"), [(False, {1: Outcome.EXTRA_DATE}), (True, {}), (None, {})])
def test_a_retake_without_consent_goes_to_an_extra_date(consent: bool | None, left: dict[int, Outcome]) -> None:
    presses = Presses(OPEN, FIRST, STOP, ask.Retake(reason="шум", consent=consent))
    assert {number: note.outcome for number, note in presses.day.outcomes.items()} == left


# -- repairs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [IVANOV, IVANOV + ".wav", IVANOV + ".mp3", IVANOV + ".json"])
def test_a_take_is_named_by_its_stem_or_any_file_of_it(name: str) -> None:
    day = Presses(OPEN, FIRST, STOP, ask.Reassign(take=name, to=2, reason="r")).day
    assert (day.current, day.takes[PETROVA].participant, day.takes[PETROVA].tape) == (PETROVA, 2, IVANOV)


@pytest.mark.parametrize("state", [State.RECORDING, State.PAUSED, State.REVIEW])
def test_a_take_in_hand_may_be_reassigned_and_goes_on(state: State) -> None:
    presses = Presses(*SCRIPTS[state], ask.Reassign(take=IVANOV, to=2, reason="r"))
    assert (presses.day.state, presses.day.current) == (state, PETROVA)
    presses.later(100).press(CLOSE)
    presses.end_part()
    assert presses.day.takes[PETROVA].replaces == IVANOV
    assert presses.day.takes_of(1) == ()
    assert presses.day.unpublished() == (PETROVA, STREAM), "the old name is out of the package"


def test_reassign_after_publication_gives_a_new_name_that_replaces() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT)
    presses.publish(IVANOV)
    presses.press(ask.Reassign(take=IVANOV, to=2, reason="r"))
    assert presses.day.unpublished() == (PETROVA,)
    assert (presses.day.takes[PETROVA].replaces, presses.day.accepted(1)) == (IVANOV, None)
    assert refusal(presses, ask.Reassign(take=IVANOV, to=2, reason="r")) == "unknown_take"
    presses.press(ask.Reassign(take=PETROVA, to=1, reason="назад"))
    assert presses.day.accepted(1).stem == f"{IVANOV}_дубль_2"  # type: ignore[union-attr]


def test_reassign_before_publication_leaves_nothing_due_under_the_old_name() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT, ask.Reassign(take=IVANOV, to=2, reason="r"))
    assert presses.day.unpublished() == (PETROVA,)


def test_reassign_to_the_same_or_a_removed_participant_is_refused() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT, outcome(2, Outcome.REMOVED))
    assert refusal(presses, ask.Reassign(take=IVANOV, to=1, reason="r")) == "same_participant"
    assert refusal(presses, ask.Reassign(take=IVANOV, to=2, reason="r")) == "has_outcome"
    assert refusal(presses, ask.Reassign(take=IVANOV, to=99, reason="r")) == "unknown_participant"


def test_correct_of_a_take_in_hand_keeps_its_name() -> None:
    day = Presses(OPEN, FIRST, ask.Correct(take=IVANOV, variant="8", reason="r")).day
    assert {stem: take.variant for stem, take in day.takes.items()} == {IVANOV: "8"}


def test_correct_of_a_published_take_gives_a_new_name_that_replaces() -> None:
    presses = Presses(OPEN, FIRST, STOP, ACCEPT)
    presses.publish(IVANOV)
    presses.press(ask.Correct(take=IVANOV, variant="8", reason="r"))
    new = presses.day.accepted(1)
    assert new is not None
    assert (new.stem, new.variant, new.replaces, new.number) == (f"{IVANOV}_дубль_2", "8", IVANOV, 2)
    presses.press(ask.Start(participant=1, variant="7"))
    assert presses.day.current == f"{IVANOV}_дубль_3"


@pytest.mark.parametrize("command", [ask.Cancel(take=IVANOV), ask.Retake(reason="шум", take=IVANOV)])
def test_what_was_meant_for_one_take_does_not_befall_the_next(command: Command) -> None:
    """A page that has not heard yet that another was begun."""
    presses = Presses(OPEN, FIRST, STOP, SECOND, STOP)
    assert refusal(presses, command) == "other_take"
    assert refusal(Presses(OPEN), command) == "other_take"
    assert Presses(OPEN, FIRST, STOP, command).day.state is State.IDLE


def test_a_cancelled_take_is_no_longer_known() -> None:
    presses = Presses(OPEN, FIRST, CANCEL)
    assert refusal(presses, ask.Correct(take=IVANOV, variant="8", reason="r")) == "unknown_take"


@pytest.mark.parametrize("ending", [".wav", ".mp3", ".json"])
def test_a_name_that_exists_on_disk_takes_the_next_number(ending: str) -> None:
    presses = Presses(OPEN)
    presses.taken |= {IVANOV + ending, f"{IVANOV}_дубль_2.wav"}
    presses.press(FIRST)
    assert presses.day.current == f"{IVANOV}_дубль_3"
