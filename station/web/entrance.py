"""How one gets in: whoever may open the socket beside the daemon's gets a launch token, a browser shows it at `/enter`.

The socket's mode is the control socket's, 0660 in the daemon's folder: who may command the station may open its page.
A token lives while whoever asked waits for it to be used; that it was is told on the same connection.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from exam.clock import steady_ns
from exam.errors import Transient
from station.web.access import Tickets
from station.web.refusal import told

_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - one that is open to all is also open here
_log = logging.getLogger("station.web")

_WAIT_S = 120.0


class Entrance:
    """Listens at `path`."""

    def __init__(self, path: Path, tickets: Tickets) -> None:
        self._path, self._tickets = path, tickets
        self._used: dict[str, asyncio.Event] = {}
        self._told: Mapping[str, Any] = {}

    def is_open(self, listener: socket.socket) -> None:
        """The page is served there."""
        host, port = listener.getsockname()[:2]
        host = _HERE.get(host, host)
        self._told = {"url": f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"}

    def is_shut(self, why: OSError) -> None:
        """The page cannot be served (yet); recording does not need it."""
        reason = why.strerror or str(why)
        shut = Transient(
            f"Страница не открыта: адрес занят или недоступен ({reason}). Запись идёт и без неё. Задайте другой [web] "
            "port и перезапустите станцию; до тех пор она пробует снова сама.",
            f"There is no page: its address cannot be had ({reason}). Recording goes on without it. Set another [web] "
            "port and restart the station; until then it tries again by itself.",
            code="page_shut",
        )
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
