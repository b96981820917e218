"""Sound as cells of 10 ms: how loud, how high, how far from zero, how much of it clipped. Pure."""

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.columns import Column

FULL_SCALE = 32768.0
CLIPPED_FROM = 32760
"""Samples of this size or larger are at the end of the scale, if two or more stand in a row."""
_A_SECOND = 100


class Cells:
    """Of one continuous sound. Cell k begins at frame k * rate / 100, rounded, at whatever sample rate."""

    def __init__(self, shape: AudioFormat) -> None:
        self._rate = shape.sample_rate
        self._rest = np.empty((0, shape.channels), np.int16)
        none = np.empty((0, shape.channels), np.float32)
        self.power, self.peak, self.mean = Column(none), Column(none), Column(none)
        self.clipped = Column(none.astype(np.uint16))

    def feed(self, sound: NDArray[np.int16]) -> None:
        """(frames, channels) that follow what was fed before."""
        heard = np.concatenate([self._rest, sound])
        first = len(self.power)
        begun = self._frame(first)
        count = (begun + len(heard)) * _A_SECOND // self._rate - first + 1
        edges = np.array([self._frame(cell) - begun for cell in range(first, first + count + 1)])
        edges = edges[edges <= len(heard)]
        self._rest = heard[edges[-1] :].copy()
        if len(edges) > 1:
            self._add(heard[: edges[-1]], edges)

    def _add(self, whole: NDArray[np.int16], edges: NDArray[np.intp]) -> None:
        starts, lengths = edges[:-1], np.diff(edges)[:, None].astype(np.float32)
        exact = whole.astype(np.float32) / np.float32(FULL_SCALE)
        self.power.add(np.add.reduceat(exact * exact, starts, axis=0) / lengths)
        self.peak.add(np.maximum.reduceat(np.abs(exact), starts, axis=0))
        self.mean.add(np.add.reduceat(exact, starts, axis=0) / lengths)
        self.clipped.add(np.add.reduceat(clipped(whole).astype(np.uint16), starts, axis=0))

    def _frame(self, cell: int) -> int:
        return (2 * cell * self._rate + _A_SECOND) // (2 * _A_SECOND)


def clipped(sound: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Samples of (frames, channels) at the end of the scale, in runs of two or more."""
    full = (sound >= CLIPPED_FROM) | (sound <= -CLIPPED_FROM)
    beside = np.zeros_like(full)
    beside[1:] |= full[:-1]
    beside[:-1] |= full[1:]
    return full & beside
