"""What is noticed of a sound beside its cells, as it is kept in a track. Plain records. Pure."""

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

FLOOR_DB = -150
STEP_DB = 0.5


class Fault(Struct, frozen=True):
    """`frames` frames of one channel, from `first_frame` on, that no microphone heard like that.

    `zeros`: exact digital silence. `stuck`: nothing but the last bit moves. `repeat`: the same samples once more.
    """

    kind: str
    channel: int
    first_frame: int
    frames: int


class Tops(NamedTuple):
    """Flat tops of one channel and sign, a row for each chunk that has any."""

    chunk: NDArray[np.int32]
    """Which chunk, from 0."""
    samples: NDArray[np.int32]
    runs: NDArray[np.int32]


class Levels(NamedTuple):
    """How often each frequency had each level: `counts` (frequencies, levels), `hz` from one frequency to the next."""

    counts: NDArray[np.uint32]
    hz: float

    @property
    def frames(self) -> int:
        """How many spectra were counted."""
        return int(self.counts[0].sum()) if len(self.counts) else 0

    def percentile(self, share: float) -> NDArray[np.float64]:
        """The level in dB re full scale that each frequency was below for this share of the time."""
        reached = np.cumsum(self.counts, axis=1) >= share * self.counts.sum(axis=1, keepdims=True)
        return np.asarray(FLOOR_DB + STEP_DB * (np.argmax(reached, axis=1) + 0.5), np.float64)

    def above(self, levels: NDArray[np.float64]) -> NDArray[np.int64]:
        """How many spectra had more than `levels`, one a frequency, at each frequency."""
        place = np.arange(self.counts.shape[1]) * STEP_DB + FLOOR_DB
        return np.asarray(np.where(place[None, :] >= levels[:, None], self.counts, 0).sum(axis=1), np.int64)


class Flaws(NamedTuple):
    """What was noticed; the tuples hold one entry a channel."""

    faults: tuple[Fault, ...]
    tops: tuple[tuple[Tops, Tops], ...]
    """Flat tops of either sign, by chunks of `faults.CHUNK_S`."""
    hum: tuple[Levels, ...]
    bands: tuple[Levels, ...]


NO_FLAWS = Flaws((), (), (), ())
"""Of a track that nothing of this was looked for in."""
