"""What a foot or finger means: key events become "short" and "hold". Pure; time is given, in ms of any steady clock.

For the pedal's process and for whoever serves the page's keys; each has a recogniser of its own. What a gesture does in
which state the daemon decides (`station.session.presses`); here only whether it must wait for the release.

A press acts at once where a short one starts or resumes: no sound waits for a foot, and a firm one is not "too long".
Where it could also become a hold it acts when it is released, or when it has lasted `HOLD_MS`.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Literal

from msgspec import Struct

from station.session.commands import Button, Gesture
from station.session.day import State

BOUNCE_MS = 40
"""Contacts bounce for so long: a release that does not last so long is none, nor is a press."""
SHORT_MS = 500
"""A press as long as this is no short one any more: from now on it is counted down to a hold."""
HOLD_MS = 3000
QUIET_MS = 1000
"""For so long after a gesture, its release, or a change in the room any further press is an accident."""
STALE_MS = 2000
"""What is told so late is dropped: the person has long seen that nothing happened."""

AT_ONCE: frozenset[tuple[State, Button]] = frozenset(
    {
        (State.CLOSED, "main"),
        (State.IDLE, "main"),
        (State.REVIEW, "main"),
        (State.PAUSED, "main"),
        (State.PAUSED, "pause"),
    }
)
"""Where a press acts when it begins; the rest of it, however long, then means nothing."""
_COUNTED_DOWN = {State.RECORDING, State.PAUSED}


class Key(Struct, frozen=True):
    """A button of a device went down (1), up (0), or is still down (2: autorepeat) at `at` ms."""

    device: str
    button: Button
    value: int
    at: int


class Made(Struct, frozen=True):
    """A gesture, and when it was meant: a short press when it began, a hold when it was complete."""

    button: Button
    gesture: Gesture
    at: int


class Holding(Struct, frozen=True):
    """A press that is being counted down, since when; it becomes a hold `HOLD_MS` later."""

    button: Button
    since: int


class _Phase(Enum):
    """How far the press is."""

    NONE = auto()
    SHORT = auto()
    LONG = auto()
    SPENT = auto()


_Step = Literal["acts", "waits", "is_nothing", "grows_long", "is_held", "is_spoilt", "ends", "was_a_bounce"]

_TABLE: Mapping[tuple[_Phase, _Step], tuple[_Phase, Gesture | None]] = {
    (_Phase.NONE, "acts"): (_Phase.SPENT, "short"),
    (_Phase.NONE, "waits"): (_Phase.SHORT, None),
    (_Phase.NONE, "is_nothing"): (_Phase.SPENT, None),
    (_Phase.SHORT, "grows_long"): (_Phase.LONG, None),
    (_Phase.SHORT, "is_spoilt"): (_Phase.SPENT, None),
    (_Phase.SHORT, "ends"): (_Phase.NONE, "short"),
    (_Phase.SHORT, "was_a_bounce"): (_Phase.NONE, None),
    (_Phase.LONG, "is_held"): (_Phase.SPENT, "hold"),
    (_Phase.LONG, "is_spoilt"): (_Phase.SPENT, None),
    (_Phase.LONG, "ends"): (_Phase.NONE, None),
    (_Phase.SPENT, "is_spoilt"): (_Phase.SPENT, None),
    (_Phase.SPENT, "ends"): (_Phase.NONE, None),
}
"""A press from its beginning until every button is up again; so no press makes two gestures."""


class Gestures:
    """The recogniser of everything that is pressed in one place. Told of the room's state; None: nobody knows it.

    Whoever uses it hands over all key events that have come, then asks what is `due`, again by `deadline`.
    """

    def __init__(self) -> None:
        self._state: State | None = None
        self._phase = _Phase.NONE
        self._button: Button = "main"
        self._since = 0
        self._down: dict[tuple[str, Button], int | None] = {}  # when it was let go, if that is not certain yet
        self._quiet_until = 0
        self._has_acted = False

    def tell(self, state: State | None, now: int) -> None:
        """The room's state. A press under which it changes means nothing any more, nor does one right after."""
        if state is self._state:
            return
        if self._state is not None:
            self._quiet_until = max(self._quiet_until, now + QUIET_MS)
        self._state = state
        self._spoil()

    def key(self, event: Key, now: int) -> Sequence[Made]:
        """What the event, told at `now`, makes complete. Events of a device come in order."""
        at = min(event.at, now)
        made = self._settle(at, now)
        held = event.device, event.button
        if event.value == 0:
            if held in self._down:
                self._down[held] = at
            return made
        is_first, self._down = not self._down, {**self._down, held: None}
        if is_first:
            made += self._begin(event.button, at, now, is_new=event.value == 1)
        elif len(self._down) > 1:
            self._spoil()
        return made

    def gone(self, device: str, now: int) -> Sequence[Made]:
        """The device was unplugged: what was down on it is up, and meant nothing."""
        made = self._settle(now, now)
        left = {held: let_go for held, let_go in self._down.items() if held[0] != device}
        if len(left) < len(self._down):
            self._down = left
            self._spoil()
            if not left:
                self._end(now, now)
        return made

    def due(self, now: int) -> Sequence[Made]:
        """What has become complete by itself."""
        return self._settle(now, now)

    @property
    def deadline(self) -> int | None:
        """When something may be due next."""
        times = [let_go + BOUNCE_MS for let_go in self._down.values() if let_go is not None]
        if not times and self._phase is _Phase.SHORT:
            times = [self._since + SHORT_MS]
        elif not times and self._phase is _Phase.LONG:
            times = [self._since + HOLD_MS]
        return min(times, default=None)

    @property
    def holding(self) -> Holding | None:
        """The press that is being counted down, if there is one."""
        is_counted = self._phase is _Phase.LONG and self._state in _COUNTED_DOWN
        return Holding(self._button, self._since) if is_counted else None

    def _begin(self, button: Button, at: int, now: int, *, is_new: bool) -> list[Made]:
        self._button, self._since, self._has_acted = button, at, False
        if self._state is None or not is_new or at < self._quiet_until or now - at > STALE_MS:
            return self._step("is_nothing", at, now)
        return self._step("acts" if (self._state, button) in AT_ONCE else "waits", at, now)

    def _settle(self, until: int, now: int) -> list[Made]:
        """Whatever time alone has brought about by `until`, in its order."""
        made: list[Made] = []
        while (deadline := self.deadline) is not None and deadline <= until:
            let_go = {held: at for held, at in self._down.items() if at is not None and at + BOUNCE_MS <= deadline}
            if not let_go:
                made += self._step("grows_long" if self._phase is _Phase.SHORT else "is_held", deadline, now)
                continue
            self._down = {held: at for held, at in self._down.items() if held not in let_go}
            if not self._down:
                made += self._end(max(let_go.values()), now)
        return made

    def _end(self, at: int, now: int) -> list[Made]:
        """Every button is up."""
        if self._has_acted:
            self._quiet_until = max(self._quiet_until, at + QUIET_MS)
        is_bounce = self._phase is _Phase.SHORT and at - self._since < BOUNCE_MS
        return self._step("was_a_bounce" if is_bounce else "ends", at, now)

    def _spoil(self) -> None:
        if self._phase is not _Phase.NONE:
            self._step("is_spoilt", self._since, self._since)

    def _step(self, step: _Step, at: int, now: int) -> list[Made]:
        self._phase, gesture = _TABLE[self._phase, step]
        if gesture is None or now - at > STALE_MS:
            return []
        self._has_acted, self._quiet_until = True, max(self._quiet_until, at + QUIET_MS)
        return [Made(self._button, gesture, self._since if gesture == "short" else at)]
