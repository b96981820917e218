"""The routes, as one table, behind the shield."""

import logging
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from exam.errors import ExamError
from exam.localpage.doors import Doors
from exam.localpage.gate import Gate, language_of
from exam.localpage.pages import Static, refuse, shell
from exam.localpage.refusal import Refused, answer
from exam.localpage.shielding import ENTER, Shield
from station.web import orders, playing, technician
from station.web.facts import facts_of
from station.web.room import Room, room_of
from station.web.technician import UPLOAD, UPLOAD_BYTES, Technician

_log = logging.getLogger("station.web")
_STATIC = Path(__file__).parent / "static"
_PAGES = {"/": "index.html", "/technician": "technician.html"}
_WAY_IN = (
    "Откройте страницу значком «Запись экзамена» на рабочем столе или командой station page.",
    "Open the page by the desktop's icon “Exam recording” or by the command: station page.",
)


def build(room: Room, doors: Doors) -> ASGIApp:
    """The application of one room."""
    app = Starlette(routes=_routes(room.gate), exception_handlers={ExamError: refuse, OSError: _disk_failed})
    app.state.room, app.state.technician = room, Technician(room)
    return Shield(
        app, room.gate.sessions, doors, host=room.config.web.host, cookie=room.gate.cookie, pages=_PAGES,
        way_in=_WAY_IN, large={UPLOAD: UPLOAD_BYTES},
    )  # fmt: skip


def _routes(gate: Gate) -> Sequence[BaseRoute]:
    return [
        *(Route(path, shell(_STATIC / file), methods=["GET"]) for path, file in _PAGES.items()),
        Mount("/static", Static(_STATIC)),
        Route(ENTER, gate.enter, methods=["POST"]),
        Route("/api/room", _facts, methods=["GET"]),
        Route("/api/command", orders.command, methods=["POST"]),
        Route("/api/waveform/{stem}", playing.shape, methods=["GET"]),
        Route("/api/listening", playing.played, methods=["POST"]),
        Route("/api/heard", playing.heard, methods=["POST"]),
        Route("/audio/{stem}.wav", playing.audio, methods=["GET"]),
        WebSocketRoute("/live", _live),
        *technician.routes(),
    ]


async def _facts(request: Request) -> Response:
    room = room_of(request)
    facts = facts_of(room.config, room.people, has_pin=room.has_pin)
    return JSONResponse({**facts, "language": language_of(request)})


async def _live(socket: WebSocket) -> None:
    room: Room = socket.app.state.room
    await room.live.serve(socket)


async def _disk_failed(_request: Request, error: Exception) -> Response:
    _log.warning("%s", error)
    return answer(
        Refused(
            503,
            "disk_failed",
            "Диск не читается. Запись на него этим не прервана; её тревоги — на странице.",
            "The disk cannot be read. That does not interrupt recording; its alarms are on the page.",
        )
    )
