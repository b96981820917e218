"""Where the sound of a take lies: in a file of its own, else in the stream. Reads journal and tapes, writes nothing.

The journal is read and not the daemon asked: it knows every take's spans and marks, is synced before anything is
answered, and costs the recorder nothing. A name from outside is only ever looked up in it, never made into a path.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, structs

from exam.audio import AudioFormat, FrameSpan, frame_within
from exam.errors import Rejected
from exam.localpage.refusal import Refused
from station import journal
from station.session import Take
from station.tape import SUFFIX, TapeReader


class Piece(Struct, frozen=True):
    """Consecutive frames of one of our files."""

    path: Path
    first_frame: int
    frames: int


class Sound(Struct, frozen=True):
    """A recording as it can be heard now. `marks`: the frames where tasks begin.

    `is_whole`: nothing of it is still on its way to the disk, or lost.
    """

    stem: str
    shape: AudioFormat
    pieces: tuple[Piece, ...]
    marks: tuple[tuple[int, int], ...] = ()
    is_whole: bool = True

    @property
    def frames(self) -> int:
        return sum(piece.frames for piece in self.pieces)

    @property
    def seconds(self) -> float:
        return self.shape.seconds(self.frames)

    def blocks(self, first_frame: int, frames: int, most: int) -> Generator[bytes, None, None]:
        """These frames, at most `most` at once, so that an hour is never held whole. Raises as the disk does."""
        end, begin = first_frame + frames, 0
        for piece in self.pieces:
            first, last = max(first_frame, begin), min(end, begin + piece.frames)
            if first < last:
                with TapeReader(piece.path) as tape:
                    yield from tape.blocks(piece.first_frame + first - begin, last - first, most)
            begin += piece.frames


def find(folders: Sequence[Path], stem: str) -> Sound:
    """The recording of that name. Raises Refused where there is none, or it is still being made."""
    from station import recovery  # noqa: PLC0415 - heavy, and most pages never listen

    known = [folder for folder in folders if _size(folder) > 0]
    if not known:
        raise _unknown(stem)
    day = recovery.replay(max(known, key=_size))
    if day.rehearsal_of(stem) is not None and day.rehearsal is None:
        return _alone(known, stem, (stem,), ())
    take = day.takes.get(stem)
    if take is None:
        raise _unknown(stem)
    if take.open_from is not None:
        raise Refused(409, "still_recording", "Запись ещё идёт: сначала остановите её.", "Still recording: stop first.")
    return _of_take(known, take)


def _of_take(folders: Sequence[Path], take: Take) -> Sound:
    """From its own file, where that holds all of it; else from the stream."""
    names = dict.fromkeys((take.stem, take.tape))
    spans = tuple(span for span in take.spans if span.frames)
    marks = tuple((task, frame_within(spans, place.stream, place.frame)) for task, place in take.marks)
    if not spans:
        return _alone(folders, take.stem, names, marks)
    found = []
    with suppress(Refused):
        found.append(_alone(folders, take.stem, names, marks))
        if found[0].is_whole and found[0].frames == sum(span.frames for span in spans):
            return found[0]
        found[0] = structs.replace(found[0], is_whole=False)
    with suppress(Refused):
        found.append(_cut(folders, take.stem, spans, marks))
    if not found:
        raise _unknown(take.stem)
    return max(found, key=lambda sound: (sound.is_whole, sound.frames))


def _alone(folders: Sequence[Path], stem: str, names: Iterable[str], marks: tuple[tuple[int, int], ...]) -> Sound:
    for path in (folder / (name + SUFFIX) for folder in folders for name in names):
        with suppress(OSError, Rejected), TapeReader(path) as tape:
            piece = Piece(path, 0, tape.frames)
            return Sound(stem, tape.shape, (piece,), marks, is_whole=tape.is_whole)
    raise _unknown(stem)


def _cut(folders: Sequence[Path], stem: str, spans: Sequence[FrameSpan], marks: tuple[tuple[int, int], ...]) -> Sound:
    """What there is of the spans."""
    pieces, shapes = [], []
    for span in spans:
        for path in (folder / span.stream for folder in folders):
            with suppress(OSError, Rejected), TapeReader(path) as tape:
                pieces.append(Piece(path, span.first_frame, max(0, min(span.frames, tape.frames - span.first_frame))))
                shapes.append(tape.shape)
                break
    if not pieces:
        raise _unknown(stem)
    found = tuple(piece for piece in pieces if piece.frames)
    is_whole = sum(piece.frames for piece in found) == sum(span.frames for span in spans)
    return Sound(stem, shapes[0], found, marks, is_whole=is_whole)


def _size(folder: Path) -> int:
    """Of its journal: of two sides of a day the longer one knows more."""
    try:
        return (folder / journal.FILE).stat().st_size
    except OSError:
        return 0


def _unknown(stem: str) -> Refused:
    return Refused(
        404,
        "no_sound",
        f"Записи «{stem}» сегодня в этой аудитории нет.",
        f"There is no recording “{stem}” of this room today.",
    )
