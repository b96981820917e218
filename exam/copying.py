"""One file carried to a drive with proof: written aside, synced, read back from the drive itself, then given its name.

What was read back is what the drive gives, not what memory still has: directly where the file system can do that, else
with the pages dropped first.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from exam import durable, fixity, oswords

_PIECE = 1 << 20
_CREATED = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC

Tell = Callable[[int], None]
"""Told how many bytes more were written or read back."""


class SourceFailed(Exception):
    """The file that is to be carried cannot be read, or is not what its manifest says. `text` says which."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class NotTheSame(Exception):
    """The drive gives back other bytes than it was given."""


def copy(source: Path, target: Path, expected: str | None, tell: Tell) -> str:
    """Copy a file; its SHA-256.

    `expected`: what that must be. Raises SourceFailed, NotTheSame, FileExistsError when the name is taken, and OSError
    as the drive does; then nothing bears the name that did not before.
    """
    return _written(_pieces(source), target, expected, tell)


def put(content: bytes, target: Path, *, continues: bool = False) -> str:
    """The same for a file made here. `continues`: what bears the name is the beginning of it, and gives way."""
    return _written(iter([content] if content else []), target, None, lambda _bytes: None, continues=continues)


def proved(path: Path, tell: Tell) -> str:
    """SHA-256 of a file as the drive gives it back. Raises OSError."""
    digest = hashlib.sha256()
    for piece in fixity.read_back(path):
        digest.update(piece)
        tell(len(piece))
    return digest.hexdigest()


def sha256_here(path: Path) -> str:
    """SHA-256 of a file that lies here. Raises SourceFailed."""
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
    return digest.hexdigest()


def _written(
    pieces: Iterator[bytes], target: Path, expected: str | None, tell: Tell, *, continues: bool = False
) -> str:
    temporary = durable.temporary_in(target.parent)
    try:
        given = _write(pieces, temporary, tell)
        if expected is not None and given != expected:
            raise SourceFailed("sha256")
        if proved(temporary, tell) != given:
            raise NotTheSame
        if continues:
            temporary.replace(target)
            durable.sync(target.parent)
        else:
            durable.move_without_replacing(temporary, target)
    except BaseException:
        _forget(temporary)
        raise
    return given


def _write(pieces: Iterator[bytes], target: Path, tell: Tell) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(target, _CREATED, 0o640)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for piece in pieces:
            digest.update(piece)
            durable.write_all(file.fileno(), piece)
            tell(len(piece))
        os.fsync(file.fileno())
    return digest.hexdigest()


def _pieces(source: Path) -> Iterator[bytes]:
    try:
        with source.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                yield piece
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # the memory is the recording's
    except OSError as error:
        raise SourceFailed(oswords.shown(error)) from error


def _forget(temporary: Path) -> None:
    """The drive may be gone, and the file with it."""
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return
