"""How one gets in: whoever may open the socket beside the daemon's gets a launch token, a browser shows it at `/enter`.

The socket's mode is 0660 in the program's folder: who may command the program may open its page.
A token lives while whoever asked waits for it to be used; that it was is told on the same connection.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from exam import oswords
from exam.clock import steady_ns
from exam.errors import ExamError
from exam.localpage.access import Tickets
from exam.localpage.refusal import told

_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - one that is open to all is also open here
_log = logging.getLogger("exam.localpage")

_WAIT_S = 120.0


class Entrance:
    """Listens at `path`. `shut`: what is told while the page cannot be served, given the system's reason."""

    def __init__(self, path: Path, tickets: Tickets, shut: Callable[[str], ExamError]) -> None:
        self._path, self._tickets, self._shut = path, tickets, shut
        self._used: dict[str, asyncio.Event] = {}
        self._told: Mapping[str, Any] = {}

    def is_open(self, listener: socket.socket) -> None:
        """The page is served there."""
        host, port = listener.getsockname()[:2]
        host = _HERE.get(host, host)
        self._told = {"url": f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"}

    def is_shut(self, why: OSError) -> None:
        """The page cannot be served (yet)."""
        shut = self._shut(oswords.shown(why))
        if "error" not in self._told:
            _log.warning("%s", shut)
        self._told = {"error": told(shut)}

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen meanwhile."""
        try:
            async with await self._server():
                yield
        finally:
            self._path.unlink(missing_ok=True)

    async def _server(self) -> asyncio.Server:
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o117)
        try:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(self._path))
        finally:
            os.umask(mask)
        return await asyncio.start_unix_server(self._serve, sock=listener)

    def use(self, token: str) -> bool:
        """Whether this token lets in; it does once."""
        if not self._tickets.take(token, steady_ns()):
            return False
        if token in self._used:
            self._used[token].set()
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        token = self._tickets.issue(steady_ns())
        used = self._used[token] = asyncio.Event()
        try:
            writer.write(msgspec.json.encode({**self._told, "token": token}) + b"\n")
            await writer.drain()
            gone, entered = asyncio.create_task(reader.read()), asyncio.create_task(used.wait())
            await asyncio.wait((gone, entered), timeout=_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            entered.cancel()
            writer.write(msgspec.json.encode({"entered": used.is_set()}) + b"\n")
            await writer.drain()
        except OSError:
            pass
        finally:
            del self._used[token]
            self._tickets.revoke(token)
            writer.close()
