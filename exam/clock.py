"""The two clocks: monotonic time, on which decisions rest, and wall time, which only labels."""

import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """What the product knows of time. Injected, so that tests own it."""

    def now(self) -> datetime:
        """Wall time, aware, in the school's time zone."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an unknown moment; never steps."""


class SystemClock:
    """The machine's clocks, wall time told in `zone`."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        return datetime.now(self._zone)

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


class CorrectedClock:
    """A clock with what a person added to its wall time; nothing is set on the machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.correction = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.correction

    def monotonic_ns(self) -> int:
        return self._clock.monotonic_ns()


def boot_id() -> str:
    """The identity of this boot of the machine: monotonic times compare only within one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
