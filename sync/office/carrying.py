"""Drives that are plugged in here: where a page may let something be written. Blocks on whatever hangs."""

import os
import shutil
from collections.abc import Sequence

from msgspec import Struct

from exam.drive import removable


class DriveTold(Struct, frozen=True):
    """A drive by the folder it is opened at."""

    path: str
    free_bytes: int
    is_writable: bool


def plugged_in() -> Sequence[DriveTold]:
    """Those that take something first."""
    found = [_told(mount.path) for mount in removable()]
    return sorted(found, key=lambda drive: not drive.is_writable)


def _told(path: str) -> DriveTold:
    try:
        free = shutil.disk_usage(path).free
    except OSError:
        free = 0
    return DriveTold(path, free, os.access(path, os.W_OK | os.X_OK))
