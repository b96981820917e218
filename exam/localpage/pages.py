"""What a page is made of: its shell, its static files, what it is answered and what it may send."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from exam.errors import ExamError
from exam.localpage.gate import LANGUAGE_COOKIE, LANGUAGES
from exam.localpage.refusal import Refused, answer

COMMON = Path(__file__).parent / "static"
"""What the pages of all programs show alike: `common/` below `/static`."""
_A_YEAR_S = 365 * 86400
_ALWAYS_ASK = {"Cache-Control": "no-cache"}

_T = TypeVar("_T", bound=Struct)


class Static(StaticFiles):
    """A page's own files and the common ones: looked for anew each time, so that a new version is not mixed with an
    old one."""

    def __init__(self, own: Path) -> None:
        super().__init__(directory=own, packages=[("exam.localpage", "static")])

    def file_response(self, *args: object, **keys: object) -> Response:
        response: Response = super().file_response(*args, **keys)  # type: ignore[arg-type]
        response.headers.update(_ALWAYS_ASK)
        return response


def shell(file: Path) -> Callable[[Request], Awaitable[Response]]:
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
        response = FileResponse(file, headers=_ALWAYS_ASK)
        if language is not None:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=_A_YEAR_S, httponly=True, samesite="strict")
        return response

    return show


async def refuse(_request: Request, error: Exception) -> Response:
    """The answer to whatever raised an ExamError."""
    assert isinstance(error, ExamError)  # noqa: S101 - Starlette's signature is wider than its promise
    return answer(error)


async def read(request: Request, form: type[_T]) -> _T:
    """The body as a `form`. Raises Refused."""
    try:
        return msgspec.json.decode(await request.body(), type=form)
    except msgspec.MsgspecError as error:
        raise Refused(
            400, "bad_request", f"Запрос задан неверно: {error}.", f"The request is not right: {error}."
        ) from error
