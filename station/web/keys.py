"""The keys of one page: the browser's "down" and "up" become gestures as a pedal's do, and are sent as presses."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

from exam.clock import NS_PER_S, steady_ns
from station.controls.gestures import HOLD_MS, Gestures, Holding, Key, Made
from station.session.commands import Button
from station.session.day import State

_NS_PER_MS = NS_PER_S // 1000
_PAGE = "page"

Turn = Literal["down", "up"]


class Keys:
    """`press` sends a gesture to the daemon; `tell` shows the page how far a hold has come."""

    def __init__(self, press: Callable[[Made], Coroutine[Any, Any, None]], tell: Callable[[Any], None]) -> None:
        self._press, self._tell = press, tell
        self._gestures = Gestures()
        self._timer: asyncio.TimerHandle | None = None
        self._held: Holding | None = None
        self._sent: set[asyncio.Task[None]] = set()

    def told(self, state: State | None) -> None:
        """The room's state; None while nobody knows it."""
        now = _now_ms()
        self._gestures.tell(state, now)
        self._go_on(self._gestures.due(now), now)

    def key(self, turn: Turn, button: Button) -> None:
        """A key went down or up."""
        now = _now_ms()
        self._go_on(self._gestures.key(Key(_PAGE, button, int(turn == "down"), now), now), now)

    def lost(self) -> None:
        """Nothing more comes from the page, or it lost the keyboard: what was down meant nothing."""
        now = _now_ms()
        self._go_on(self._gestures.gone(_PAGE, now), now)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        now = _now_ms()
        self._go_on(self._gestures.due(now), now)

    def _go_on(self, made: Sequence[Made], now: int) -> None:
        for each in made:
            task = asyncio.create_task(self._press(each))
            self._sent.add(task)
            task.add_done_callback(self._sent.discard)
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._gestures.deadline
        delay_s = None if deadline is None else max(0, deadline - now) / 1000
        self._timer = None if delay_s is None else asyncio.get_running_loop().call_later(delay_s, self._due)
        if self._gestures.holding != self._held:
            self._held = held = self._gestures.holding
            self._tell(held and {"button": held.button, "since_ms": now - held.since, "needs_ms": HOLD_MS})


def _now_ms() -> int:
    return steady_ns() // _NS_PER_MS
