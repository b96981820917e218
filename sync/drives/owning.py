"""Whose the files are that a command leaves: run as root, as a drive that a desktop opened may demand, the service's.

The agent and the exchange read them under users of their own. Called by `commands`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def left_to_owner_of(folder: Path, *places: Path) -> Iterator[None]:
    """Whatever root made meanwhile in these places, files or folders, goes to who owns `folder`."""
    try:
        yield
    finally:
        if os.geteuid() == 0 and folder.is_dir():
            owner = folder.stat()
            for path in (below for place in places for below in _all(place)):
                with suppress(OSError):
                    if path.lstat().st_uid == 0:
                        os.lchown(path, owner.st_uid, owner.st_gid)


def _all(place: Path) -> Iterator[Path]:
    yield place
    if place.is_dir() and not place.is_symlink():
        yield from place.rglob("*")
