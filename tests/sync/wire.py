"""A TCP line with faults: counts, slows, cuts, stalls, damages, refuses, or swallows what a server answers."""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

_BLOCK = 64 * 1024
_REQUEST = re.compile(rb"([A-Z]+) \S+ HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Fault:
    """What the line does once; `struck` tells that it has.

    fin, rst: the connection ends at byte `after` of what flows `up` (from the client) or down, counted over all
    connections from the moment the fault is planned; stall: nothing more flows there for `stall_s` seconds, then it
    ends; flip: that byte is damaged. refuse: the next request of `method` is answered `answer` instead of by the
    server; swallow: it reaches the server, and its answer nobody.
    """

    kind: Literal["fin", "rst", "stall", "flip", "refuse", "swallow"]
    after: int = 0
    up: bool = True
    stall_s: float = 0.0
    method: bytes = b""
    answer: bytes = b""
    struck: threading.Event = field(default_factory=threading.Event)


class _Over(Exception):
    """The connection ends here."""


class _Connection:
    """Both directions of one connection."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.went_up = 0
        self.swallows: Fault | None = None

    def reset(self) -> None:
        """RST to both ends instead of FIN."""
        for writer in (self.client, self.server):
            with contextlib.suppress(OSError):
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Wire:
    """`rate`: bytes a second from the client; `cut_after`: cut each connection after so many bytes from the client,
    `cuts` times; `flip_at`: damage that byte of the line once; `swallow_after`: drop the answers of connections
    once so many bytes went up in them, `swallows` times; `fault`: what happens next, once; `loses`: bytes that a cut
    takes along, which had left the client and sat in a modem; `sent`: bytes the client sent."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.port = 0
        self.sent = 0
        self.rate: float | None = None
        self.cut_after: int | None = None
        self.cuts = 0
        self.loses = 0
        self.flip_at: int | None = None
        self.swallow_after: int | None = None
        self.swallows = 0
        self.fault: Fault | None = None

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_BLOCK)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    async def _connected(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        try:
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self.upstream, limit=_BLOCK)
        except OSError:  # the server is away: so is the line
            client_out.transport.abort()
            return
        one = _Connection(client_out, server_out)
        up = asyncio.create_task(self._up(client_in, one))
        down = asyncio.create_task(self._down(server_in, one))
        # Whichever side ends, the other is told at once: a dead client must not look alive to the server.
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, _Over):
                await task
        for writer in (client_out, server_out):
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, one: _Connection) -> None:
        while block := await reader.read(_BLOCK):
            if self.cuts and self.cut_after is not None and one.went_up + len(block) > self.cut_after:
                self.cuts -= 1
                self.sent += len(block) + await self._lost(reader)
                return
            if await self._refused(block, reader, one):
                return
            self.sent += len(block)
            await self._carry(self._damaged(block), one, up=True)
            one.went_up += len(block)
            if self.rate:
                await asyncio.sleep(len(block) / self.rate)

    async def _down(self, reader: asyncio.StreamReader, one: _Connection) -> None:
        while block := await reader.read(_BLOCK):
            if self.swallows and self.swallow_after is not None and one.went_up >= self.swallow_after:
                self.swallows -= 1
                return
            if one.swallows is not None:
                one.swallows.struck.set()
                return
            await self._carry(block, one, up=False)

    async def _carry(self, block: bytes, one: _Connection, *, up: bool) -> None:
        """Pass a block on, as far and as sound as the fault lets it."""
        writer, fault = one.server if up else one.client, self.fault
        if fault is None or fault.up is not up or fault.kind in {"refuse", "swallow"}:
            return await _write(writer, block)
        if fault.after >= len(block):
            fault.after -= len(block)
            return await _write(writer, block)
        self.fault = None
        fault.struck.set()
        if fault.kind == "flip":
            return await _write(writer, _flipped(block, fault.after))
        await _write(writer, block[: fault.after])
        if fault.kind == "stall":
            await asyncio.sleep(fault.stall_s)
        if fault.kind == "rst":
            one.reset()
        raise _Over

    async def _refused(self, block: bytes, reader: asyncio.StreamReader, one: _Connection) -> bool:
        """Whether the request that begins here was answered for the server; a request always begins a block."""
        fault, began = self.fault, _REQUEST.match(block)
        if fault is None or began is None or fault.kind not in {"refuse", "swallow"} or began[1] != fault.method:
            return False
        self.fault = None
        if fault.kind == "swallow":
            one.swallows = fault
            return False
        while b"\r\n\r\n" not in block:
            block += await reader.read(_BLOCK)
        head, _, body = block.partition(b"\r\n\r\n")
        announced = _LENGTH.search(head + b"\r\n")
        left = int(announced[1]) - len(body) if announced else 0
        while left > 0 and (more := await reader.read(_BLOCK)):
            left -= len(more)
        await _write(one.client, fault.answer)
        fault.struck.set()
        return True

    async def _lost(self, reader: asyncio.StreamReader) -> int:
        """Bytes that had left the client when the line broke."""
        lost = 0
        with contextlib.suppress(TimeoutError):
            while lost < self.loses:
                lost += len(await asyncio.wait_for(reader.read(min(_BLOCK, self.loses - lost)), 0.2)) or self.loses
        return min(lost, self.loses)

    def _damaged(self, block: bytes) -> bytes:
        """Called once the block counts as sent."""
        begins = self.sent - len(block)
        if self.flip_at is None or not begins <= self.flip_at < self.sent:
            return block
        at, self.flip_at = self.flip_at - begins, None
        return _flipped(block, at)


def _flipped(block: bytes, at: int) -> bytes:
    return block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :]


async def _write(writer: asyncio.StreamWriter, block: bytes) -> None:
    writer.write(block)
    await writer.drain()


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """A line to a server on loopback, until the end of the block."""
    wire, ready, loop = Wire(port), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        loop.run_until_complete(wire.serve(ready, stop))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield wire
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
