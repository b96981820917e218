"""`python -m station.web CONFIG`: the page of one room, until standard input ends."""

import asyncio
import ctypes
import logging
import signal
import sys
from pathlib import Path

from exam import roster
from exam.errors import ExamError, Transient
from exam.localpage.access import Tickets, cookie_name
from exam.localpage.doors import Doors
from exam.localpage.entrance import Entrance
from exam.localpage.gate import Gate
from exam.localpage.serving import listening, server_of
from exam.roster import Roster
from station import config
from station.client import page_socket, sessions_file, socket_path
from station.config import Config
from station.controls.gestures import Made
from station.web.app import build
from station.web.daemon import Daemon, Seen
from station.web.live import Live
from station.web.meters import Meters
from station.web.room import Room, folders_of

_log = logging.getLogger("station.web")
_PR_SET_PDEATHSIG = 1
_PAGES = {"room": "/", "technician": "/technician"}


def main(words: list[str]) -> int:
    """Serve; 2 when the configuration is refused."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's reaches all; the station decides when we end
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    try:
        configuration = config.load(Path(words[0]))
        people = roster.load(configuration.roster)
    except ExamError as error:
        _log.error("%s", error)
        return 2
    asyncio.run(_until_the_end(configuration, people))
    return 0


async def _until_the_end(configuration: Config, people: Roster) -> None:
    """Serve until the station closes our standard input, or ends."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)  # nothing is ever written to it
    serving, ending = asyncio.create_task(_serve(configuration, people)), asyncio.create_task(ended.wait())
    await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def _serve(configuration: Config, people: Roster) -> None:
    control, shape, web = _control(configuration), configuration.capture.shape, configuration.web

    def seen(status: Seen | None) -> None:
        meters.follow(status.glance.tape if status else None)
        live.seen(status)

    async def press(made: Made) -> None:
        await daemon.ask("press", {"button": made.button, "gesture": made.gesture})

    daemon = Daemon(control, seen)
    doors = Doors()
    live = Live(shape.channels, press, lambda wanted: meters.want(wanted=wanted), doors.cut)
    meters = Meters(folders_of(configuration), shape, live.show)
    entrance = Entrance(page_socket(control), Tickets(), _shut)
    cookie = cookie_name("station", configuration.school.code, configuration.room.number)
    gate = Gate(entrance, sessions_file(control), cookie, _PAGES)
    room = Room(configuration, people, daemon=daemon, live=live, gate=gate)
    server = server_of(build(room, doors), doors)
    async with entrance.open(), asyncio.TaskGroup() as tasks:
        tasks.create_task(daemon.watch())
        listener = await listening(web.host, web.port, entrance.is_shut)
        entrance.is_open(listener)
        await server.serve([listener])


def _shut(reason: str) -> Transient:
    return Transient(
        f"Страница не открыта: адрес занят или недоступен ({reason}). Запись идёт и без неё. Задайте другой [web] "
        "port и перезапустите станцию; до тех пор она пробует снова сама.",
        f"There is no page: its address cannot be had ({reason}). Recording goes on without it. Set another [web] "
        "port and restart the station; until then it tries again by itself.",
        code="page_shut",
    )


def _control(configuration: Config) -> Path:
    return socket_path(configuration.school.code, configuration.room.number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
