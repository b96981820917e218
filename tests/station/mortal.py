"""A room that can die at any write, and the disk it writes to: one that fills up, ends files early, or loses what was
not synced when the power goes."""

import contextlib
import errno
import os
import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal
from unittest import mock

from days import Room, Unjudging

from exam import durable
from station import chain, disks, journal, publishing, recovery, reel, roomrecord, tape
from station.messages import Message, Status, Stop
from station.publishing import Draft, Report
from station.session.commands import Command
from station.tape import HEADER_BYTES

Death = Literal["before", "half", "after"]
"""Whether the write at which the process dies was not begun, half done, or done."""

_POLL_S = 0.02
_WRITERS = (tape, journal, durable, publishing, disks, chain)


class Died(Exception):
    """The daemon is no more."""


class Disk:
    """Stands in for `os` in the modules that write. Syncs are noted, not done: `cut_power` undoes what lacks one."""

    def __init__(self) -> None:
        self.dead = False
        self.space: int | None = None
        self.largest: dict[str, int] = {}  # bytes a file of this name may have
        self._doom: tuple[int, Death] | None = None
        self._synced: dict[int, tuple[int, bytes]] = {}
        self._open: dict[int, Path] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    # -- what happens to it --------------------------------------------------------------------------------

    def doom(self, writes: int, how: Death) -> None:
        """The process dies at so many writes from now."""
        self._doom = (writes, how)

    def kill(self) -> None:
        """The process is no more: whatever its threads would still write is not written."""
        self.dead = True

    def revive(self) -> None:
        """Another process."""
        for descriptor in self._open:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._open.clear()
        self.dead, self._doom = False, None

    def unsynced(self, path: Path) -> int:
        """Bytes that a power cut may take."""
        found = path.stat()
        return found.st_size - self._synced.get(found.st_ino, (found.st_size, b""))[0]

    def cut_power(self, folder: Path, kept: Callable[[], float], is_header_behind: Callable[[], bool]) -> None:
        """Of what was not synced each file keeps a share, 0 to 1; its header may be the one last synced."""
        for path in sorted(folder.rglob("*")):
            lost = self.unsynced(path) if path.is_file() else 0
            if lost > 0:
                synced, head = self._synced[path.stat().st_ino]
                os.truncate(path, synced + round(lost * kept()))
                if head and path.suffix == ".wav" and is_header_behind():
                    with path.open("r+b") as file:
                        file.write(head)

    # -- os ------------------------------------------------------------------------------------------------

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        with self._writing() if flags & os.O_CREAT else contextlib.nullcontext():
            descriptor = os.open(path, flags, mode)
            self._open[descriptor] = Path(path)
            if flags & os.O_EXCL:
                self._synced[os.fstat(descriptor).st_ino] = (0, b"")
        return descriptor

    def close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        os.close(descriptor)

    def pwrite(self, descriptor: int, data: bytes | memoryview, offset: int) -> int:
        with self._writing(lambda: os.pwrite(descriptor, data[: len(data) // 2], offset)):
            return os.pwrite(descriptor, data[: self._room_for(descriptor, len(data), offset)], offset)

    def write(self, descriptor: int, data: bytes) -> int:
        with self._writing(lambda: os.write(descriptor, data[: len(data) // 2])):
            return os.write(descriptor, data)

    def ftruncate(self, descriptor: int, length: int) -> None:
        with self._writing():
            os.ftruncate(descriptor, length)

    def fdopen(self, descriptor: int, mode: str) -> Any:
        self._open.pop(descriptor)
        return os.fdopen(descriptor, mode)

    def fdatasync(self, descriptor: int) -> None:
        with self._writing():
            found, path = os.fstat(descriptor), self._open.get(descriptor, Path())
            head = os.pread(descriptor, HEADER_BYTES, 0) if path.suffix == ".wav" else b""
            self._synced[found.st_ino] = (found.st_size, head)

    fsync = fdatasync

    def statvfs(self, path: Path) -> Any:
        return os.statvfs(path) if self.space is None else SimpleNamespace(f_bavail=self.space, f_frsize=1)

    @contextlib.contextmanager
    def _writing(self, half: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Around each change of the disk: the process may die here."""
        how = self._fate()
        if self.dead or how == "before":
            self.kill()
            raise SystemExit
        if how == "half":
            half()
            self.kill()
            raise SystemExit
        yield
        if how == "after":
            self.kill()
            raise SystemExit

    def _fate(self) -> Death | None:
        if self._doom is None:
            return None
        writes, how = self._doom
        self._doom = (writes - 1, how) if writes > 1 else None
        return how if writes <= 1 else None

    def _room_for(self, descriptor: int, length: int, offset: int) -> int:
        """How much of a write is taken; OSError when nothing is."""
        size = os.fstat(descriptor).st_size
        limit = self.largest.get(self._open[descriptor].name, offset + length)
        if offset + length > limit:
            if offset >= limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            length = limit - offset
        growth = offset + length - size
        if self.space is None or growth <= 0:
            return length
        if self.space == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = min(growth, self.space)
        self.space -= taken
        return length - growth + taken


class PatientPublisher(Unjudging):
    """Publishes one recording, or the room's record, whenever it is told to."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.held: list[Draft | roomrecord.Draft] = []

    def submit(self, draft: Draft | roomrecord.Draft) -> None:
        self.held.append(draft)

    def go_on(self) -> None:
        super().submit(self.held.pop(0))


class MortalRoom(Room):
    """A room whose daemon may die. Everything is done in steps, so the same script dies at the same write."""

    publisher: PatientPublisher

    def __init__(self, folder: Path, disk: Disk) -> None:
        super().__init__(folder)
        self.disk, self.boot = disk, "boot 0"
        self.patches = ExitStack()
        for module in _WRITERS:
            self.patches.enter_context(mock.patch.object(module, "os", disk, create=True))
        for module in (journal, recovery, reel):
            self.patches.enter_context(mock.patch.object(module, "boot_id", self._boot_id))

    def start(self) -> None:
        """Died when that happens on the way."""
        try:
            super().start()
        except SystemExit:
            raise Died from None
        self._settle()

    def stop(self) -> None:
        super().stop()
        self._check()

    def bury(self) -> None:
        """What is left of a daemon that died: its publisher's thread ends, too."""
        self.disk.kill()
        self.inbox.post(Stop())
        self.recorder._thread.join()
        self.publisher.stop()
        self.inbox.close()
        self.disk.revive()

    def tell(self, *messages: Message) -> None:
        """Post messages at once and wait until they are dealt with."""
        self.inbox.post(*messages)
        self._settle()

    def do(self, command: Command) -> Status:
        answer = self._press(command)
        self._check()
        return answer.result(0)

    def handled(self) -> None:
        super().handled()
        self._check()

    def publish(self) -> Report:
        """Let the publisher do the next recording, or the room's record."""
        self.publisher.go_on()
        while self.publisher._thread.is_alive():
            for told in (self.reports, self.records):
                with contextlib.suppress(queue.Empty):
                    report = told.get(timeout=_POLL_S)
                    self._settle()
                    return report
        raise Died

    def _boot_id(self) -> str:
        return self.boot

    def _new_publisher(self) -> Unjudging:
        return PatientPublisher(self.folder, self.config.delivery.format, self._report)

    def _settle(self) -> None:
        self.inbox.settle(self.recorder._thread.is_alive)
        self._check()

    def _check(self) -> None:
        if self.disk.dead:
            raise Died
        self.recorder.join(0)
