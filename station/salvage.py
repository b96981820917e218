"""What is in a folder that may be torn, copied from a broken PC's disk or mixed with foreign files; and rescuing sound.

`survey` trusts no name, header or journal and only reads. `rescue` writes a damaged master's sound under a new name;
the damaged file stays as it is. For recovery, also by hand.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam import durable, manifest, names, oswords, roomday
from exam.audio import AudioFormat
from exam.errors import ExamError, Rejected
from exam.language import say
from exam.names import Kind, RecordingName
from station import journal as journals
from station.decoding import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS
from station.foreign import OUR_SUFFIXES, import_audio
from station.tape import HEADER_BYTES, SUFFIX, Tape, TapeReader, header

_FMT = slice(48, 72)
"""Where our header's fmt chunk lies."""
_OUR_FIRST_CHUNKS = (b"JUNK", b"ds64")
_SOUND_MAGIC = (b"fLaC", b"OggS", b"ID3", b"FORM")
_COPY_BYTES = 1 << 20


class What(StrEnum):
    """What an entry of a folder is, by its name."""

    STREAM = "stream"
    TAKE = "take"
    REHEARSAL = "rehearsal"
    MANIFEST = "manifest"
    DELIVERY = "delivery"
    COMPANION = "companion"
    """Named like a recording of ours, with an ending this module does not know."""
    JOURNAL = "journal"
    ROOM_DAY = "room_day"
    """What the headquarters are told of the room."""
    TEMPORARY = "temporary"
    FOREIGN = "foreign"


class State(StrEnum):
    """In what state it is, by its content."""

    WHOLE = "whole"
    UNSEALED = "unsealed"
    """A master whose header counts other bytes than there are: `tape.seal` repairs it."""
    EMPTY = "empty"
    """No sound, or nothing at all, was written to it yet."""
    HEADLESS = "headless"
    """A master's sound without a header to be trusted: `rescue`."""
    OTHER_FORM = "other_form"
    """Some program wrote another sound file over our name: `rescue`."""
    TORN = "torn"
    """A journal whose last line a crash cut: nothing that was answered is lost."""
    BROKEN = "broken"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    """Not looked into."""


MASTERS: Mapping[Kind, What] = {
    Kind.STREAM: What.STREAM,
    Kind.PARTICIPANT: What.TAKE,
    Kind.REHEARSAL: What.REHEARSAL,
}


class Finding(Struct, frozen=True):
    """One entry. `file`: its name as the folder has it; `name`: what that means, if it is ours.

    `shape`, `frames`: a master's, where its header can be trusted. `text`: for a person, what is wrong.
    """

    file: str
    what: What
    state: State
    size: int
    name: RecordingName | None = None
    shape: AudioFormat | None = None
    frames: int | None = None
    text: str = ""

    @property
    def is_master(self) -> bool:
        return self.what in MASTERS.values()

    @property
    def is_rescuable(self) -> bool:
        """Whether there is sound in it that only `rescue` brings back."""
        return self.is_master and self.state in {State.HEADLESS, State.OTHER_FORM}


def survey(folder: Path) -> tuple[Finding, ...]:
    """Every entry of a folder, by name. Raises Rejected when the folder cannot be listed."""
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise Rejected(
            f"Папка {folder} не читается: {oswords.ru(error)}.", f"{folder} cannot be read: {error.strerror}.",
            code="no_folder",
        ) from error  # fmt: skip
    return tuple(_finding(path) for path in entries)


def shape_for(name: RecordingName, findings: Sequence[Finding], configured: AudioFormat) -> AudioFormat:
    """What a headless master most likely was: the shape of the stream, else of the day's other masters, else the
    configured one. A rehearsal or stream part is like its neighbours by number."""
    alike = [each for each in findings if each.name and each.shape and each.is_master and _of_one_day(each.name, name)]
    near = sorted(alike, key=lambda each: (each.what is not What.STREAM, _distance(each.name, name)))
    return near[0].shape or configured if near else configured


def free_name(name: RecordingName, folders: Iterable[Path]) -> RecordingName:
    """The first name from `name` on, counting takes or parts up, that nothing in the folders bears with any ending."""
    taken = [_nfc(entry.name).casefold() for folder in folders for entry in folder.iterdir()]
    while any(other == name.stem.casefold() or other.startswith(f"{name.stem}.".casefold()) for other in taken):
        name = replace(name, number=name.number + 1)
    return name


def rescue(damaged: Path, target: Path, shape: AudioFormat) -> int:
    """Write the sound of a headless or foreign-form master as a whole one at `target`; frames in it.

    `shape` is used where the file itself does not tell. Raises Rejected when there is no sound in it or the name is
    taken, OSError as the disk does. `damaged` is only read.
    """
    if _master_state(damaged).state is State.OTHER_FORM:
        return import_audio(damaged, target).frames
    temporary = durable.temporary_in(target.parent)
    try:
        frames = _copy_sound(damaged, temporary, shape)
        if frames == 0:
            raise Rejected(
                f"В {damaged.name} нет звука: {damaged.stat().st_size} байт. Файл не тронут.",
                f"{damaged.name} holds no sound: {damaged.stat().st_size} bytes. It was left untouched.",
                code="empty",
            )
        durable.move_without_replacing(temporary, target)
    except FileExistsError as error:
        raise Rejected(
            f"{target.name} уже есть; файл не тронут.", f"{target.name} exists; it was left alone.", code="exists"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return frames


def _copy_sound(damaged: Path, target: Path, shape: AudioFormat) -> int:
    """What follows the place of our header, in whole frames."""
    with damaged.open("rb") as source:
        tape = Tape(target, shape)
        try:
            source.seek(HEADER_BYTES)
            while block := source.read(_COPY_BYTES):
                tape.append(block[: len(block) // shape.frame_bytes * shape.frame_bytes])
        finally:
            tape.close()
    return tape.frames


# -- one entry ---------------------------------------------------------------------------------------------------


def _finding(path: Path) -> Finding:
    seen = path.lstat()
    what, name = _named(path.name)
    blank = Finding(path.name, what, State.UNKNOWN, seen.st_size, name)
    if not stat.S_ISREG(seen.st_mode):
        text = say("не обычный файл: папка, ссылка или устройство", "not a regular file: folder, link or device")
        return replace(blank, what=What.FOREIGN, text=text)
    try:
        return _examined(path, blank)
    except OSError as error:
        return replace(blank, state=State.UNREADABLE, text=oswords.shown(error))


def _examined(path: Path, blank: Finding) -> Finding:
    if blank.is_master:
        found = _master_state(path)
        return replace(found, what=blank.what, name=blank.name)
    if blank.what is What.MANIFEST:
        return _manifest_state(path, blank)
    if blank.what is What.JOURNAL:
        return _journal_state(path, blank)
    return blank


def _named(file: str) -> tuple[What, RecordingName | None]:
    if file.startswith(durable.TEMPORARY_PREFIX):
        return What.TEMPORARY, None
    if file == journals.FILE:
        return What.JOURNAL, None
    stem, dot, ending = _nfc(file).rpartition(".")  # a Mac's disk returns names decomposed
    try:
        name = names.parse(stem)
    except Rejected:
        return What.ROOM_DAY if roomday.is_room_day(_nfc(file)) else What.FOREIGN, None
    if dot + ending == SUFFIX:
        return MASTERS[name.kind], name
    if dot + ending == manifest.SUFFIX:
        return What.MANIFEST, name
    return What.DELIVERY if dot + ending in OUR_SUFFIXES else What.COMPANION, name


def _master_state(path: Path) -> Finding:
    size = path.stat().st_size
    blank = Finding(path.name, What.FOREIGN, State.EMPTY, size)
    if size <= HEADER_BYTES:
        return replace(blank, frames=0, text=say("звука ещё не было", "no sound was written yet"))
    try:
        with TapeReader(path) as reader:
            if _is_plausible(path, reader.shape):
                state = State.WHOLE if reader.is_whole else State.UNSEALED
                text = "" if reader.is_whole else say("заголовок не дописан", "the header was not finished")
                return replace(blank, state=state, shape=reader.shape, frames=reader.frames, text=text)
    except Rejected:
        pass
    if _is_other_form(_head(path)):
        text = say("звуковой файл другой программы под нашим именем", "another program's sound file under our name")
        return replace(blank, state=State.OTHER_FORM, text=text)
    text = say("заголовок потерян, звук после него есть", "the header is lost, there is sound after it")
    return replace(blank, state=State.HEADLESS, text=text)


def _is_plausible(path: Path, shape: AudioFormat) -> bool:
    """Whether the header's fields agree with each other and are what a station records."""
    if not (LOWEST_RATE <= shape.sample_rate <= HIGHEST_RATE and shape.channels <= MOST_CHANNELS):
        return False
    return _head(path)[_FMT] == header(shape, 0)[_FMT]


def _is_other_form(head: bytes) -> bool:
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return head[12:16] not in _OUR_FIRST_CHUNKS
    return head.startswith(_SOUND_MAGIC) or head[4:8] == b"ftyp"


def _manifest_state(path: Path, blank: Finding) -> Finding:
    try:
        told = manifest.load(path)
    except ExamError as error:
        return replace(blank, state=State.BROKEN, text=str(error))
    if _nfc(told.stem) != _nfc(manifest.stem_of(path)):
        text = say(f"описывает другой файл: {told.audio.file}", f"describes another file: {told.audio.file}")
        return replace(blank, state=State.BROKEN, text=text)
    return replace(blank, state=State.WHOLE)


def _journal_state(path: Path, blank: Finding) -> Finding:
    _, damages = journals.salvage(path.parent)
    if damages:
        return replace(blank, state=State.BROKEN, text="; ".join(damage.text for damage in damages))
    with path.open("rb") as file:
        if blank.size == 0:
            return replace(blank, state=State.EMPTY)
        file.seek(-1, os.SEEK_END)
        return replace(blank, state=State.WHOLE if file.read() == b"\n" else State.TORN)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_BYTES)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _of_one_day(one: RecordingName, other: RecordingName) -> bool:
    return (one.exam_date, one.room, one.school) == (other.exam_date, other.room, other.school)


def _distance(one: RecordingName | None, other: RecordingName) -> int:
    return abs(one.number - other.number) if one else 0
