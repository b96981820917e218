"""The exchange's process: one folder, one socket, one event loop; says when it listens, stops when told."""

import asyncio
import fcntl
import ipaddress
import logging
import os
import resource
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from exam import durable
from exam.errors import ConfigError, Rejected
from exam.language import say
from sync.exchange import connections, expiry, listening
from sync.exchange.app import build
from sync.exchange.connections import Connections
from sync.exchange.listening import Listening
from sync.exchange.storing import Store
from sync.exchange.yard import Yard
from sync.life import stops
from sync.model import Tier

_LOG = logging.getLogger(__name__)
_BACKLOG = 1024
_MAX_CONNECTIONS = 4096
_FILES_A_CONNECTION = 2
"""Descriptors: the connection, and the file it fills."""
_OTHER_FILES = 128
_KEEP_ALIVE_S = 30
_HEAD_BYTES = 16 * 1024
"""The longest head of a request taken; the metadata may be half of it."""
_GRACE_S = 3
"""Seconds that requests under way are given at the stop; what they sent stays on disk in any case."""


def serve(
    folder: Path,
    host: str,
    port: int,
    tier: Tier = "hub",
    *,
    tls: ssl.SSLContext | None = None,
    fingerprint: str | None = None,
    keep_unfinished_days: float = expiry.DEFAULT_DAYS,
    store: Store | None = None,
) -> None:
    """Serve `folder` on `host`:`port` (0: any free one) until a signal asks it to stop, encrypted with `tls`.

    `fingerprint`: the SHA-256 of its certificate, for invitations. `store`: where files lie for good, when not in
    `folder`.

    Prints the URL on stdout once connections are taken. Raises Rejected when the folder is served already,
    ConfigError when host or port cannot be had, Fatal, Transient and OSError as `build` does.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    yard = Yard(folder.resolve())
    durable.make_folder(yard.folder)
    open_ones = Connections(_room_for_connections())
    with _alone(yard.lock), _listening(host, port, tls) as listener:
        listening.note(yard, Listening(host, listener.getsockname()[1], fingerprint))
        config = uvicorn.Config(
            build(yard, tier, open_ones, keep_unfinished_days * expiry.DAY_S, store),
            access_log=False,
            log_config=None,
            log_level="warning",
            http=connections.protocol(open_ones),  # h11: bounds a head; fast enough, the disk is what is waited for
            h11_max_incomplete_event_size=_HEAD_BYTES,
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            ssl_context_factory=(lambda *_: tls) if tls else None,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(_Server(config, secure=tls is not None).serve(sockets=[listener]))


class _Loop(asyncio.SelectorEventLoop):
    """uvicorn cannot be told how long a TLS handshake may take: as long as the head of a request."""

    async def create_server(self, *what: Any, **more: Any) -> asyncio.Server:
        if more.get("ssl") is not None:
            more["ssl_handshake_timeout"] = connections.HEAD_S
        return await super().create_server(*what, **more)


def _room_for_connections() -> int:
    """How many may be open at a time, with as many descriptors as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS * _FILES_A_CONNECTION + _OTHER_FILES
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < granted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return max(1, (granted - _OTHER_FILES) // _FILES_A_CONNECTION)


class _Server(uvicorn.Server):
    """Announces itself when it listens; returns after a signal instead of dying of it."""

    def __init__(self, config: uvicorn.Config, *, secure: bool) -> None:
        super().__init__(config)
        self._scheme = "https" if secure else "http"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            print(_url(self._scheme, sockets[0]), flush=True)  # noqa: T201 - the one line the caller waits for

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in stops()}
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
def _listening(host: str, port: int, tls: ssl.SSLContext | None) -> Iterator[socket.socket]:
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
        # Inherited by each connection; asyncio sets it only on sockets that name their protocol. Without it the second
        # half of an answer waits for the first one's receipt: 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            _warn_beyond_loopback(listener)
        yield listener


def _warn_beyond_loopback(listener: socket.socket) -> None:
    if not ipaddress.ip_address(listener.getsockname()[0]).is_loopback:
        _LOG.warning(
            "%s",
            say(
                "Адрес виден из сети, а соединение не шифруется: дайте файлообмену сертификат (--tls-cert, --tls-key) "
                "или поставьте перед ним обратный прокси с TLS.",
                "The address is open to the network and not encrypted: give the exchange a certificate (--tls-cert, "
                "--tls-key), or put a TLS reverse proxy in front.",
            ),
        )


def _url(scheme: str, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
