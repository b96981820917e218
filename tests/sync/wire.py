"""A TCP line with faults: counts, slows, cuts, damages what a client sends, or swallows what the server answers."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_BLOCK = 64 * 1024


class Wire:
    """`rate`: bytes a second from the client; `cut_after`: cut each connection after so many bytes from the client,
    `cuts` times; `flip_at`: damage that byte of the line once; `swallow_after`: drop the answers of connections
    once so many bytes went up in them, `swallows` times."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.port = 0
        self.sent = 0
        self.rate: float | None = None
        self.cut_after: int | None = None
        self.cuts = 0
        self.flip_at: int | None = None
        self.swallow_after: int | None = None
        self.swallows = 0

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_BLOCK)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    async def _connected(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_connection("127.0.0.1", self.upstream, limit=_BLOCK)
        counted = [0]
        up = asyncio.create_task(self._up(client_in, server_out, counted))
        down = asyncio.create_task(self._down(server_in, client_out, counted))
        # Whichever side ends, the other is told at once: a dead client must not look alive to the server.
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task
        for writer in (client_out, server_out):
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: list[int]) -> None:
        while block := await reader.read(_BLOCK):
            if self.cuts and self.cut_after is not None and counted[0] + len(block) > self.cut_after:
                self.cuts -= 1
                return
            writer.write(self._damaged(block))
            await writer.drain()
            counted[0] += len(block)
            self.sent += len(block)
            if self.rate:
                await asyncio.sleep(len(block) / self.rate)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: list[int]) -> None:
        while block := await reader.read(_BLOCK):
            if self.swallows and self.swallow_after is not None and counted[0] >= self.swallow_after:
                self.swallows -= 1
                return
            writer.write(block)
            await writer.drain()

    def _damaged(self, block: bytes) -> bytes:
        if self.flip_at is None or not self.sent <= self.flip_at < self.sent + len(block):
            return block
        at = self.flip_at - self.sent
        self.flip_at = None
        return block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :]


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
