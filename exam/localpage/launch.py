"""How a browser gets a launch token: in a file of mode 0600 that posts it.

A URL would stay in histories, and every user of the computer sees arguments. The file lives until the page is open.
"""

import contextlib
import html
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from exam.errors import ExamError, Rejected
from exam.language import say

_OPENS_S, _REFUSES_S = 130.0, 5.0
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


def has_display() -> bool:
    """Whether a browser can show something here."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(connection: socket.socket, prefix: str, page: str, *, opens: bool, command: str) -> None:
    """Let a browser in through `connection`, one to an `exam.localpage.entrance`; returns once the page is open.

    `prefix`: how the file's name begins; `opens`: whether to start the browser, else the file's name is printed, for
    which there is `command`. Raises Rejected with the page's own words, or when nobody opened it.
    """
    with _invited(connection) as (told, entered), _file(prefix, _FORM, _fields(told, page)) as path:
        if not (opens and _browse(path)):
            print(path, flush=True)  # noqa: T201 - what is to be opened by hand
        if not entered():
            raise Rejected(
                "Страницу за две минуты никто не открыл. Повторите; если браузер не открылся, откройте в нём файл, "
                f"который напечатает {command}.",
                "Nobody opened the page within two minutes. Try again; if no browser came up, open in one the file "
                f"that {command} prints.",
                code="not_opened",
            )


def show(error: ExamError, prefix: str) -> None:
    """In the browser, where there is no terminal."""
    path = _folder() / f"{prefix}error.html"
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        _write(path, _WORDS, {"title": say("Страница не открылась", "The page did not open"), "text": str(error)})
        _browse(path)


def _fields(told: Mapping[str, Any], page: str) -> Mapping[str, str]:
    title = say("Открыть страницу", "Open the page")
    return {"title": title, "url": told["url"], "token": told["token"], "page": page}


@contextlib.contextmanager
def _invited(connection: socket.socket) -> Iterator[tuple[Mapping[str, Any], Callable[[], bool]]]:
    """What the page's process says: its URL and a token; and what waits until the token was used."""
    with connection.makefile("rb") as lines:
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


@contextlib.contextmanager
def _file(prefix: str, form: str, fields: Mapping[str, str]) -> Iterator[Path]:
    """An HTML file only this user can read, gone afterwards."""
    path = _folder() / f"{prefix}{secrets.token_hex(8)}.html"
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
