"""The room page without a room: a real browser, the real page, and a status made up for each thing it can show.

For screenshots, and for tests of what a real room shows only after an hour, or when something breaks.
"""

import io
import json
import mimetypes
import wave
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, WebSocketRoute

import station.web
from exam.localpage.pages import COMMON
from showing.staged_states import FACTS, STATES, Json

STATIC = Path(station.web.__file__).parent / "static"
_PAUSE = 6
BASE = "http://127.0.0.1:8265"


class Stage:
    """One page, told whatever status is wanted; what it asks for is kept in `asked` and refused or answered."""

    def __init__(self, browser: Browser, *, touch: bool = False, width: int = 1024, height: int = 768) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": height}, has_touch=touch)
        self.facts: Json | None = FACTS  # None: whoever looks was not let in
        self.asked: list[Json] = []
        self.refuse: Callable[[Json], Json | None] = lambda _asked: None
        self._socket: WebSocketRoute | None = None
        self._status: Json = {}
        self._version = 1
        self.page.route("**/*", self._answer)
        self.page.route_web_socket("**/live", self._connected)

    def show(self, name: str) -> None:
        """Open the page in the state `name`."""
        self._status = STATES[name]
        self.page.goto(BASE + "/")
        self.page.locator(".page[data-screen]").wait_for()

    def tell(self, wanted: Json) -> None:
        """A newer status."""
        self._version += 1
        self._status = {**wanted, "version": self._version}
        self.send({"status": self._status})

    def send(self, message: Json) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def _connected(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(lambda message: self.asked.append(json.loads(message)))
        self.send({"status": self._status})
        self.send({"levels": {"seats": 1, "cells": [[[-30.0, -18.0]]] * 24}})

    def _answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/api/room" and self.facts is None:
            route.fulfill(status=401, json={"error": {"code": "no_session"}})
        elif path == "/api/room":
            route.fulfill(json=self.facts)
        elif path.startswith("/api/waveform/"):
            route.fulfill(json=_picture())
        elif path.startswith("/api/"):
            self._ask(route)
        elif path.startswith("/audio/"):
            route.fulfill(body=_sound(), content_type="audio/wav")
        else:
            file = _file(path.removeprefix("/static/") if path != "/" else "index.html")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "text/plain")

    def _ask(self, route: Route) -> None:
        asked = route.request.post_data_json
        self.asked.append(asked)
        error = self.refuse(asked)
        if error:
            route.fulfill(status=409, json={"error": error})
        else:
            route.fulfill(json={"status": self._status})


def _sound() -> bytes:
    """705 s of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8000 * 705)
    return made.getvalue()


def _file(path: str) -> Path:
    return next(folder / path for folder in (STATIC, COMMON) if (folder / path).exists())


def _picture() -> Json:
    rough = [((i * 37) % 100, (i * 53) % 100, i % 60 > _PAUSE) for i in range(600)]
    columns = [[-(0.2 + low / 160) * loud, (0.2 + high / 160) * loud] for low, high, loud in rough]
    return {
        "seconds": 705.0,
        "columns": [columns],
        "marks": [],
        "parts": {"name": [0, 15], "middle": [340, 350], "end": [690, 705]},
    }
