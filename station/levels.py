"""How loud a block is, and whether there is anything in it at all. Pure."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from exam.audio import AudioFormat
from station.messages import Levels

FLOOR_DBFS = -120.0
_FULL_SCALE = 32768.0


class Hush:
    """For how long exact zeros have come: no quiet room, but a microphone that is muted, or a driver that hangs."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape, self._bytes = shape, 0

    def seconds_until_end_of(self, block: bytes) -> float:
        """Of zeros up to and with the end of this block, the next of 16-bit sound; 0 when it holds anything else."""
        self._bytes = self._bytes + len(block) if block == bytes(len(block)) else 0
        return self._shape.seconds(self._bytes // self._shape.frame_bytes)


def measure(blocks: Sequence[bytes], channels: int) -> Levels:
    """RMS and peak of the last of these blocks of 16-bit interleaved sound, and the peak of all; dBFS, one number a
    channel. Blocks hold at least a frame each; without any nothing is measured."""
    if not blocks:
        return Levels()
    last = [_channel(sound) for sound in _channels(blocks[-1], channels)]
    hold = tuple(_channel(sound)[1] for sound in _channels(b"".join(blocks), channels))
    return Levels(tuple(rms for rms, _ in last), tuple(peak for _, peak in last), hold)


def loudness(cells: "np.typing.NDArray[np.int16]") -> Sequence[Sequence[tuple[float, float]]]:
    """dBFS of RMS and peak of sound shaped (cells, frames, channels): for each cell one pair a channel."""
    exact = cells.astype(np.float32)
    mean_square = np.einsum("ijk,ijk->ik", exact, exact) / exact.shape[1]
    peak = np.abs(exact).max(axis=1)
    return [
        [(_dbfs(math.sqrt(power)), _dbfs(high)) for power, high in zip(powers, highs, strict=True)]
        for powers, highs in zip(mean_square.tolist(), peak.tolist(), strict=True)
    ]


def _channels(block: bytes, channels: int) -> "Iterator[np.typing.NDArray[np.int16]]":
    sound = np.frombuffer(block, np.int16)
    return (sound[channel::channels] for channel in range(channels))


def _channel(sound: "np.typing.NDArray[np.int16]") -> tuple[float, float]:
    """dBFS of RMS and peak."""
    exact = sound.astype(np.float32)
    mean_square = float(np.dot(exact, exact)) / exact.size
    peak = max(int(sound.max()), -int(sound.min()))
    return _dbfs(math.sqrt(mean_square)), _dbfs(peak)


def _dbfs(amplitude: float) -> float:
    if amplitude <= 0:
        return FLOOR_DBFS
    return round(max(FLOOR_DBFS, 20 * math.log10(amplitude / _FULL_SCALE)), 1)
