"""`POST /enter`: a launch token becomes a session; and which language whoever entered reads."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from exam.localpage.entrance import Entrance
from exam.localpage.keeping import keep, kept

LANGUAGES = ("ru", "en")
LANGUAGE_COOKIE = "lang"
_STALE = (
    "Этот вход уже использован или устарел. Откройте страницу значком ещё раз.\n"
    "This entrance was used already or is too old. Open the page by its icon again.\n"
)


class Gate:
    """`sessions_file`: where those let in are kept; `cookie`: its name; `pages`: paths by the names a starter uses."""

    def __init__(self, entrance: Entrance, sessions_file: Path, cookie: str, pages: Mapping[str, str]) -> None:
        self.entrance, self.cookie = entrance, cookie
        self.sessions = kept(sessions_file)
        self._sessions_file, self._pages = sessions_file, pages

    async def enter(self, request: Request) -> Response:
        """`POST /enter`: token, and page. A session's cookie, then the page."""
        form = parse_qs((await request.body()).decode("latin-1"))
        if not self.entrance.use(form.get("token", [""])[0]):
            return PlainTextResponse(_STALE, 403)
        response = RedirectResponse(self._pages.get(form.get("page", [""])[0], "/"), 303)
        response.set_cookie(self.cookie, self.sessions.open(), httponly=True, samesite="strict")
        keep(self._sessions_file, self.sessions)
        return response


def language_of(connection: HTTPConnection) -> str:
    """The reader's: as chosen, else Russian."""
    chosen = connection.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]
