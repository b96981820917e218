"""Frames against the monotonic clock. Pure.

Frames arrive late by a varying amount but never early, so the earliest arrival of the last seconds tells where
the stream is; a window, because the device's clock and the machine's drift apart.
"""

from exam.clock import NS_PER_S

_WINDOW_NS = 15 * NS_PER_S
_SETTLED_WINDOW = 2  # in the first a device may still be starting
_LEAST_BASE_NS = 60 * NS_PER_S


class Line:
    """When frame 0 was, or would have been, captured: the least of what the arrivals of the last 15–30 s tell."""

    def __init__(self, zero_ns: int, at_ns: int) -> None:
        """`zero_ns`: what the first arrival, at `at_ns`, tells."""
        self._least = self._previous = (zero_ns, at_ns)
        self._window_start, self._window = at_ns, 1
        self._base: tuple[int, int] | None = None

    def add(self, zero_ns: int, at_ns: int) -> None:
        """What another arrival, at `at_ns`, tells."""
        arrival = (zero_ns, at_ns)
        if at_ns - self._window_start > _WINDOW_NS:
            if self._window == _SETTLED_WINDOW:
                self._base = self._least
            self._previous, self._least = self._least, arrival
            self._window_start, self._window = at_ns, self._window + 1
        self._least = min(self._least, arrival)

    @property
    def zero_ns(self) -> int:
        return min(self._least, self._previous)[0]

    @property
    def drift_ppm(self) -> float | None:
        """By how many millionths frames come faster than the monotonic clock counts; None until it is known.

        Between two windows' least arrivals, a minute apart at the least, each as little late as the other.
        """
        if self._base is None or self._previous[1] - self._base[1] < _LEAST_BASE_NS:
            return None
        return (self._base[0] - self._previous[0]) / (self._previous[1] - self._base[1]) * 1e6

    def measure_anew(self) -> None:
        """From now on frames are counted otherwise than before: drift is measured from here."""
        self._window, self._base = 1, None

    def shift(self, by_ns: int) -> None:
        """From now on another frame is frame 0."""
        self._least, self._previous = _moved(self._least, by_ns), _moved(self._previous, by_ns)
        self._base = _moved(self._base, by_ns) if self._base else None


def _moved(arrival: tuple[int, int], by_ns: int) -> tuple[int, int]:
    return arrival[0] + by_ns, arrival[1]


class Timeline:
    """Which frame of the stream is being heard at a monotonic time; right to the jitter of the best block."""

    def __init__(self, sample_rate: int, start_ns: int) -> None:
        self._rate = sample_rate
        self._line = Line(start_ns, start_ns)

    def follow(self, frame: int, at_ns: int) -> None:
        """Begin the fit anew: another run of the device delivers, its first frame, `frame`, captured at `at_ns`."""
        self._line = Line(at_ns - self._ns(frame), at_ns)

    def arrived(self, end_frame: int, at_ns: int) -> None:
        """All frames before `end_frame` had been captured when they were delivered at `at_ns`."""
        self._line.add(at_ns - self._ns(end_frame), at_ns)

    def frame_at(self, at_ns: int) -> int:
        """The frame being captured at `at_ns`."""
        return max(0, (at_ns - self._line.zero_ns) * self._rate // NS_PER_S)

    def time_of(self, frame: int) -> int:
        """The monotonic time at which `frame` was, or will be, captured; the inverse of `frame_at`."""
        return self._line.zero_ns + self._ns(frame)

    @property
    def drift_ppm(self) -> float | None:
        """How much faster the device's clock runs than the machine's, in millionths; None until it is known."""
        return self._line.drift_ppm

    def lost(self) -> None:
        """Silence stands for frames whose number is known by their lateness only: no drift is told across it."""
        self._line.measure_anew()

    def turn(self, frames: int) -> None:
        """From now on frames are counted from the present frame `frames`: another file begins there."""
        self._line.shift(self._ns(frames))

    def _ns(self, frames: int) -> int:
        return frames * NS_PER_S // self._rate
