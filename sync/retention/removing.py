"""The only place that unlinks a recording. Below the watched folder nothing is followed: no link, no swapped folder.

What is hashed and what is unlinked is one file: the same inode under the same name in a folder held open.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sync.retention.judging import Lying

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_BLOCK = 1 << 20


class NotTheSame(Exception):
    """The file is not the one that was judged."""


def is_there(file: Lying) -> bool:
    """Whether this very content still lies under its name. Raises OSError other than for a missing file."""
    try:
        with _held(file) as (descriptor, _, _):
            return _hash(descriptor) == file.sha256
    except (FileNotFoundError, NotTheSame):
        return False


def remove(file: Lying, agree: Callable[[], None]) -> None:
    """Unlink the file, durably, if it is what was judged; `agree` is called just before and may raise to keep it.

    Raises NotTheSame, OSError; then it is there as before.
    """
    with _held(file) as (descriptor, folder, name):
        opened = os.fstat(descriptor)
        if _hash(descriptor) != file.sha256:
            raise NotTheSame
        agree()
        if _identity(os.stat(name, dir_fd=folder, follow_symlinks=False)) != _identity(opened):
            raise NotTheSame
        os.unlink(name, dir_fd=folder)
        os.fsync(folder)


@contextmanager
def _held(file: Lying) -> Iterator[tuple[int, int, str]]:
    """The file open for reading, the folder it lies in, its name there."""
    *folders, name = file.path.split("/")
    held = [os.open(file.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for folder in folders:
            held.append(os.open(folder, _FOLDER, dir_fd=held[-1]))
        held.append(os.open(name, _FILE, dir_fd=held[-1]))
        status = os.fstat(held[-1])
        if not stat.S_ISREG(status.st_mode) or status.st_size != file.size:
            raise NotTheSame
        yield held[-1], held[-2], name
    finally:
        for descriptor in reversed(held):
            os.close(descriptor)


def _hash(descriptor: int) -> str:
    digest, position = hashlib.sha256(), 0
    while block := os.pread(descriptor, _BLOCK, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()


def _identity(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
