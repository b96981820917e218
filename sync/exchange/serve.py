"""The exchange's process: one folder, one socket, one event loop; says when it listens, stops when told."""

import asyncio
import fcntl
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from exam import durable
from exam.errors import ConfigError, Rejected
from exam.language import say
from sync.exchange.app import build
from sync.exchange.yard import Yard
from sync.model import Tier

_LOG = logging.getLogger(__name__)
_BACKLOG = 128
_MAX_CONNECTIONS = 512
_KEEP_ALIVE_S = 30
_GRACE_S = 3
"""Seconds that requests under way are given at the stop; what they sent stays on disk in any case."""


def serve(folder: Path, host: str, port: int, tier: Tier = "hub") -> None:
    """Serve `folder` on `host`:`port` (0: any free one) until SIGTERM or SIGINT.

    Prints the URL on stdout once connections are taken. Raises Rejected when the folder is served already,
    ConfigError when host or port cannot be had, Fatal, Transient and OSError as `build` does.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    yard = Yard(folder.resolve())
    durable.make_folder(yard.folder)
    with _alone(yard.lock), _listening(host, port) as listener:
        config = uvicorn.Config(
            build(yard, tier),
            access_log=False,
            log_config=None,
            log_level="warning",
            http="h11",  # bounds a request's headers; fast enough: the disk is what an upload waits for
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        asyncio.run(_Server(config).serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """Announces itself when it listens; returns after a signal instead of dying of it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(_url(sockets[0]), flush=True)  # noqa: T201 - the one line the caller waits for

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it however the process ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Rejected(
            f"Папку {path.parent} уже обслуживает другой файлообмен. Остановите его или укажите другую папку.",
            f"The folder {path.parent} is served by another exchange already. Stop it or name another folder.",
            code="already_served",
        ) from None


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"Адрес {host}:{port} занять нельзя: {error}. Укажите другие --host и --port.",
            f"The address {host}:{port} cannot be taken: {error}. Name another --host and --port.",
            code="bad_address",
        ) from error
    with listener:
        _warn_beyond_loopback(listener)
        yield listener


def _warn_beyond_loopback(listener: socket.socket) -> None:
    if not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
        _LOG.warning(
            "%s",
            say(
                "Адрес виден из сети, а соединение не шифруется: поставьте перед файлообменом обратный прокси с TLS.",
                "The address is open to the network and not encrypted: put a TLS reverse proxy in front.",
            ),
        )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
