"""Clock faults: a wall clock that was set, a machine that slept. Pure: fed with readings, asked by the recorder.

The kernel slews wall and monotonic time together, so only a step moves one against the other; and the clock that
counts sleep moves against the one that does not only by sleep. So no drift needs to be allowed for.
"""

from typing import NamedTuple

from exam.clock import NS_PER_S, Reading

STEP_S = 0.5
"""From this many seconds on a step of the wall clock, or a sleep, is told."""

_TORN_NS = NS_PER_S // 20  # the reader was interrupted: its clocks do not belong together; the next reading will do


class Change(NamedTuple):
    """What has happened, in seconds; 0.0: nothing.

    `stepped_s`: how far the wall clock was set; negative: back. `suspended_s`: how long the machine slept.
    """

    stepped_s: float = 0.0
    suspended_s: float = 0.0


class ClockWatch:
    """Compares each reading with the last state that was told: small steps are told once they add up."""

    def __init__(self) -> None:
        self._told: Reading | None = None

    def tick(self, reading: Reading) -> Change:
        """What has changed since it was last told; to be asked several times a second."""
        if reading.spread_ns > _TORN_NS:
            return Change()
        if self._told is None:
            self._told = reading
            return Change()
        change = Change(
            _worth_telling(reading.offset_ns - self._told.offset_ns),
            _worth_telling(reading.suspended_ns - self._told.suspended_ns),
        )
        if change != Change():
            self._told = reading
        return change


def _worth_telling(difference_ns: int) -> float:
    return difference_ns / NS_PER_S if abs(difference_ns) >= STEP_S * NS_PER_S else 0.0
