"""Sound in, piece by piece, a track of features out. Memory grows by the track alone, whatever the length. Pure."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.track import CELL_S, Track

FULL_SCALE = 32768.0
CLIPPED_FROM = 32760
"""Samples of this size or larger are at the end of the scale, if two or more stand in a row."""

DETECTED_LATE_S = 0.032
"""The detector tells beginning and end of speech one window late."""


class SpeechDetector(Protocol):
    """What tells speech: probabilities for windows of `window_s`, in order."""

    @property
    def window_s(self) -> float: ...
    def feed(self, sound: NDArray[np.float32], *, is_last: bool = False) -> NDArray[np.float32]: ...


class Analyser:
    """Of one continuous sound. `detector`: without one, no cell holds speech."""

    def __init__(self, shape: AudioFormat, detector: SpeechDetector | None = None) -> None:
        self._shape, self._detector = shape, detector
        self._cell = round(shape.sample_rate * CELL_S)
        self._rest = np.empty((0, shape.channels), np.int16)
        self._frames = 0
        self._pieces: list[tuple[NDArray[np.float32], ...]] = []
        self._clipped: list[NDArray[np.uint16]] = []
        self._speech: list[NDArray[np.float32]] = []

    def feed(self, sound: NDArray[np.int16]) -> None:
        """`sound`: (frames, channels) that follow what was fed before."""
        self._frames += len(sound)
        if self._detector is not None:
            mono = sound.mean(axis=1, dtype=np.float32) / np.float32(FULL_SCALE)
            self._speech.append(self._detector.feed(mono))
        heard = np.concatenate([self._rest, sound])
        count = len(heard) // self._cell
        self._rest = heard[count * self._cell :].copy()
        whole = heard[: count * self._cell]
        if not count:
            return
        cells = whole.reshape(count, self._cell, self._shape.channels).astype(np.float32) / np.float32(FULL_SCALE)
        self._pieces.append((np.mean(cells**2, axis=1), np.abs(cells).max(axis=1), cells.mean(axis=1)))
        self._clipped.append(clipped(whole).reshape(count, self._cell, -1).sum(axis=1, dtype=np.uint16))

    def track(self) -> Track:
        """Everything so far, but for a cell that is not full yet."""
        channels = self._shape.channels
        none = np.empty((0, channels), np.float32)
        columns = zip(*self._pieces, strict=True) if self._pieces else ((), (), ())
        power, peak, mean = (np.concatenate([none, *column]) for column in columns)
        clipped = np.concatenate([np.empty((0, channels), np.uint16), *self._clipped])
        return Track(self._shape, self._frames, power, peak, mean, clipped, self._cells_of_speech(len(power)))

    def _cells_of_speech(self, cells: int) -> NDArray[np.float32]:
        windows = np.concatenate([np.empty(0, np.float32), *self._speech])
        if self._detector is None or not len(windows):
            return np.zeros(cells, np.float32)
        heard_at = (np.arange(len(windows)) + 0.5) * self._detector.window_s - DETECTED_LATE_S
        return np.asarray(np.interp((np.arange(cells) + 0.5) * CELL_S, heard_at, windows), np.float32)


def clipped(sound: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Samples of (frames, channels) at the end of the scale, in runs of two or more."""
    full = (sound >= CLIPPED_FROM) | (sound <= -CLIPPED_FROM)
    beside = np.zeros_like(full)
    beside[1:] |= full[:-1]
    beside[:-1] |= full[1:]
    return full & beside
