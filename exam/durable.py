"""The one way small files are published: temporary name, write, sync, rename without replacing, sync the folder.

After `publish` returns the file survives a power cut; before, it is either absent or whole.
"""

import ctypes
import errno
import fcntl
import os
import secrets
from pathlib import Path

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_NOT_SUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP}

TEMPORARY_PREFIX = ".part-"
"""Names that begin so are unfinished and belong to nobody."""
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
"""What a disk says that is full."""


def temporary_in(folder: Path) -> Path:
    """A path for an unfinished file, free as good as certainly; nothing is created."""
    # Short, whatever the length of the final name: a 255-byte name has no room for a suffix.
    return folder / f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}"


def publish(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Write a new file whole and durably.

    Raises FileExistsError when `path` exists (it is left as it was) and OSError as the disk does.
    """
    temporary = _write_temporary(path, content, mode)
    try:
        move_without_replacing(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def rewrite(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Replace our own small state file whole and durably. Never used for recordings or manifests."""
    temporary = _write_temporary(path, content, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_renamed(path)


def move_without_replacing(source: Path, target: Path) -> None:
    """Rename durably; FileExistsError when `target` exists, on every file system, also without hard links."""
    if not _rename_noreplace(source, target):
        _rename_by_link(source, target)
    _sync_renamed(target)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's entries (created, renamed, removed names), durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, piece: bytes | memoryview) -> None:
    """Write the whole of it, however little the disk takes at a time. Raises OSError as the disk does."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def make_folder(folder: Path, *, mode: int = 0o750) -> None:
    """Create `folder` and its missing parents durably; an existing one is left alone."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync(folder.parent)


def _write_temporary(path: Path, content: bytes, mode: int) -> Path:
    temporary = temporary_in(path.parent)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_renamed(path: Path) -> None:
    """The new name and what it stands for: vfat keeps a file's length with its name, and renames it as 0."""
    sync(path)
    sync(path.parent)


def _rename_noreplace(source: Path, target: Path) -> bool:
    """Try renameat2; False where the kernel or file system does not know the flag."""
    result = _LIBC.renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE)
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_SUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(target))


def _rename_by_link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        _rename_in_turn(source, target)
    else:
        sync(target.parent)
        source.unlink()


def _rename_in_turn(source: Path, target: Path) -> None:
    """exFAT through FUSE knows neither: there our own processes, the only writers, take turns by a lock."""
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)
    finally:
        os.close(folder)
