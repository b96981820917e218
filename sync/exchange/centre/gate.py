"""Who may look: what stands before every page of the centre.

An ASGI application around the routes. There are no pages without an operator, none over a network that is not
encrypted, and none but the entrance without a session. A school's token is nothing here.
"""

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.exchange.centre.addresses import COOKIE, ENTRANCE, STYLE
from sync.exchange.centre.operators import Operators
from sync.exchange.centre.sessions import Session, Sessions, is_same
from sync.exchange.connections import Connections
from sync.exchange.refusal import Refused

_PUBLIC = {ENTRANCE, STYLE}
_SAFE = {"GET", "HEAD"}
_BODY_BYTES = 4096
_BODY_S = 15.0
_MOST_FIELDS = 16
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers would send forms as of unknown origin
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Told = Callable[[Request, Refused], Awaitable[Response]]


class Gate:
    """`told`: how a refusal is shown."""

    def __init__(
        self, app: ASGIApp, operators: Operators, sessions: Sessions, connections: Connections, told: Told
    ) -> None:
        self._app, self._operators, self._sessions, self._connections = app, operators, sessions, connections
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        request = Request(scope, receive)
        try:
            await self._check(request)
        except Refused as refused:
            await (await self._refusal(request, refused))(scope, receive, shielded)
            return
        await self._app(scope, receive, shielded)

    async def _check(self, request: Request) -> None:
        if not await asyncio.to_thread(self._operators.are_there):
            raise Refused(404, "no_pages", "Страниц центра здесь нет.", "There are no centre's pages here.")
        if not is_private(request):
            raise Refused(
                403,
                "not_private",
                "Страницы центра открываются только по https: в них имена детей. Дайте файлообмену сертификат "
                "(--tls-cert, --tls-key) или откройте их на самом сервере.",
                "The centre's pages open over https alone: they hold children's names. Give the exchange a certificate "
                "(--tls-cert, --tls-key), or open them on the server itself.",
            )
        if request.method not in _SAFE and not _is_ours(request.headers):
            raise Refused(403, "foreign_origin", "Запрос не от страницы центра.", "Not sent by the centre's page.")
        request.scope["operator_session"] = session = await self._session(request)
        if session is None and request.url.path not in _PUBLIC:
            raise Refused(401, "no_session", "Войдите, чтобы продолжить.", "Sign in to go on.")
        if session is not None and request.client is not None:
            # A flood of strangers must not cut off whoever has signed in.
            self._connections.known((request.client.host, request.client.port), f"@{session.operator}")

    async def _session(self, request: Request) -> Session | None:
        cookie = cookie_of(request)
        session = self._sessions.find(cookie, time.monotonic())
        if session is None:
            return None
        if await asyncio.to_thread(self._operators.mark_of, session.operator) != session.mark:
            self._sessions.end(cookie)  # shut out, or another password
            return None
        return session

    async def _refusal(self, request: Request, refused: Refused) -> Response:
        if refused.code == "no_session" and request.method in _SAFE:
            return RedirectResponse(ENTRANCE, 303)
        return await self._told(request, refused)


def is_private(request: Request) -> bool:
    """Whether nobody on the way can read along: encrypted, or within this computer (a proxy with TLS stands there)."""
    server: Any = request.scope.get("server") or ("", 0)
    return request.scope["scheme"] == "https" or is_loopback(str(server[0]))


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def session_of(request: Request) -> Session:
    """Of a request that was let through to a page."""
    session = request.scope["operator_session"]
    assert isinstance(session, Session)  # noqa: S101 - the gate has put it there
    return session


def cookie_of(request: Request) -> str | None:
    return cookie_parser(request.headers.get("cookie", "")).get(COOKIE)


async def form_of(request: Request) -> dict[str, str]:
    """A posted form's fields. Raises Refused for one that is too large, too slow, or none."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for piece in request.stream():
                body += piece
                if len(body) > _BODY_BYTES:
                    raise Refused(413, "too_large", "Запрос слишком большой.", "The request is too large.")
    except TimeoutError:
        raise Refused(408, "too_slow", "Запрос пришёл не весь.", "The request did not come whole.") from None
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Refused(400, "bad_form", "Запрос не разобрать.", "The request makes no sense.") from None


async def own_form_of(request: Request) -> dict[str, str]:
    """A form of a page this session was shown. Raises Refused as `form_of`, and for any other."""
    fields = await form_of(request)
    if not is_same(fields.get("csrf", ""), session_of(request).csrf):
        raise Refused(
            403, "bad_csrf", "Страница устарела. Вернитесь, обновите её и повторите.",
            "The page is out of date. Go back, reload it and try again.",
        )  # fmt: skip
    return fields


def _is_ours(headers: Headers) -> bool:
    """Whether a page of this very address sent it; a proxy may have taken the TLS off."""
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
