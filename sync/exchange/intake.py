"""Bytes from a connection to the disk: gathered, written off the event loop, synced before they are answered for.

Only `files` calls it. The file's length is the upload's offset, so a body that must not count is cut off again.
"""

import asyncio
import errno
import hashlib
import hmac
import os
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from starlette.requests import ClientDisconnect

from sync.exchange import pools
from sync.exchange.protocol import Checksum, too_long
from sync.exchange.refusal import Refused

BLOCK = 1024 * 1024
"""Bytes gathered before one hop to a thread: a hop costs what copying some 100 KiB does."""
GATHERED = 32 * 1024 * 1024
"""Bytes that all connections together may gather so; beyond, each piece is written as it comes."""
KEPT_FREE = 128 * 1024**2
"""Bytes of the disk that no upload's body takes: the register must still be able to write."""
SYNC_EVERY = 64 * 1024 * 1024
"""Bytes between syncs of a long body: bounds how long its last answer waits for a slow disk, and what a crash costs."""
SYNC_EVERY_S = 10.0
"""Seconds likewise: 2.5 MB on a line of 2 Mbit/s."""
IDLE_S = 60.0
"""Seconds without a byte after which a connection counts as abandoned and its upload is free again."""


class Stalled(Refused):
    """Nothing came for IDLE_S seconds."""

    def __init__(self) -> None:
        super().__init__(
            408,
            "stalled",
            f"{IDLE_S:.0f} с не пришло ни байта. Пришедшее записано; продолжите со смещения (HEAD).",
            f"Not a byte came for {IDLE_S:.0f} s. What arrived is kept; go on from the offset (HEAD).",
            headers={"Connection": "close"},
        )


class Notes(Protocol):
    """Remembers, durably, of one upload."""

    def synced(self, offset: int) -> None:
        """So many bytes are on disk."""

    def cut(self, offset: int, truncate: Callable[[], None]) -> None:
        """No more than so many bytes are left, once `truncate` has seen to it."""


class Tail:
    """The open end of a file in `incoming`. Blocking; used by one request at a time. Raises OSError.

    `notes` is told, durably, how many bytes a power cut would leave. Raises what that raises.
    """

    def __init__(self, path: Path, notes: Notes, checksum: Checksum | None = None) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.start = os.fstat(self._descriptor).st_size
        self.offset = self.start
        self._synced = -1
        self._lock = threading.Lock()  # a cancelled request closes while its last write may still run
        self._notes = notes
        self._synced_at = time.monotonic()
        self._checksum = checksum
        self._digest = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None

    def write(self, block: bytes) -> None:
        view = memoryview(block)
        with self._lock:
            disk = os.fstatvfs(self._descriptor)
            if disk.f_bavail * disk.f_frsize < KEPT_FREE + len(block):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            while view:
                written = os.write(self._descriptor, view)
                self.offset += written
                view = view[written:]
        if self._digest:
            self._digest.update(block)

    @property
    def is_due(self) -> bool:
        """Whether enough was written since the last sync."""
        return self.offset - self._synced >= SYNC_EVERY or time.monotonic() - self._synced_at >= SYNC_EVERY_S

    def sync(self) -> None:
        with self._lock:
            if self.offset != self._synced:
                os.fdatasync(self._descriptor)
                self._notes.synced(self.offset)
                self._synced = self.offset
            self._synced_at = time.monotonic()

    def check(self) -> None:
        """Raise Refused (460) unless the body written is the one announced."""
        if not (self._checksum and self._digest):
            return
        if not hmac.compare_digest(self._digest.digest(), self._checksum.digest):
            raise Refused(
                460,
                "checksum_mismatch",
                f"Контрольная сумма ({self._checksum.algorithm}) не сошлась: часть повредилась в пути и не записана. "
                f"Отправьте её снова со смещения {self.start}.",
                f"The {self._checksum.algorithm} checksum differs: the chunk was damaged on its way and not kept. "
                f"Send it again from offset {self.start}.",
            )

    def cut_back(self) -> None:
        """Undo everything written through this tail."""
        with self._lock:
            self._notes.cut(self.start, self._truncate)

    def close(self) -> None:
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1

    def _truncate(self) -> None:
        os.ftruncate(self._descriptor, self.start)
        os.fdatasync(self._descriptor)
        self.offset = self._synced = self.start


class Intake:
    """All bodies that arrive at a time; used on the event loop."""

    def __init__(self) -> None:
        self._held = 0
        """Bytes of all of them that came and are not written yet."""

    async def receive(self, body: AsyncIterator[bytes], tail: Tail, room: int) -> None:
        """Append `body`, at most `room` bytes, and return when they are on disk.

        A body too long or unlike its checksum is cut off again: Refused (413, 460). A connection that broke or
        stalled keeps what arrived, though no checksum proves it (the re-hash of the whole will): ClientDisconnect,
        Stalled. So does a stop of the server: Refused (503); and a full disk: OSError.
        """
        try:
            await self._pour(body, tail, room)
            await asyncio.to_thread(tail.check)
            await pools.synced(tail.sync)
        except (Stalled, ClientDisconnect):
            await pools.synced(tail.sync)
            raise
        except Refused:
            await pools.synced(tail.cut_back)
            raise
        except asyncio.CancelledError:
            raise _stopping() from None  # only the stop of the server cancels a request: it is to answer, not to vanish

    async def _pour(self, body: AsyncIterator[bytes], tail: Tail, room: int) -> None:
        """Write each block while the next one arrives: one block in flight, so memory stays bounded."""
        writing: asyncio.Future[None] | None = None
        arrived = 0
        try:
            async for block in self._gathered(body):
                arrived += len(block)
                if arrived > room:
                    raise too_long(tail.start + room)
                if writing:
                    await writing
                writing = asyncio.ensure_future(self._write(tail, block))
        finally:
            if writing:
                await writing

    async def _write(self, tail: Tail, block: bytes) -> None:
        self._held += len(block)
        try:
            await asyncio.to_thread(tail.write, block)
            if tail.is_due:
                await pools.synced(tail.sync)
        finally:
            self._held -= len(block)

    async def _gathered(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Join chunks to blocks; what arrived before the connection broke or stalled comes out before the error."""
        parts: list[bytes] = []
        size = 0
        broken: ClientDisconnect | Stalled | None = None
        try:
            async for chunk in _awake(body):
                parts.append(chunk)
                size += len(chunk)
                self._held += len(chunk)
                if size >= BLOCK or self._held > GATHERED:
                    self._held -= size
                    yield b"".join(parts)
                    parts, size = [], 0
        except (ClientDisconnect, Stalled) as error:
            broken = error
        finally:
            self._held -= size
        if size:
            yield b"".join(parts)
        if broken:
            raise broken


def _stopping() -> Refused:
    return Refused(
        503,
        "stopping",
        "Сервер останавливается. Пришедшее записано; позже спросите смещение (HEAD) и продолжите с него.",
        "The server is stopping. What arrived is kept; later ask for the offset (HEAD) and go on from there.",
        headers={"Retry-After": "10", "Connection": "close"},
    )


async def _awake(body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The same chunks. Raises Stalled when none comes for IDLE_S seconds."""
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Stalled from None
        yield chunk
