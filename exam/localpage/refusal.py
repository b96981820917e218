"""What is answered instead of what was asked for: a status of HTTP, and why in both languages."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from exam.errors import ExamError, Rejected, Transient


class Refused(Rejected):
    """A request that is not done; `status` is the one of HTTP."""

    def __init__(self, status: int, code: str, ru: str, en: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(ru, en, code=code)
        self.status, self.headers = status, dict(headers or {})


def told(error: ExamError) -> dict[str, Any]:
    """The error as pages read it: a page picks the reader's language."""
    return {"code": error.code, "text": str(error), "ru": error.ru, "en": error.en}


def answer(error: ExamError) -> JSONResponse:
    """The answer to a request that was refused: 503 for what may succeed later, 409 unless it says itself."""
    status, headers = 503 if isinstance(error, Transient) else 409, {}
    if isinstance(error, Refused):
        status, headers = error.status, error.headers
    return JSONResponse({"error": told(error)}, status, headers)
