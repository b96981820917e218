"""`station-sync office`: opens the headquarters' pages in the browser, and serves them where nothing does yet."""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

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


class Add(Protocol):
    def __call__(
        self, name: str, command: Callable[[argparse.Namespace], int], ru: str, en: str
    ) -> argparse.ArgumentParser: ...


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("office", _act, "открыть страницу Штаба", "open the headquarters' page")
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
    asyncio.run(_until_told(config, (arguments.host, arguments.port), opens=None if arguments.serves else opens))


async def _until_told(config: Config, address: tuple[str, int], *, opens: bool | None) -> None:
    """Serve until SIGTERM or SIGINT; let a browser in first, unless `opens` is None. Raises what keeps it out."""
    from sync.office.serving import entrance_of, serve  # noqa: PLC0415
    from sync.office.wiring import desk_for  # noqa: PLC0415

    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    failed: list[ExamError] = []

    def let_in() -> None:
        try:
            _open(config, opens=bool(opens))
        except ExamError as error:
            if error.code == "not_opened":  # the page is there; whoever comes later asks again
                logging.getLogger("sync.office").warning("%s", error)
                return
            failed.append(error)
            loop.call_soon_threadsafe(ended.set)

    letting = threading.Thread(target=let_in, daemon=True)

    def opened() -> None:
        if opens is not None and not letting.ident:
            letting.start()

    serving = asyncio.create_task(serve(desk_for(config), entrance_of(config.school, config.state), address, opened))
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    if failed:
        raise failed[0]


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
