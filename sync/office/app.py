"""The routes, as one table, behind the shield; what pages read is answered here, what they do in `actions`."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from exam.errors import ExamError
from exam.localpage.doors import Doors
from exam.localpage.gate import Gate, language_of
from exam.localpage.pages import Static, refuse, shell
from exam.localpage.refusal import Refused, answer
from exam.localpage.shielding import ENTER, Shield
from sync.office import actions, drives, experts, papers, scans
from sync.office.desk import Desk, desk_of
from sync.school.model import SchoolDay

PAGES = {"office": "/"}
_log = logging.getLogger("sync.office")
_STATIC = Path(__file__).parent / "static"
_WAY_IN = (
    "Откройте страницу значком «Штаб экзамена» на рабочем столе или командой station-sync office.",
    "Open the page by the desktop's icon “Exam headquarters” or by the command: station-sync office.",
)
_ACTS = {
    "release": actions.release,
    "outcome": actions.outcome,
    "choose": actions.choose,
    "settle": actions.settle,
    "papers": actions.papers,
    "tick": actions.tick,
}
_AFTERWARDS = 2
_TYPES = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}


def build(desk: Desk, gate: Gate, doors: Doors, host: str) -> ASGIApp:
    """The application of one headquarters."""
    app = Starlette(routes=_routes(gate), exception_handlers={ExamError: refuse, OSError: _disk_failed})
    app.state.desk, app.state.pictures = desk, scans.Pictures()
    return Shield(
        app,
        gate.sessions,
        doors,
        host=host,
        cookie=gate.cookie,
        pages=PAGES.values(),
        way_in=_WAY_IN,
        large={papers.CHECK: papers.CHECK_BYTES},
    )


def _routes(gate: Gate) -> Sequence[BaseRoute]:
    return [
        Route("/", shell(_STATIC / "office.html"), methods=["GET"]),
        Mount("/static", Static(_STATIC)),
        Route(ENTER, gate.enter, methods=["POST"]),
        Route("/api/office", _facts, methods=["GET"]),
        Route("/api/day", _told(Desk.day), methods=["GET"]),
        Route("/api/rooms", _told(_rooms), methods=["GET"]),
        Route("/api/due", _told(Desk.due), methods=["GET"]),
        Route("/api/report.{kind}", _report, methods=["GET"]),
        *(Route(f"/api/{name}", act, methods=["POST"]) for name, act in _ACTS.items()),
        *experts.routes(),
        *scans.routes(),
        *papers.routes(),
        *drives.routes(),
    ]


async def _facts(request: Request) -> Response:
    """What does not change while the page is open, but for the day's size."""
    desk = desk_of(request)
    sources, looked = desk.sources, await desk.seen()
    return JSONResponse({
        "school": {"code": desk.school, "name": desk.name},
        "exam_date": sources.exam_date.isoformat(),
        "is_small": looked.is_small,
        "papers": looked.day.papers_way,
        "reports": list(sources.reports),
        "looks": _looks(looked.day),
        "part": _part_of_now(desk),
        "language": language_of(request),
    })  # fmt: skip


def _looks(day: SchoolDay) -> list[str]:
    """The parts of the page that this day has."""
    scans = ["scans"] if day.papers_way == "scans" else []
    return ["due", "rooms", "day", *scans, *(["experts"] if _is_heard_afterwards(day) else []), "papers", "drives"]


def _is_heard_afterwards(day: SchoolDay) -> bool:
    """Whether experts listen to recordings: scheme 2, for anybody."""
    return any((row.person.scheme or day.scheme) == _AFTERWARDS for row in day.rows)


def _part_of_now(desk: Desk) -> str:
    """Which part of the page is wanted first: what is due before, the rooms meanwhile, the package afterwards."""
    today, exam_date = desk.sources.now().date(), desk.sources.exam_date
    if today == exam_date:
        return "rooms"
    return "due" if today < exam_date else "day"


def _told(of: Callable[[Desk], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        return Response(msgspec.json.encode(await of(desk_of(request))), media_type="application/json")

    return show


async def _rooms(desk: Desk) -> Any:
    return (await desk.seen()).rooms


async def _report(request: Request) -> Response:
    """The day's report, to be saved."""
    desk, kind = desk_of(request), request.path_params["kind"]
    if kind not in desk.sources.reports:
        raise Refused(404, "not_found", "Такого отчёта нет.", "There is no such report.")
    content = await desk.do(desk.sources.report, kind)
    name = f"{desk.sources.exam_date:%d.%m.%Y}_{desk.school}_отчёт.{kind}"
    kept = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(name)}"}
    return Response(content, media_type=_TYPES[kind], headers=kept)


async def _disk_failed(_request: Request, error: Exception) -> Response:
    _log.warning("%s", error)
    return answer(
        Refused(
            503,
            "disk_failed",
            "Диск не читается или не пишется. Записи этим не затронуты. Проверьте место и права.",
            "The disk cannot be read or written. Recordings are untouched. Check space and permissions.",
        )
    )
