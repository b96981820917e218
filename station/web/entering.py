"""`POST /enter`: a launch token becomes a session."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from station.web.keeping import keep
from station.web.room import room_of

_PAGES = {"room": "/", "technician": "/technician"}
_STALE = (
    "Этот вход уже использован или устарел. Откройте страницу значком ещё раз.\n"
    "This entrance was used already or is too old. Open the page by its icon again.\n"
)


async def enter(request: Request) -> Response:
    """`POST /enter`: token, and page: room or technician. A session's cookie, then the page."""
    room, form = room_of(request), parse_qs((await request.body()).decode("latin-1"))
    if not room.entrance.use(form.get("token", [""])[0]):
        return PlainTextResponse(_STALE, 403)
    response = RedirectResponse(_PAGES.get(form.get("page", [""])[0], "/"), 303)
    response.set_cookie(room.cookie, room.sessions.open(), httponly=True, samesite="strict")
    keep(room.sessions_file, room.sessions)
    return response
