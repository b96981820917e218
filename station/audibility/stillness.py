"""Stretches of one channel in which nothing moves: digital silence, or a value that is held. Pure; for `faults`.

A quiet recording and a noise gate hold digital silence, too: a short stretch is a fault only between sound that is
alive up to the very edges of it.
"""

import numpy as np
from numpy.typing import NDArray

from station.audibility.flaws import Fault

ZEROS_S = 0.003
STUCK_S = 0.004
LONG_S = 1.0
"""Zeros that last this long need life on one side only, or none when they are what a sound begins with."""
EDGE_S, BRINK_S = 0.01, 0.001
"""How much sound beside a stretch tells whether it is alive there, and how much whether it is at once."""
_ALIVE_STEP = 1.0
"""Root mean square of the steps between samples there, in least significant bits."""
_LEAST_BRINK, _STEADY = 1.5, 0.5
"""Root mean square at the brink, in least significant bits; as a share of what is beside: less is a fade."""
_ABRUPT, _ABRUPT_FOR_LAST_BIT = 2.6, 8.0
"""More than this at the brink is no fade, whatever is near. Of what fades or was lossy the last bit is left moving."""
_CLIPPED_FROM = 32700
"""What is held so near the end of the scale is clipped, and told as that."""
_STRAY = 4
"""As many samples beside zeros may by chance be as near to zero as the last bit."""


class Stillness:
    """Of one channel, fed in chunks."""

    def __init__(self, sample_rate: int, channel: int) -> None:
        self._edge, self._brink = round(EDGE_S * sample_rate), round(BRINK_S * sample_rate)
        self._zeros, self._stuck, self._long = (round(length * sample_rate) for length in (ZEROS_S, STUCK_S, LONG_S))
        self._channel = channel
        self._silent, self._held = _Runs(), _Runs()
        self._heard = np.empty(0, np.int16)
        self._base = 0  # the place of the first frame of `_heard`
        self._seen = 0  # everything before this was looked at

    def take(self, samples: NDArray[np.int16]) -> list[Fault]:
        """What is over 10 ms before the end of what was fed, and zeros longer than LONG_S, each second."""
        self._heard = np.concatenate([self._heard, samples])
        end = self._base + len(self._heard) - self._edge
        return self._scan(end) if end > self._seen else []

    def finish(self) -> list[Fault]:
        return self._scan(self._base + len(self._heard), is_last=True)

    def _scan(self, end: int, *, is_last: bool = False) -> list[Fault]:
        first = self._seen - self._base
        new = self._heard[first : end - self._base].astype(np.int32)
        before = self._heard[first - 1] if first else np.int16(0)
        size = np.abs(new)
        held = (np.diff(new, prepend=np.int32(before)) == 0) & (size > 1) & (size < _CLIPPED_FROM)
        found = []
        for runs, flags, marked in ((self._silent, size <= 1, new == 0), (self._held, held, held)):
            for run in runs.take(flags, marked, is_last=is_last):
                alive = [self._alive_before(run), self._alive(run.end, run.end + self._edge, backwards=False)]
                found += self._told(runs is self._silent, run, alive)
            found += self._still_running(runs, len(new))
        self._seen = end
        keep = max(0, end - self._edge - 1 - self._base)
        self._heard, self._base = self._heard[keep:].copy(), self._base + keep
        return found

    def _still_running(self, runs: "_Runs", new: int) -> list[Fault]:
        run = runs.open
        if run is None:
            return []
        alive = [self._alive_before(run), 0.0]
        length = run.end - run.first
        grown = length // self._long > (length - new) // self._long
        return self._told(runs is self._silent, run, alive) if grown else []

    def _told(self, is_silent: bool, run: "_Run", alive: list[float]) -> list[Fault]:  # noqa: FBT001
        length = run.end - run.first
        kind = "zeros" if is_silent and run.marked >= length - _STRAY else "stuck"
        one_sided = run.first == 0 or max(alive) >= _ABRUPT
        if kind == "zeros" and length >= self._long and one_sided:
            return [Fault(kind, self._channel, run.first, length)]
        enough = length >= (self._zeros if kind == "zeros" else self._stuck)
        abrupt = _ABRUPT_FOR_LAST_BIT if is_silent and kind == "stuck" else _ABRUPT
        return [Fault(kind, self._channel, run.first, length)] if enough and min(alive) >= abrupt else []

    def _alive_before(self, run: "_Run") -> float:
        if run.alive is None:
            run.alive = self._alive(run.first - self._edge, run.first, backwards=True)
        return run.alive

    def _alive(self, first: int, end: int, *, backwards: bool) -> float:
        """How abruptly a stretch cuts off the sound beside it, in bits: not at all where that fades or is as quiet."""
        beside = self._heard[max(0, first - self._base) : max(0, end - self._base)].astype(np.int32)
        if len(beside) < self._edge // 2:
            return 0.0
        bit = max(1, int(np.gcd.reduce(beside)))  # of sound that had eight bits once it is not the last one
        if _rms(np.diff(beside) / bit) < _ALIVE_STEP:
            return 0.0
        around = (beside - int(self._heard[(end if backwards else first - 1) - self._base])) / bit
        around = around[::-1] if backwards else around
        brink = _rms(around[: self._brink])
        if brink < _LEAST_BRINK:
            return 0.0
        steps = np.diff(around)  # what hisses up to the brink is cut off there, however little a hum moves meanwhile
        if _rms(steps[: self._brink]) >= max(_ABRUPT, _STEADY * _rms(steps)):
            return np.inf
        return np.inf if brink >= _STEADY * _rms(around) else brink


class _Run:
    """Flags in a row: from `first` to before `end`, `marked` of them marked; `alive`: as the sound before, if known."""

    def __init__(self, first: int, end: int, marked: int) -> None:
        self.first, self.end, self.marked = first, end, marked
        self.alive: float | None = None


class _Runs:
    """Runs of flags across chunks."""

    def __init__(self) -> None:
        self.open: _Run | None = None
        self._base = 0

    def take(self, flags: NDArray[np.bool_], marked: NDArray[np.bool_], *, is_last: bool) -> list[_Run]:
        """The runs that end here, of 1 ms and more; `open` is then the one that does not."""
        was = self.open
        padded = np.concatenate([[was is not None], flags, [False] if is_last else []]).astype(np.bool_)
        edges = np.flatnonzero(padded[1:] != padded[:-1])
        rising = padded[1:][edges]
        firsts, ends = edges[rising], edges[~rising]
        if was is not None:
            firsts = np.concatenate([[0], firsts])
        begun = firsts[: len(ends)]
        counts = (ends - begun > _STRAY) | ((begun == 0) & (was is not None))
        pairs = zip(begun[counts].tolist(), ends[counts].tolist(), strict=True)
        over = [self._run(first, end, marked) for first, end in pairs]
        self.open = self._run(int(firsts[-1]), len(flags), marked) if len(firsts) > len(ends) else None
        self._base += len(flags)
        carried = over[0] if over else self.open
        if was is not None and carried is not None:
            carried.first, carried.alive = was.first, was.alive
            carried.marked += was.marked
        return over

    def _run(self, first: int, end: int, marked: NDArray[np.bool_]) -> _Run:
        return _Run(self._base + first, self._base + end, int(np.count_nonzero(marked[first:end])))


def _rms(sound: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(sound**2)))
