"""One ZIP: written from files that are proved while they are read, then read back past the cache and compared.

MP3 does not compress, so nothing is compressed. Memory stays at a few MiB whatever the size.
"""

import hashlib
import mmap
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from msgspec import Struct

from exam.errors import Rejected
from sync.source import Source

_BLOCK = 1 << 20
_CREATED = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_EARLIEST = 1980  # the first year a ZIP can tell
_MODE = 0o644

Moved = Callable[[int], None]
"""Told how many bytes more were written or read back."""


class Content(Struct, frozen=True):
    """`file` to be packed as `name`, expected to be `size` bytes of this SHA-256; `at`: the time it bears there."""

    name: str
    file: Path
    size: int
    sha256: str
    at: datetime


class Unusable(Exception):
    """`content` cannot be packed, for the `reason`; the archive is not to be used."""

    def __init__(self, content: Content, reason: Rejected) -> None:
        super().__init__(content.name)
        self.content, self.reason = content, reason


class NotTheSame(Exception):
    """The disk gives back other bytes than it was given."""


def write(path: Path, contents: Sequence[Content], text: tuple[str, bytes], moved: Moved) -> None:
    """Make the ZIP `path` (which must not exist) of the files and of `text`, a name and what is under it; synced.

    Raises Unusable, and OSError as the disk does; then a part of it lies there.
    """
    with os.fdopen(os.open(path, _CREATED, 0o640), "w+b") as file:
        with ZipFile(file, "w", ZIP_STORED) as archive:
            name, words = text
            archive.writestr(_entry(name, len(words), max(content.at for content in contents)), words)
            for content in contents:
                _add(archive, content, moved)
        file.flush()
        os.fsync(file.fileno())


def read_back(path: Path, contents: Sequence[Content], text: tuple[str, bytes], moved: Moved) -> str:
    """SHA-256 of the ZIP as the disk gives it, every file in it being what it should be.

    Raises NotTheSame, and OSError as the disk does.
    """
    name, words = text
    expected = [(name, hashlib.sha256(words).hexdigest()), *((each.name, each.sha256) for each in contents)]
    with path.open("rb") as file:
        _forget_cached(file.fileno())
        try:
            with ZipFile(file) as archive:
                if [each.filename for each in archive.infolist()] != [each for each, _ in expected]:
                    raise NotTheSame
                for each, sha256 in expected:
                    if _sha256_in(archive, each, moved) != sha256:
                        raise NotTheSame
        except BadZipFile as error:  # a CRC among others
            raise NotTheSame from error
    return sha256_stored(path, moved)


def sha256_stored(path: Path, moved: Moved = lambda _bytes: None) -> str:
    """SHA-256 of a file as its disk gives it, not as memory still has it. Raises OSError."""
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
        moved(len(piece))
    return digest.hexdigest()


def _add(archive: ZipFile, content: Content, moved: Moved) -> None:
    try:
        with (
            Source(content.file, content.size, content.sha256) as source,
            archive.open(_entry(content.name, content.size, content.at), "w") as member,
        ):
            for block in source.blocks(0, content.size):
                member.write(block)
                moved(len(block))
    except Rejected as error:
        raise Unusable(content, error) from error


def _entry(name: str, size: int, at: datetime) -> ZipInfo:
    found = ZipInfo(name, date_time=(max(at.year, _EARLIEST), at.month, at.day, at.hour, at.minute, at.second))
    found.compress_type = ZIP_STORED
    found.external_attr = _MODE << 16
    found.file_size = size  # so that a file beyond 4 GiB begins with a header that has room for its size
    return found


def _sha256_in(archive: ZipFile, name: str, moved: Moved) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as member:
        while block := member.read(_BLOCK):
            digest.update(block)
            moved(len(block))
    return digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    descriptor = _opened(path)
    try:
        with mmap.mmap(-1, _BLOCK) as aligned:
            while size := os.readv(descriptor, [aligned]):
                yield aligned[:size]
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Past the page cache, where the file system can; else with the pages dropped first."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)
    except OSError:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    _forget_cached(descriptor)
    return descriptor


def _forget_cached(descriptor: int) -> None:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
