"""Is somebody speaking? WebRTC's voice activity detector: cheap enough to listen all day. For what is heard live;
verdicts ask `audibility.detector`."""

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from exam.audio import AudioFormat

FRAME_S = 0.02
"""One of the lengths the detector takes."""
_RATES = (8000, 16000, 32000, 48000)
_RATE = 16000
_STRICTNESS = 3


class Voice:
    """Tells speech from noise in one microphone's sound, pieces of it in turn."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate if sample_rate in _RATES else _RATE
        self._resampler = None if self._rate == sample_rate else soxr.ResampleStream(sample_rate, _RATE, 1, "int16")
        self._detector = webrtcvad.Vad(_STRICTNESS)
        self._frames = round(self._rate * FRAME_S)
        self._rest = np.empty(0, np.int16)

    def speech(self, mono: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Whether somebody speaks, for each 20 ms that `mono` completes."""
        heard = mono if self._resampler is None else self._resampler.resample_chunk(mono)
        heard = np.concatenate([self._rest, heard]) if len(self._rest) else heard
        count = len(heard) // self._frames
        self._rest = heard[count * self._frames :].copy()
        pieces = heard[: count * self._frames].reshape(count, self._frames)
        return np.array([self._detector.is_speech(piece.tobytes(), self._rate) for piece in pieces], np.bool_)


def first_channel(block: bytes, shape: AudioFormat) -> NDArray[np.int16]:
    """Of a block of 16-bit frames."""
    return np.frombuffer(block, np.int16).reshape(-1, shape.channels)[:, 0]
