"""The compact track of features that a recording is judged by: 40 bytes for each 10 ms, whatever the sample rate.

All levels in it are linear mean squares re full scale (1.0 is a full-scale square wave). Pure.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.flaws import NO_FLAWS, Flaws
from station.audibility.timbre import ROW

CELL_S = 0.01
FLOOR_POWER = 1e-12
"""-120 dBFS."""


NO_TIMBRE: NDArray[np.uint8] = np.empty((0, ROW), np.uint8)


class Track(NamedTuple):
    """Features of `frames` frames. Cells are 10 ms long, the last one shorter if need be."""

    shape: AudioFormat
    frames: int
    power: NDArray[np.float32]
    """(cells, channels): mean square of each cell."""
    peak: NDArray[np.float32]
    """(cells, channels): the largest absolute sample, 1.0 is full scale."""
    mean: NDArray[np.float32]
    """(cells, channels): the mean sample, 1.0 is full scale."""
    clipped: NDArray[np.uint16]
    """(cells, channels): samples of runs of at least two at full scale."""
    speech: NDArray[np.float32]
    """(cells,): the probability that somebody speaks, in whichever channel."""
    timbre: NDArray[np.uint8] = NO_TIMBRE
    """(windows of 32 ms, ROW): how whoever speaks sounds, see `timbre`; none where there was no detector."""
    flaws: Flaws = NO_FLAWS
    """What was noticed beside the cells."""

    @property
    def cells(self) -> int:
        return len(self.power)

    @property
    def seconds(self) -> float:
        return self.shape.seconds(self.frames)


def dbfs(power: NDArray[np.float32] | float) -> NDArray[np.float64]:
    """Mean squares as levels, not below -120 dBFS."""
    return 10 * np.log10(np.maximum(power, FLOOR_POWER))
