"""Where proven files lie for good: a folder of this machine by default, or elsewhere (`storing_s3`).

`verifier` lays down, from its threads; the `centre` reads; `serve` chooses which. A place is `schools/CODE/DAY/NAME`.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from exam import durable, fixity

KeepOn = Callable[[], None]
"""Asked at every block; raises, to end the work where it stands."""

_BLOCK = 1024 * 1024


class Store(Protocol):
    """Each step may be begun again after a crash. Raises OSError, Transient, Rejected, Fatal, what `KeepOn` raises."""

    label: str
    """What places here begin with in the register: a store is never taken for another one."""

    def lay(self, incoming: Path, place: str, sha256: str, keep_on: KeepOn) -> bool:
        """Whether the content of `incoming`, which is `sha256`, now lies at `place`: put there or found, and proved.

        Then `incoming` is gone. False, and nothing changed: other content has the place, or `incoming` was gone.
        """

    def beginning(self, place: str, most: int) -> bytes:
        """At most the first `most` bytes of what lies at `place`."""

    def pieces(self, place: str) -> Iterator[bytes | memoryview]:
        """All that lies at `place`, past any cache; each piece is good until the next. FileNotFoundError: nothing."""

    def close(self) -> None:
        """Let connections go; raises nothing."""


class FolderStore:
    """Below `folder`, on the file system that holds `incoming` too."""

    label = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lay(self, incoming: Path, place: str, sha256: str, keep_on: KeepOn) -> bool:
        target = self._folder / place
        durable.make_folder(target.parent)
        try:
            durable.move_without_replacing(incoming, target)
        except (FileExistsError, FileNotFoundError):
            if not (target.is_file() and digest_on_disk(target, keep_on) == sha256):
                return False
            incoming.unlink(missing_ok=True)
        return True

    def beginning(self, place: str, most: int) -> bytes:
        descriptor = os.open(self._folder / place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most)

    def pieces(self, place: str) -> Iterator[bytes | memoryview]:
        return fixity.read_back(self._folder / place)

    def close(self) -> None:
        """Nothing is open."""


def digest_on_disk(path: Path, keep_on: KeepOn) -> str:
    """SHA-256 of what the disk holds: synced, then read past the page cache. Raises OSError, and as `keep_on` does."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := file.read(_BLOCK):
            keep_on()
            digest.update(block)
    return digest.hexdigest()
