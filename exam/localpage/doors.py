"""The connections of the web server: how many there may be, how long one may dally, and who is cut off.

uvicorn waits for ever for the rest of a request's head, and closes no connection whose other end reads nothing; here
both end. Whoever has no session makes room for whoever comes: a flood displaces itself, not the page.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_MOST = 64
_HEAD_S = 5.0
"""Seconds from the first byte of a request, or from the connection, to the end of its head."""

Address = tuple[str, int]


class Doors:
    """The open connections by the address they come from, oldest first."""

    def __init__(self) -> None:
        self._open: dict[Address, asyncio.Transport] = {}
        self._trusted: set[Address] = set()

    def opened(self, address: Address, transport: asyncio.Transport) -> None:
        """Let one in; where there are too many, the oldest without a session goes, or this one."""
        if len(self._open) >= _MOST and address not in self._open:
            stranger = next((each for each in self._open if each not in self._trusted), address)
            self._open.get(stranger, transport).abort()
            self.closed(stranger)
            if stranger == address:
                return
        self._open[address] = transport

    def trust(self, address: Address) -> None:
        """It has shown a session."""
        if address in self._open:
            self._trusted.add(address)

    def cut(self, address: Address) -> None:
        """End it at once, whatever is still to be sent."""
        transport = self._open.get(address)
        if transport is not None:
            transport.abort()

    def closed(self, address: Address) -> None:
        self._open.pop(address, None)
        self._trusted.discard(address)


class Http(H11Protocol):
    """Requests; each connection is counted by `doors`."""

    doors: ClassVar[Doors]
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.doors.opened(_address(self.client), transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self.doors.closed(_address(self.client))
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._forget_head()

    def _watch_head(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering or self.transport.get_protocol() is not self:
            self._forget_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_S, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Sockets(WebSocketsSansIOProtocol):
    """WebSockets, counted likewise."""

    doors: ClassVar[Doors]

    def connection_lost(self, exc: Exception | None) -> None:
        self.doors.closed(_address(self.client))
        super().connection_lost(exc)


def protocols(doors: Doors) -> tuple[type[Http], type[Sockets]]:
    """Both, counted by `doors`: uvicorn makes them itself, by their type."""
    return type("Http", (Http,), {"doors": doors}), type("Sockets", (Sockets,), {"doors": doors})


def _address(client: tuple[str, int] | None) -> Address:
    return client or ("", 0)
