"""Sound as cells of 10 ms: how loud, how high, how far from zero, how much of it clipped. Pure."""

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.clipping import Clipped
from station.audibility.columns import Column

FULL_SCALE = 32768.0
_A_SECOND = 100


class Cells:
    """Of one continuous sound. Cell k begins at frame k * rate / 100, rounded, at whatever sample rate."""

    def __init__(self, shape: AudioFormat) -> None:
        self._rate = shape.sample_rate
        self._rest = np.empty((0, shape.channels), np.int16)
        none = np.empty((0, shape.channels), np.float32)
        self.power, self.peak, self.mean = Column(none), Column(none), Column(none)
        self.clipped = Column(none.astype(np.uint16))
        self._clips = Clipped(shape.channels)

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
        self.clipped.add(np.add.reduceat(self._clips.take(whole).astype(np.uint16), starts, axis=0))

    def _frame(self, cell: int) -> int:
        return (2 * cell * self._rate + _A_SECOND) // (2 * _A_SECOND)
