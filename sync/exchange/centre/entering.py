"""Signing in and out. A password is looked at one at a time, the slower the more often it was wrong."""

import asyncio
import logging
import time

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sync.exchange.centre import views
from sync.exchange.centre.addresses import BASE, COOKIE, ENTRANCE
from sync.exchange.centre.audit import Audit
from sync.exchange.centre.gate import cookie_of, form_of, is_loopback, own_form_of, session_of
from sync.exchange.centre.operators import LETTERS_AT_MOST, Operators, normal
from sync.exchange.centre.sessions import Sessions, Tries

_MOST_WAITING = 8
"""Each look takes 128 MiB and a core."""
_LOG = logging.getLogger(__name__)


class Entering:
    """The endpoints `login` and `logout`."""

    def __init__(self, operators: Operators, sessions: Sessions, audit: Audit) -> None:
        self._operators, self._sessions, self._audit = operators, sessions, audit
        self._tries = Tries()
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0

    async def show(self, request: Request) -> Response:
        if request.scope["operator_session"] is not None:
            return RedirectResponse(BASE, 303)
        return HTMLResponse(views.entrance())

    async def enter(self, request: Request) -> Response:
        fields = await form_of(request)
        name, password = normal(fields.get("name", "")), fields.get("password", "")
        if self._waiting >= _MOST_WAITING:
            return _wait(1.0)
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                return await self._try(request, name, password)
        finally:
            self._waiting -= 1

    async def leave(self, request: Request) -> Response:
        await own_form_of(request)
        session = session_of(request)
        self._sessions.end(cookie_of(request))
        await asyncio.to_thread(self._audit.note, session.operator, "signed_out", "", address_of(request))
        answer = RedirectResponse(ENTRANCE, 303)
        answer.delete_cookie(COOKIE, path=BASE)
        return answer

    async def _try(self, request: Request, name: str, password: str) -> Response:
        address = address_of(request)
        keys = [f"name {name.casefold()}"] + ([] if is_loopback(address) else [f"address {address}"])
        wait = self._tries.wait_s(keys, time.monotonic())
        if wait > 0:
            return _wait(wait)
        if len(password) > LETTERS_AT_MOST or not await asyncio.to_thread(self._operators.proves, name, password):
            self._tries.wrong(keys, time.monotonic())
            await self._note_refused(name, address)
            return HTMLResponse(views.entrance("Имя или пароль не подходят."), 401)
        mark = await asyncio.to_thread(self._operators.mark_of, name)
        if mark is None:
            return HTMLResponse(views.entrance("Имя или пароль не подходят."), 401)
        self._tries.right(keys[:1])
        await asyncio.to_thread(self._audit.note, name, "signed_in", "", address)
        self._sessions.end(cookie_of(request))
        answer = RedirectResponse(BASE, 303)
        cookie = self._sessions.begin(name, mark, time.monotonic())
        answer.set_cookie(COOKIE, cookie, path=BASE, secure=_is_encrypted(request), httponly=True, samesite="strict")
        return answer

    async def _note_refused(self, name: str, address: str) -> None:
        """What is no operator's name may be a password that slipped into the wrong field."""
        known = await asyncio.to_thread(self._operators.mark_of, name) is not None
        _LOG.warning("a log-in from %s was refused", address)
        await asyncio.to_thread(self._audit.note, name if known else "?", "refused", "", address)


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


def _is_encrypted(request: Request) -> bool:
    """By us, or by the proxy before us. Who lies about that only loses the own cookie."""
    return request.scope["scheme"] == "https" or request.headers.get("x-forwarded-proto") == "https"


def _wait(seconds: float) -> Response:
    whole = max(1, round(seconds + 0.5))
    text = f"Слишком много неверных попыток. Повторите через {whole} с."
    return HTMLResponse(views.entrance(text), 429, {"Retry-After": str(whole)})
