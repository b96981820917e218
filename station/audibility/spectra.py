"""What frequencies tell of a whole recording: the hum of the mains, and up to where speech reaches. Pure.

Asked by the analyser, one channel each. Memory is constant: histograms of levels, a row for each frequency, from
which any percentile over time can be had.
"""

import numpy as np
from numpy.typing import NDArray

from station.audibility.flaws import FLOOR_DB, STEP_DB, Levels

_LEVELS = round(-FLOOR_DB / STEP_DB) + 20
"""Of a histogram; the last ones are above 0 dB."""

HUM_WINDOW_S = 2.0
HUM_HOP_S = 0.5
HUM_UP_TO_HZ = 620.0
_HUM_RATE = 2000
_TAPS_PER_STEP = 10

BAND_HZ = 250.0
BANDS_UP_TO_HZ = 12000.0
_FRAME_S = 0.02


class _Histogram:
    def __init__(self, frequencies: int) -> None:
        self.counts = np.zeros((frequencies, _LEVELS), np.uint32)

    def add(self, power: NDArray[np.float32]) -> None:
        """Mean squares re full scale, (spectra, frequencies)."""
        level = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
        place = np.clip((level - FLOOR_DB) / STEP_DB, 0, _LEVELS - 1).astype(np.intp)
        rows = np.arange(self.counts.shape[0]) * _LEVELS
        np.add.at(self.counts.reshape(-1), (place + rows).ravel(), 1)


class Hum:
    """Spectra of 2 s each 0.5 s, up to HUM_UP_TO_HZ. A line of power P is P / 1.5 in its bin and P together with those
    beside it."""

    def __init__(self, sample_rate: int) -> None:
        self._step = max(1, sample_rate // _HUM_RATE)
        rate = sample_rate / self._step
        self._length, self._hop = round(HUM_WINDOW_S * rate), round(HUM_HOP_S * rate)
        self._hz = rate / self._length
        self._taps = _low_pass(self._step)
        self._window = _power_window(self._length)
        self._bins = min(self._length // 2, round(HUM_UP_TO_HZ / self._hz)) + 1
        self._levels = _Histogram(self._bins)
        self._sound, self._slow = np.empty(0, np.float32), np.empty(0, np.float32)

    def take(self, sound: NDArray[np.float32]) -> None:
        """Samples, 1.0 is full scale, in pieces of any length."""
        self._slow = np.concatenate([self._slow, self._decimated(sound)])
        while len(self._slow) >= self._length:
            spectrum = np.fft.rfft(self._slow[: self._length] * self._window)[: self._bins]
            self._levels.add((np.abs(spectrum) ** 2)[None, :].astype(np.float32))
            self._slow = self._slow[self._hop :].copy()

    def levels(self) -> Levels:
        return Levels(self._levels.counts.copy(), self._hz)

    def _decimated(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        heard = np.concatenate([self._sound, sound])
        count = max(0, (len(heard) - len(self._taps)) // self._step + 1)
        self._sound = heard[count * self._step :].copy()
        if not count:
            return np.empty(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(heard, len(self._taps))[: count * self._step : self._step]
        slow: NDArray[np.float32] = windows @ self._taps
        return slow


class Bands:
    """Levels in bands of 250 Hz, of 20 ms each: how far up anything stands out that comes and goes."""

    def __init__(self, sample_rate: int) -> None:
        self._length = round(_FRAME_S * sample_rate)
        self._window = _power_window(self._length)
        bins = np.arange(self._length // 2 + 1) * sample_rate / self._length
        bands = int(min(sample_rate / 2, BANDS_UP_TO_HZ) // BAND_HZ)
        self._edges = np.searchsorted(bins, np.arange(bands + 1) * BAND_HZ)
        self._levels = _Histogram(bands)
        self._rest = np.empty(0, np.float32)

    def take(self, sound: NDArray[np.float32]) -> None:
        """Samples, 1.0 is full scale, in pieces of any length."""
        heard = np.concatenate([self._rest, sound])
        count = len(heard) // self._length
        self._rest = heard[count * self._length :].copy()
        if not count:
            return
        frames = heard[: count * self._length].reshape(count, self._length) * self._window
        spectra = np.abs(np.fft.rfft(frames, axis=1)) ** 2
        sums = np.add.reduceat(spectra[:, : self._edges[-1]], self._edges[:-1], axis=1)
        self._levels.add(sums.astype(np.float32))

    def levels(self) -> Levels:
        return Levels(self._levels.counts.copy(), BAND_HZ)


def _power_window(length: int) -> NDArray[np.float32]:
    """Hann's, scaled so that the squared spectrum of a sine sums up to its mean square around its bin."""
    window = np.hanning(length + 1)[:-1]
    return np.asarray(window * np.sqrt(2 / (length * np.sum(window**2))), np.float32)


def _low_pass(step: int) -> NDArray[np.float32]:
    """Passes up to HUM_UP_TO_HZ of a sound `step` times as fast as _HUM_RATE, and nothing that would fold onto it."""
    if step == 1:
        return np.ones(1, np.float32)
    length = _TAPS_PER_STEP * step + 1
    at = (np.arange(length) - length // 2) / step
    taps = np.sinc(at) * np.hamming(length)
    return np.asarray(taps / taps.sum(), np.float32)
