"""What the microphone really heard, and whether a day on disk holds it: each sound once, in its place, or told lost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from days import BLOCK, RATE, audio_of

from exam.audio import FrameSpan, Gap
from station import journal
from station.session import Day, StreamPart
from station.session.events import StreamEnded
from station.tape import HEADER_BYTES

_BLOCKS = 6000
_NOISE = np.random.default_rng(11).integers(1, 30000, _BLOCKS * BLOCK, dtype=np.int16).tobytes()
"""Ten minutes that are unlike themselves anywhere, and never silent."""
_PROOF = 64  # bytes that prove a place
_EXACT = round(0.02 * RATE)


@dataclass(frozen=True)
class Stretch:
    """`frames` frames of the part `file`, from `first` on, that hold what was heard from the frame `heard` on."""

    file: str
    first: int
    heard: int
    frames: int


@dataclass
class Heard:
    """Blocks in the order in which the microphone delivered them, each with the true time of its end, in seconds.

    `owed`: numbers of the blocks that must be in the stream; `owed_to`: those that must be in the take of this tape.
    """

    ends: list[float] = field(default_factory=list)
    owed: set[int] = field(default_factory=set)
    owed_to: dict[str, set[int]] = field(default_factory=dict)

    def next_block(self, end: float) -> bytes:
        first = len(self.ends) * BLOCK * 2
        self.ends.append(end)
        return _NOISE[first : first + BLOCK * 2]

    def lose_from(self, block: int) -> None:
        """The power went: nothing from this block on was on the disk for sure."""
        for owed in (self.owed, *self.owed_to.values()):
            owed -= {number for number in owed if number >= block}

    def time_of(self, frame: int) -> float:
        block, rest = divmod(frame, BLOCK)
        return self.ends[block] - (BLOCK - rest) / RATE

    # -- what must be true of a day ------------------------------------------------------------------------

    def check(self, day: Day, folder: Path) -> None:
        """Raises AssertionError where the day's stream and takes are not what was heard."""
        stretches = list(self._stretches(day.parts, folder))
        covered = set(_blocks(*stretches))
        assert self.owed <= covered, f"blocks {sorted(self.owed - covered)} are lost"
        self._check_places(_offsets(day.parts, folder), stretches)
        for take in day.takes.values():
            if take.counts and take.decision is not None:
                missing = self.owed_to.get(take.tape, set()) - set(_blocks(*_cut(stretches, take.spans)))
                assert not missing, f"{take.stem}: blocks {sorted(missing)} are not in {take.spans} of {stretches}"

    def _stretches(self, parts: Sequence[StreamPart], folder: Path) -> Iterator[Stretch]:
        """Every frame between gaps must be what was heard, in the order in which it was heard, and once."""
        heard = 0
        for part in parts:
            if not part.frames:
                continue
            audio = audio_of(folder / part.file)
            for first, end in _between(part.gaps, len(audio) // 2):
                sound = audio[2 * first : 2 * end]
                at = _NOISE.find(sound[:_PROOF], 2 * heard)
                assert at >= 0, f"{part.file}: what stands at {first} was not heard then"
                same = _common(_NOISE[at : at + len(sound)], sound)
                assert 2 * same == len(sound), (
                    f"{part}: at {first + same} it is not what was heard: {sound[2 * same :][:8]!r}"
                )
                heard = at // 2 + end - first
                yield Stretch(part.file, first, at // 2, end - first)

    def _check_places(self, offsets: Mapping[str, tuple[int, int]], stretches: Sequence[Stretch]) -> None:
        """What a part says is missing lasted as long as it says."""
        for before, after in pairwise(stretches):
            if offsets[before.file][0] != offsets[after.file][0]:
                continue
            told = offsets[after.file][1] + after.first - offsets[before.file][1] - before.first - before.frames
            true = self.time_of(after.heard) - self.time_of(before.heard + before.frames - 1) - 1 / RATE
            assert abs(told - true * RATE) <= _EXACT, f"a hole of {true:.3f} s is told as {told / RATE:.3f} s: {after}"


def _common(one: bytes, other: bytes) -> int:
    """How many frames are the same from the start."""
    if one == other:
        return len(one) // 2
    a, b = np.frombuffer(one, np.int16), np.frombuffer(other, np.int16)
    length = min(len(a), len(b))
    return int(np.argmin(np.append(a[:length] == b[:length], False)))


def _between(gaps: Sequence[Gap], length: int) -> Iterator[tuple[int, int]]:
    """What gaps leave of a file; raises AssertionError unless runs and gaps tile it."""
    at = 0
    for gap in gaps:
        assert at <= gap.first_frame, f"{gap} overlaps what is before it"
        if gap.first_frame > at:
            yield at, gap.first_frame
        at = gap.end
    assert at <= length, f"a gap reaches beyond the file: {at} > {length}"
    if length > at:
        yield at, length


def _offsets(parts: Sequence[StreamPart], folder: Path) -> dict[str, tuple[int, int]]:
    """For each part the chain of parts it belongs to, without a break in time, and its place therein, in frames."""
    events = [entry.event for entry in journal.read(folder)]
    full = {event.stream for event in events if isinstance(event, StreamEnded) and event.ending == "file_limit"}
    places: dict[str, tuple[int, int]] = {}
    chain = offset = 0
    for before, part in zip((None, *parts), parts, strict=False):
        goes_on = any(gap.first_frame == 0 and gap.reason == "outage" for gap in part.gaps)
        if before is None or not (goes_on or before.file in full):
            chain, offset = chain + 1, 0
        places[part.file] = (chain, offset)
        offset += part.frames or 0
    return places


def _cut(stretches: Sequence[Stretch], spans: Sequence[FrameSpan]) -> Iterator[Stretch]:
    for span in spans:
        for stretch in stretches:
            first, end = max(span.first_frame, stretch.first), min(span.end, stretch.first + stretch.frames)
            if span.stream == stretch.file and first < end:
                yield Stretch(stretch.file, first, stretch.heard + first - stretch.first, end - first)


def _blocks(*stretches: Stretch) -> Iterator[int]:
    """Numbers of the blocks that these stretches hold whole, joined where one goes on in the next."""
    joined: list[list[int]] = []
    for stretch in stretches:
        if joined and joined[-1][1] == stretch.heard:
            joined[-1][1] += stretch.frames
        else:
            joined.append([stretch.heard, stretch.heard + stretch.frames])
    for first, end in joined:
        yield from range(-(-first // BLOCK), end // BLOCK)


class Files:
    """Every file ever seen, by inode, and what was in it: that must stay, in a file of this inode."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.seen: dict[int, tuple[str, bytes]] = {}

    def look(self) -> None:
        """Raises AssertionError when something that was there has been changed or is gone."""
        now = self._now()
        for inode, (name, content) in self.seen.items():
            assert inode in now, f"{name} is gone"
            assert now[inode][1].startswith(content), f"{name} was changed: {now[inode][0]}"
        self.seen = now

    def forget(self) -> None:
        """A power cut took what was not synced."""
        self.seen = self._now()

    def _now(self) -> dict[int, tuple[str, bytes]]:
        found = {}
        for path in self._folder.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                content = path.read_bytes()
                if path.suffix == ".wav":
                    content = content[HEADER_BYTES : len(content) - len(content) % 2]
                if content:
                    found[path.stat().st_ino] = (path.name, content)
        return found
