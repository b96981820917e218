"""Where in the stream a take's sound is, by content alone: for a day whose journal and manifests are lost.

A take is the concatenation of spans of stream parts, in time order. Found are spans whose bytes equal the take's,
every frame compared; of several ways one with the fewest spans, then the earliest. Reads only, in blocks; pages are
not mapped into memory, for a read error on a dying disk must be an error and not a signal. For recovery.

How: some places of the stream, chosen by what is heard there (anchors), are kept in an index; a take's anchors lead
to the places where it may lie. Where a take has none (silence, a test tone) its frames are looked for directly.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Self

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from exam.audio import FrameSpan
from station.tape import TapeReader

WINDOW_FRAMES = 256
"""So many frames in a row prove that two places are the same sound. No span that a person makes is shorter; one at a
part's beginning or end may be, and is found too."""
ANCHOR_BITS = 10
"""One window in 2 ** 10 is an anchor: 20 ms apart, 16 bytes of memory each."""

_BLOCK_FRAMES = 1 << 18
_MOST_ANCHORS = 4 * (_BLOCK_FRAMES >> ANCHOR_BITS)
"""A block of periodic sound may have any number of them; memory stays bounded, and what is not indexed is scanned."""
_MOST_STEPS = 1000
"""Places tried for one take before it is given up: sound that repeats without end must not search without end."""
_PROBE_FRAMES = 64

_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)
_REPEATED = {2: np.uint64(0x0001_0001_0001_0001), 4: np.uint64(0x0000_0001_0000_0001)}
"""By bytes a frame: what makes a word of 8 bytes out of one frame."""


class Found(Struct, frozen=True):
    """The spans a take begins with, and how many frames after them (at its end) are in no stream."""

    spans: tuple[FrameSpan, ...]
    missing_frames: int


class _Place(Struct, frozen=True):
    """`frames` frames of the take, from its frame `at` on, equal those of stream part `part` from `first` on."""

    part: int
    first: int
    at: int
    frames: int
    before: "_Place | None" = None

    @property
    def end(self) -> tuple[int, int]:
        return self.part, self.first + self.frames

    @property
    def heard(self) -> int:
        """Frames of the take that are found with this place."""
        return self.at + self.frames


_Anchors = tuple[NDArray[np.uint64], NDArray[np.int64]]
"""Fingerprints of windows, and the frames at which they begin."""


class StreamIndex:
    """The parts of a room's stream, in time order, ready to be searched for takes.

    Raises Rejected when a part is not one of our masters, OSError as the disk does. Building reads the stream once:
    about 2 seconds a gigabyte.
    """

    def __init__(
        self, streams: Sequence[Path], *, window_frames: int = WINDOW_FRAMES, anchor_bits: int = ANCHOR_BITS
    ) -> None:
        self._window, self._bits = window_frames, anchor_bits
        with ExitStack() as stack:
            self._parts = [stack.enter_context(TapeReader(path)) for path in streams]
            self._begins = [0, *accumulate(part.frames for part in self._parts)]
            self._keys, self._frames = self._index()
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def find(self, take: Path) -> Found:
        """The take's spans. Raises Rejected when it is not one of our masters, OSError as the disk does."""
        with TapeReader(take) as reader:
            search = _Search(self, reader)
            place = search.run(thorough=False)
            if place is None or place.heard < reader.frames:
                place = search.run(thorough=True)
            return search.told(place)

    def _index(self) -> _Anchors:
        parts = [_anchors(part, self._window, self._bits) for part in self._parts]
        keys = np.concatenate([keys for keys, _ in parts] or [np.zeros(0, np.uint64)])
        frames = np.concatenate(
            [frames + begin for (_, frames), begin in zip(parts, self._begins, strict=False)] or [np.zeros(0, np.int64)]
        )
        order = np.argsort(keys, kind="stable")
        return keys[order], frames[order]

    def _where(self, key: np.uint64) -> Iterator[tuple[int, int]]:
        """Part and frame of every window with this fingerprint, in time order."""
        first, last = np.searchsorted(self._keys, key, "left"), np.searchsorted(self._keys, key, "right")
        for place in self._frames[first:last].tolist():
            part = bisect_right(self._begins, place) - 1
            yield part, place - self._begins[part]


class _Search:
    """One take against the index."""

    def __init__(self, index: StreamIndex, take: TapeReader) -> None:
        self._index, self._take, self._window = index, take, index._window  # noqa: SLF001 - one module, one thought
        self._parts = index._parts  # noqa: SLF001
        self._alike = [part.shape == take.shape for part in self._parts]
        self._keys, self._anchored = _anchors(take, self._window, index._bits)  # noqa: SLF001

    def run(self, *, thorough: bool) -> _Place | None:
        """The last place of the best way through the stream; None when not even a beginning was found.

        Breadth first, so that the fewest spans win. A match is always followed to its end: what comes after can
        begin later just as well. Of two ways, one that heard no less of the take and lags no more is as good.
        """
        best: _Place | None = None
        level: Sequence[_Place | None] = [None]
        steps = 0
        while level and steps < _MOST_STEPS:
            found = [place for step in level for place in self._next(step, thorough=thorough)]
            steps += len(level)
            level = _undominated(found, self._position)
            best = max((place for place in (best, *level) if place), key=lambda place: place.heard, default=None)
            if best is not None and best.heard == self._take.frames:
                break
        return best

    def told(self, last: _Place | None) -> Found:
        """As spans; what proves nothing (silence, a few frames) is left off the end of a take not wholly found."""
        places: list[_Place] = []
        while last is not None:
            places.append(last)
            last = last.before
        places.reverse()
        while places and places[-1].heard < self._take.frames and self._proves_nothing(places[-1]):
            places.pop()
        heard = places[-1].heard if places else 0
        spans = tuple(FrameSpan(self._parts[each.part].path.name, each.first, each.frames) for each in places)
        return Found(spans, self._take.frames - heard)

    def _position(self, place: _Place) -> int:
        """The end of a place in frames from the stream's beginning."""
        return self._index._begins[place.part] + place.first + place.frames  # noqa: SLF001

    def _proves_nothing(self, place: _Place) -> bool:
        blocks = self._take.blocks(place.at, place.frames)
        return place.frames < self._window or not any(any(block) for block in blocks)

    # -- where a span may begin -----------------------------------------------------------------------------------

    def _next(self, step: _Place | None, *, thorough: bool) -> Iterator[_Place]:
        """Matches of what follows `step` in the take: each longer than every earlier one, for others are no better."""
        ways = (self._by_anchor, self._by_scan, self._by_edge)
        places: list[_Place] = []
        for way in ways:
            if places and not thorough:
                break
            places += way(step)
        longest = 0
        for place in sorted(places, key=lambda place: (place.part, place.first)):
            if place.frames > longest:
                longest = place.frames
                yield place

    def _matches(self, step: _Place | None, places: Iterator[tuple[int, int]], least: int) -> Iterator[_Place]:
        """Those of `places` (part and frame where the match would begin) that match, each longer than those before."""
        at, after = (step.heard, step.end) if step else (0, (0, 0))
        for part, first in places:
            if (part, first) < after or not (self._alike[part] and 0 <= first < self._parts[part].frames):
                continue
            if not self._may_equal(part, first, at, least):
                continue
            frames = self._common(part, first, at)
            if frames >= least:
                least = frames + 1
                yield _Place(part, first, at, frames, step)

    def _by_anchor(self, step: _Place | None) -> Iterator[_Place]:
        at = step.heard if step else 0
        number = int(np.searchsorted(self._anchored, at))
        if number == len(self._anchored):
            return
        ahead = int(self._anchored[number]) - at
        places = ((part, frame - ahead) for part, frame in self._index._where(self._keys[number]))  # noqa: SLF001
        yield from self._matches(step, places, ahead + self._window)

    def _by_scan(self, step: _Place | None) -> Iterator[_Place]:
        """By what follows, else by what came before: a match's beginning may have been taken for the end of the
        span before. A match of a whole window has more than half of it on one side."""
        at = step.heard if step else 0
        length = self._window // 2 + 1
        latest = max(0, self._take.frames - length)
        for begin in dict.fromkeys((min(at, latest), min(max(0, at - length + 1), latest))):
            found = list(self._matches(step, self._scan(step, begin, length), 1))
            yield from found
            if found:
                return

    def _scan(self, step: _Place | None, begin: int, length: int) -> Iterator[tuple[int, int]]:
        """Where the `length` frames of the take from `begin` on occur, told as places of what follows `step`."""
        needle = self._take.read(begin, length)
        ahead = (step.heard if step else 0) - begin
        frame_bytes = self._take.shape.frame_bytes
        run = 0
        if needle == needle[:frame_bytes] * (len(needle) // frame_bytes):
            run = _run_end(self._take, begin, needle[:frame_bytes]) - begin
        from_part, from_frame = step.end if step else (0, 0)
        for part in self._from(from_part):
            first = max(0, from_frame - ahead) if part == from_part else 0
            reader = self._parts[part]
            for frame in _runs(reader, needle, first, run) if run else _occurrences(reader, needle, first):
                yield part, frame + ahead

    def _by_edge(self, step: _Place | None) -> Iterator[_Place]:
        """Where a part begins or ends a span may be of any length."""
        at, after = (step.heard, step.end) if step else (0, (0, 0))
        for part in self._from(after[0]):
            yield from self._matches(step, iter([(part, 0)]), 1)
            length = self._parts[part].frames
            room = min(self._window - 1, length - (after[1] if part == after[0] else 0), self._take.frames - at)
            ours, theirs = self._take.read(at, room), self._parts[part].read(length - room, room)
            step_bytes = self._take.shape.frame_bytes
            for skipped in range(0, len(theirs), step_bytes):
                if ours.startswith(theirs[skipped:]):
                    frames = room - skipped // step_bytes
                    yield _Place(part, length - frames, at, frames, step)
                    break

    def _from(self, part: int) -> Iterator[int]:
        return (number for number in range(part, len(self._parts)) if self._alike[number])

    # -- comparing ------------------------------------------------------------------------------------------------

    def _may_equal(self, part: int, first: int, at: int, frames: int) -> bool:
        """Whether the last of `frames` frames are equal: a cheap look at where the longest match so far broke."""
        skipped = max(0, frames - _PROBE_FRAMES)
        frames -= skipped
        return self._take.read(at + skipped, frames) == self._parts[part].read(first + skipped, frames)

    def _common(self, part: int, first: int, at: int) -> int:
        """How many frames of the take from `at` on equal those of the part from `first` on."""
        frame_bytes = self._take.shape.frame_bytes
        same, size = 0, _PROBE_FRAMES
        while True:
            ours, theirs = self._take.read(at + same, size), self._parts[part].read(first + same, size)
            length = min(len(ours), len(theirs))
            if ours[:length] != theirs[:length]:
                pair = (np.frombuffer(each, np.uint8, length) for each in (ours, theirs))
                return same + int(np.argmax(np.not_equal(*pair))) // frame_bytes
            same += length // frame_bytes
            if length < size * frame_bytes:
                return same
            size = min(size * 8, _BLOCK_FRAMES)


def _undominated(places: Sequence[_Place], position: Callable[[_Place], int]) -> list[_Place]:
    """Those that heard more of the take than every one that lags less: `position` tells where each ends."""
    kept: list[_Place] = []
    for place in sorted(places, key=lambda place: (position(place) - place.heard, -place.heard)):
        if not kept or place.heard > kept[-1].heard:
            kept.append(place)
    return kept


# -- a recording, block by block -------------------------------------------------------------------------------------


def _anchors(reader: TapeReader, window: int, bits: int) -> _Anchors:
    """The windows that the sound itself chooses, wherever the recording begins: by the hash of their first 8 bytes."""
    keys, frames = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for start in range(0, reader.frames - window + 1, _BLOCK_FRAMES):
        block = reader.read(start, _BLOCK_FRAMES + window - 1)
        found = _chosen(block, reader.shape.frame_bytes, window, bits)
        keys.append(_fingerprints(block, reader.shape.frame_bytes, window, found))
        frames.append(found + start)
    return np.concatenate(keys), np.concatenate(frames)


def _chosen(block: bytes, frame_bytes: int, window: int, bits: int) -> NDArray[np.int64]:
    count = len(block) // frame_bytes - window + 1
    words = np.ndarray((count,), "<u8", block, strides=(frame_bytes,))
    found = np.flatnonzero(words * _MIX < np.uint64(1 << (64 - bits)))
    if frame_bytes in _REPEATED:  # silence and other standstill is the same everywhere and leads nowhere
        of_frame = words[found] & np.uint64((1 << 8 * frame_bytes) - 1)
        found = found[words[found] != of_frame * _REPEATED[frame_bytes]]
    return found[:_MOST_ANCHORS].astype(np.int64)


def _fingerprints(block: bytes, frame_bytes: int, window: int, found: NDArray[np.int64]) -> NDArray[np.uint64]:
    samples = np.frombuffer(block, "<u2")
    width = window * frame_bytes // 2
    rows = samples[found[:, None] * (frame_bytes // 2) + np.arange(width)].astype(np.uint64)
    weights = (np.arange(1, 2 * width, 2, dtype=np.uint64) * _MIX) | np.uint64(1)
    return np.asarray((rows * weights).sum(axis=1, dtype=np.uint64))


def _occurrences(reader: TapeReader, needle: bytes, first: int) -> Iterator[int]:
    """Frames from `first` on at which the needle begins."""
    frame_bytes = reader.shape.frame_bytes
    overlap = len(needle) // frame_bytes - 1
    for start in range(first, reader.frames, _BLOCK_FRAMES):
        block = reader.read(start, _BLOCK_FRAMES + overlap)
        place = block.find(needle)
        while place >= 0:
            if place % frame_bytes == 0:
                yield start + place // frame_bytes
            place = block.find(needle, place + 1)


def _runs(reader: TapeReader, needle: bytes, first: int, run: int) -> Iterator[int]:
    """Where a standstill of `run` frames may begin: with a standstill of the stream, or so as to end with it."""
    passed = first
    while (begin := next(_occurrences(reader, needle, passed), None)) is not None:
        yield begin
        passed = _run_end(reader, begin, needle[: reader.shape.frame_bytes])
        if passed - begin > run:
            yield passed - run


def _run_end(reader: TapeReader, first: int, frame: bytes) -> int:
    """The first frame from `first` on that is not `frame`, or the end."""
    standstill = np.frombuffer(frame, "<u2")
    for start in range(first, reader.frames, _BLOCK_FRAMES):
        block = np.frombuffer(reader.read(start, _BLOCK_FRAMES), "<u2").reshape(-1, len(standstill))
        moved = (block != standstill).any(axis=1)
        if moved.any():
            return start + int(np.argmax(moved))
    return reader.frames
