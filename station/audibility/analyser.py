"""Sound in, piece by piece, a track of features out. Memory grows by the track alone, whatever the length. Pure."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.cells import FULL_SCALE, Cells
from station.audibility.columns import Column
from station.audibility.flawfinder import Flawfinder
from station.audibility.timbre import ROW, Timbre
from station.audibility.track import CELL_S, Track

DETECTED_LATE_S = 0.032
"""The detector tells beginning and end of speech one window late."""

_AT_ONCE = 6000
"""Cells whose speech is worked out at once: what is needed meanwhile is small, however long the sound."""


class Windows(NamedTuple):
    """`probability`: (windows,) that somebody speaks. `sound`: (windows, samples) at the detector's own rate."""

    probability: NDArray[np.float32]
    sound: NDArray[np.float32]


class SpeechDetector(Protocol):
    """What tells speech: windows of `window_s`, in order."""

    @property
    def window_s(self) -> float: ...
    def feed(self, sound: NDArray[np.float32]) -> Windows: ...


class Analyser:
    """Of one continuous sound. `detector`: without one, no cell holds speech.

    After `track` it may be fed on: nothing is flushed. So the last 50 ms may lack speech.
    """

    def __init__(self, shape: AudioFormat, detector: SpeechDetector | None = None) -> None:
        self._shape, self._detector = shape, detector
        self._frames = 0
        self._cells, self._tones, self._flaws = Cells(shape), Timbre(), Flawfinder(shape)
        self._speech, self._timbre = Column(np.empty(0, np.float32)), Column(np.empty((0, ROW), np.uint8))

    def feed(self, sound: NDArray[np.int16]) -> None:
        """`sound`: (frames, channels) that follow what was fed before."""
        self._frames += len(sound)
        self._cells.feed(sound)
        self._flaws.feed(sound)
        if self._detector is not None:
            windows = self._detector.feed(sound.mean(axis=1, dtype=np.float32) / np.float32(FULL_SCALE))
            self._speech.add(windows.probability)
            self._timbre.add(self._tones.rows(windows.sound, windows.probability))

    def track(self) -> Track:
        """Everything so far, but for a cell that is not full yet."""
        cells = self._cells
        return Track(
            shape=self._shape,
            frames=self._frames,
            power=cells.power.rows,
            peak=cells.peak.rows,
            mean=cells.mean.rows,
            clipped=cells.clipped.rows,
            speech=self._speech_of_cells(len(cells.power)),
            timbre=self._timbre.rows,
            flaws=self._flaws.found(),
        )

    def _speech_of_cells(self, cells: int) -> NDArray[np.float32]:
        windows = self._speech.rows
        if self._detector is None or not len(windows):
            return np.zeros(cells, np.float32)
        late = DETECTED_LATE_S / self._detector.window_s - 0.5
        speech = np.empty(cells, np.float32)
        for first in range(0, cells, _AT_ONCE):
            # A place among the windows for each cell: between two, between their probabilities.
            place = (np.arange(first, min(first + _AT_ONCE, cells)) + 0.5) * CELL_S / self._detector.window_s + late
            before = np.clip(place.astype(np.intp), 0, len(windows) - 1)
            after = np.minimum(before + 1, len(windows) - 1)
            share = np.clip(place - before, 0, 1)
            speech[first : first + _AT_ONCE] = windows[before] * (1 - share) + windows[after] * share
        return speech
