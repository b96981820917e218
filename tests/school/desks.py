"""The headquarters' page of a staged school, served in this process; and a browser's window on it."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from playwright.sync_api import Browser, Page
from rig.browser import let_in
from rig.ports import free_port
from rig.schoolday import at
from rig.visitor import Visitor, visitor

from sync.office.desk import Desk
from sync.office.rooms import Word
from sync.office.serving import serve

_READY_S = 30.0


@dataclass
class Served:
    """A desk that is served: its `sources` may be changed meanwhile. `entrance`: where tokens are given."""

    desk: Desk
    entrance: Path
    port: int

    def visitor(self) -> Visitor:
        """Somebody who was let in."""
        return visitor(self.entrance)


@contextmanager
def served(desk: Desk, folder: Path) -> Iterator[Served]:
    """For the time of the block."""
    port, entrance, ready = free_port(), folder / "office.page", threading.Event()
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve(desk, entrance, ("127.0.0.1", port), ready.set))

    def run() -> None:
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(serving)
        loop.run_until_complete(loop.shutdown_default_executor())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(_READY_S)
        yield Served(desk, entrance, port)
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()
        loop.close()


@dataclass
class Window:
    """An open page. `complaints`: what the browser found wrong with it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def note(self, kind: str, text: str) -> None:
        """A refused request is told by the page; the browser's own line about it is no fault."""
        if kind == "error" and not re.search(r"status of (409|401|403|503)|ERR_", text):
            self.complaints.append(text)


@contextmanager
def window(browser: Browser, at: Served, path: str = "/", width: int = 1024, height: int = 768) -> Iterator[Window]:
    """The page, opened by somebody who was let in; at the end nothing may have been complained of."""
    context = let_in(browser, at.visitor(), width, height)
    made = Window(context.new_page())
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("console", lambda message: made.note(message.type, message.text))
    made.page.goto(path)
    try:
        yield made
        assert made.complaints == [], made.complaints
    finally:
        context.close()


def word(room: str, *, state: str = "idle", size: int = 41_000_000, late: bool = False) -> Word:
    """What a room's computer tells while all is well."""
    heard: datetime = at(10, 30, 5)
    return Word(room=room, station=f"pc-{room}", state=state, heard_at=heard, is_late=late, size=size, grew=not late,
                rehearsed=True)  # type: ignore[arg-type]  # fmt: skip
