"""Places in audio, counted in frames: a frame is one sample of every channel at one instant."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

SAMPLE_BYTES = 2
"""Masters are 16-bit PCM: two bytes a sample."""

GapReason = Literal["device_lost", "overflow", "outage", "dropped"]
"""Why frames are silence instead of sound: the microphone was away, its buffer overran, the station was
down, or the inbox was full."""


class AudioFormat(Struct, frozen=True):
    """16-bit little-endian PCM, channels interleaved."""

    sample_rate: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        return SAMPLE_BYTES * self.channels

    def frames(self, seconds: float) -> int:
        """Whole frames nearest to `seconds`."""
        return round(seconds * self.sample_rate)

    def seconds(self, frames: int) -> float:
        return frames / self.sample_rate


class FrameSpan(Struct, frozen=True):
    """`frames` frames of the stream file `stream` (a file name), from `first_frame` on."""

    stream: str
    first_frame: int
    frames: int

    @property
    def end(self) -> int:
        """The first frame after the span."""
        return self.first_frame + self.frames


class Gap(Struct, frozen=True):
    """Frames of a file that hold silence because their sound was never captured."""

    first_frame: int
    frames: int
    reason: GapReason

    @property
    def end(self) -> int:
        """The first frame after the gap."""
        return self.first_frame + self.frames


class Mark(Struct, frozen=True):
    """Task `task` begins at frame `frame`."""

    task: int
    frame: int


def gaps_within(gaps: Mapping[str, Sequence[Gap]], spans: Sequence[FrameSpan]) -> tuple[Gap, ...]:
    """The parts of the streams' `gaps` (by stream file) that `spans` cover, in frames of their concatenation."""
    found: list[Gap] = []
    offset = 0
    for span in spans:
        for gap in gaps.get(span.stream, ()):
            first, end = max(gap.first_frame, span.first_frame), min(gap.end, span.end)
            if first < end:
                found.append(Gap(offset + first - span.first_frame, end - first, gap.reason))
        offset += span.frames
    return tuple(found)


def frame_within(spans: Sequence[FrameSpan], stream: str, frame: int) -> int:
    """Where `frame` of `stream` is in the spans' concatenation; a frame between two spans is where the next begins."""
    offset = 0
    for span in spans:
        if span.stream == stream and frame < span.end:
            return offset + max(0, frame - span.first_frame)
        offset += span.frames
    return offset
