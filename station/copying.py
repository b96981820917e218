"""One file and its copy in another folder: brought level while it grows, copied whole, compared by content.

Used by the mirror's thread and, before a day goes on, by start-up. What takes long is a generator that yields
between pieces, so that live sound is never kept waiting. Nothing is overwritten: a copy that is another file is
set aside under a new name first.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from exam import durable
from exam.audio import AudioFormat
from station import journal
from station.publishing import set_aside
from station.recent import Recent
from station.tape import HEADER_BYTES, HELD_AT_MOST_S, SUFFIX, counted, header

CHAIN_SUFFIX = ".chain"

_PIECE = 1 << 20
_ENDING = 1 << 14  # so much of a copy's end is compared before it is continued; all of it once it is finished
_CREATED = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC

Guard = Callable[[], AbstractContextManager[object]]
"""Held around every change of the copy's folder."""

Steps = Generator[None]
"""Work in pieces."""


class Differs(Exception):
    """The copy is not the beginning of the file."""


class NoTape(Exception):
    """The file has a tape's name but not, or not yet, a tape's header."""


class Copied(NamedTuple):
    """How far a copy has come, in bytes that count; `missing`: those the file had more."""

    size: int
    missing: int


class _Extent(NamedTuple):
    """How many bytes of a growing file count, its header included; `shape` None where there is none."""

    shape: AudioFormat | None
    size: int

    def header(self, size: int) -> bytes:
        return b"" if self.shape is None else header(self.shape, size - HEADER_BYTES)


def grows(name: str) -> bool:
    """Whether files of this name in a day's folder are appended to, rather than published whole."""
    return "/" not in name and (name.endswith((SUFFIX, CHAIN_SUFFIX)) or name == journal.FILE)


def size_of(path: Path) -> int:
    """Bytes that count of a growing file; 0 when it is not there or not ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        extent = _extent(descriptor, path.name)
    finally:
        os.close(descriptor)
    return extent.size if extent else 0


def bring_level(
    source: Path, target: Path, limit: int, guard: Guard = nullcontext, *, until: int | None = None
) -> Copied:
    """Append to `target` what `source` has more, at most `limit` bytes and nothing behind the byte `until`.

    Data first, then the header that counts them, as on the tape itself. Raises Differs when `target` is not the
    beginning of `source`, NoTape when `source` is none, OSError as the disks do.
    """
    given = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        whole = _extent(given, source.name)
        if whole is None:
            raise NoTape
        with guard():
            copy = os.open(target, _CREATED, 0o640)
        try:
            pair = _Pair(given, copy, whole, target.name)
            have = _begun(pair, guard)
            end = whole.size if until is None else min(whole.size, until)
            return _append(pair, have, min(end, have + limit), guard)
        finally:
            os.close(copy)
    finally:
        os.close(given)


def complete(target: Path, size: int, recent: Recent, shape: AudioFormat | None) -> None:
    """Bring a copy to the `size` bytes that count of the file, from memory: `recent` ends with the file.

    Raises LookupError when the copy lacks more than that, OSError as the disk does.
    """
    copy = os.open(target, _CREATED, 0o640)
    try:
        have = max(_copied(copy, target.name), HEADER_BYTES if shape else 0)
        if have > size:  # only what was never answered: the last line of a journal that could not be synced
            os.ftruncate(copy, size)
        else:
            _write(copy, recent.last(size - have), have)
            _write(copy, _Extent(shape, size).header(size), 0)
    finally:
        os.close(copy)


def cut_back(source: Path, target: Path) -> None:
    """Forget the end of the growing copy of a tape: what was held, its place uncertain, may have been placed otherwise.

    Raises Differs when the copy differs before that, too.
    """
    given, copy = os.open(source, os.O_RDONLY | os.O_CLOEXEC), os.open(target, os.O_RDWR | os.O_CLOEXEC)
    try:
        whole = _extent(given, source.name)
        if whole is None or whole.shape is None:
            raise Differs
        size = _copied(copy, target.name) - whole.shape.frames(HELD_AT_MOST_S) * whole.shape.frame_bytes
        if size <= HEADER_BYTES:
            raise Differs
        _check_beginning(_Pair(given, copy, whole, target.name), size)
        _write(copy, whole.header(size), 0)
        os.ftruncate(copy, size)
    finally:
        os.close(given)
        os.close(copy)


def copy_whole(source: Path, target: Path, guard: Guard = nullcontext) -> Steps:
    """Copy a finished file durably under a temporary name, then give it its own; another file there is set aside."""
    temporary = durable.temporary_in(target.parent)
    try:
        descriptor = os.open(temporary, _CREATED | os.O_EXCL, 0o640)
        with source.open("rb", buffering=0) as file, os.fdopen(descriptor, "wb", buffering=0) as copy:
            size = 0
            while piece := file.read(_PIECE):
                _write(copy.fileno(), piece, size)
                size += len(piece)
                yield
            os.fsync(copy.fileno())
        with guard():
            if target.exists():
                set_aside(target)
            durable.move_without_replacing(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def hash_of(path: Path) -> Generator[None, None, str]:
    """SHA-256 of a file as the disk gives it back, not as memory still has it."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(_PIECE):
            digest.update(piece)
            yield
    return digest.hexdigest()


def are_equal(one: Path, other: Path) -> Generator[None, None, bool]:
    """Whether both are there and hold the same, by size and SHA-256."""
    try:
        if one.stat().st_size != other.stat().st_size:
            return False
    except FileNotFoundError:
        return False
    first = yield from hash_of(one)
    second = yield from hash_of(other)
    return first == second


class _Pair(NamedTuple):
    """A growing file and its copy, open."""

    given: int
    copy: int
    whole: _Extent
    name: str


def _begun(pair: _Pair, guard: Guard) -> int:
    """How far the copy has come; it has a header, and it is the beginning of the file."""
    have = _copied(pair.copy, pair.name)
    if have == 0:
        with guard():
            _write(pair.copy, pair.whole.header(HEADER_BYTES), 0)
        have = _copied(pair.copy, pair.name)
    _check_beginning(pair, have)
    return have


def _append(pair: _Pair, have: int, until: int, guard: Guard) -> Copied:
    while have < until:
        piece = os.pread(pair.given, min(until - have, _PIECE), have)
        if not piece:
            raise OSError(errno.EIO, "the file has become shorter", pair.name)
        with guard():
            _write(pair.copy, piece, have)
            have += len(piece)
            _write(pair.copy, pair.whole.header(have), 0)
    return Copied(have, pair.whole.size - have)


def _check_beginning(pair: _Pair, have: int) -> None:
    if pair.name.endswith(SUFFIX):
        told = counted(os.pread(pair.copy, HEADER_BYTES, 0))
        if told is None or told[0] != pair.whole.shape:
            raise Differs
    first = max(len(pair.whole.header(HEADER_BYTES)), have - _ENDING)
    expected = os.pread(pair.given, have - first, first)
    if have > pair.whole.size or expected != os.pread(pair.copy, have - first, first):
        raise Differs


def _extent(descriptor: int, name: str) -> _Extent | None:
    """What counts of a growing file: a tape's counted frames, a journal's whole lines; None when it is no tape."""
    size = os.fstat(descriptor).st_size
    if name.endswith(SUFFIX):
        told = counted(os.pread(descriptor, HEADER_BYTES, 0))
        if told is None:
            return None
        shape, data_bytes = told
        there = (size - HEADER_BYTES) // shape.frame_bytes * shape.frame_bytes
        return _Extent(shape, HEADER_BYTES + min(data_bytes, there))
    if name == journal.FILE:
        ending = os.pread(descriptor, _ENDING, max(0, size - _ENDING))
        return _Extent(None, size - len(ending) + ending.rfind(b"\n") + 1)
    return _Extent(None, size)


def _copied(copy: int, name: str) -> int:
    """Bytes of a copy that may be built upon."""
    size = os.fstat(copy).st_size
    extent = _extent(copy, name) if name.endswith(SUFFIX) else None
    return extent.size if extent else size


def _write(descriptor: int, piece: bytes, offset: int) -> None:
    written = os.pwrite(descriptor, piece, offset)
    while written < len(piece):
        written += os.pwrite(descriptor, memoryview(piece)[written:], offset + written)
