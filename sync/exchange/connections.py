"""The connections of the exchange: how many there may be, how long one may dally before it asks, and who must go.

uvicorn waits for ever for the rest of a request's head; here it ends. Whoever has shown no token makes room for
whoever comes: a flood displaces itself, not the schools. `serve` makes the protocol of it, `access` says who is known.
"""

import asyncio
import ipaddress
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
"""Seconds from a connection, or from the first byte of a further request, to the end of the request's head."""
PER_ADDRESS = 256
"""Connections from one address: a town's schools may share one. No limit on loopback, where a reverse proxy stands."""
PER_SCHOOL = 64
"""Connections that show one school's token."""

_READ_BYTES = 64 * 1024
"""Taken from a connection at a time: each may hold a few such pieces, and there are thousands."""

Client = tuple[str, int]


class Connections:
    """Those open, oldest first. Lives on the event loop."""

    def __init__(self, most: int, per_address: int = PER_ADDRESS, per_school: int = PER_SCHOOL) -> None:
        self._most, self._per_address, self._per_school = most, per_address, per_school
        self._strangers: dict[Client, asyncio.Transport] = {}
        self._of_host: dict[str, dict[Client, asyncio.Transport]] = {}
        self._school_of: dict[Client, str] = {}
        self._of_school: dict[str, set[Client]] = {}

    def __len__(self) -> int:
        return len(self._strangers) + len(self._school_of)

    def opened(self, client: Client, transport: asyncio.Transport) -> None:
        """Let one in; where there are too many, the oldest that showed no token goes, or this one."""
        there = self._of_host.setdefault(client[0], {})
        self._strangers[client] = there[client] = transport
        if len(self) > self._most:
            self._end(next(iter(self._strangers)))
        elif len(there) > self._per_address and not _is_loopback(client[0]):
            self._end(next(each for each in there if each in self._strangers))

    def known(self, client: Client, school: str) -> bool:
        """It showed the token of `school`; False when that has too many connections already."""
        if self._school_of.get(client) == school:
            return True
        theirs = self._of_school.setdefault(school, set())
        if len(theirs) >= self._per_school:
            return False
        if client in self._of_host.get(client[0], {}):
            self._forget_school(client)
            self._strangers.pop(client, None)
            self._school_of[client] = school
            theirs.add(client)
        return True

    def closed(self, client: Client) -> None:
        self._strangers.pop(client, None)
        self._forget_school(client)
        there = self._of_host.get(client[0], {})
        there.pop(client, None)
        if not there:
            self._of_host.pop(client[0], None)

    def _forget_school(self, client: Client) -> None:
        school = self._school_of.pop(client, "")
        theirs = self._of_school.get(school, set())
        theirs.discard(client)
        if not theirs:
            self._of_school.pop(school, None)

    def _end(self, client: Client) -> None:
        transport = self._strangers[client]
        self.closed(client)
        transport.abort()


class Http(H11Protocol):
    """One connection; counted by `counted`."""

    counted: ClassVar[Connections]
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined] # asyncio's own is four times as much
        self.counted.opened(self._whence(), transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self.counted.closed(self._whence())
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget_head()

    def _watch_head(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.is_closing():
            self._forget_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _whence(self) -> Client:
        return self.client or ("", 0)


def protocol(connections: Connections) -> type[Http]:
    """uvicorn makes them itself, by their type."""
    return type("Counted", (Http,), {"counted": connections})


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
