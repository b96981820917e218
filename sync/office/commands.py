"""`station-sync office`: opens the headquarters' pages in the browser, and serves them where nothing does yet."""

import argparse
import contextlib
import ipaddress
import logging
import socket
import sys
from pathlib import Path

from exam.errors import ExamError
from exam.language import say
from exam.localpage import launch
from sync import config as configuration
from sync.config import Config

HOST, PORT = "127.0.0.1", 8466
SERVICE = Path("/run/station-office")
"""Where the systemd unit has its runtime folder."""
_PREFIX = "station-office-"
_ANSWER_S = 10.0


def add_to(command: argparse.ArgumentParser, _common: argparse.ArgumentParser) -> None:
    """Tell the command line of it."""
    command.set_defaults(command=_act)
    command.add_argument("--host", default=HOST, help=say("адрес, где её видно", "the address it is seen at"))
    command.add_argument("--port", type=int, default=PORT, help=say("порт", "the port"))
    only_print = say("не открывать браузер, напечатать, какой файл открыть", "print which file to open, open nothing")
    command.add_argument("--print", dest="prints", action="store_true", help=only_print)
    only_serve = say(
        "только работать, никого не впускать самому: для службы", "only serve, open nothing: for a service"
    )
    command.add_argument("--serve", dest="serves", action="store_true", help=only_serve)


def _act(arguments: argparse.Namespace) -> int:
    """0 when the page was opened, or served until it was told to end."""
    opens = not arguments.prints and launch.has_display()
    try:
        config = configuration.load(configuration.find(getattr(arguments, "config", None)))
        if arguments.serves or not _open(config, opens=opens):
            _serve(config, arguments, opens=opens)
    except ExamError as error:
        if opens and not sys.stderr.isatty():  # started by an icon: nobody would see why nothing happens
            launch.show(error, _PREFIX)
        raise
    return 0


def _open(config: Config, *, opens: bool) -> bool:
    """Whether it is served already; then it is open now, too."""
    from sync.office.serving import entrance_of  # noqa: PLC0415 - the web server is loaded only to serve

    for path in (entrance_of(config.school, config.state), SERVICE / entrance_of(config.school, config.state).name):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_S)
            with contextlib.suppress(OSError):
                connection.connect(str(path))
                launch.open_page(connection, _PREFIX, "office", opens=opens, command="station-sync office --print")
                return True
    return False


def _serve(config: Config, arguments: argparse.Namespace, *, opens: bool) -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    _warn_of_the_network(arguments.host)
    from sync.office.lasting import serve_until_told  # noqa: PLC0415

    lets_in = None if arguments.serves else lambda: _open(config, opens=opens)
    serve_until_told(config, (arguments.host, arguments.port), lets_in)


def _warn_of_the_network(host: str) -> None:
    """Names of minors: beyond this machine they would go unencrypted."""
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        sys.stderr.write(
            say(
                f"Внимание: страница открыта по адресу {host} без шифрования; так её видит вся сеть.\n",
                f"Warning: the page is served at {host} without encryption, for the whole network to see.\n",
            )
        )
