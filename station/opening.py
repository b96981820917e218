"""`station page`: opens the room's page in the browser, by a launch token that nobody else can see."""

import argparse
import socket
import sys
import time

from exam.errors import ExamError, Rejected
from exam.language import say
from exam.localpage import launch
from station import client
from station.config import Config, find, load
from station.usage import Add

_STARTS_S, _POLL_S = 10.0, 0.2
_ANSWER_S = 10.0
_PREFIX = "station-page-"


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("page", "открыть страницу аудитории в браузере", "open the room's page in the browser", _act)
    technician = say("страница технического специалиста", "the technician's page")
    command.add_argument("--technician", action="store_true", help=technician)
    only_print = say("не открывать браузер, напечатать, какой файл открыть", "print which file to open, open nothing")
    command.add_argument("--print", dest="prints", action="store_true", help=only_print)


def _act(arguments: argparse.Namespace) -> int:
    """0 when the page is open."""
    opens = not arguments.prints and launch.has_display()
    try:
        config = load(find(getattr(arguments, "config", None)))
        _open(config, "technician" if arguments.technician else "room", opens=opens)
    except ExamError as error:
        if opens and not sys.stderr.isatty():  # started by an icon: nobody would see why nothing happens
            launch.show(error, _PREFIX)
        raise
    return 0


def _open(config: Config, page: str, *, opens: bool) -> None:
    if config.web.port == 0:
        raise Rejected(
            f"Страница выключена: в {config.path} стоит [web] port = 0.",
            f"The page is switched off: [web] port = 0 in {config.path}.",
            code="no_page",
        )
    with _connected(config) as connection:
        launch.open_page(connection, _PREFIX, page, opens=opens, command="station page --print")


def _connected(config: Config) -> socket.socket:
    """To the page's process; it may just be starting."""
    control = client.listening(config.school.code, config.room.number, config.path)
    deadline = time.monotonic() + _STARTS_S
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_ANSWER_S)
        try:
            connection.connect(str(client.page_socket(control)))
        except PermissionError as error:
            connection.close()
            raise Rejected(
                f"Нет прав на {control.parent}. Войдите пользователем группы station.",
                f"No permission for {control.parent}. Be a user of the group station.",
                code="no_permission",
            ) from error
        except OSError:
            connection.close()
        else:
            return connection
        client.ask(control, "status")  # NotRunning when there is no station either
        if time.monotonic() > deadline:
            raise Rejected(
                "Станция работает, а её страница не открывается. Записи это не мешает. Что случилось, говорит журнал "
                "станции; она пробует снова сама.",
                "The station runs but its page does not come up. Recording goes on without it. The station's log says "
                "why; it tries again by itself.",
                code="no_page",
            )
        time.sleep(_POLL_S)
