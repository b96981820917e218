"""Serves the pages until it is told to end; and the socket that lets browsers in."""

import os
from collections.abc import Callable
from pathlib import Path

from exam import durable
from exam.errors import Transient
from exam.localpage.access import Tickets, cookie_name
from exam.localpage.doors import Doors
from exam.localpage.entrance import Entrance
from exam.localpage.gate import Gate
from exam.localpage.serving import listening, server_of
from sync.office.app import PAGES, build
from sync.office.desk import Desk


async def serve(desk: Desk, entrance_path: Path, address: tuple[str, int], opened: Callable[[], None]) -> None:
    """Until cancelled. `opened` is called once browsers can be let in, or be told why not yet."""
    durable.make_folder(entrance_path.parent, mode=0o700)
    entrance = Entrance(entrance_path, Tickets(), _shut(address))
    gate = Gate(entrance, entrance_path.with_suffix(".sessions"), cookie_name("office", desk.school), PAGES)
    doors = Doors()
    server = server_of(build(desk, gate, doors, address[0]), doors)

    def busy(why: OSError) -> None:
        entrance.is_shut(why)
        opened()

    async with entrance.open():
        listener = await listening(*address, busy)
        entrance.is_open(listener)
        opened()
        await server.serve([listener])


def entrance_of(school: str, state: Path) -> Path:
    """Where who may open the page asks: $RUNTIME_DIRECTORY, else this user's runtime folder, else the state folder."""
    name = f"exam-office-{school}.page"
    for folder in (os.environ.get("RUNTIME_DIRECTORY"), os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if folder and os.access(folder, os.W_OK | os.X_OK):
            return Path(folder) / name
    return state / "office" / name


def _shut(address: tuple[str, int]) -> Callable[[str], Transient]:
    place = f"{address[0]}:{address[1]}"
    return lambda reason: Transient(
        f"Страница Штаба не открыта: адрес {place} занят или недоступен ({reason}). Укажите другой: --port.",
        f"The headquarters' page has no address: {place} cannot be had ({reason}). Name another one: --port.",
        code="page_shut",
    )
