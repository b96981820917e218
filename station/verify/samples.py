"""Invariant 3: recordings compared with the stream they were cut from, sample by sample."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from exam.audio import FrameSpan, Gap
from exam.errors import Rejected
from exam.language import say
from station.tape import TapeReader
from station.verify.report import Breach

_BLOCK_FRAMES = 1 << 18


def against_spans(
    folder: Path, tape: TapeReader, spans: Sequence[FrameSpan], *, may_be_longer: bool = False
) -> Iterator[Breach]:
    """Where `tape` is not the concatenation of its spans of the stream, or does not begin with it."""
    position = 0
    for span in spans:
        if not span.frames:
            continue  # a press whose sound never came
        try:
            with TapeReader(folder / span.stream) as stream:
                equal = _equal(stream, span, tape, position)
        except (OSError, Rejected) as error:
            yield Breach(3, span.stream, str(error))
            return
        if not equal:
            at = position / tape.shape.sample_rate
            text = say(
                f"не равна своему отрезку {span.stream} (с {at:.1f} с)", f"differs from {span.stream} at {at:.1f} s"
            )
            yield Breach(3, tape.path.name, text)
        position += span.frames
    if position != tape.frames and not (may_be_longer and position < tape.frames):
        yield Breach(3, tape.path.name, say("длина не равна сумме отрезков", "its length is not the sum of its spans"))


def is_silent(tape: TapeReader, gap: Gap) -> bool:
    return not any(any(block) for block in tape.blocks(gap.first_frame, gap.frames, _BLOCK_FRAMES))


def _equal(stream: TapeReader, span: FrameSpan, tape: TapeReader, position: int) -> bool:
    ours = tape.blocks(position, span.frames, _BLOCK_FRAMES)
    theirs = stream.blocks(span.first_frame, span.frames, _BLOCK_FRAMES)
    return span.end <= stream.frames and all(a == b for a, b in zip(ours, theirs, strict=True))
