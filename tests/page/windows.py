"""A browser's window on a real room, used as a teacher would: by what it says, by mouse or by keyboard."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page, expect
from rig.browser import let_in
from rooms import Room

QUIET_S = 1.1
"""After a change a press within a second is an accident, for the page and for the recogniser of keys."""

SECOND_STEP_S = 0.7
"""A second step taken sooner is the other half of a double click."""


@dataclass
class Window:
    """An open page. `complaints`: what the browser found wrong with it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def sees(self, screen: str) -> None:
        """The page is in that state."""
        expect(self.page.locator(f'.page[data-screen="{screen}"]')).to_be_visible()

    def says(self, text: str) -> None:
        expect(self.page.locator("body")).to_contain_text(text)

    def no_dialog(self) -> None:
        """The dialog has done what it was for."""
        expect(self.page.locator("dialog[open]")).to_have_count(0)

    def button(self, name: str) -> Locator:
        """The one button whose name holds these words."""
        return self.page.get_by_role("button", name=re.compile(re.escape(name), re.IGNORECASE))

    def press(self, name: str) -> None:
        self.button(name).first.click()

    def settle(self) -> None:
        """As long as any further press would count as an accident."""
        self.page.wait_for_timeout(QUIET_S * 1000)

    def choose(self, name: str, variant: str | None = None) -> None:
        self.page.locator(".row", has_text=name).first.click()
        expect(self.page.locator(".card h2")).to_contain_text(name.split(maxsplit=1)[0])
        if variant is not None:
            self.page.locator("#variant").fill(variant)

    def hold_stop(self) -> None:
        """Three seconds on the button, by mouse."""
        self.settle()
        self.page.locator('button[data-hold="stop"]').first.hover()
        self.page.mouse.down()
        expect(self.page.locator(".countdown")).to_be_visible()
        expect(self.page.locator('.page[data-screen="listening"], .page[data-screen="next"]')).to_be_visible()
        self.page.mouse.up()


@contextmanager
def window(browser: Browser, room: Room, *, path: str = "/", width: int = 1024, height: int = 768) -> Iterator[Window]:
    """The room's page, opened by somebody who was let in; at the end nothing may have been complained of."""
    context = let_in(browser, room.visitor(), width, height)
    made = Window(context.new_page())
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("console", lambda message: _note(made, message.type, message.text))
    made.page.goto(path)
    try:
        yield made
        assert made.complaints == [], made.complaints
    finally:
        context.close()


def _note(made: Window, kind: str, text: str) -> None:
    """A refused request is told by the page; the browser's own line about it is no fault."""
    if kind == "error" and not re.search(r"status of (409|401|403|429|503)|ERR_|WebSocket connection", text):
        made.complaints.append(text)
