"""The exchange as an ASGI application: parts put together, routes, errors turned into answers."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from exam import durable
from exam.errors import ExamError, Transient
from sync import pairwords
from sync.exchange import expiry, files, identity, pools
from sync.exchange.access import Entrance
from sync.exchange.accounts import Accounts
from sync.exchange.centre import addresses
from sync.exchange.centre.site import Site
from sync.exchange.connections import Connections
from sync.exchange.database import Database
from sync.exchange.expiry import Expiry
from sync.exchange.files import Files
from sync.exchange.ground import Ground
from sync.exchange.holds import Holds
from sync.exchange.incoming import Incoming
from sync.exchange.protocol import RESUMABLE
from sync.exchange.receipts import Receipts
from sync.exchange.refusal import Refused, disk_full
from sync.exchange.register import Register
from sync.exchange.roomendpoints import RoomEndpoints
from sync.exchange.rooms import Rooms
from sync.exchange.space import Space
from sync.exchange.storing import Store
from sync.exchange.tokens import Tokens
from sync.exchange.verifier import Verifier
from sync.exchange.yard import Yard
from sync.model import Tier

_LOG = logging.getLogger(__name__)
_RETRY_S = "30"


def build(
    yard: Yard,
    tier: Tier,
    connections: Connections,
    keep_unfinished_s: float = expiry.DEFAULT_DAYS * expiry.DAY_S,
    store: Store | None = None,
) -> ASGIApp:
    """The application serving `yard`, for one event loop. Raises Fatal, Transient, OSError when it cannot start.

    `keep_unfinished_s`: seconds without a byte after which an unfinished upload is dropped. `store`: where files lie
    for good, when not in the yard.
    """
    signer = identity.load(yard.key, tier)
    database = Database(yard.database)
    accounts, register = Accounts(database), Register(database)
    verifier = Verifier(register, yard, signer, store)
    tokens, holds, incoming = Tokens(database), Holds(), Incoming(register, yard)
    entrance = Entrance(accounts, tokens, connections, Ground(yard.folder))
    expiring = Expiry(register, incoming, holds, keep_unfinished_s)
    space = Space(accounts, register, yard)
    uploads = Files(entrance, register, incoming, space, holds=holds, verifier=verifier, expiry=expiring)
    receipts = Receipts(entrance, register, yard, holds, verifier, identity=signer)
    rooms = RoomEndpoints(entrance, tokens, Rooms(database), signer)
    centre = Site(yard, database, accounts, register, connections=connections, store=store)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(pools.quick())
        await anyio.to_thread.run_sync(incoming.cut_unsynced)
        await anyio.to_thread.run_sync(verifier.resume)
        await expiring.sweep()
        hourly = asyncio.create_task(expiring.sweep_on())
        try:
            async with centre.running():
                yield
        finally:
            hourly.cancel()
            with suppress(asyncio.CancelledError):
                await hourly
            await anyio.to_thread.run_sync(verifier.close)
            database.close()

    app = Starlette(
        routes=[
            *_of_uploads(uploads),
            Route("/receipts/{sha256}", receipts.receipt, methods=["GET"]),
            Route("/key", receipts.key, methods=["GET"]),
            Route(pairwords.PATH, rooms.pair, methods=["POST"]),
            # Rooms tell their headquarters how they are; a region's centre is not asked to listen to every room.
            *([Route("/rooms/{room}", rooms.hear, methods=["PUT"])] if tier == "hub" else []),
            Mount(addresses.BASE, centre.app),
        ],
        exception_handlers={ExamError: _refuse, OSError: _disk_failed, ClientDisconnect: _gone},
        lifespan=lifespan,
    )
    return MethodOverride(app)


def _of_uploads(uploads: Files) -> list[BaseRoute]:
    """The tus protocol's."""
    one = files.PATH + "/{upload_id}"
    return [
        Route(files.PATH, uploads.options, methods=["OPTIONS"]),
        Route(files.PATH, uploads.create, methods=["POST"]),
        Route(one, uploads.options, methods=["OPTIONS"]),
        Route(one, uploads.offset, methods=["HEAD"]),
        Route(one, uploads.append, methods=["PATCH"]),
        Route(one, uploads.terminate, methods=["DELETE"]),
    ]


class MethodOverride:
    """Lets clients behind proxies that know only GET and POST name the method in X-HTTP-Method-Override."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            method = dict(scope["headers"]).get(b"x-http-method-override", b"POST")
            scope = {**scope, "method": method.decode("latin-1").upper()}
        await self._app(scope, receive, send)


async def _refuse(_request: Request, error: Exception) -> Response:
    if isinstance(error, Refused):
        return _told(error.status, error, error.headers)
    assert isinstance(error, ExamError)  # noqa: S101 - Starlette's signature is wider than its promise
    if isinstance(error, Transient):
        _LOG.error("%s", error.en)
        return _told(503, error, {"Retry-After": _RETRY_S})
    return _told(400, error, {})


async def _disk_failed(_request: Request, error: Exception) -> Response:
    _LOG.error("disk: %s", error)
    if isinstance(error, OSError) and error.errno in durable.NO_SPACE:
        refused = disk_full()
    else:
        refused = Refused(
            503,
            "disk_failed",
            "Диск сервера не отвечает как должен. Принятое цело; проверьте диск сервера и продолжите.",
            "The server's disk failed. What was acknowledged is safe; check the server's disk and go on.",
            headers={"Retry-After": _RETRY_S},
        )
    return _told(refused.status, refused, refused.headers)


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody is left to read this; the framework wants an answer all the same."""
    return Response(status_code=400)


def _told(status: int, error: ExamError, headers: dict[str, str]) -> Response:
    text = f"{error.ru}\n{error.en}\n"
    return PlainTextResponse(text, status, RESUMABLE | headers | {"X-Error-Code": error.code})
