"""A drive somebody brought, read as hostile: its note is authenticated, its list bounded, no name leads elsewhere.

Nothing on it is followed (links), waited for (pipes) or believed before its SHA-256 is known. Called by `receiving`;
`collecting` takes its turn here.
"""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from exam import oswords
from exam.errors import Rejected
from sync.drives import model, sealing
from sync.drives.model import MAX_LIST_BYTES, MAX_NOTE_BYTES, NOTE, DriveFile, DriveList, DriveNote

_MOST_FOLDERS = 10_000
_NOT_PLAIN = {errno.ELOOP, errno.ENXIO, errno.ENOTDIR}
"""What the system says of links, sockets, and of a link where a folder should be."""

KeysOf = Callable[[str], list[str]]
"""The keys a school's drives may be authenticated with; none for an unknown school."""


class Found(Struct, frozen=True):
    """A folder on a drive whose note proved to be the school's."""

    folder: Path
    note: DriveNote


def notes_on(drive: Path) -> list[Path]:
    """The folders that hold a note: the one named, or those in it. Raises Rejected where there is none."""
    try:
        drive = drive.resolve(strict=True)
        folders = [drive, *sorted(Path(entry.path) for entry in _entries(drive) if entry.is_dir(follow_symlinks=False))]
        found = [folder for folder in folders if os.path.lexists(folder / NOTE)]
    except OSError as error:
        raise Rejected(
            f"Накопитель {drive} не читается: {oswords.ru(error)}.",
            f"The drive {drive} cannot be read.",
            code="no_drive",
        ) from error
    if not found:
        raise Rejected(
            f"На {drive} нет накопителя школы (файла {NOTE}). Проверьте, тот ли это накопитель и та ли папка.",
            f"There is no school's drive at {drive} (no {NOTE}). Check drive and folder.",
            code="no_drive",
        )
    return found


def take_turn(descriptor: int) -> None:
    """Only one process at a time takes drives into a folder; the lock goes with the descriptor. Raises Rejected."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Rejected(
            "Здесь уже принимают другой накопитель. Дождитесь конца и повторите.",
            "Another drive is being taken in here already. Wait for its end and repeat.",
            code="busy",
        ) from None


def opened(folder: Path, keys_of: KeysOf) -> Found:
    """The note in `folder`, authenticated. Raises Rejected for a forged or damaged one."""
    content = _read(folder, NOTE, MAX_NOTE_BYTES)
    try:
        note = msgspec.json.decode(content, type=DriveNote)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(folder, f"описание испорчено ({error})", f"its note is damaged ({error})") from error
    school = model.shown(note.school)
    keys = keys_of(note.school)
    if not keys:
        raise _refused(folder, f"это накопитель школы {school}, здесь её не ждут", f"of school {school}, not expected")
    if content != note.written or not any(note.is_sealed_by(key) for key in keys):
        raise _refused(
            folder,
            f"подпись школы {school} не сходится: накопитель подделан, испорчен или сделан со старым ключом "
            "доступа. Ничего не принято; пусть школа сделает накопитель заново",
            f"the seal of school {school} does not hold: forged, damaged, or made with an old token. Nothing was "
            "taken; let the school make the drive anew",
        )
    return Found(folder, note)


def files_of(found: Found, identity: Any | None) -> tuple[DriveFile, ...]:
    """What the list names. `identity`: the age key, for an encrypted drive. Raises Rejected."""
    note = found.note
    content = _read(found.folder, note.list_name, MAX_LIST_BYTES)
    if hashlib.sha256(content).hexdigest() != note.list_sha256:
        raise _refused(found.folder, f"{note.list_name} испорчен", f"{note.list_name} is damaged")
    if note.encrypted:
        content = _opened_list(found, content, identity)
    try:
        return msgspec.json.decode(content, type=DriveList).files
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(found.folder, f"список испорчен ({error})", f"its list is damaged ({error})") from error


def descriptor_of(found: Found, file: DriveFile) -> int:
    """The stored file, open for reading. Raises Rejected for what is no plain file of this drive, OSError."""
    model.check(file, encrypted=found.note.encrypted)
    descriptor = os.open(found.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    for part in file.stored.split("/"):
        parent = descriptor
        try:
            descriptor = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        except OSError as error:
            if error.errno in _NOT_PLAIN:
                raise _not_plain() from error
            raise
        finally:
            os.close(parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_plain()
    return descriptor


def _not_plain() -> Rejected:
    return Rejected(
        "на накопителе это не обычный файл, а ссылка или канал: не принято",
        "on the drive this is no regular file but a link or a pipe: not taken",
        code="bad_file",
    )


def _opened_list(found: Found, content: bytes, identity: Any | None) -> bytes:
    if identity is None:
        raise _refused(
            found.folder,
            "накопитель зашифрован: укажите закрытый ключ (--identity)",
            "the drive is encrypted: name the secret key (--identity)",
        )
    try:
        return sealing.decrypted(content, identity, MAX_LIST_BYTES)
    except Rejected as error:
        raise _refused(found.folder, error.ru, error.en) from error


def _read(folder: Path, name: str, most: int) -> bytes:
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _refused(folder, f"{name} — не обычный файл", f"{name} is no regular file")
            content = file.read(most + 1)
    except OSError as error:
        raise _refused(folder, f"{name} не читается ({oswords.ru(error)})", f"{name} cannot be read") from error
    if len(content) > most:
        raise _refused(folder, f"{name} слишком велик", f"{name} is too large")
    return content


def _entries(drive: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(drive) as entries:
        for count, entry in enumerate(entries):
            if count >= _MOST_FOLDERS:
                return
            yield entry


def _refused(folder: Path, ru: str, en: str) -> Rejected:
    return Rejected(f"Накопитель, папка {folder.name}: {ru}.", f"Drive, folder {folder.name}: {en}.", code="bad_drive")
