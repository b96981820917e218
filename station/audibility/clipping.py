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
"""A top is flat within this share of the highest sample so far."""
_QUIETEST_PEAK = 1000
"""Nothing below this, -30 dBFS, is too loud for anything."""
_TOP_S = 80e-6
_LEAST_TOP = 3
"""A top has so many samples, or lasts so long."""
_FLATTER = 0.1
"""A flat top moves less than this share of what the sound falls within two samples beside it: it has corners."""
_BESIDE = 2


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
        self._chunk = 0
        self._rows: list[tuple[int, int, int]] = []

    def take(self, samples: NDArray[np.int16]) -> None:
        highest = self._sign * int(samples.max() if self._sign > 0 else samples.min())
        if highest > self._peak / NEAR_PEAK:
            self._rows.clear()  # what was flat so far was not held down at that height
        self._peak = max(self._peak, highest)
        if NEAR_PEAK * self._peak <= highest and self._peak < CLIPPED_FROM:
            flat = self._flat(samples.astype(np.int32) * self._sign)
            if len(flat):
                self._rows.append((self._chunk, int(flat.sum()), len(flat)))
        self._chunk += 1

    def tops(self) -> Tops:
        """Those as high as the highest sample so far; what a chunk's border cuts is not among them."""
        rows = np.array(self._rows, np.int32).reshape(-1, 3)
        return Tops(rows[:, 0], rows[:, 1], rows[:, 2])

    def _flat(self, sound: NDArray[np.int32]) -> NDArray[np.intp]:
        """The lengths of the flat tops."""
        high = np.diff(sound >= NEAR_PEAK * self._peak, prepend=False, append=False)
        firsts, ends = np.flatnonzero(high).reshape(-1, 2).T
        whole = (ends - firsts >= self._least) & (firsts >= _BESIDE) & (ends + _BESIDE <= len(sound))
        firsts, ends = firsts[whole], ends[whole]
        if not len(firsts):
            return firsts
        pairs = np.stack([firsts, ends], axis=1).ravel()
        highest, lowest = np.maximum.reduceat(sound, pairs)[::2], np.minimum.reduceat(sound, pairs)[::2]
        beside = np.maximum(sound[firsts - _BESIDE], sound[ends + _BESIDE - 1])
        return (ends - firsts)[highest - lowest <= _FLATTER * (highest - beside)]


def clipped(sound: NDArray[np.int16]) -> NDArray[np.uint8]:
    """`Clipped` of (frames, channels) that nothing went before."""
    return Clipped(sound.shape[1]).take(sound)
