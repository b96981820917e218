"""`station page`: opens the room's page in the browser, by a launch token that nobody else can see.

The token reaches the browser in a file of mode 0600 that posts it: a URL would stay in histories, and every user of the
computer sees arguments. The file lives until the page is open.
"""

import argparse
import contextlib
import html
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from exam.errors import ExamError, Rejected
from exam.language import say
from station import client
from station.config import Config, find, load
from station.usage import Add

_STARTS_S, _POLL_S = 10.0, 0.2
_ANSWER_S, _OPENS_S = 10.0, 130.0
_REFUSES_S = 5.0
_PREFIX = "station-page-"
_SNAPS = Path("/snap/bin")
_FORM = """<!doctype html>
<html lang="ru"><meta charset="utf-8"><title>{title}</title>
<form method="post" action="{url}/enter"><input type="hidden" name="token" value="{token}">
<input type="hidden" name="page" value="{page}"><button>{title}</button></form>
<script>document.forms[0].submit()</script></html>
"""
_WORDS = (
    '<!doctype html>\n<html><meta charset="utf-8"><title>{title}</title><p style="font: 24px sans-serif">{text}</p>'
)

_NOT_YET = {"ru": "Страница ещё не открыта.", "en": "There is no page yet.", "code": "no_page"}


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("page", "открыть страницу аудитории в браузере", "open the room's page in the browser", _act)
    technician = say("страница технического специалиста", "the technician's page")
    command.add_argument("--technician", action="store_true", help=technician)
    only_print = say("не открывать браузер, напечатать, какой файл открыть", "print which file to open, open nothing")
    command.add_argument("--print", dest="prints", action="store_true", help=only_print)


def _act(arguments: argparse.Namespace) -> int:
    """0 when the page is open."""
    opens = not arguments.prints and _has_display()
    try:
        config = load(find(getattr(arguments, "config", None)))
        _open(config, "technician" if arguments.technician else "room", opens=opens)
    except ExamError as error:
        if opens and not sys.stderr.isatty():  # started by an icon: nobody would see why nothing happens
            _show(error)
        raise
    return 0


def _open(config: Config, page: str, *, opens: bool) -> None:
    with _invited(config) as (told, entered), _file(_FORM, _fields(told, page)) as path:
        if not (opens and _browse(path)):
            print(path, flush=True)  # noqa: T201 - what is to be opened by hand
        if not entered():
            raise Rejected(
                "Страницу за две минуты никто не открыл. Повторите; если браузер не открылся, откройте в нём файл, "
                "который напечатает station page --print.",
                "Nobody opened the page within two minutes. Try again; if no browser came up, open in one the file "
                "that station page --print names.",
                code="not_opened",
            )


def _fields(told: Mapping[str, Any], page: str) -> Mapping[str, str]:
    title = say("Открыть страницу", "Open the page")
    return {"title": title, "url": told["url"], "token": told["token"], "page": page}


@contextlib.contextmanager
def _invited(config: Config) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """What the page's process says: its URL and a token; and what waits until the token was used."""
    if config.web.port == 0:
        raise Rejected(
            f"Страница выключена: в {config.path} стоит [web] port = 0.",
            f"The page is switched off: [web] port = 0 in {config.path}.",
            code="no_page",
        )
    with _connected(config) as connection, connection.makefile("rb") as lines:
        told = json.loads(lines.readline() or b"{}")
        if "token" not in told or "url" not in told:
            error = told.get("error", _NOT_YET)
            raise Rejected(error["ru"], error["en"], code=error["code"])

        def entered() -> bool:
            connection.settimeout(_OPENS_S)
            with contextlib.suppress(TimeoutError):
                return bool(json.loads(lines.readline() or b"{}").get("entered"))
            return False

        yield told, entered


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


@contextlib.contextmanager
def _file(form: str, fields: Mapping[str, str]) -> Iterator[Path]:
    """An HTML file only this user can read, gone afterwards."""
    path = _folder() / f"{_PREFIX}{secrets.token_hex(8)}.html"
    try:
        _write(path, form, fields)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write(path: Path, form: str, fields: Mapping[str, str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(form.format(**{name: html.escape(value) for name, value in fields.items()}))


def _folder() -> Path:
    """Where this user's browser can read: one that came as a snap sees nothing of what is hidden or temporary."""
    if _SNAPS.is_dir():
        return Path.home()
    return Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())


def _has_display() -> bool:
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _browse(path: Path) -> bool:
    """Whether a browser was asked to open the file."""
    program = shutil.which("xdg-open")
    if program is None:
        return False
    quiet = subprocess.DEVNULL
    asked = subprocess.Popen([program, path], stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        return asked.wait(_REFUSES_S) == 0
    except subprocess.TimeoutExpired:  # without a desktop's own way it is the browser itself, and stays
        return True


def _show(error: ExamError) -> None:
    """In the browser, as there is no terminal."""
    path = _folder() / f"{_PREFIX}error.html"
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        _write(path, _WORDS, {"title": say("Страница не открылась", "The page did not open"), "text": str(error)})
        _browse(path)
