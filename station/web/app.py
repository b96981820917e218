"""The routes, as one table, behind the shield."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from exam.errors import ExamError
from station.web import orders, playing, technician
from station.web.doors import Doors
from station.web.entering import enter
from station.web.facts import facts_of
from station.web.refusal import Refused, answer
from station.web.room import LANGUAGE_COOKIE, LANGUAGES, Room, language_of, room_of
from station.web.shielding import ENTER, Shield
from station.web.technician import UPLOAD, UPLOAD_BYTES, Technician

_log = logging.getLogger("station.web")
_STATIC = Path(__file__).parent / "static"
_A_YEAR_S = 365 * 86400
_ALWAYS_ASK = {"Cache-Control": "no-cache"}


def build(room: Room, doors: Doors) -> ASGIApp:
    """The application of one room."""
    app = Starlette(routes=_routes(), exception_handlers={ExamError: _refuse, OSError: _disk_failed})
    app.state.room, app.state.technician = room, Technician(room)
    large = {UPLOAD: UPLOAD_BYTES}
    return Shield(app, room.sessions, doors, host=room.config.web.host, cookie=room.cookie, large=large)


def _routes() -> Sequence[BaseRoute]:
    return [
        Route("/", _shell("index.html"), methods=["GET"]),
        Route("/technician", _shell("technician.html"), methods=["GET"]),
        Mount("/static", _Static(directory=_STATIC, check_dir=False)),
        Route(ENTER, enter, methods=["POST"]),
        Route("/api/room", _facts, methods=["GET"]),
        Route("/api/command", orders.command, methods=["POST"]),
        Route("/api/waveform/{stem}", playing.shape, methods=["GET"]),
        Route("/api/listening", playing.played, methods=["POST"]),
        Route("/api/heard", playing.heard, methods=["POST"]),
        Route("/audio/{stem}.wav", playing.audio, methods=["GET"]),
        WebSocketRoute("/live", _live),
        *technician.routes(),
    ]


class _Static(StaticFiles):
    """Files of the page: looked for anew each time, so that a new version is not mixed with an old one."""

    def file_response(self, *args: object, **keys: object) -> Response:
        response: Response = super().file_response(*args, **keys)  # type: ignore[arg-type]
        response.headers.update(_ALWAYS_ASK)
        return response


def _shell(file: str) -> Callable[[Request], Awaitable[Response]]:
    """A page: the same for everybody; `?lang=` chooses the reader's language, for this page and the next."""

    async def show(request: Request) -> Response:
        language = request.query_params.get("lang")
        if language not in {None, *LANGUAGES}:
            raise Refused(
                400,
                "unknown_language",
                "Такого языка нет. Есть русский (?lang=ru) и английский (?lang=en).",
                "There is no such language. There are Russian (?lang=ru) and English (?lang=en).",
            )
        response = FileResponse(_STATIC / file, headers=_ALWAYS_ASK)
        if language is not None:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=_A_YEAR_S, httponly=True, samesite="strict")
        return response

    return show


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


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ExamError)  # noqa: S101 - Starlette's signature is wider than its promise
    return answer(error)
