"""Fixity: proof by SHA-256 that bytes are the bytes they were."""

import hashlib
import mmap
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

_PIECE = 1 << 20


def sha256_of(source: Path | FileIO) -> str:
    """SHA-256 of a whole file, from its start, as 64 lower-case hexadecimal digits; read in blocks."""
    if isinstance(source, Path):
        with source.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()


def read_back(path: Path, offset: int = 0) -> Iterator[memoryview]:
    """The bytes of a file from `offset` on, from the disk rather than from the page cache, where that is possible.

    Each piece is good until the next is asked for. Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        direct = _directly(path)
        if direct is not None:
            os.close(descriptor)
            descriptor = direct
        yield from _pieces(descriptor, offset)
    finally:
        os.close(descriptor)


def _pieces(descriptor: int, offset: int) -> Iterator[memoryview]:
    passed = offset % _PIECE  # a disk is read directly from whole blocks on
    position = offset - passed
    with mmap.mmap(-1, _PIECE) as aligned, memoryview(aligned) as piece:
        while (size := os.preadv(descriptor, [aligned], position)) > passed:
            with piece[passed:size] as told:
                yield told
            position, passed = position + size, 0


def _directly(path: Path) -> int | None:
    """The file opened for reading without the cache; None where the file system knows no such thing."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECT)
    except OSError:
        return None
