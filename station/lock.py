"""One writer a day's folder: the daemon, or a command while there is none."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from exam.errors import Fatal

LOCK_FILE = ".station.lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder; the lock goes with the process, however it ends. Raises Fatal when another holds it."""
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Fatal(
                f"В папке {folder} уже работает другая станция. Вторая не нужна; запись не затронута.",
                f"Another station works in {folder} already. A second is not needed; recording is untouched.",
                code="already_running",
            ) from error
        yield
    finally:
        os.close(descriptor)
