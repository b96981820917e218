"""Where in the stream a time of day is. Pure."""

from collections.abc import Sequence
from datetime import datetime

from exam.audio import FrameSpan
from station.session.day import StreamPart


def spans_between(
    parts: Sequence[StreamPart], first: datetime, last: datetime, *, running: int, sample_rate: int
) -> tuple[FrameSpan, ...]:
    """The stretches of the stream heard from `first` to `last`. `running`: frames of the part still growing."""
    spans: list[FrameSpan] = []
    for part in parts:
        length = running if part.frames is None else part.frames
        begin, end = (min(max(_frame_at(part, at, sample_rate), 0), length) for at in (first, last))
        if end > begin:
            spans.append(FrameSpan(part.file, begin, end - begin))
    return tuple(spans)


def _frame_at(part: StreamPart, at: datetime, sample_rate: int) -> int:
    """The frame heard at `at`, counted from the last anchor before it."""
    known = [(anchor.at, anchor.frame) for anchor in part.anchors] or [(part.started_at, 0)]
    since, frame = max((pair for pair in known if pair[0] <= at), default=known[0])
    return frame + round((at - since).total_seconds() * sample_rate)
