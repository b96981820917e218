"""Real far ends for the one suite of `test_contract`: each a server that others wrote, ours, or a folder.

A module `far_<kind>.py` beside this one gives the far ends of its kind; `conftest` lists them all.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from sync.transports import Transport


class FarEnd(Protocol):
    """A target that runs. What the suite may expect of it is told by its flags."""

    proves: bool
    """Whether it offers a receipt or reading back (@tus/server does not for Cyrillic names; uploadx never)."""
    resumes: bool
    """Whether it keeps what came before a line broke, and goes on from there."""
    names_files: bool
    """Whether a file lies there under the name it was sent with."""
    port: int | None
    """Where it listens on loopback; None: no line leads to it, nothing can be cut."""

    def transport(self, port: int | None = None) -> Transport:
        """As a new process would build it; `port`: through a line there, instead of straight."""

    def stored(self) -> dict[str, bytes]:
        """What lies there, finished: path below the target's folder -> content. Read from its disk, not asked of it."""

    def put(self, path: str, content: bytes) -> None:
        """Somebody else's file, laid there finished."""

    def damage(self) -> None:
        """Flip one byte of everything that arrived, finished or not, on its disk."""

    def outage(self) -> AbstractContextManager[None]:
        """Killed (SIGKILL) for the time of the block, then started again on the same port and data."""


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def flip_last_byte(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
