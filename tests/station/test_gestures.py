"""What happens for each way of pressing: a table of cases, and two promises whatever is pressed."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from station.controls.gestures import BOUNCE_MS, HOLD_MS, STALE_MS, Gestures, Holding, Key, Made
from station.session.commands import Button
from station.session.day import State

CLOSED, IDLE, RECORDING, PAUSED, REVIEW = State
Does = tuple[int, str] | tuple[int, str, str] | tuple[int, State | None]
"""A time in ms, then what comes: the room's new state, or "down", "up", "repeat" of a button (main, unless another is
named), "gone" of the pedal."""
VALUES = {"down": 1, "up": 0, "repeat": 2}
PEDALS = {"main": "pedal", "pause": "pedal", "stop": "another"}


def play(state: State | None, does: Sequence[Does]) -> list[tuple[int, str, str]]:
    """The gestures made, each with the time when it came out; time is looked at exactly when it has to be."""
    gestures, came = Gestures(), list[tuple[int, str, str]]()
    before = -10_000
    gestures.tell(state, before)

    def note(now: int, made: Sequence[Made]) -> None:
        came.extend((now, each.button, each.gesture) for each in made)

    for at, what, *rest in [*does, (does[-1][0] + 2 * HOLD_MS, "end")]:
        while (deadline := gestures.deadline) is not None and deadline <= at:
            seen = max(deadline, before)
            note(seen, gestures.due(seen))
        before = at
        if what is None or isinstance(what, State):
            gestures.tell(what, at)
        elif what == "gone":
            note(at, gestures.gone("pedal", at))
        elif what != "end":
            button: Button = rest[0] if rest else "main"  # type: ignore[assignment]
            note(at, gestures.key(Key(PEDALS[button], button, VALUES[str(what)], at), at))
    return came


START = [(0, "main", "short")]
CASES: dict[str, tuple[State | None, list[Does], list[tuple[int, str, str]]]] = {
    # what acts when
    "a start does not wait for the release": (IDLE, [(0, "down"), (9_000, "up")], START),
    "nor the first one of the day": (CLOSED, [(0, "down"), (100, "up")], START),
    "nor the next participant's": (REVIEW, [(0, "down"), (100, "up")], START),
    "nor going on": (PAUSED, [(0, "down"), (100, "up")], START),
    "nor going on by the second pedal": (PAUSED, [(0, "down", "pause"), (99, "up", "pause")], [(0, "pause", "short")]),
    "a mark is made at the release": (RECORDING, [(0, "down"), (200, "up")], [(240, "main", "short")]),
    "a pause too": (RECORDING, [(0, "down", "pause"), (200, "up", "pause")], [(240, "pause", "short")]),
    "held for 3 s, while it is held": (RECORDING, [(0, "down"), (8_000, "up")], [(3_000, "main", "hold")]),
    "the stop pedal stops a pause": (PAUSED, [(0, "down", "stop"), (4_000, "up", "stop")], [(3_000, "stop", "hold")]),
    "let go before 3 s": (RECORDING, [(0, "down"), (2_999, "up")], []),
    "let go once it is counted down": (RECORDING, [(0, "down"), (500, "up")], []),
    "the longest short one": (RECORDING, [(0, "down"), (499, "up")], [(539, "main", "short")]),
    # contacts and keyboards
    "a bounce is no press": (RECORDING, [(0, "down"), (39, "up")], []),
    "bouncing contacts": (
        RECORDING,
        [(0, "down"), (5, "up"), (9, "down"), (200, "up"), (206, "down"), (210, "up")],
        [(250, "main", "short")],
    ),
    "a hold over a bad contact": (
        RECORDING,
        [(0, "down"), (1_500, "up"), (1_539, "down"), (2_990, "up"), (3_010, "down"), (5_000, "up")],
        [(3_010, "main", "hold")],
    ),
    "a hold with a hole in it": (RECORDING, [(0, "down"), (1_500, "up"), (1_541, "down"), (4_000, "up")], []),
    "bouncing contacts at a start": (IDLE, [(0, "down"), (5, "up"), (9, "down"), (200, "up"), (240, "down")], START),
    "autorepeat": (RECORDING, [(0, "down"), (250, "repeat"), (283, "repeat"), (2_000, "repeat"), (2_100, "up")], []),
    "a lost release": (RECORDING, [(0, "down"), (1_000, "down"), (1_100, "up")], []),
    # accidents
    "a second press after a start": (
        IDLE,
        [(0, "down"), (100, "up"), (105, RECORDING), (900, "down"), (950, "up")],
        START,
    ),
    "held, too": (IDLE, [(0, "down"), (100, "up"), (105, RECORDING), (900, "down"), (9_000, "up")], START),
    "a second press after a stop": (
        RECORDING,
        [(0, "down"), (3_010, REVIEW), (5_000, "up"), (5_900, "down"), (6_000, "up")],
        [(3_000, "main", "hold")],
    ),
    "the next press after a stop": (
        RECORDING,
        [(0, "down"), (3_010, REVIEW), (5_000, "up"), (6_041, "down"), (6_100, "up")],
        [(3_000, "main", "hold"), (6_041, "main", "short")],
    ),
    "two marks at once": (RECORDING, [(0, "down"), (90, "up"), (300, "down"), (390, "up")], [(130, "main", "short")]),
    "two marks": (
        RECORDING,
        [(0, "down"), (100, "up"), (1_101, "down"), (1_200, "up")],
        [(140, "main", "short"), (1_240, "main", "short")],
    ),
    "a press right after the page's start": (IDLE, [(0, RECORDING), (800, "down"), (900, "up")], []),
    "a foot that rests across a start": (IDLE, [(0, "down"), (90, RECORDING), (60_000, "up")], START),
    "and is then lifted and put down": (
        IDLE,
        [(0, "down"), (90, RECORDING), (60_000, "up"), (62_000, "down"), (62_200, "up")],
        [*START, (62_240, "main", "short")],
    ),
    "the room changes under a foot": (RECORDING, [(0, "down"), (100, PAUSED), (200, "up")], []),
    "it changes while it is counted down": (RECORDING, [(0, "down"), (2_900, REVIEW), (4_000, "up")], []),
    # two at once
    "two pedals at once": (
        RECORDING,
        [(0, "down"), (100, "down", "pause"), (150, "up"), (200, "up", "pause")],
        [],
    ),
    "nothing until all are up": (
        RECORDING,
        [(0, "down"), (10, "down", "pause"), (200, "up"), (400, "down"), (500, "up"), (4_000, "up", "pause")],
        [],
    ),
    "two of two devices": (IDLE, [(0, "down", "stop"), (10, "down"), (90, "up"), (9_000, "up", "stop")], []),
    "after both": (
        RECORDING,
        [(0, "down"), (10, "down", "pause"), (200, "up"), (300, "up", "pause"), (400, "down"), (500, "up")],
        [(540, "main", "short")],
    ),
    # coming and going
    "unplugged while held": (RECORDING, [(0, "down"), (1_000, "gone")], []),
    "unplugged within a short press": (RECORDING, [(0, "down"), (100, "gone"), (120, "up")], []),
    "and plugged in again": (
        RECORDING,
        [(0, "down"), (1_000, "gone"), (2_000, "down"), (2_100, "up")],
        [(2_140, "main", "short")],
    ),
    "another one unplugged": (
        RECORDING,
        [(0, "down", "stop"), (100, "gone"), (4_000, "up", "stop")],
        [(3_000, "stop", "hold")],
    ),
    "the daemon is away": (None, [(0, "down"), (100, "up"), (300, IDLE)], []),
    "it comes under a foot": (None, [(0, "down"), (300, RECORDING), (400, "up")], []),
    "a foot that was there before us": (RECORDING, [(0, "repeat"), (5_000, "up")], []),
    "only its release is seen": (RECORDING, [(0, "up"), (100, "down"), (200, "up")], [(240, "main", "short")]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_happens(case: tuple[State | None, list[Does], list[tuple[int, str, str]]]) -> None:
    state, does, expected = case
    assert play(state, does) == expected


@pytest.mark.parametrize("state", [IDLE, RECORDING])
def test_what_is_told_too_late_is_dropped(state: State) -> None:
    gestures = Gestures()
    gestures.tell(state, 0)
    late = 1_000 + STALE_MS + 200
    events = [gestures.key(Key("pedal", "main", value, at), late) for value, at in ((1, 1_000), (0, 1_150))]
    assert [*events, gestures.due(late + 10 * HOLD_MS)] == [[], [], []]
    assert gestures.key(Key("pedal", "main", 1, 60_000), 60_050) == (
        [Made("main", "short", 60_000)] if state is IDLE else []
    )


def test_a_hold_that_was_slept_through_is_dropped() -> None:
    gestures = Gestures()
    gestures.tell(RECORDING, 0)
    gestures.key(Key("pedal", "main", 1, 2_000), 2_000)
    assert gestures.due(3_600_000) == []
    assert gestures.key(Key("pedal", "main", 0, 3_600_000), 3_600_000) == []


def test_a_gesture_says_when_it_was_meant() -> None:
    gestures = Gestures()
    gestures.tell(RECORDING, 0)
    gestures.key(Key("pedal", "main", 1, 2_000), 2_030)
    gestures.key(Key("pedal", "main", 0, 2_300), 2_310)
    assert gestures.due(2_350) == [Made("main", "short", 2_000)]
    gestures.key(Key("pedal", "main", 1, 4_000), 4_010)
    assert gestures.due(7_020) == [Made("main", "hold", 7_000)]


@pytest.mark.parametrize(("state", "button", "is_shown"), [(RECORDING, "main", True), (IDLE, "stop", False)])
def test_a_countdown_is_shown_where_a_hold_means_something(state: State, button: Button, is_shown: bool) -> None:
    gestures, shown = Gestures(), list[Holding | None]()
    gestures.tell(state, 0)
    gestures.key(Key("pedal", button, 1, 2_000), 2_000)
    for now in (2_499, 2_500, 4_999, 5_000):
        gestures.due(now)
        shown.append(gestures.holding)
    counted = Holding(button, 2_000) if is_shown else None
    assert shown == [None, counted, counted, None]


WHAT = some.one_of(
    some.tuples(some.sampled_from([0, 0, 0, 1, 1, 1, 2]), some.sampled_from(["main", "main", "main", "pause", "stop"])),
    some.tuples(some.sampled_from([0, 1]), some.just("main")),
    some.sampled_from([None, *State]),
    some.just("gone"),
)
EVENTS = some.lists(
    some.tuples(some.sampled_from([1, 20, 39, 41, 130, 700, 2_600, 3_200]), some.integers(0, 3_000), WHAT)
)


class Contact:
    """A button as it really was: since when it is down, bounces left out."""

    def __init__(self) -> None:
        self.down_since: int | None = None
        self.let_go: int | None = None

    def take(self, value: int, at: int) -> None:
        if value == 0:
            self.let_go = at if self.let_go is None else self.let_go
            return
        has_ended = self.let_go is not None and at - self.let_go >= BOUNCE_MS
        if self.down_since is None or has_ended:
            self.down_since = at if value == 1 else None
        self.let_go = None


@given(some.sampled_from(State), EVENTS)
@settings(max_examples=400)
def test_no_hold_without_three_seconds_and_one_gesture_a_press(
    state: State, events: list[tuple[int, int, object]]
) -> None:
    gestures, now = Gestures(), 0
    gestures.tell(state, now)
    contacts: dict[Button, Contact] = {button: Contact() for button in ("main", "pause", "stop")}
    acted = set[tuple[str, int]]()

    def check(made: Sequence[Made]) -> None:
        for each in made:
            since = contacts[each.button].down_since
            assert since is not None
            assert (each.button, since) not in acted
            acted.add((each.button, since))
            assert each.gesture == "short" or each.at - since >= HOLD_MS

    for wait, late, what in events:
        end = now + wait
        while (deadline := gestures.deadline) is not None and deadline <= end:
            check(gestures.due(deadline))
        now = end
        if what is None or isinstance(what, State):
            gestures.tell(what, now)
        elif what == "gone":
            check(gestures.gone("pedal", now))
            contacts |= {"main": Contact(), "pause": Contact()}
        elif isinstance(what, tuple):
            value, button = what
            at = now - late if wait > late else now
            contacts[button].take(value, at)
            check(gestures.key(Key(PEDALS[button], button, value, at), now))
