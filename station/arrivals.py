"""What was lost on the way of blocks, how much and where, told by when they arrive. Pure.

Sound that is only late was lost by nobody, and a sound system may lose without a word. Both look alike when a block
comes late; so from then on blocks are held until one comes in time again (they were late) or the lateness has stayed
for a second of sound (so much is lost), or four where it is no more than pieces of sound, fetched now sooner, now
later, may look like. A run that follows a gap is held for a moment as well, until it is known when its first frame was
captured.

Used by `taping` alone, which must place the steps in order.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from exam.audio import AudioFormat
from exam.clock import NS_PER_S
from station.messages import Block
from station.timeline import Line

_LATE_NS = 60 * NS_PER_S // 1000  # a sound server delivers in pieces of up to 50 ms
_IN_TIME_NS = 20 * NS_PER_S // 1000
_NOTHING_LOST_NS = 10 * NS_PER_S // 1000  # the sound system said that it lost some: told apart more finely
_STAYS_S, _LEAST_STAY_S = 1.0, 0.3  # of sound; the least: where no more will come
_LITTLE_NS = 60 * NS_PER_S // 1000  # pieces waiting to be fetched may look like it for long
_LITTLE_STAYS_S, _LITTLE_LEAST_STAY_S = 4.0, 2.0
_ONE_MOMENT_S = 0.2  # of sound, at the most, does one arrival tell of, however much had been waiting
_SETTLES_NS = 3 * NS_PER_S // 10
_LIVE_S = 0.1
_HOLD_NS = 10 * NS_PER_S  # at the most


class Begins(Struct, frozen=True):
    """A run begins with the next block, whose first frame was captured at `at_ns`, monotonic."""

    at_ns: int


class Lost(Struct, frozen=True):
    """`frames` were lost before the next block."""

    frames: int
    reason: Literal["dropped", "overflow"]


Step = Begins | Lost | Block


class _Doubt(Struct):
    """Blocks are late, the first by `late_ns`; by `least_ns` at the least, which `stayed` frames have told since.

    Frames of the run captured when the first came: `captured`, and before: `known`. `flagged_at`: the frame before
    which the sound system said that it lost some.
    """

    known: int
    captured: int
    late_ns: int
    least_ns: int
    stayed: int
    flagged_at: int | None

    def note(self, late_ns: int, frames: int) -> None:
        self.stayed = 0 if late_ns < self.least_ns - _NOTHING_LOST_NS else self.stayed + frames
        self.least_ns = min(self.least_ns, late_ns)

    @property
    def is_little(self) -> bool:
        return self.flagged_at is None and self.least_ns <= _LITTLE_NS

    @property
    def in_time_ns(self) -> int:
        return _IN_TIME_NS if self.flagged_at is None else _NOTHING_LOST_NS


class Arrivals:
    """The blocks of run after run."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape = shape
        self._run: int | None = None
        self._line = Line(0, 0)
        self._lost = self._next = self._captured = 0  # frames of this run
        self._held: list[Block] = []
        self._settled_at_ns: int | None = None
        self._doubt: _Doubt | None = None

    def take(self, block: Block, *, after_gap: bool) -> list[Step]:
        """What can be placed now that `block` has come. `after_gap`: silence of unknown length precedes its run."""
        steps: list[Step] = []
        if block.run != self._run or (after_gap and self._settled_at_ns is None):
            steps = self.flush()
            after_gap = after_gap or self._run is not None
            self._begin(block, after_gap=after_gap)
            if not after_gap:
                steps.append(self._beginning(block))
        self._held.append(block)
        zero_ns = self._zero_ns(block)
        late_ns = zero_ns - self._line.zero_ns
        self._line.add(zero_ns, block.monotonic_ns)
        return steps + self._judged(block, late_ns)

    @property
    def is_settling(self) -> bool:
        """Whether blocks are held because it is not known well enough when their run began."""
        return self._settled_at_ns is not None

    @property
    def held(self) -> Sequence[Block]:
        """What waits until its place is certain, up to the first frame that is missing."""
        following = self._next
        for number, block in enumerate(self._held):
            if block.first_frame != following:
                return self._held[:number]
            following = self._end(block)
        return self._held

    def flush(self) -> list[Step]:
        """Everything held, as well as it is known now: the run is over, or the file."""
        if self._settled_at_ns is not None:
            return self._settled()
        if (doubt := self._doubt) is None:
            return self._released()
        stays = doubt.stayed >= self._shape.frames(_LITTLE_LEAST_STAY_S if doubt.is_little else _LEAST_STAY_S)
        return self._resolved(doubt) if stays else self._released()

    def _begin(self, block: Block, *, after_gap: bool) -> None:
        self._run, self._lost = block.run, 0
        self._next = self._captured = block.first_frame
        self._line = Line(self._zero_ns(block), block.monotonic_ns)
        self._settled_at_ns = block.monotonic_ns + _SETTLES_NS if after_gap else None
        self._doubt = None

    def _judged(self, block: Block, late_ns: int) -> list[Step]:
        before, self._captured = self._captured, self._end(block) + block.beyond
        if self._settled_at_ns is not None:
            return self._settled() if block.monotonic_ns >= self._settled_at_ns else []
        doubt = self._doubt
        if late_ns > _LATE_NS + (doubt.least_ns if doubt else 0) or block.overflow:
            flagged_at = block.first_frame if block.overflow else None
            doubt = _Doubt(before, self._captured, late_ns, late_ns, 0, flagged_at)
        elif doubt is not None:
            doubt.note(late_ns, min(self._captured - before, self._shape.frames(_ONE_MOMENT_S)))
        self._doubt = doubt
        if doubt is None or late_ns <= doubt.in_time_ns:
            return self._released()
        stays = doubt.stayed >= self._shape.frames(_LITTLE_STAYS_S if doubt.is_little else _STAYS_S)
        if stays or block.monotonic_ns - self._held[0].monotonic_ns >= _HOLD_NS:
            return self._resolved(doubt)
        return []

    def _settled(self) -> list[Step]:
        self._settled_at_ns = None
        return [self._beginning(self._held[0]), *self._released()]

    def _beginning(self, block: Block) -> Begins:
        return Begins(self._line.zero_ns + block.first_frame * NS_PER_S // self._shape.sample_rate)

    def _resolved(self, doubt: _Doubt) -> list[Step]:
        """So much is lost: where the sound system said it, else where what had been waiting on the way was used up.

        What came first is too little to have been waiting, as a rule, when it came no later than what followed.
        """
        if doubt.least_ns <= doubt.in_time_ns:
            return self._released()
        missing = self._frames(doubt.least_ns)
        self._lost += missing
        if doubt.flagged_at is not None:
            return self._released(Lost(missing, "overflow"), doubt.flagged_at)
        came = doubt.captured + self._frames(doubt.late_ns - doubt.least_ns)
        is_live = came - doubt.known <= self._shape.frames(_LIVE_S)
        return self._released(Lost(missing, "dropped"), doubt.known if is_live else came)

    def _released(self, lost: Lost | None = None, before_frame: int = 0) -> list[Step]:
        """All that is held, in order, `lost` in its place; what the frame numbers tell to be missing as well."""
        held, self._held, self._doubt = self._held, [], None
        steps: list[Step] = []
        for block in held:
            if block.first_frame > self._next:
                steps.append(Lost(block.first_frame - self._next, "dropped"))
            self._next = self._end(block)
            if lost is not None and (before_frame < self._next or block is held[-1]):
                steps += self._parted(block, before_frame, lost)
                lost = None
            else:
                steps.append(block)
        return steps

    def _parted(self, block: Block, before_frame: int, lost: Lost) -> Sequence[Step]:
        frames = max(0, min(before_frame, self._end(block)) - block.first_frame)
        cut, left = frames * self._shape.frame_bytes, self._end(block) - block.first_frame - frames
        head = msgspec.structs.replace(block, data=block.data[:cut], beyond=block.beyond + left)
        rest = msgspec.structs.replace(
            block, data=block.data[cut:], first_frame=block.first_frame + frames, overflow=block.overflow and not frames
        )
        return [*([head] if frames else ()), lost, *([rest] if left else ())]

    def _end(self, block: Block) -> int:
        return block.first_frame + len(block.data) // self._shape.frame_bytes

    def _zero_ns(self, block: Block) -> int:
        """When frame 0 of the run, had nothing been lost since, was captured, as this block tells."""
        captured = self._end(block) + block.beyond + self._lost
        return block.monotonic_ns - captured * NS_PER_S // self._shape.sample_rate

    def _frames(self, ns: int) -> int:
        return self._shape.sample_rate * ns // NS_PER_S
