"""Stream frames against the monotonic clock. Pure.

Blocks arrive late by a varying amount but never early, so the earliest arrival of the last seconds tells where
the stream is; a window, because the device's clock and the machine's drift apart.
"""

from exam.clock import NS_PER_S

_WINDOW_NS = 15 * NS_PER_S


class Timeline:
    """Which frame of the stream is being heard at a monotonic time; right to the jitter of the best block."""

    def __init__(self, sample_rate: int, start_ns: int) -> None:
        self._rate = sample_rate
        self._offset = self._previous = start_ns
        self._window_start = start_ns
        self._is_guess = True

    def arrived(self, end_frame: int, at_ns: int) -> None:
        """All frames before `end_frame` had been captured when they were delivered at `at_ns`."""
        offset = at_ns - end_frame * NS_PER_S // self._rate
        if self._is_guess:
            self._offset = self._previous = offset
            self._is_guess = False
        if at_ns - self._window_start > _WINDOW_NS:
            self._previous, self._offset, self._window_start = self._offset, offset, at_ns
        self._offset = min(self._offset, offset)

    def frame_at(self, at_ns: int) -> int:
        """The frame being captured at `at_ns`."""
        return max(0, (at_ns - min(self._offset, self._previous)) * self._rate // NS_PER_S)

    def time_of(self, frame: int) -> int:
        """The monotonic time at which `frame` was, or will be, captured; the inverse of `frame_at`."""
        return min(self._offset, self._previous) + frame * NS_PER_S // self._rate

    def turn(self, frames: int) -> None:
        """From now on frames are counted from the present frame `frames`: another file begins there."""
        passed = frames * NS_PER_S // self._rate
        self._offset, self._previous = self._offset + passed, self._previous + passed

    def follow(self, end_frame: int, at_ns: int) -> None:
        """Begin the fit anew: another run of the device delivers, at another delay."""
        self._is_guess, self._window_start = True, at_ns
        self.arrived(end_frame, at_ns)
