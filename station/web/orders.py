"""What a page may ask of the daemon: `POST /api/command`."""

from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from station.web.daemon import Seen
from station.web.room import room_of

ALLOWED = frozenset(
    {
        "open",
        "close",
        "choose",
        "start",
        "mark",
        "pause",
        "resume",
        "stop",
        "press",
        "accept",
        "retake",
        "cancel",
        "outcome",
        "reassign",
        "correct",
        "recut",
        "rehearse",
        "cancel_rehearsal",
        "accept_rehearsal",
    }
)
"""Commands of the daemon that a page may send as they are; what is heard goes by its own way."""
_BEHIND_PIN = frozenset({"close"})

_Id = Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,64}$")]


class _Order(Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: the same for the repetition of one press after a broken connection; it is done once then."""

    command: str
    args: dict[str, Any] = {}
    id: _Id | None = None


async def command(request: Request) -> Response:
    """{command, args, id?} -> {status}."""
    room, order = room_of(request), await read(request, _Order)
    if order.command not in ALLOWED:
        raise Refused(
            400,
            "not_for_pages",
            f"Команду «{order.command}» страница не выполняет.",
            f"“{order.command}” is not for pages.",
        )
    if order.command in _BEHIND_PIN:
        room.demand_pin(request)
    return status(await room.daemon.ask(order.command, order.args, f"page-{order.id}" if order.id else ""))


def status(seen: Seen) -> Response:
    """The daemon's status as an answer."""
    return Response(b'{"status":' + seen.raw + b"}", media_type="application/json")
