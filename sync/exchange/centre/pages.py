"""The centre's pages as endpoints: who asked what is noted first, then it is shown."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import IO, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from sync.exchange.centre import tables, views, views_school
from sync.exchange.centre.addresses import BASE, school_path
from sync.exchange.centre.audit import Act, Audit
from sync.exchange.centre.checking import Checks, Scope
from sync.exchange.centre.collecting import Collecting
from sync.exchange.centre.entering import address_of
from sync.exchange.centre.gate import own_form_of, session_of
from sync.exchange.centre.overview import Everything, Overview
from sync.exchange.centre.versions import changes
from sync.exchange.centre.words import CentreDay, Version
from sync.exchange.refusal import Refused
from sync.plan import Reason
from sync.school.package import Package

_PATIENCE_S = 0.3
"""How long a page of all schools waits for what is being made anew."""
_PIECE = 1 << 16
_MOST_VERSIONS = 20
T = TypeVar("T")


class Pages:
    """`threads`: where everything is read; two pages at a time, so that uploads are not kept waiting."""

    def __init__(self, overview: Overview, collecting: Collecting, checks: Checks, audit: Audit) -> None:
        self._overview, self._collecting, self._checks, self._audit = overview, collecting, checks, audit
        self._threads = ThreadPoolExecutor(2, "centre")
        self._renewing_thread = ThreadPoolExecutor(1, "overview")
        self._renewing: asyncio.Future[None] | None = None

    def close(self) -> None:
        self._overview.stop()
        self._checks.close()
        self._threads.shutdown(cancel_futures=True)
        self._renewing_thread.shutdown(cancel_futures=True)

    async def renew(self) -> None:
        """Bring the table of all schools up to date; whoever asks meanwhile waits for the same."""
        if self._renewing is None or self._renewing.done():
            loop = asyncio.get_running_loop()
            self._renewing = loop.run_in_executor(self._renewing_thread, self._overview.refresh)
        await asyncio.shield(self._renewing)

    async def all_schools(self, request: Request) -> Response:
        asked = _date_in(request.query_params.get("date"))
        await self._note(request, "looked", f"* {asked or ''}".strip())
        everything = await self._everything()
        day = asked or everything.latest(_today())
        only_lacking = request.query_params.get("show") == "lacking"
        return HTMLResponse(views.schools(everything, day, session_of(request), only_lacking=only_lacking))

    async def all_matrix(self, request: Request) -> Response:
        """Of all schools on one day, as CSV or ZIP."""
        day = _date_in(request.query_params.get("date")) or (await self._everything()).latest(_today())
        if day is None:
            raise _nothing()
        schools = await self._work(self._overview.schools)
        found = (self._collecting.day(code, day) for code in schools)
        return await self._take(request, (one for one in found if one.files or one.set_aside), f"{day}")

    async def school(self, request: Request) -> Response:
        code, day = self._asked(request)
        await self._note(request, "looked", f"{code} {day}")
        found, dates = await self._work(lambda: (self._day(code, day), self._dates(code)))
        return HTMLResponse(await self._work(lambda: views_school.day(found, dates, session_of(request))))

    async def latest(self, request: Request) -> Response:
        """A school without a day: its last one."""
        code = request.path_params["code"]
        dates = await self._work(lambda: self._dates(code))
        if not dates:
            raise _nothing()
        return RedirectResponse(school_path(code, dates[-1]), 303)

    async def school_matrix(self, request: Request) -> Response:
        code, day = self._asked(request)
        return await self._take(request, iter([await self._work(lambda: self._day(code, day))]), f"{code}_{day}")

    async def versions(self, request: Request) -> Response:
        code, day = self._asked(request)
        await self._note(request, "looked", f"{code} {day} versions")
        found = await self._work(lambda: self._day(code, day))
        changed = await self._work(lambda: self._changes(found))
        return HTMLResponse(views_school.versions(found, changed, session_of(request)))

    async def files(self, request: Request) -> Response:
        code, day = self._asked(request)
        await self._note(request, "looked", f"{code} {day} files")
        found, others = await self._work(lambda: (self._day(code, day), self._collecting.undated(code)))
        return HTMLResponse(await self._work(lambda: views_school.files(found, others, session_of(request))))

    async def checks(self, request: Request) -> Response:
        past = await self._work(self._checks.past)
        return HTMLResponse(views.checks(self._checks.under_way, past, session_of(request)))

    async def check(self, request: Request) -> Response:
        fields = await own_form_of(request)
        scope = Scope(fields.get("school") or None, _date_in(fields.get("date")))
        await self._note(request, "checked", f"{scope.school or '*'} {scope.exam_date or '*'}")
        if not self._checks.begin(scope, session_of(request).operator):
            raise Refused(409, "busy", "Проверка уже идёт. Дождитесь её или остановите.", "A check is under way.")
        return RedirectResponse(f"{BASE}/checks", 303)

    async def stop_check(self, request: Request) -> Response:
        await own_form_of(request)
        self._checks.stop()
        return RedirectResponse(f"{BASE}/checks", 303)

    async def _everything(self) -> Everything:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.renew()
        except TimeoutError:
            pass  # shown as it is, and said to be so
        return await self._work(self._overview.now)

    async def _take(self, request: Request, days: Iterator[CentreDay], name: str) -> Response:
        is_zip = request.url.path.endswith(".zip")
        name = f"матрица_{name}.{'zip' if is_zip else 'csv'}"
        await self._note(request, "took", name)
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        if not is_zip:
            return StreamingResponse(_encoded(tables.matrix_csv(days)), 200, headers, "text/csv; charset=utf-8")
        return StreamingResponse(await self._work(lambda: _zipped(days)), 200, headers, "application/zip")

    def _asked(self, request: Request) -> tuple[str, date]:
        day = _date_in(request.path_params["day"])
        if day is None:
            raise _nothing()
        return request.path_params["code"], day

    def _day(self, code: str, day: date) -> CentreDay:
        if code not in self._overview.schools():
            raise _nothing()
        return self._collecting.day(code, day)

    def _dates(self, code: str) -> list[date]:
        everything = self._overview.now()
        return [day for day, lines in everything.days.items() if any(line.school == code for line in lines)]

    def _changes(self, found: CentreDay) -> list[tuple[Version, list[Reason]]]:
        """Each version with what it says otherwise than the one before; two are held at a time."""
        told: list[tuple[Version, list[Reason]]] = []
        before: Package | None = None
        for version, package in self._collecting.packages(found.versions[-_MOST_VERSIONS:]):
            told.append((version, changes(before, package) if before and package else []))
            before = package
        return told

    async def _note(self, request: Request, act: Act, what: str) -> None:
        await self._work(lambda: self._audit.note(session_of(request).operator, act, what, address_of(request)))

    async def _work(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()


def _zipped(days: Iterable[CentreDay]) -> Iterator[bytes]:
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever reads it to its end, or lets it go
    tables.write_zip(file, days)
    file.seek(0)
    return _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _date_in(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _nothing() from None


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _nothing() -> Refused:
    return Refused(404, "nothing", "Такой школы или такого дня здесь нет.", "There is no such school or day here.")
