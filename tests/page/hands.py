"""How a teacher's hands work the page: with a mouse, or with nothing but a keyboard."""

import re
from typing import Protocol

from playwright.sync_api import Locator, Page, expect
from windows import SECOND_STEP_S, Window

_MOST_TABS = 80


class Hands(Protocol):
    """Each waits until a press is no accident any more, then does it."""

    def press(self, name: str) -> None:
        """The button of that name, of the open dialog if one is open."""

    def choose(self, name: str, variant: str) -> None:
        """A participant of the list and the variant."""

    def type(self, field: str, text: str) -> None:
        """Into the field of that label."""

    def pick(self, name: str) -> None:
        """A person of the dialog's list."""

    def hold(self) -> None:
        """Stop: three seconds."""


class Mouse:
    """Points and clicks."""

    def __init__(self, window: Window) -> None:
        self._window, self._page = window, window.page

    def press(self, name: str) -> None:
        _settle(self._window)
        _stage(self._window).get_by_role("button", name=_holding(name)).first.click()

    def choose(self, name: str, variant: str) -> None:
        self._page.locator(".list .row", has_text=name).first.click()
        expect(self._page.locator(".card h2")).to_contain_text(name.split(maxsplit=1)[0])
        self._page.locator("#variant").fill(variant)

    def type(self, field: str, text: str) -> None:
        _stage(self._window).get_by_label(field).first.fill(text)

    def pick(self, name: str) -> None:
        self._page.locator("dialog .row", has_text=name).first.click()

    def hold(self) -> None:
        self._window.hold_stop()


class Keyboard:
    """Never touches anything but keys: Tab, Enter, space, letters."""

    def __init__(self, window: Window) -> None:
        self._window, self._page, self._keys = window, window.page, window.page.keyboard

    def press(self, name: str) -> None:
        _settle(self._window)
        self._walk_to(name)
        self._keys.press("Enter")

    def choose(self, name: str, variant: str) -> None:
        self._walk_to("Найти участника")
        self._keys.type(name)
        self._keys.press("Enter")
        expect(self._page.locator("#variant")).to_be_focused()
        self._keys.type(variant)
        self._keys.press("Enter")
        expect(self._page.locator(".card .main")).to_be_focused()

    def type(self, field: str, text: str) -> None:
        self._walk_to(field)
        self._keys.press("Control+a")
        self._keys.type(text)

    def pick(self, name: str) -> None:
        self._keys.type(name)
        self._walk_to(name)
        self._keys.press("Enter")

    def hold(self) -> None:
        self._window.settle()
        self._page.evaluate("document.activeElement.blur()")
        self._keys.down("Space")
        expect(self._page.locator(".countdown")).to_be_visible()
        expect(self._page.locator('.page[data-screen="listening"], .page[data-screen="next"]')).to_be_visible()
        self._keys.up("Space")

    def _walk_to(self, name: str) -> None:
        for _ in range(_MOST_TABS):
            focused = self._page.evaluate("""() => {
                const one = document.activeElement;
                const label = one.labels?.[0]?.textContent ?? "";
                return [one.getAttribute("aria-label"), label, one.matches("button, a") ? one.innerText : ""].join(" ");
            }""")
            if _holding(name).search(" ".join(focused.split())):
                return
            self._keys.press("Tab")
        raise AssertionError(
            f"no way to «{name}» by the keyboard: {_stage(self._window).locator('*').first.inner_text()}"
        )


def _settle(window: Window) -> None:
    """Until a press is no accident; in a dialog that is sooner."""
    if window.page.locator("dialog[open]").count():
        window.page.wait_for_timeout(SECOND_STEP_S * 1000)
    else:
        window.settle()


def _stage(window: Window) -> Page | Locator:
    dialog = window.page.locator("dialog[open]")
    return dialog if dialog.count() else window.page


def _holding(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name), re.IGNORECASE)
