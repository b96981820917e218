"""What a person at a terminal or in the journal sees of the agent's work. Built by `sync.cli`, told by `sync.agent`."""

import sys
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from exam.errors import ExamError
from exam.language import say
from sync import wording
from sync.plan import Item, Row, is_awaited
from sync.states import ARRIVED

_SHOW_EVERY_S = 0.5
_RATE_OVER_S = 15.0
_MB = 1_000_000


class Rate:
    """Bytes per second over the last moments: what the line does now, not what it did an hour ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._points: deque[tuple[float, int]] = deque()

    def moved(self, total: int) -> None:
        """`total` bytes so far; less than before when another transfer has begun."""
        now = self._clock()
        if self._points and total < self._points[-1][1]:
            self._points.clear()
        self._points.append((now, total))
        while now - self._points[0][0] > _RATE_OVER_S:
            self._points.popleft()

    def per_second(self) -> float | None:
        """None while nothing can be said."""
        if len(self._points) < 2 or self._points[-1][0] == self._points[0][0]:  # noqa: PLR2004 - two ends
            return None
        (first_at, first), (last_at, last) = self._points[0], self._points[-1]
        return (last - first) / (last_at - first_at)


class Progress:
    """Lines about what happened; on a terminal also one live line with bytes and the time remaining."""

    def __init__(self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`out`: standard error, unless told."""
        self._out = sys.stderr if out is None else out
        self._live, self._clock = self._out.isatty(), clock
        self._rate = Rate(clock)
        self._undelivered = 0
        self._item: Item | None = None
        self._shown_at = 0.0

    def queued(self, rows: list[Row]) -> None:
        self._undelivered = sum(row.size for row in rows if is_awaited(row) and row.stands not in ARRIVED)

    def moved(self, item: Item, offset: int) -> None:
        if item != self._item:
            self._item, self._rate = item, Rate(self._clock)
        self._rate.moved(offset)
        if self._live and self._clock() - self._shown_at >= _SHOW_EVERY_S:
            self._shown_at = self._clock()
            self._out.write("\r\x1b[K" + wording.line(self._line(item, offset)))
            self._out.flush()

    def settled(self, row: Row) -> None:
        word = wording.state(row.state)
        reason = f": {say(row.reason.ru, row.reason.en)}" if row.reason else ""
        self._say(f"{word}: {row.path}{reason}")

    def setback(self, item: Item, error: ExamError, wait_s: float) -> None:
        again = say(f"повтор через {wait_s:.0f} с", f"again in {wait_s:.0f} s")
        self._say(f"{item.path}: {error} ({again})")

    def _say(self, text: str) -> None:
        self._out.write(("\r\x1b[K" if self._live else "") + wording.line(text) + "\n")
        self._out.flush()

    def _line(self, item: Item, offset: int) -> str:
        rate = self._rate.per_second()
        left = max(self._undelivered - offset, item.size - offset)
        remaining = say(f"осталось {left / _MB:.1f} МБ", f"{left / _MB:.1f} MB left")
        if not rate:
            return f"{item.path}  {offset / _MB:.1f} / {item.size / _MB:.1f} {say('МБ', 'MB')} · {remaining}"
        return (
            f"{item.path}  {offset / _MB:.1f} / {item.size / _MB:.1f} {say('МБ', 'MB')} · "
            f"{rate / _MB:.1f} {say('МБ/с', 'MB/s')} · {remaining}, {duration(left / rate)}"
        )


def duration(seconds: float) -> str:
    """`1:05:09`, `5:09`: hours only when there are any."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
