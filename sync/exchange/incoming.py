"""The files of uploads under way: how much of each is there, and how one is dropped.

The file's length is the upload's offset. Blocking; `files` and `expiry` call it.
"""

import os
from pathlib import Path

from exam import durable
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.yard import Yard


class Incoming:
    """Everything below `incoming`."""

    def __init__(self, register: Register, yard: Yard) -> None:
        self._register, self._yard = register, yard

    def path(self, upload: Upload) -> Path:
        return self._yard.incoming(upload.school, upload.id)

    def begin(self, upload: Upload) -> None:
        """Make the file of an upload that the register knows already: a crash leaves no file nothing is known of."""
        path = self.path(upload)
        durable.make_folder(path.parent)
        path.touch(mode=0o640, exist_ok=False)
        durable.sync(path.parent)

    def offset(self, upload: Upload) -> int:
        """Bytes there. Raises Refused (404) when there is no such upload any more."""
        try:
            return self.path(upload).stat().st_size
        except FileNotFoundError:
            return self._moved(upload)

    def synced_offset(self, upload: Upload) -> int:
        """Bytes that a power cut leaves there. Raises Refused (404), OSError."""
        try:
            descriptor = os.open(self.path(upload), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._moved(upload)
        try:
            size = os.fstat(descriptor).st_size
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        return size

    def grown_at(self, upload: Upload) -> float | None:
        """When the last byte came, seconds since 1970; None when the upload is whole, or its file is not here."""
        try:
            found = self.path(upload).stat()
        except FileNotFoundError:
            return None
        return found.st_mtime if found.st_size < upload.length else None

    def drop(self, upload: Upload) -> None:
        """Delete an unfinished upload, whose file is there."""
        path = self.path(upload)
        path.unlink()
        durable.sync(path.parent)
        self._register.forget(upload)

    def _moved(self, upload: Upload) -> int:
        """A whole file may be moved to its place at any moment, an unfinished one stays where it is."""
        now = self._register.find(upload.id)
        if now is None or now.state is State.RECEIVING:
            raise unknown()
        return upload.length


def unknown() -> Refused:
    return Refused(
        404,
        "unknown",
        "У этой школы нет такой отправки. Начните отправку заново.",
        "This school has no such upload. Start a new one.",
    )
