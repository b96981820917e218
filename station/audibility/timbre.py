"""How a voice sounds: its spectrum's envelope and its pitch, to tell two voices of one recording apart. Pure.

Nothing of it is kept beyond the verdict, and nothing in it says who a person is.
"""

import numpy as np
from numpy.typing import NDArray

WINDOW = 512
RATE = 16000
SPAN = 2 * WINDOW
BANDS = 20
_LOWEST_HZ, _HIGHEST_HZ = 100.0, 7000.0
_PITCH_LOWEST_HZ, _PITCH_HIGHEST_HZ = 65.0, 400.0
_VOICED = 0.45
_SPOKEN, _NOW_AND_THEN = 0.5, 8
STEP_DB = 0.5
"""Bands are kept in steps of this below full scale, in a byte; UNSEEN where nobody looked."""
UNSEEN = 255
PITCH_STEPS = 48
"""Steps an octave; 0 stands for no pitch."""
ROW = BANDS + 1
"""Bytes for each window: bands, then the pitch in steps above the lowest, from 1."""


class Timbre:
    """Of windows of WINDOW samples at RATE that follow each other."""

    def __init__(self) -> None:
        self._before = np.zeros((1, WINDOW), np.float32)
        self._count = 0
        self._shape = np.hanning(SPAN).astype(np.float32)
        self._filters = _filters()
        falling = np.fft.irfft(np.abs(np.fft.rfft(self._shape)) ** 2)
        self._falling = (falling / falling[0]).astype(np.float32)

    def rows(self, windows: NDArray[np.float32], probability: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(windows, ROW), each of a window and the one before it: where somebody speaks, and now and then of the rest.

        `probability`: of speech, of each window.
        """
        found = np.full((len(windows), ROW), UNSEEN, np.uint8)
        found[:, BANDS] = 0
        looked = np.flatnonzero(
            (probability > _SPOKEN) | ((self._count + np.arange(len(windows))) % _NOW_AND_THEN == 0)
        )
        if len(looked):
            before = np.concatenate([self._before, windows[:-1]])
            power = np.abs(np.fft.rfft(np.concatenate([before, windows], axis=1)[looked] * self._shape)) ** 2
            bands = -10 * np.log10(power @ self._filters + np.float32(1e-12)) / np.float32(STEP_DB)
            found[looked, :BANDS] = np.clip(np.rint(bands), 0, UNSEEN - 1)
            found[looked, BANDS] = self._pitch(power)
        self._before = windows[-1:].copy() if len(windows) else self._before
        self._count += len(windows)
        return found

    def _pitch(self, power: NDArray[np.float32]) -> NDArray[np.uint8]:
        likeness = np.fft.irfft(power)
        first, last = int(RATE / _PITCH_HIGHEST_HZ), int(RATE / _PITCH_LOWEST_HZ)
        periodic = likeness[:, first:last] / (likeness[:, :1] + np.float32(1e-9)) / self._falling[first:last]
        at = periodic.argmax(axis=1)
        is_voiced = periodic[np.arange(len(at)), at] > _VOICED
        steps = 1 + np.rint(PITCH_STEPS * np.log2(RATE / (at + first) / _PITCH_LOWEST_HZ))
        return np.where(is_voiced, steps, 0).astype(np.uint8)


def _filters() -> NDArray[np.float32]:
    """(bins, BANDS): triangles at equal distances on the mel scale, each of unit gain for white noise."""
    hertz = np.fft.rfftfreq(SPAN, 1 / RATE)
    mel = 2595 * np.log10(1 + hertz / 700)
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (_LOWEST_HZ, _HIGHEST_HZ))
    centres = np.linspace(low, high, BANDS + 2)
    width = centres[1] - centres[0]
    weights = np.clip(1 - np.abs(mel[:, None] - centres[None, 1:-1]) / width, 0, None)
    gain = np.sum(np.hanning(SPAN) ** 2) * weights.sum(axis=0)
    filters: NDArray[np.float32] = (weights / gain).astype(np.float32)
    return filters
