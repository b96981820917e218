"""The files of uploads under way: how much of each is there, and how one is dropped.

The file's length is the upload's offset. Blocking; `files` and `expiry` call it.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from exam import durable
from sync.exchange.intake import Tail
from sync.exchange.protocol import Checksum
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.yard import Yard


class Incoming:
    """Everything below `incoming`."""

    def __init__(self, register: Register, yard: Yard) -> None:
        self._register, self._yard = register, yard
        self._cuts = _Cuts()

    def path(self, upload: Upload) -> Path:
        return self._yard.incoming(upload.school, upload.id)

    def begin(self, upload: Upload) -> None:
        """Make the file of an upload that the register knows already: a crash leaves no file nothing is known of."""
        path = self.path(upload)
        durable.make_folder(path.parent)
        path.touch(mode=0o640, exist_ok=False)
        durable.sync(path.parent)

    def append_to(self, upload: Upload, checksum: Checksum | None) -> Tail:
        """The open end of it, to be closed. Raises OSError."""
        return Tail(self.path(upload), _Notes(self._register, upload.id, self._cuts), checksum)

    def cut_unsynced(self) -> None:
        """After a crash: cut off what was never acknowledged. A power cut may have left anything there."""
        for upload in self._register.unfinished():
            with contextlib.suppress(FileNotFoundError):
                if self.path(upload).stat().st_size > upload.synced:
                    os.truncate(self.path(upload), upload.synced)

    def offset(self, upload: Upload) -> int:
        """Bytes there. Raises Refused (404) when there is no such upload any more."""
        try:
            return self.path(upload).stat().st_size
        except FileNotFoundError:
            return self._moved(upload)

    def synced_offset(self, upload: Upload) -> int:
        """Bytes there, which a power cut leaves there from now on. Raises Refused (404), OSError, Transient."""
        try:
            descriptor = os.open(self.path(upload), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return self._moved(upload)
        try:
            while (size := self._sync(descriptor, upload)) is None:
                pass
        finally:
            os.close(descriptor)
        return size

    def _sync(self, descriptor: int, upload: Upload) -> int | None:
        """None when a body was cut off meanwhile: what was measured may be more than is there, by now or again."""
        cuts = self._cuts.count()
        size = os.fstat(descriptor).st_size
        if size > upload.synced:
            os.fdatasync(descriptor)
            with self._cuts.lock:
                if self._cuts.made != cuts:
                    return None
                self._register.note_synced(upload.id, size)
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


class _Cuts:
    """How many bodies were cut off again, of all uploads: there are few, and few who ask meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made = 0

    def count(self) -> int:
        """None of them under way."""
        with self.lock:
            return self.made


class _Notes:
    """What the register is told of one upload."""

    def __init__(self, register: Register, upload_id: str, cuts: _Cuts) -> None:
        self._register, self._upload_id, self._cuts = register, upload_id, cuts

    def synced(self, offset: int) -> None:
        self._register.note_synced(self._upload_id, offset)

    def cut(self, offset: int, truncate: Callable[[], None]) -> None:
        """Noted first: a crash between the two leaves bytes that are then cut off as never acknowledged."""
        with self._cuts.lock:
            self._cuts.made += 1
            try:
                self._register.note_cut(self._upload_id, offset)
            finally:
                truncate()


def unknown() -> Refused:
    return Refused(
        404,
        "unknown",
        "У этой школы нет такой отправки. Начните отправку заново.",
        "This school has no such upload. Start a new one.",
    )
