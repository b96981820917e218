"""A refusal as the client reads it: HTTP status, a stable word for programs, two texts for people."""

from collections.abc import Mapping

from exam.errors import Rejected


class Refused(Rejected):
    """This request is refused with HTTP `status`; the texts say what happened, what is safe, what to do."""

    def __init__(self, status: int, code: str, ru: str, en: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(ru, en, code=code)
        self.status = status
        self.headers = dict(headers or {})


NO_ROOM_AGAIN_S = 60
"""Seconds after which a client may look whether somebody made room."""


def disk_full() -> Refused:
    """The refusal (507) of what the disk has no room for, though it was announced."""
    return Refused(
        507,
        "no_room",
        "На диске сервера кончилось место. Принятое цело; освободите место на сервере — отправка продолжится сама.",
        "The server's disk is full. What arrived is safe; make room on the server: sending will go on by itself.",
        headers={"Retry-After": str(NO_ROOM_AGAIN_S)},
    )
