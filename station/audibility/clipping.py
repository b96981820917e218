"""A voice that is louder than what carries it: samples at the end of the scale, or cut off below it. Pure.

Asked by the analyser alone. What is cut off below full scale was too loud for a preamplifier, for a sound card, or
for a level control that comes later: its tops are flat, and all at the same height.
"""

import numpy as np
from numpy.typing import NDArray

from station.audibility.flaws import Tops

CLIPPED_FROM = 32760
"""Samples of this size or larger are at the end of the scale, if two or more stand in a row."""
NEAR_PEAK = 0.99
"""Tops that come so near to the highest of all are at the same height."""
_QUIETEST_PEAK = 1000
"""Nothing below this, -30 dBFS, is too loud for anything."""
_TOP_S = 60e-6
_LEAST_TOP = 3
"""A top has so many samples, or lasts so long."""
_FLAT = 0.003
"""What moves by no more than this share of its height is flat."""
_BESIDE = 2
_SHARPER = 2.0
"""So many times as far as a round top of that width does a flat one fall within two samples beside it."""
_SOLID = 0.75
"""The share of a flat top's samples that are flat: noise may take the others."""


class Clipped:
    """Counts samples at the end of the scale, for all channels."""

    def __init__(self, channels: int) -> None:
        self._before = np.zeros((2, channels), np.bool_)

    def take(self, sound: NDArray[np.int16]) -> NDArray[np.uint8]:
        """For each sample how many are clipped: the second of a run stands for the first, too."""
        full = np.concatenate([self._before, (sound >= CLIPPED_FROM) | (sound <= -CLIPPED_FROM)])
        self._before = full[-2:].copy()
        goes_on = full[2:] & full[1:-1]
        return np.asarray(goes_on.astype(np.uint8) + (goes_on & ~full[:-2]), np.uint8)


class FlatTops:
    """Of one channel and sign (1 or -1), fed in chunks of the same length."""

    def __init__(self, sample_rate: int, sign: int) -> None:
        self._sign = sign
        self._least = max(_LEAST_TOP, round(_TOP_S * sample_rate))
        self._peak = _QUIETEST_PEAK
        self._height = 0.0  # of the tops that are kept
        self._chunk = 0
        self._rows: list[tuple[int, int, int]] = []

    def take(self, samples: NDArray[np.int16]) -> None:
        highest = self._sign * int(samples.max() if self._sign > 0 else samples.min())
        self._peak = max(self._peak, highest)
        if self._peak * NEAR_PEAK > self._height:
            self._rows.clear()  # what was flat so far was not held down at that height
            self._height = self._peak
        if NEAR_PEAK * self._peak <= highest and self._peak < CLIPPED_FROM:
            flat = self._flat(samples.astype(np.int32) * self._sign)
            if len(flat):
                self._rows.append((self._chunk, int(flat.sum()), len(flat)))
        self._chunk += 1

    def tops(self) -> Tops:
        """Those as high as the highest sample so far; what a chunk's border cuts is not among them."""
        rows = np.array(self._rows, np.int32).reshape(-1, 3)
        return Tops(rows[:, 0], rows[:, 1], rows[:, 2])

    def _flat(self, sound: NDArray[np.int32]) -> NDArray[np.int64]:
        """The lengths of the flat tops."""
        edges = np.flatnonzero(np.diff(sound >= (NEAR_PEAK - _FLAT) * self._peak, prepend=False, append=False))
        lengths = np.diff(edges)[::2]
        places = np.flatnonzero(sound >= (NEAR_PEAK - _FLAT) * self._peak)
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        highest = np.maximum.reduceat(sound[places], starts)
        flat = sound[places] >= np.repeat((1 - _FLAT) * highest, lengths)
        count = np.add.reduceat(flat, starts, dtype=np.int64)
        first = np.minimum.reduceat(np.where(flat, places, len(sound)), starts)
        last = np.maximum.reduceat(np.where(flat, places, -1), starts)
        whole = (first >= _BESIDE) & (last + _BESIDE < len(sound)) & (highest >= NEAR_PEAK * self._peak)
        beside = np.maximum(sound[np.maximum(first - _BESIDE, 0)], sound[np.minimum(last + _BESIDE, len(sound) - 1)])
        span = last - first + 1
        round_fall = _FLAT * highest * (1 + 2 * _BESIDE / span) ** 2
        is_flat = (count >= _SOLID * span) & (highest - beside >= _SHARPER * round_fall)
        return np.asarray(count[whole & is_flat & (count >= self._least)], np.int64)


def clipped(sound: NDArray[np.int16]) -> NDArray[np.uint8]:
    """`Clipped` of (frames, channels) that nothing went before."""
    return Clipped(sound.shape[1]).take(sound)
