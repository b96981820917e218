"""The centre's pages put together: an application for `app` to mount at `addresses.BASE`.

It reads; nothing of what schools send or sent is changed by it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from exam.errors import ExamError, Transient
from sync.exchange.accounts import Accounts
from sync.exchange.centre import views
from sync.exchange.centre.audit import Audit
from sync.exchange.centre.checking import Checks
from sync.exchange.centre.collecting import Collecting
from sync.exchange.centre.entering import Entering
from sync.exchange.centre.gate import Gate
from sync.exchange.centre.knowledge import Knowledge
from sync.exchange.centre.operators import Operators
from sync.exchange.centre.overview import Overview
from sync.exchange.centre.pages import Pages
from sync.exchange.centre.sessions import Sessions
from sync.exchange.centre.shelves import Shelves
from sync.exchange.connections import Connections
from sync.exchange.database import Database
from sync.exchange.refusal import Refused
from sync.exchange.register import Register
from sync.exchange.storing import Store
from sync.exchange.yard import Yard

_STYLE = Path(__file__).with_name("style.css")
_RENEW_EVERY_S = 300.0
_LOG = logging.getLogger(__name__)


class Site:
    """`app`: to be mounted. `store`: where files lie when not in the yard; its owner closes it."""

    def __init__(
        self, yard: Yard, database: Database, accounts: Accounts, register: Register, *, connections: Connections,
        store: Store | None,
    ) -> None:  # fmt: skip
        shelves, audit = Shelves(yard, store), Audit(yard.folder)
        collecting = Collecting(register, Knowledge(database, shelves))
        overview = Overview(database, accounts, register, collecting)
        self._operators, sessions = Operators(database), Sessions()
        checks = Checks(yard, register, shelves, lambda: overview.schools(register.settled()))
        self._pages = Pages(overview, collecting, checks, audit)
        inner = _routed(self._pages, Entering(self._operators, sessions, audit))
        self.app: ASGIApp = Gate(inner, self._operators, sessions, connections, _refuse)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """For as long as the exchange is served."""
        renewing = asyncio.create_task(self._renew_on())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            await asyncio.to_thread(self._pages.close)

    async def _renew_on(self) -> None:
        """So that the table is ready when somebody opens it; not where nobody may."""
        while True:
            await asyncio.sleep(_RENEW_EVERY_S)
            try:
                if await asyncio.to_thread(self._operators.are_there):
                    await self._pages.renew()
            except (OSError, ExamError) as error:
                _LOG.error("the table of all schools is not up to date: %s", error)


def _routed(pages: Pages, entering: Entering) -> Starlette:
    day = "/schools/{code}/{day}"
    return Starlette(
        routes=[
            Route("/", pages.all_schools),
            Route("/login", entering.show),
            Route("/login", entering.enter, methods=["POST"]),
            Route("/logout", entering.leave, methods=["POST"]),
            Route("/style.css", _style),
            Route("/matrix.csv", pages.all_matrix),
            Route("/matrix.zip", pages.all_matrix),
            Route("/checks", pages.checks),
            Route("/checks", pages.check, methods=["POST"]),
            Route("/checks/stop", pages.stop_check, methods=["POST"]),
            Route("/schools/{code}", pages.latest),
            Route(day, pages.school),
            Route(f"{day}/versions", pages.versions),
            Route(f"{day}/files", pages.files),
            Route(f"{day}/matrix.csv", pages.school_matrix),
            Route(f"{day}/matrix.zip", pages.school_matrix),
        ],
        exception_handlers={Refused: _refused, ExamError: _failed, OSError: _disk_failed, 404: _not_found},
    )


async def _style(_request: Request) -> Response:
    return FileResponse(_STYLE, media_type="text/css; charset=utf-8")


async def _refuse(_request: Request, refused: Refused) -> Response:
    return HTMLResponse(views.refusal("Не получилось", refused.ru), refused.status, refused.headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - Starlette's signature is wider than its promise
    return await _refuse(request, error)


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ExamError)  # noqa: S101 - likewise
    _LOG.error("%s", error.en)
    return HTMLResponse(views.refusal("Не получилось", error.ru), 503 if isinstance(error, Transient) else 400)


async def _disk_failed(_request: Request, error: Exception) -> Response:
    _LOG.error("disk: %s", error)
    text = "Диск сервера не отвечает как должен. Принятое цело; проверьте диск сервера и повторите."
    return HTMLResponse(views.refusal("Не получилось", text), 503)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return HTMLResponse(views.refusal("Не найдено", "Такой страницы нет."), 404)
