"""Is somebody speaking? WebRTC's voice activity detector over blocks of sound. Used by the recorder's thread alone."""

import numpy as np
import webrtcvad

from exam.audio import AudioFormat

_RATE = 16000
_FRAMES = _RATE // 50  # 20 ms, one of the lengths the detector takes
_STRICTNESS = 2


class Voice:
    """Tells speech from noise in one microphone's sound."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape = shape
        self._detector = webrtcvad.Vad(_STRICTNESS)

    def speech_s(self, block: bytes) -> float:
        """Seconds of speech in a block of 16-bit frames; what is left over after whole 20 ms is not looked at."""
        mono = np.frombuffer(block, np.int16).reshape(-1, self._shape.channels)[:, 0]
        places = np.arange(len(mono) * _RATE // self._shape.sample_rate) * self._shape.sample_rate // _RATE
        heard = mono[places]
        pieces = heard[: len(heard) // _FRAMES * _FRAMES].reshape(-1, _FRAMES)
        spoken = sum(bool(self._detector.is_speech(piece.tobytes(), _RATE)) for piece in pieces)
        return spoken * _FRAMES / _RATE
