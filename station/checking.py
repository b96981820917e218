"""`station check`: the verdict on any sound file, with the picture if it is wanted.

A master of ours is read as it is, while it grows, too; everything else is decoded by ffmpeg. Either way block by block.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import msgspec
import numpy as np
from msgspec import Struct

from exam import durable, manifest, oswords
from exam.audio import AudioFormat
from exam.errors import ExamError, Rejected
from exam.language import say
from station import decoding
from station.audibility.case import Case
from station.audibility.findings import Verdict
from station.audibility.page import Page, voices_of
from station.audibility.picture import Form, draw
from station.audibility.spectrogram import Spectrogram
from station.audibility.telling import clock, lines_of
from station.audibility.thresholds import Thresholds
from station.audibility.track import Track
from station.audibility.verdict import judge
from station.beside import Known, described, known_of
from station.config import PLACES, VARIABLE, load
from station.judging import track_of
from station.progress import Progress
from station.tape import HEADER_BYTES, TapeReader, counted

Notice = Callable[[str], None]
"""Told how far it has come."""


class Room(NamedTuple):
    """What is configured: `seats` of the microphones whose recordings are ours."""

    thresholds: Thresholds = Thresholds()
    seats: tuple[str, ...] = ()


class Sound(Struct, frozen=True):
    """How the file keeps its sound."""

    container: str
    codec: str
    sample_rate: int
    channels: int


class Trouble(Struct, frozen=True):
    """Why a file could not be judged. `code`: a stable word for programs."""

    code: str
    text: str


class Checked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of one file: `verdict` when `ok`, `error` otherwise.

    `manifest`: the file whose marks or steps were used. `notes`: what else is to be known, each a line.
    """

    file: str
    ok: bool
    verdict: Verdict | None = None
    sound: Sound | None = None
    manifest: str | None = None
    notes: tuple[str, ...] = ()
    error: Trouble | None = None

    @property
    def lines(self) -> list[str]:
        """For a terminal: the first line names the file."""
        if self.verdict is None:
            return [f"{one_line(self.file)}: {one_line(self.error.text)}"] if self.error else []
        first, *others = lines_of(self.verdict)
        return [f"{one_line(self.file)}: {first}", *others, *(f"  • {one_line(note)}" for note in self.notes)]


class _Source(NamedTuple):
    """Sound to be read. `stated_s`: how long it promises to be. `remarks`: of what was read, given its frames."""

    sound: Sound
    shape: AudioFormat
    stated_s: float | None
    blocks: Iterable[bytes]
    remarks: Callable[[int], Iterable[str]]


class _Heard(NamedTuple):
    track: Track
    spectrogram: Spectrogram | None
    sound: Sound
    known: Known
    case: Case
    verdict: Verdict
    notes: tuple[str, ...]


def check(source: Path, room: Room, notice: Notice, plot: Path | None = None) -> Checked:
    """The verdict, and the picture at `plot`; whatever is wrong with the file is told, not raised.

    Raises Rejected when there is no place for the picture, OSError as its disk does.
    """
    if plot is not None:
        _check_place(plot)
    name = _utf8(str(source))
    try:
        heard = _listen(source, room, notice, is_drawn=plot is not None)
    except (ExamError, OSError) as error:
        return Checked(file=name, ok=False, error=_trouble(source, error))
    if plot is not None and heard.spectrogram is not None:
        notice(say("рисуется картинка", "drawing the picture"))
        durable.publish(plot, draw(_page(source, heard, heard.spectrogram), form_of(plot)), mode=0o644)
    beside = heard.known.manifest
    return Checked(
        file=name,
        ok=True,
        verdict=heard.verdict,
        sound=heard.sound,
        manifest=beside.stem + manifest.SUFFIX if beside else None,
        notes=heard.notes,
    )


def check_all(sources: Sequence[Path], config: str | None, plot: Path | None) -> Iterator[Checked]:
    """One after another, told on a terminal how far it has come. `config`: the configuration file, if it was named.

    Raises as `check` does, and ConfigError when there is a configuration and it is wrong.
    """
    room, progress = _room(config), Progress()
    for source in sources:
        checked = check(source, room, progress.tell, plot)
        progress.clear()
        yield checked


def as_json(found: Sequence[Checked]) -> str:
    """One document: a list, in the order asked."""
    return msgspec.json.encode(found).decode()


def _room(config: str | None) -> Room:
    """As configured, if there is a configuration: none is needed to check a file."""
    named = config or os.environ.get(VARIABLE)
    there = [Path(named)] if named else [place for place in PLACES if os.access(place, os.R_OK)]
    if not there:
        return Room()
    told = load(there[0])
    return Room(told.quality, told.seats)


def form_of(plot: Path) -> Form:
    """By the name's ending. Raises ValueError when it is neither of the two."""
    form = plot.suffix.lower().removeprefix(".")
    if form not in {"png", "svg"}:
        raise ValueError(form)
    return cast(Form, form)


def _check_place(plot: Path) -> None:
    """Raise Rejected when there is no place for the picture: known before a long file is listened to."""
    if os.path.lexists(plot):
        raise Rejected(
            f"{plot} уже есть и не тронут. Назовите для картинки другой файл.",
            f"{plot} exists and was left alone. Name another file for the picture.",
            code="exists",
        )
    if not (plot.parent.is_dir() and os.access(plot.parent, os.W_OK)):
        raise Rejected(
            f"Картинку некуда сохранить: папки {plot.parent} нет или она закрыта для записи. Назовите другую.",
            f"No place for the picture: folder {plot.parent} is not there or not writable. Name another.",
            code="no_folder",
        )


def one_line(text: str) -> str:
    """Without what could break the line or command the terminal."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _utf8(text: str) -> str:
    """File names are bytes; what is not UTF-8 in them is escaped."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _trouble(source: Path, error: ExamError | OSError) -> Trouble:
    if isinstance(error, OSError):
        ru, en = oswords.both(error)
        error = decoding.refused(source, f"не читается: {ru}; проверьте диск",
                                 f"cannot be read: {en}; check the disk", "unreadable")  # fmt: skip
    return Trouble(error.code, _utf8(" ".join(str(error).split())))


# -- listening ---------------------------------------------------------------------------------------------------


def _listen(source: Path, room: Room, notice: Notice, *, is_drawn: bool) -> _Heard:
    known = known_of(source)
    with _reading(source) as read:
        spectrogram = Spectrogram(read.shape.sample_rate) if is_drawn else None
        track = track_of(
            _followed(read, spectrogram, lambda text: notice(f"{one_line(source.name)}: {text}")), read.shape
        )
        notes = (*known.notes, *read.remarks(track.frames), *known.doubts(track.seconds))
    seats = known.seats or (room.seats if known.manifest and len(room.seats) == read.shape.channels else ())
    case = Case(
        timeline=known.timeline,
        gaps=known.gaps(read.shape, track.frames),
        seats=seats,
        thresholds=known.judged_by(room.thresholds),
    )
    return _Heard(track, spectrogram, read.sound, known, case, judge(track, case), notes)


def _followed(read: _Source, spectrogram: Spectrogram | None, notice: Notice) -> Iterator[bytes]:
    """The blocks, whole frames of them, on their way into the track."""
    frames, whole = 0, f" / {clock(read.stated_s)}" if read.stated_s else ""
    for block in read.blocks:
        count = len(block) // read.shape.frame_bytes
        heard = block[: count * read.shape.frame_bytes]
        frames += count
        decoding.check_length(read.shape.seconds(frames))
        if spectrogram is not None:
            spectrogram.feed(np.frombuffer(heard, "<i2").reshape(-1, read.shape.channels))
        notice(clock(read.shape.seconds(frames)) + whole)
        yield heard


@contextmanager
def _reading(source: Path) -> Iterator[_Source]:
    with decoding.opened(source) as file:
        told = counted(os.pread(file.fileno(), HEADER_BYTES, 0))
        if told is not None and _is_usual(told[0]):
            with TapeReader(source) as reader:
                yield _master(source, reader, told[1] // reader.shape.frame_bytes)
            return
        track, errors = decoding.probe(file, source), list[str]()

        def remarks(frames: int) -> Iterator[str]:
            decoding.check_sound(source, frames, errors)
            yield from decoding.damage(file, track, frames, errors)
            yield from decoding.remarks(track)

        with closing(decoding.pcm(file, track, errors)) as blocks:
            sound = Sound(track.container, track.codec, track.shape.sample_rate, track.channels)
            yield _Source(sound, track.shape, track.stated_s, blocks, remarks)


def _is_usual(shape: AudioFormat) -> bool:
    """Whether a master of ours may have this shape."""
    return decoding.LOWEST_RATE <= shape.sample_rate <= decoding.HIGHEST_RATE and (
        shape.channels <= decoding.MOST_CHANNELS
    )


def _master(source: Path, reader: TapeReader, counted_frames: int) -> _Source:
    """What its header counts: behind that a file that still grows may hold frames of uncertain place."""
    frames = min(reader.frames, counted_frames)
    sound = Sound("wav", "pcm_s16le", reader.shape.sample_rate, reader.shape.channels)

    def remarks(read_frames: int) -> Iterator[str]:
        decoding.check_sound(source, read_frames, [])
        if read_frames < counted_frames:
            yield say(
                f"файл обрезан: {clock(reader.shape.seconds(read_frames))} из "
                f"{clock(reader.shape.seconds(counted_frames))}",
                f"the file is cut: {clock(reader.shape.seconds(read_frames))} of "
                f"{clock(reader.shape.seconds(counted_frames))}",
            )

    return _Source(sound, reader.shape, reader.shape.seconds(frames), reader.blocks(0, frames), remarks)


# -- the picture -------------------------------------------------------------------------------------------------


def _page(source: Path, heard: _Heard, spectrogram: Spectrogram) -> Page:
    return Page(
        title=one_line(source.name),
        subtitle=_subtitle(heard),
        verdict=heard.verdict,
        case=heard.case,
        track=heard.track,
        spectrogram=spectrogram,
        voices=voices_of(heard.track, heard.case),
        remarks=heard.notes,
    )


def _subtitle(heard: _Heard) -> str:
    told, sound = heard.known.manifest, heard.sound
    kept = f"{sound.codec}, {sound.sample_rate} {say('Гц', 'Hz')}, {say('каналов', 'channels')}: {sound.channels}"
    return " · ".join([*described(told), kept] if told else [kept])
