"""How unlike two stretches of speech of one recording sound, by the envelope of their spectra and their pitch. Pure.

It compares what one microphone heard within minutes; nothing of it is kept, and no person is known by it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from station.audibility.scene import Scene
from station.audibility.speech import Mask
from station.audibility.timbre import BANDS, PITCH_STEPS, RATE, STEP_DB, UNSEEN, WINDOW
from station.audibility.track import CELL_S

_CEPSTRA = 12
# How much stretches of 4 s of one person differ, a standard deviation each; measured on interviews.TUNED_ON.
_USUAL_ENVELOPE = np.array([4.4, 2.8, 2.9, 2.4, 1.5, 1.35, 1.2, 1.0, 1.15, 1.0, 0.9, 0.75])
_USUAL_PITCH = 0.1
_OVER_NOISE = 4.0
"""Windows weaker than so many times the noise tell more of the noise than of a voice."""
LEAST_S = 6.0
"""Of less speech than this no voice is told."""
ALIKE, UNLIKE = 4.6, 5.2
"""Up to this two stretches are one person's, from this on two people's; between them nobody can tell."""


class Sounding(NamedTuple):
    """What a stretch of speech sounds like. `envelope`: mean cepstra in dB; `pitch`: median, in octaves."""

    envelope: NDArray[np.float64]
    pitch: float


class Voices:
    """The windows of one recording in which somebody speaks."""

    def __init__(self, scene: Scene) -> None:
        rows = scene.track.timbre
        place = np.minimum((np.arange(len(rows)) * (WINDOW / RATE / CELL_S)).astype(np.intp), scene.track.cells - 1)
        seen = rows[:, 0] != UNSEEN
        power = 10 ** (rows[:, :BANDS].astype(np.float32) * np.float32(-STEP_DB / 10))
        quiet = seen & scene.frames.noise[place]
        noise = power[quiet].mean(axis=0) if quiet.any() else np.zeros(BANDS, np.float32)
        total = power.sum(axis=1)
        clear = seen & scene.frames.speech[place] & (total > _OVER_NOISE * noise.sum())
        self._place, self._pitch = place[clear], rows[clear, BANDS].astype(np.float32)
        levels = 10 * np.log10(np.maximum(power[clear] - noise, power[clear] / 10))
        self._cepstra = levels @ _cosines()

    def sounding(self, mask: Mask) -> Sounding | None:
        """Of the speech in these cells; None when there is too little of it."""
        here = mask[self._place]
        voiced = self._pitch[here & (self._pitch > 0)]
        least = LEAST_S * RATE / WINDOW
        if np.count_nonzero(mask) * CELL_S < LEAST_S or np.count_nonzero(here) < least / 2 or len(voiced) < least / 6:
            return None
        return Sounding(self._cepstra[here].mean(axis=0), float(np.median(voiced)) / PITCH_STEPS)


def unlikeness(one: Sounding, other: Sounding) -> float:
    """In units of what differs between stretches of some seconds of one and the same person."""
    envelope = (one.envelope - other.envelope) / _USUAL_ENVELOPE
    pitch = (one.pitch - other.pitch) / _USUAL_PITCH
    return float(np.sqrt(np.sum(envelope**2) + pitch**2))


def _cosines() -> NDArray[np.float32]:
    """(BANDS, _CEPSTRA): orthonormal, without the level."""
    band = (np.arange(BANDS) + 0.5)[:, None]
    order = np.arange(1, _CEPSTRA + 1)[None, :]
    cosines: NDArray[np.float64] = np.sqrt(2 / BANDS) * np.cos(np.pi * order * band / BANDS)
    return cosines.astype(np.float32)
