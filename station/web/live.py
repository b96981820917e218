"""The pages that are open: what they are sent over `WS /live`, and what they send.

To a page: {"status": …, "age_s": since it was so} first, {"status": …} on every change, {"away": {code, ru, en, text}}
while the daemon does not answer, {"levels": {"seats": n, "cells": [[[rms, peak] a seat] a 1/24 s]}} (dBFS) while the
page is visible, {"holding": {"button", "since_ms": for so long already, "needs_ms"} | null}, {"refusal": {code, ru, en,
text}} of what its keys asked for, {"jobs": …}. From a page: {"visible": bool}, {"key": "down" | "up", "button": "main"
| "pause" | "stop"}, {"blur": true} when it loses the keyboard.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect

from exam.errors import ExamError
from exam.localpage.doors import Address
from exam.localpage.refusal import told
from station.controls.gestures import Made
from station.session.commands import Button
from station.web.daemon import DaemonAway, Seen
from station.web.keys import Keys, Turn
from station.web.meters import Cell

_MOST_PAGES = 16
_MOST_MESSAGES, _IN_S = 100, 10.0
"""What a page may send: keys, held by nobody faster."""
_SAME_S = 1.0
_STUCK_S = 20.0
"""A browser that reads nothing for so long is cut off."""
_TOO_MANY, _NOT_UNDERSTOOD = 1013, 1003

Press = Callable[[Made], Coroutine[Any, Any, None]]

Cut = Callable[[Address], None]


class _Said(Struct, frozen=True, forbid_unknown_fields=True):
    """A message from a page."""

    visible: bool | None = None
    key: Turn | None = None
    button: Button = "main"
    blur: bool = False


_SAID = msgspec.json.Decoder(_Said)


class _Page:
    """One open page. Of each kind of message only the newest waits for a page that is slow."""

    def __init__(self, socket: WebSocket, press: Press, cut: Cut) -> None:
        self._socket, self._cut = socket, cut
        self._address = socket.scope["client"]
        self._waiting: dict[str, str] = {}
        self._has_waiting = asyncio.Event()
        self._writes_since: float | None = None
        self.is_visible = False
        self.keys = Keys(self._pressing(press), lambda held: self.put("holding", held))

    def put(self, kind: str, value: Any) -> None:
        self.put_text(kind, _message(kind, msgspec.json.encode(value)))

    def put_text(self, kind: str, text: str) -> None:
        self._waiting.pop(kind, None)  # what is told last is sent last: "away" and "status" contradict each other
        self._waiting[kind] = text
        self._has_waiting.set()
        if self._writes_since is not None and _now() - self._writes_since > _STUCK_S:
            self._cut(self._address)

    async def send(self) -> None:
        """For ever, what waits, oldest kind first."""
        while True:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            waiting, self._waiting = self._waiting, {}
            self._writes_since = _now()
            for text in waiting.values():
                await self._socket.send_text(text)
            self._writes_since = None

    def _pressing(self, press: Press) -> Press:
        async def do(made: Made) -> None:
            try:
                await press(made)
            except ExamError as error:
                self.put("refusal", told(error))

        return do


class Live:
    """All open pages. `watched` is told whether any of them is looked at; `cut` ends a connection."""

    def __init__(self, seats: int, press: Press, watched: Callable[[bool], None], cut: Cut) -> None:
        self._seats, self._press, self._watched, self._cut = seats, press, watched, cut
        self._pages: set[_Page] = set()
        self._standing: dict[str, str] = {}  # what a page that opens now must be told
        self._seen: Seen | None = None
        self._seen_at = 0.0

    def seen(self, seen: Seen | None) -> None:
        """A status has come; None: the daemon is away."""
        if seen is None and "away" in self._standing:
            return
        if seen is not None and self._has_told(seen):
            return
        self._seen, self._seen_at = seen, _now()
        stale, kind = ("away", "status") if seen else ("status", "away")
        self._standing.pop(stale, None)
        self._tell(kind, seen.raw if seen else msgspec.json.encode(told(DaemonAway())))
        for page in self._pages:
            page.keys.told(seen.glance.state if seen else None)

    def _has_told(self, seen: Seen) -> bool:
        """A command's answer and the watch tell the same at the same time."""
        is_same = self._seen is not None and seen.glance.version == self._seen.glance.version
        return is_same and _now() - self._seen_at < _SAME_S

    def _aged(self, status: str) -> str:
        """A status is told again only after many seconds; whoever sees it later must know how old it is."""
        return f'{status[:-1]},"age_s":{_now() - self._seen_at:.3f}}}'

    def tell(self, kind: str, value: Any) -> None:
        """Something all pages show, also those opened later."""
        self._tell(kind, msgspec.json.encode(value))

    def show(self, cells: Sequence[Cell]) -> None:
        """Levels, to those who look."""
        text = _message("levels", msgspec.json.encode({"seats": self._seats, "cells": cells}))
        for page in self._pages:
            if page.is_visible:
                page.put_text("levels", text)

    async def serve(self, socket: WebSocket) -> None:
        """One page, until it closes."""
        if len(self._pages) >= _MOST_PAGES:
            await socket.close(_TOO_MANY)
            return
        await socket.accept()
        page = _Page(socket, self._press, self._cut)
        for kind, text in self._standing.items():
            page.put_text(kind, self._aged(text) if kind == "status" else text)
        page.keys.told(self._seen.glance.state if self._seen else None)
        self._pages.add(page)
        sending = asyncio.create_task(page.send())
        hearing = asyncio.create_task(self._hear(socket, page))
        try:
            await asyncio.wait((sending, hearing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._pages.discard(page)
            page.keys.lost()
            page.keys.close()
            self._look()
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def _hear(self, socket: WebSocket, page: _Page) -> None:
        count, since = 0, 0.0
        try:
            while True:
                said = _SAID.decode(await socket.receive_text())
                if _now() - since > _IN_S:
                    count, since = 0, _now()
                count += 1
                if count > _MOST_MESSAGES:
                    await socket.close(_TOO_MANY)
                    return
                self._take(page, said)
        except (WebSocketDisconnect, RuntimeError):
            return
        except (msgspec.MsgspecError, KeyError):
            await socket.close(_NOT_UNDERSTOOD)

    def _take(self, page: _Page, said: _Said) -> None:
        if said.visible is not None:
            page.is_visible = said.visible
            self._look()
        if said.blur:
            page.keys.lost()
        if said.key is not None:
            page.keys.key(said.key, said.button)

    def _look(self) -> None:
        self._watched(any(page.is_visible for page in self._pages))

    def _tell(self, kind: str, json: bytes) -> None:
        text = self._standing[kind] = _message(kind, json)
        for page in self._pages:
            page.put_text(kind, text)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _message(kind: str, json: bytes) -> str:
    return f'{{"{kind}":{json.decode()}}}'
