"""Frames against the monotonic clock. Pure.

Frames arrive late by a varying amount but never early, so the earliest arrival of the last seconds tells where
the stream is; a window, because the device's clock and the machine's drift apart.
"""

from exam.clock import NS_PER_S

_WINDOW_NS = 15 * NS_PER_S


class Line:
    """When frame 0 was, or would have been, captured: the least of what the arrivals of the last 15–30 s tell."""

    def __init__(self, zero_ns: int, at_ns: int) -> None:
        """`zero_ns`: what the first arrival, at `at_ns`, tells."""
        self._least = self._previous = zero_ns
        self._window_start = at_ns

    def add(self, zero_ns: int, at_ns: int) -> None:
        """What another arrival, at `at_ns`, tells."""
        if at_ns - self._window_start > _WINDOW_NS:
            self._previous, self._least, self._window_start = self._least, zero_ns, at_ns
        self._least = min(self._least, zero_ns)

    @property
    def zero_ns(self) -> int:
        return min(self._least, self._previous)

    def shift(self, by_ns: int) -> None:
        """From now on another frame is frame 0."""
        self._least, self._previous = self._least + by_ns, self._previous + by_ns


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

    def turn(self, frames: int) -> None:
        """From now on frames are counted from the present frame `frames`: another file begins there."""
        self._line.shift(self._ns(frames))

    def _ns(self, frames: int) -> int:
        return frames * NS_PER_S // self._rate
