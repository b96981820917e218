"""How loud a block is. Pure."""

import numpy as np
from numpy.typing import NDArray

from station.messages import Levels

FLOOR_DBFS = -120.0
_FULL_SCALE = 32768.0


def measure(data: bytes, channels: int) -> Levels:
    """RMS and peak of 16-bit interleaved frames, one dBFS number a channel."""
    sound = np.frombuffer(data, np.int16).reshape(-1, channels).astype(np.float32)
    if not len(sound):
        return Levels((FLOOR_DBFS,) * channels, (FLOOR_DBFS,) * channels)
    rms = np.sqrt(np.mean(np.square(sound), axis=0))
    return Levels(_dbfs(rms), _dbfs(np.abs(sound).max(axis=0)))


def _dbfs(amplitudes: NDArray[np.float32]) -> tuple[float, ...]:
    ratio = np.maximum(amplitudes / _FULL_SCALE, 10 ** (FLOOR_DBFS / 20))
    return tuple(round(float(value), 1) for value in 20 * np.log10(ratio))
