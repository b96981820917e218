"""A spectrogram of any length in bounded memory: once there are too many columns, neighbours become one. Pure.

For the picture. Rows are close together at low frequencies, where mains hum lies, and wide at high ones.
"""

import numpy as np
from numpy.typing import NDArray

from station.audibility.cells import FULL_SCALE
from station.audibility.track import dbfs

MOST_COLUMNS = 1500
ROWS = 220
HIGHEST_HZ = 12000.0

_LINEAR_UP_TO_HZ = 200.0
_WINDOW_S = 0.085


def height(frequency_hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Where a frequency lies on the axis, in units of its own: linear at the bottom, logarithmic above."""
    return np.arcsinh(np.asarray(frequency_hz, np.float64) / _LINEAR_UP_TO_HZ)


class Spectrogram:
    """Of one continuous sound, its channels mixed."""

    def __init__(self, sample_rate: int) -> None:
        self._window = 1 << round(float(np.log2(sample_rate * _WINDOW_S)))
        self._step_s: float = self._window / 2 / sample_rate
        self.highest_hz = min(HIGHEST_HZ, sample_rate / 2)
        edges = np.sinh(np.linspace(0, height(self.highest_hz), ROWS, endpoint=False)) * _LINEAR_UP_TO_HZ
        self._first_bins = np.floor(edges * self._window / sample_rate).astype(np.intp)
        self._bins = 1 + int(self.highest_hz * self._window / sample_rate)
        self._taper = np.hanning(self._window).astype(np.float32)
        self._rest = np.empty(0, np.float32)
        self._power = np.zeros((MOST_COLUMNS, ROWS), np.float64)
        self._spectra = 0
        self._each = 1

    def feed(self, sound: NDArray[np.int16]) -> None:
        """`sound`: (frames, channels) that follow what was fed before."""
        heard = np.concatenate([self._rest, sound.mean(axis=1, dtype=np.float32) / np.float32(FULL_SCALE)])
        step = self._window // 2
        count = max(0, len(heard) // step - 1)
        self._rest = heard[count * step :].copy()
        if count:
            windows = np.lib.stride_tricks.sliding_window_view(heard, self._window)[: count * step : step]
            self._add(self._rows(windows * self._taper))

    def levels(self) -> NDArray[np.float64]:
        """dBFS of a sine, (columns, ROWS), low frequencies first. Empty when the sound was shorter than a window."""
        columns = -(-self._spectra // self._each)
        counts = np.full((columns, 1), float(self._each))
        if self._spectra % self._each:
            counts[-1] = self._spectra % self._each
        return dbfs((self._power[:columns] / counts).astype(np.float32))

    @property
    def seconds(self) -> float:
        """What the columns cover."""
        columns = -(-self._spectra // self._each)
        return columns * self._each * self._step_s

    def _rows(self, windows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The strongest bin of each row: a thin line of hum is not to be averaged away."""
        amplitude = np.abs(np.fft.rfft(windows, axis=1)[:, : self._bins]) * (2 / self._taper.sum())
        rows: NDArray[np.float64] = np.maximum.reduceat(amplitude**2 / 2, self._first_bins, axis=1)
        return rows

    def _add(self, spectra: NDArray[np.float64]) -> None:
        while (self._spectra + len(spectra)) > MOST_COLUMNS * self._each:
            self._power = np.concatenate([self._power[0::2] + self._power[1::2], np.zeros((MOST_COLUMNS // 2, ROWS))])
            self._each *= 2
        columns = (self._spectra + np.arange(len(spectra))) // self._each
        np.add.at(self._power, columns, spectra)
        self._spectra += len(spectra)
