"""The two clocks: monotonic time, on which decisions rest, and wall time, which only labels."""

import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """What the product knows of time. Injected, so that tests own it."""

    def now(self) -> datetime:
        """Wall time, aware, in the school's time zone."""

    def monotonic_ns(self) -> int:
        """Nanoseconds since an unknown moment; never steps, and counts on while the machine sleeps."""

    def read(self) -> "Reading":
        """All clocks of the machine at once."""


def steady_ns() -> int:
    """The clock by which sound is placed: a machine that slept has lost what was said meanwhile, and shall say so."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class SystemClock:
    """The machine's clocks, wall time told in `zone`."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        return datetime.now(self._zone)

    monotonic_ns = staticmethod(steady_ns)

    def read(self) -> "Reading":
        return read_clocks()


class CorrectedClock:
    """A clock with what a person added to its wall time; nothing is set on the machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.monotonic_ns = clock.monotonic_ns
        self.correction = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self.correction

    def read(self) -> "Reading":
        return self._clock.read()


class Reading(NamedTuple):
    """All clocks of the machine at one instant, in nanoseconds: what steps and sleep are told from.

    `boottime_ns` counts time asleep, `monotonic_ns` does not. `spread_ns`: how long the reading took.
    """

    monotonic_ns: int
    boottime_ns: int
    wall_ns: int
    spread_ns: int = 0

    @property
    def offset_ns(self) -> int:
        """Moves only when the wall clock is set."""
        return self.wall_ns - self.boottime_ns

    @property
    def suspended_ns(self) -> int:
        """How long the machine has slept since it was booted."""
        return self.boottime_ns - self.monotonic_ns


def read_clocks() -> Reading:
    """The machine's clocks, read one right after another."""
    before = time.monotonic_ns()
    boottime, wall = time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.time_ns()
    return Reading(before, boottime, wall, time.monotonic_ns() - before)


def boot_id() -> str:
    """The identity of this boot of the machine: monotonic times compare only within one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
