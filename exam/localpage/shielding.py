"""What stands before every route: whose request it is, how large and how slow it may be, what browsers may do with it.

An ASGI application around the routes. Whatever is not named public needs a session.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exam.errors import ExamError
from exam.localpage.access import Sessions, is_our_host, is_our_origin
from exam.localpage.doors import Doors
from exam.localpage.refusal import Refused, answer

ENTER = "/enter"
BODY_BYTES = 1 << 16
_BODY_S = 15.0
"""Seconds for a body; for the next piece of a large one."""
_SEND_S = 20.0
"""Seconds for the other end to take what was sent before."""
_SAFE = {"GET", "HEAD"}
_PUBLIC_FOLDER = "/static/"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Shield:
    """`host`: as configured; `cookie`: its name. `pages`: paths that everybody may see, as they tell nothing;
    `way_in`: what to do without a session, in both languages. `large`: bytes that a body of these paths may have."""

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        doors: Doors,
        *,
        host: str,
        cookie: str,
        pages: Collection[str],
        way_in: tuple[str, str],
        large: Mapping[str, int],
    ) -> None:
        self._app, self._sessions, self._doors = app, sessions, doors
        self._host, self._cookie, self._large = host, cookie, large
        self._public, self._way_in = {*pages, ENTER}, way_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            return
        guarded = _Guarded(scope, receive, send, self._doors, self._large.get(scope["path"], BODY_BYTES))
        try:
            self._check(scope)
            guarded.check_length()
        except Refused as refused:
            await answer_to(scope, guarded, refused)
            return
        try:
            await self._app(scope, guarded.receive, guarded.send)
        except ExamError as error:
            await answer_to(scope, guarded, error)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not is_our_host(hosts[0], scope["server"], self._host):
            raise Refused(421, "foreign_host", "Этот адрес — не этой страницы.", "This address is not the page's.")
        is_reading = scope["type"] == "http" and scope["method"] in _SAFE
        origin = headers.get("origin")
        is_from_file = scope["path"] == ENTER and origin == "null"  # the starter's file; its token is what counts
        if not is_reading and not is_from_file and not is_our_origin(origin, hosts[0]):
            raise Refused(403, "foreign_origin", "Запрос не от этой страницы.", "Not sent by this page.")
        if scope["path"] in self._public or scope["path"].startswith(_PUBLIC_FOLDER):
            return
        if not self._sessions.knows(cookie_parser(headers.get("cookie", "")).get(self._cookie)):
            raise Refused(401, "no_session", *self._way_in)
        self._doors.trust(scope["client"])


class _Guarded:
    """A request's two directions: bodies bounded in size and time, answers in time, headers on each."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, doors: Doors, most: int) -> None:
        self._scope, self._receive, self._send, self._doors = scope, receive, send, doors
        self._left, self._is_read = most, scope["type"] == "websocket"
        self._is_large, self._until = most > BODY_BYTES, asyncio.get_running_loop().time() + _BODY_S
        self.has_begun = False

    def check_length(self) -> None:
        """What is announced as too large is not waited for. Raises Refused."""
        told = Headers(scope=self._scope).get("content-length", "0")
        if not told.isdecimal() or int(told) > self._left:
            raise _too_large()

    async def receive(self) -> Message:
        if self._is_read:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, "too_slow", "Запрос пришёл не весь.", "The request did not come whole.") from None
        self._left -= len(message.get("body", b""))
        self._is_read = not message.get("more_body", False)
        if self._left < 0:
            raise _too_large()
        if self._is_large:
            self._until = asyncio.get_running_loop().time() + _BODY_S
        return message

    async def send(self, message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start", "websocket.accept"}:
            self.has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        if message["type"] == "websocket.send":  # a timer each would cost more; `live` looks after slow readers
            await self._send(message)
            return
        try:
            async with asyncio.timeout(_SEND_S):
                await self._send(message)
        except TimeoutError:
            self._doors.cut(self._scope["client"])
            raise Refused(408, "too_slow", "Ответ не принимают.", "The answer is not taken.") from None


async def answer_to(scope: Scope, guarded: _Guarded, error: ExamError) -> None:
    """Tell why not; what has begun to be answered is cut off instead."""
    if guarded.has_begun:
        return
    if scope["type"] == "websocket":
        await guarded.send({"type": "websocket.close", "code": 1008})
        return
    response = answer(error)
    response.headers["Connection"] = "close"  # whatever is left of the request is not read
    await response(scope, _nothing, guarded.send)


def _too_large() -> Refused:
    return Refused(413, "too_large", "Запрос слишком большой.", "The request is too large.")


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}
