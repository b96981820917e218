"""How quick the room page is in a real Chromium. Called by `benchmarks.page`, which has a room."""

from playwright.sync_api import expect, sync_playwright
from rig.browser import launch, let_in, meter_frames, pressed_ms
from rig.visitor import Visitor

_QUIET_MS = 1100
"""After a change a press within a second is an accident."""
_STEPS = (("pause", "paused"), ("resume", "recording"), ("pause", "paused"), ("space", "recording"))
_METERS_S = 10.0


def measured(visitor: Visitor, presses: int) -> tuple[list[float], list[float], float]:
    """Milliseconds from a click, and from the space bar, to the page's change; frames a second of the meter. Somebody
    is being recorded."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = let_in(browser, visitor).new_page()
        page.goto("/")
        expect(page.locator('.page[data-screen="recording"]')).to_be_visible()
        page.wait_for_timeout(_QUIET_MS)
        frames = meter_frames(page, _METERS_S)
        clicks, keys = [], []
        for number in range(presses):
            act, screen = _STEPS[number % len(_STEPS)]
            (keys if act == "space" else clicks).append(pressed_ms(page, act, screen))
            page.wait_for_timeout(_QUIET_MS)
        browser.close()
    return clicks, keys, frames
