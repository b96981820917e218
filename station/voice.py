"""Is somebody speaking? WebRTC's voice activity detector: cheap enough to listen all day. For what is heard live;
verdicts ask `audibility.detector`."""

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from exam.audio import AudioFormat

FRAME_S = 0.02
"""One of the lengths the detector takes."""
_RATE = 16000
_DIRECT = (8000, _RATE)  # the detector itself would take 48 kHz, at thrice the cost
_STRICTNESS = 3
_FRESH_FRAMES = round(60.0 / FRAME_S)
"""The detector goes on learning what noise is, for hours, until a quiet voice is taken for it; so it begins anew."""


class Voice:
    """Tells speech from noise in one microphone's sound, pieces of it in turn."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate if sample_rate in _DIRECT else _RATE
        is_direct = self._rate == sample_rate
        self._resampler = None if is_direct else soxr.ResampleStream(sample_rate, _RATE, 1, "int16", quality="LQ")
        self._detector = webrtcvad.Vad(_STRICTNESS)
        self._frames = round(self._rate * FRAME_S)
        # What the resampler keeps back is made up for by silence at the beginning: each 20 ms fed has its answer.
        self._rest = np.zeros(0 if is_direct else 2 * self._frames, np.int16)
        self._fed_frame = sample_rate * FRAME_S
        self._fed = self._answered = 0

    def speech(self, mono: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Whether somebody speaks, for each 20 ms that `mono` completes."""
        self._fed += len(mono)
        count = int(self._fed / self._fed_frame) - self._answered
        if (self._answered + count) // _FRESH_FRAMES > self._answered // _FRESH_FRAMES:
            self._detector = webrtcvad.Vad(_STRICTNESS)
        self._answered += count
        heard = mono if self._resampler is None else self._resampler.resample_chunk(mono)
        heard = np.concatenate([self._rest, heard])
        pieces, self._rest = np.split(heard, [count * self._frames])
        voiced = (
            self._detector.is_speech(piece.tobytes(), self._rate) for piece in pieces.reshape(count, self._frames)
        )
        return np.fromiter(voiced, np.bool_, count)


def first_channel(block: bytes, shape: AudioFormat) -> NDArray[np.int16]:
    """Of a block of 16-bit frames."""
    return np.frombuffer(block, np.int16).reshape(-1, shape.channels)[:, 0]
