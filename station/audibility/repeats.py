"""The same samples once more: a sound driver played a buffer twice, or over and over. Pure; for `faults`.

Anchors are chosen by content (about one place in thirty-two, wherever its four samples hash to a chosen number), so a
second hearing has its anchors at the same places. Two anchors of equal surroundings give a lag; sample for sample it
is then verified. A generated tone repeats exactly, too, and is told from a buffer by its spectrum of few lines.
"""

import numpy as np
from numpy.typing import NDArray

from station.audibility.flaws import Fault

LAG_S = 0.26
LEAST_LAG_S = 0.001
REPEAT_S = 0.004
LONG_S = 1.0
_BACK_S = 0.05
"""How far before a chunk a repeat that shows in it is followed back."""
_PROOF = 32
"""Samples after an anchor that are hashed."""
_LAGS = 4
"""So many lags are verified in one chunk: the most frequent."""
_PACK = 4
"""Samples that are looked at as one number of 64 bits."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIXERS = np.array([pow(0xD6E8FEB86659FD93, power, 2**64) for power in range(_PROOF // _PACK)], np.uint64)
_CHOSEN = np.uint64(7)  # not 0: digital silence hashes to it
_SHIFT = np.uint64(59)
_LIVELY = 0.5
"""The share of steps between samples that are no standstill, of a buffer that is worth the name."""
_LINES = 8
_TONE = 10**-5.5
"""Share of power beside the strongest lines: less than this only what was computed has."""
_ROUNDING = 0.2
"""Mean square of what remains of it for being rounded to whole bits."""


class Repeats:
    """Of one channel, fed in chunks."""

    def __init__(self, sample_rate: int, channel: int) -> None:
        self._lag, self._least_lag = round(LAG_S * sample_rate), round(LEAST_LAG_S * sample_rate)
        self._least, self._long = round(REPEAT_S * sample_rate), round(LONG_S * sample_rate)
        self._back = round(_BACK_S * sample_rate)
        self._channel = channel
        self._heard = np.empty(0, np.int16)
        self._base = 0  # the place of the first frame of `_heard`
        self._anchors = np.empty(0, np.int64)
        self._hashes = np.empty(0, np.uint64)
        self._anchored = 0  # no anchor begins before this that is not known
        self._open: dict[int, int] = {}  # lag -> the first frame of a repeat that goes on

    def take(self, samples: NDArray[np.int16]) -> list[Fault]:
        """What is over by the end of these samples, and what lasts longer than LONG_S, once each second."""
        begun = self._base + len(self._heard)
        self._heard = np.concatenate([self._heard, samples])
        end = self._base + len(self._heard)
        found, still = [], {}
        for lag in dict.fromkeys([*self._open, *self._lags(end)]):
            for first, last in self._runs(lag, begun):
                length = last - first
                if last == end:
                    if length >= _PROOF:
                        still[lag] = first
                    if length // self._long == (length - len(samples)) // self._long:
                        continue
                if last > begun or lag in self._open:
                    found += self._told(lag, first, last)
        self._open = still
        keep = max(0, len(self._heard) - self._lag - self._back)
        self._heard, self._base = self._heard[keep:].copy(), self._base + keep
        return _longest(found)

    def finish(self) -> list[Fault]:
        end = self._base + len(self._heard)
        return _longest([fault for lag, first in self._open.items() for fault in self._told(lag, first, end)])

    def _lags(self, end: int) -> list[int]:
        """By how much the new sound repeats the sound before, the most frequent first, not verified yet."""
        new = self._heard[self._anchored - self._base :]
        if len(new) < _PROOF:
            return []
        packs = np.ndarray((len(new) - _PACK + 1,), np.uint64, new, strides=(new.itemsize,))
        places = np.flatnonzero((packs[: len(new) - _PROOF + 1] * _ODD) >> _SHIFT == _CHOSEN)
        hashes = packs[places[:, None] + np.arange(0, _PROOF, _PACK)] @ _MIXERS
        recent = self._anchors >= self._anchored - self._lag
        first_new = self._anchored
        self._anchors = np.concatenate([self._anchors[recent], places + first_new])
        self._hashes = np.concatenate([self._hashes[recent], hashes])
        self._anchored = end - _PROOF + 1
        order = np.argsort(self._hashes, kind="stable")
        equal = np.flatnonzero(self._hashes[order[1:]] == self._hashes[order[:-1]])
        later, earlier = self._anchors[order[equal + 1]], self._anchors[order[equal]]
        lags = (later - earlier)[later >= first_new]
        lags, counts = np.unique(lags[(lags >= self._least_lag) & (lags <= self._lag)], return_counts=True)
        return [int(lag) for lag in lags[np.argsort(-counts, kind="stable")][:_LAGS]]

    def _runs(self, lag: int, begun: int) -> list[tuple[int, int]]:
        """Where the sound is that of `lag` frames before: first frame and end, of those that end in the new sound."""
        first = max(lag, begun - self._base - self._back)
        equal = self._heard[first:] == self._heard[first - lag : len(self._heard) - lag]
        edges = np.flatnonzero(np.diff(equal, prepend=False, append=False)) + first + self._base
        runs = [(int(start), int(end)) for start, end in edges.reshape(-1, 2) if end >= begun and end - start >= _PROOF]
        return [(self._open.get(lag, start) if start <= begun - 1 else start, end) for start, end in runs]

    def _told(self, lag: int, first: int, end: int) -> list[Fault]:
        length = end - first
        heard = self._heard[max(0, first - self._base) : end - self._base]
        if length < self._least or np.count_nonzero(np.diff(heard)) < _LIVELY * min(len(heard), self._least):
            return []
        if _is_tone(heard[-lag:], is_period=length >= lag):
            return []
        return [Fault("repeat", self._channel, first, length)]


def _is_tone(sound: NDArray[np.int16], *, is_period: bool) -> bool:
    """A whole period needs no window to show its lines sharp."""
    window = np.ones(len(sound)) if is_period else np.hanning(len(sound))
    power = np.sort(np.abs(np.fft.rfft(sound * window)) ** 2) * 2 / (len(sound) * np.sum(window**2))
    return float(power[:-_LINES].sum()) < max(_TONE * float(power.sum()), _ROUNDING)


def _longest(faults: list[Fault]) -> list[Fault]:
    """One for each place: what repeats by some lag often does by its double, too."""
    kept: list[Fault] = []
    for fault in sorted(faults, key=lambda fault: -fault.frames):
        if all(fault.first_frame >= _end(other) or other.first_frame >= _end(fault) for other in kept):
            kept.append(fault)
    return kept


def _end(fault: Fault) -> int:
    return fault.first_frame + fault.frames
