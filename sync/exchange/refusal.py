"""A refusal as the client reads it: HTTP status, a stable word for programs, two texts for people."""

from collections.abc import Mapping

from exam.errors import Rejected


class Refused(Rejected):
    """This request is refused with HTTP `status`; the texts say what happened, what is safe, what to do."""

    def __init__(self, status: int, code: str, ru: str, en: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(ru, en, code=code)
        self.status = status
        self.headers = dict(headers or {})
