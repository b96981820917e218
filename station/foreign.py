"""Sound from elsewhere: a dictaphone's, a conference's or another recorder's file becomes a master of ours.

Decoded by `decoding`, block by block. What decodes of a damaged file is kept and said to be damaged. Called by
`station import`; cheap to interrupt: what is unfinished is removed.
"""

import errno
import os
import shutil
from contextlib import closing
from io import FileIO
from pathlib import Path

from msgspec import Struct

from exam import durable, names
from exam.audio import AudioFormat
from exam.errors import Rejected
from exam.fixity import sha256_of
from station import decoding
from station.decoding import SoundTrack, refused
from station.tape import SUFFIX, Tape, TapeReader

OUR_SUFFIXES = (SUFFIX, ".mp3", ".flac", ".m4a")
"""What masters and their deliveries end in."""


class Imported(Struct, frozen=True):
    """A master made of a foreign file. `sha256` and `size` (bytes) are the source's.

    `stated_s`: seconds its container promises, None where it only guesses. `damaged`: the source is not whole; what
    decodes of it is in the master. `warnings`: for the operator, each a line.
    """

    shape: AudioFormat
    frames: int
    sha256: str
    size: int
    container: str
    codec: str
    stated_s: float | None
    damaged: bool
    warnings: tuple[str, ...]


def import_audio(source: Path, master: Path, *, reserve_bytes: int = 0) -> Imported:
    """Decode `source` into a new master at `master`, durable and whole or not there at all.

    `reserve_bytes`: what must stay free on the master's disk. Raises Rejected when there is no sound to be had from
    the source or the name is taken, Fatal without ffmpeg, OSError as the disk does. The source is only read.
    """
    with decoding.opened(source) as file:
        _check_foreign(source, master)
        before = os.fstat(file.fileno())
        sha256 = sha256_of(file)
        sound = decoding.probe(file, source)
        temporary = durable.temporary_in(master.parent)
        try:
            frames, errors = _decode(file, sound, temporary, reserve_bytes)
            if _mark(os.fstat(file.fileno())) != _mark(before):
                raise refused(source, "изменился во время чтения; дождитесь конца копирования",
                               "changed while it was read; wait until it is copied", "changed")  # fmt: skip
            decoding.check_sound(source, frames, errors)
            _publish(temporary, master)
        finally:
            temporary.unlink(missing_ok=True)
        damage = tuple(decoding.damage(file, sound, frames, errors))
    warnings = (*damage, *decoding.remarks(sound))
    return Imported(sound.shape, frames, sha256, before.st_size, sound.container, sound.codec, sound.stated_s,
                    bool(damage), warnings)  # fmt: skip


def _check_foreign(source: Path, master: Path) -> None:
    if _is_ours(source, master):
        raise refused(source, "— уже запись этого дня; импорт не нужен",
                      "is a recording of this day already; no import is needed", "ours")  # fmt: skip


def _is_ours(source: Path, master: Path) -> bool:
    """Whether the source lies in the master's folder as a recording of ours. A master that another program wrote over
    is none: it is imported, to be rescued."""
    if not source.parent.samefile(master.parent):
        return False
    suffix = next((suffix for suffix in OUR_SUFFIXES if source.name.endswith(suffix)), None)
    if suffix is None:
        return False
    try:
        names.parse(source.name.removesuffix(suffix))
        if suffix == SUFFIX:
            with TapeReader(source):
                pass
    except Rejected:
        return False
    return True


def _mark(seen: os.stat_result) -> tuple[int, int]:
    return seen.st_size, seen.st_mtime_ns


# -- decoding --------------------------------------------------------------------------------------------------


def _decode(file: FileIO, sound: SoundTrack, target: Path, reserve_bytes: int) -> tuple[int, list[str]]:
    """Frames written, and the first complaints of ffmpeg."""
    errors: list[str] = []
    tape = Tape(target, sound.shape)
    try:
        with closing(decoding.pcm(file, sound, errors)) as blocks:
            for block in blocks:
                _check_room(tape, len(block), reserve_bytes)
                tape.append(block)
    finally:
        tape.close()
    return tape.frames, errors


def _check_room(tape: Tape, more_bytes: int, reserve_bytes: int) -> None:
    decoding.check_length(tape.shape.seconds(tape.frames))
    if shutil.disk_usage(tape.path.parent).free - more_bytes < reserve_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tape.path.parent))


def _publish(temporary: Path, master: Path) -> None:
    try:
        durable.move_without_replacing(temporary, master)
    except FileExistsError as error:
        raise Rejected(
            f"{master.name} уже есть; файл не тронут.", f"{master.name} exists; it was left alone.", code="exists"
        ) from error
