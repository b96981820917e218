"""A signal that proves what became of every frame: seeded white noise, unlike itself anywhere, never zero.

`marker` makes it, `align` tells where a recording of it starts and what was lost, doubled, inserted,
altered or silenced, exact to the frame. Linear time; memory beside the two signals is about 1 byte a frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int16]
"""Mono samples, shaped (frames,)."""

PEAK = 2800
"""Full deflection: −26 dBFS RMS, so that neither a mixer nor a resampler clips it."""
SILENCE_FRAMES = 48
"""Zeros from this length on (1 ms at 48 kHz) are silence, not alteration; the marker itself has no zero."""

_BLOCK = 1 << 16
_LANDMARK = 64  # one frame in so many is a landmark: its value is a multiple of this
_KEY = 4  # frames that make a landmark's key
_PROOF = 32  # equal frames that prove a landmark: 400 bits, far beyond chance

Kind = Literal["lost", "doubled", "inserted", "altered", "silence"]


@dataclass(frozen=True)
class Discontinuity:
    """`recorded_frames` of the recording, from `recorded_at`, stand where `marker_frames` of the marker should.

    lost: 0 stand for some. doubled: 0 for a negative number, the marker goes back. inserted: foreign frames stand
    for none. altered: as many foreign frames as marker frames. silence: zeros, for any number of marker frames.
    """

    kind: Kind
    recorded_at: int
    recorded_frames: int
    marker_at: int
    marker_frames: int


@dataclass(frozen=True)
class Alignment:
    """recorded[recorded_first:recorded_end] is marker[marker_first:marker_end] but for the discontinuities.

    Before and after these lies what is not marker: the silence around the playback, as a rule.
    """

    recorded_first: int
    recorded_end: int
    marker_first: int
    marker_end: int
    discontinuities: tuple[Discontinuity, ...]

    @property
    def unbroken(self) -> bool:
        return not self.discontinuities

    @property
    def lost_frames(self) -> int:
        """Marker frames that were not heard between first and end, whether cut out, silenced or altered."""
        return sum(max(0, place.marker_frames) for place in self.discontinuities)


def marker(seconds: float, seed: int, rate: int = 48000) -> Frames:
    """Noise of `seconds` at `rate` frames a second; the same for the same seed, unlike for another."""
    frames = np.random.default_rng(seed).integers(-PEAK, PEAK, round(seconds * rate), dtype=np.int16)
    frames[frames >= 0] += 1
    return frames


def align(recorded: Frames, played: Frames) -> Alignment:
    """Compare a recording with the marker that was played. ValueError when none of it is in there."""
    landmarks = _Landmarks(played)
    first = landmarks.find(recorded, 0)
    if first is None:
        raise ValueError("the marker is not in the recording")
    at, shift = first
    at -= _equal_before(recorded[:at], played[: at + shift])
    start = (at, at + shift)
    found: list[Discontinuity] = []
    while True:
        at += _equal_after(recorded[at:], played[at + shift :])
        resumed = landmarks.find(recorded, at)
        if resumed is None:
            return Alignment(start[0], at, start[1], at + shift, tuple(found))
        to, new_shift = resumed
        to -= _equal_before(recorded[at:to], played[: to + new_shift])
        found += _discontinuities(recorded, at, to, at + shift, to + new_shift)
        at, shift = to, new_shift


class _Landmarks:
    """Places of a marker by what it sounds like there: chosen by content, so a shifted copy has the same ones."""

    def __init__(self, played: Frames) -> None:
        self._played = played
        places = np.concatenate([np.zeros(0, np.int64), *_landmark_blocks(played, 0)])
        keys = _keys(played, places)
        order = np.argsort(keys, kind="stable")
        self._keys, self._places = keys[order], places[order]

    def find(self, recorded: Frames, start: int) -> tuple[int, int] | None:
        """The first proven landmark of `recorded` from `start` on, and marker place less recorded place there."""
        for places in _landmark_blocks(recorded, start):
            keys = _keys(recorded, places)
            left = np.searchsorted(self._keys, keys, "left")
            right = np.searchsorted(self._keys, keys, "right")
            for place, low, high in zip(places[right > left], left[right > left], right[right > left], strict=True):
                for there in self._places[low:high]:
                    if np.array_equal(recorded[place : place + _PROOF], self._played[there : there + _PROOF]):
                        return int(place), int(there - place)
        return None


def _landmark_blocks(frames: Frames, start: int) -> Iterator[NDArray[np.int64]]:
    """Places of landmarks with room for their proof, block by block."""
    last = len(frames) - _PROOF
    for block in range(start, last + 1, _BLOCK):
        part = frames[block : min(block + _BLOCK, last + 1)]
        yield block + np.flatnonzero((part % _LANDMARK == 0) & (part != 0))


def _keys(frames: Frames, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The frames at each place and after it as one number."""
    keys: NDArray[np.int64] = frames[places[:, None] + np.arange(_KEY)].astype("<i2").view("<i8").ravel()
    return keys


def _equal_after(one: Frames, other: Frames) -> int:
    """How many frames the two have in common at their starts."""
    length = min(len(one), len(other))
    for block in range(0, length, _BLOCK):
        end = min(block + _BLOCK, length)
        unequal = one[block:end] != other[block:end]
        if unequal.any():
            return block + int(unequal.argmax())
    return length


def _equal_before(one: Frames, other: Frames) -> int:
    """How many frames the two have in common at their ends."""
    return _equal_after(one[::-1], other[::-1])


def _discontinuities(recorded: Frames, at: int, to: int, marker_at: int, marker_to: int) -> list[Discontinuity]:
    """Tell apart what stands in recorded[at:to] for marker[marker_at:marker_to]."""
    found: list[Discontinuity] = []
    for kind, first, end in _stretches(recorded[at:to]):
        frames = end - first
        missed = frames if marker_at + frames <= marker_to else 0
        name: Kind = "inserted" if kind == "altered" and not missed else kind
        found.append(Discontinuity(name, at + first, frames, marker_at, missed))
        marker_at += missed
    rest = marker_to - marker_at
    if rest and found and found[-1].kind == "silence":
        found[-1] = replace(found[-1], marker_frames=found[-1].marker_frames + rest)
    elif rest:
        found.append(Discontinuity("lost" if rest > 0 else "doubled", to, 0, marker_at, rest))
    return found


def _stretches(frames: Frames) -> Iterator[tuple[Literal["altered", "silence"], int, int]]:
    """Split into silence and the rest, in order, as (kind, first, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames == 0, [False]]).astype(np.int8)))
    done = 0
    for first, end in edges.reshape(-1, 2).tolist():
        if end - first < SILENCE_FRAMES:
            continue
        if first > done:
            yield "altered", done, first
        yield "silence", first, end
        done = end
    if len(frames) > done:
        yield "altered", done, len(frames)
