"""The web server: uvicorn without signals, logs and a clock that ticks, on a socket that is waited for."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from exam.localpage.doors import Doors, protocols

_BACKLOG = 64
_KEEP_ALIVE_S = 60
_HEAD_BYTES = 16384
_MESSAGE_BYTES = 4096
_AGAIN_S = 5.0


class Server(uvicorn.Server):
    """Serves until its task is cancelled."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Whoever started us says when to end."""
        yield

    async def main_loop(self) -> None:
        """uvicorn wakes ten times a second to look whether it is to end."""
        await asyncio.Event().wait()


def server_of(app: ASGIApp, doors: Doors) -> Server:
    """A server of `app` whose connections `doors` bounds."""
    http, sockets = protocols(doors)
    config = uvicorn.Config(
        app,
        http=http,
        ws=sockets,
        ws_max_size=_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_S,
        backlog=_BACKLOG,
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level=logging.ERROR,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    return Server(config)


async def listening(host: str, port: int, busy: Callable[[OSError], None]) -> socket.socket:
    """The socket of the page, waited for while another program has the port; `busy` is told why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except OSError as error:
            busy(error)
        else:
            # Inherited by each connection; asyncio sets it only on sockets that name their protocol. Without it the
            # second half of an answer waits 40 ms for the first one's receipt.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
        await asyncio.sleep(_AGAIN_S)
