"""A feed fills one take's tape from the stream's tape, span by span. Used by the recorder's thread alone.

A span may begin in the past (pre-roll) and end in the future (what is still on its way through the sound
system): the tape is always the concatenation of the spans, read back from the stream file itself.
"""

import errno
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exam.audio import FrameSpan
from station.tape import Tape, TapeReader

_CHUNK_FRAMES = 1 << 20  # a night's gap is not read in one piece


@dataclass
class _Span:
    """What is still to be copied: from `position` to `end`, which is None while the span is open."""

    position: int
    end: int | None = None


class Feed:
    """One participant's own tape, written in parallel to the stream."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._spans: deque[_Span] = deque()
        self._released = False

    def begin(self, first_frame: int) -> None:
        """The next span begins at this frame of the stream; the one before has been ended."""
        self._spans.append(_Span(first_frame))

    def end(self, frame: int) -> None:
        """The open span ends before this frame."""
        if self._spans and self._spans[-1].end is None:
            self._spans[-1].end = frame

    def release(self) -> None:
        """No further span will come; the tape is to be closed once filled."""
        self._released = True

    @property
    def is_done(self) -> bool:
        """Whether the tape is complete and may be closed."""
        return self._released and not self._spans

    def advance(self, stream: Tape, until: int) -> None:
        """Copy what the stream has of the spans before the frame `until`."""
        while self._spans:
            span = self._spans[0]
            end = until if span.end is None else min(until, span.end)
            while span.position < end:
                data = stream.read(span.position, min(end - span.position, _CHUNK_FRAMES))
                if not data:
                    raise OSError(errno.EIO, "the stream's file has become shorter", str(stream.path))
                self.tape.append(data)
                span.position += len(data) // stream.shape.frame_bytes
            if span.end is None or span.position < span.end:
                return
            self._spans.popleft()

    def turn(self, stream: Tape) -> None:
        """The stream's file is full: copy all of it that is ours; what is still to come goes on in the next file."""
        end = stream.frames
        self.advance(stream, end)
        for span in self._spans:
            span.position = max(0, span.position - end)
            span.end = None if span.end is None else span.end - end


def copy_spans(folder: Path, spans: Sequence[FrameSpan], tape: Tape) -> None:
    """Append the spans' concatenation to `tape`, from the stream files in `folder`.

    Raises Rejected when one is not ours, OSError when one is missing or shorter than the span.
    """
    for span in spans:
        if not span.frames:
            continue
        with TapeReader(folder / span.stream) as stream:
            if span.end > stream.frames:
                raise OSError(errno.EIO, "the stream's file is shorter than the take", str(stream.path))
            for block in stream.blocks(span.first_frame, span.frames, _CHUNK_FRAMES):
                tape.append(block)
