"""Sound that no microphone heard like that: exact zeros, a value that is held, a buffer played once more. Pure.

Whoever hears a sound as it comes may ask; the verdict's analyser does, and the live alarms may.
"""

import numpy as np
from numpy.typing import NDArray

from exam.audio import AudioFormat
from station.audibility.flaws import Fault
from station.audibility.repeats import Repeats
from station.audibility.stillness import Stillness

CHUNK_S = 0.5
"""Sound is looked at in pieces of this length, whatever it is fed in, so that the findings never depend on that."""


class Faults:
    """Of one continuous sound, all its channels."""

    def __init__(self, shape: AudioFormat) -> None:
        self._chunk = shape.frames(CHUNK_S)
        self._rest = np.empty((0, shape.channels), np.int16)
        self._still = [Stillness(shape.sample_rate, channel) for channel in range(shape.channels)]
        self._repeats = [Repeats(shape.sample_rate, channel) for channel in range(shape.channels)]

    def take(self, sound: NDArray[np.int16]) -> list[Fault]:
        """What is found once `sound`, (frames, channels), has followed; places count from the first frame fed.

        A fault is told when it is over, by the end of the chunk of 0.5 s that shows 10 ms after it. Zeros
        and repeats that last longer than a second are also told while they still run, each second of it: then with the
        length they have so far and always the same first frame, and once more when they are over.
        """
        heard = np.concatenate([self._rest, sound])
        whole = len(heard) // self._chunk * self._chunk
        self._rest = heard[whole:].copy()
        return [
            fault
            for first in range(0, whole, self._chunk)
            for fault in self._take_chunk(heard[first : first + self._chunk])
        ]

    def finish(self) -> list[Fault]:
        """What the end of the sound shows, too. Nothing may be fed any more."""
        found = self._take_chunk(self._rest) if len(self._rest) else []
        for still, repeats in zip(self._still, self._repeats, strict=True):
            found += still.finish() + repeats.finish()
        return found

    def _take_chunk(self, chunk: NDArray[np.int16]) -> list[Fault]:
        found = []
        for channel, (still, repeats) in enumerate(zip(self._still, self._repeats, strict=True)):
            samples = np.ascontiguousarray(chunk[:, channel])
            found += still.take(samples) + repeats.take(samples)
        return found


def latest(faults: list[Fault]) -> tuple[Fault, ...]:
    """Each fault once, as it was told last, in order of time."""
    told = {(fault.first_frame, fault.channel, fault.kind): fault for fault in faults}
    return tuple(told[key] for key in sorted(told))
