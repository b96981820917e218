"""All that the analyser keeps of a sound beside its cells: faults, flat tops, spectra. Pure; for `analyser`."""

import copy

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.clipping import FlatTops
from station.audibility.faults import CHUNK_S, Faults, latest
from station.audibility.flaws import Fault, Flaws
from station.audibility.spectra import Bands, Hum

FULL_SCALE = np.float32(32768.0)


class Flawfinder:
    """Of one continuous sound. Memory is constant but for what is found."""

    def __init__(self, shape: AudioFormat) -> None:
        rate, channels = shape.sample_rate, range(shape.channels)
        self._chunk = shape.frames(CHUNK_S)
        self._rest = np.empty((0, shape.channels), np.int16)
        self._faults, self._told = Faults(shape), list[Fault]()
        self._tops = [(FlatTops(rate, 1), FlatTops(rate, -1)) for _ in channels]
        self._hum = [Hum(rate) for _ in channels]
        self._bands = [Bands(rate) for _ in channels]

    def feed(self, sound: NDArray[np.int16]) -> None:
        """`sound`: (frames, channels) that follow what was fed before, in pieces of any length."""
        heard = np.concatenate([self._rest, sound])
        whole = len(heard) // self._chunk * self._chunk
        self._rest = heard[whole:].copy()
        for first in range(0, whole, self._chunk):
            self._take(heard[first : first + self._chunk])

    def found(self) -> Flaws:
        """Of everything so far; more may follow."""
        return copy.deepcopy(self).finish()

    def finish(self) -> Flaws:
        """Of everything. Nothing may be fed any more."""
        if len(self._rest):
            self._take(self._rest)
        return Flaws(
            latest(self._told + self._faults.finish()),
            tuple((up.tops(), down.tops()) for up, down in self._tops),
            tuple(hum.levels() for hum in self._hum),
            tuple(bands.levels() for bands in self._bands),
        )

    def _take(self, chunk: NDArray[np.int16]) -> None:
        self._told += self._faults.take(chunk)
        for channel in range(chunk.shape[1]):
            samples = np.ascontiguousarray(chunk[:, channel])
            sound = samples.astype(np.float32) / FULL_SCALE
            for tops in self._tops[channel]:
                tops.take(samples)
            self._hum[channel].take(sound)
            self._bands[channel].take(sound)
