"""A real Chromium, let in to a room's page; and how quick that page is, measured in the page's own time."""

import shutil
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from rig.visitor import Visitor

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
_PRESSED = """([act, screen]) => new Promise((resolve) => {
    const began = performance.now();
    const watch = new MutationObserver(() => {
        if (!document.querySelector(`.page[data-screen="${screen}"]`)) return;
        watch.disconnect();
        resolve(performance.now() - began);
    });
    watch.observe(document.getElementById("room"), { attributes: true, childList: true, subtree: true });
    const key = (kind) => document.body.dispatchEvent(new KeyboardEvent(kind, { code: "Space", bubbles: true }));
    if (act === "space") ["keydown", "keyup"].forEach(key);
    else document.querySelector(`[data-act="${act}"]`).click();
})"""
_DRAWN = """(seconds) => new Promise((resolve) => {
    let count = 0;
    const watch = new MutationObserver(() => (count += 1));
    watch.observe(document.querySelector("canvas[data-seat]"), { attributeFilter: ["data-cell"] });
    setTimeout(() => resolve(count / seconds), seconds * 1000);
})"""


def launch(playwright: Playwright) -> Browser:
    """The system's Chromium, without a window."""
    found = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if found is None:
        raise SystemExit("no Chromium or Chrome is installed")
    return playwright.chromium.launch(executable_path=found, args=_FLAGS)


def let_in(browser: Browser, visitor: Visitor, width: int = 1024, height: int = 768) -> BrowserContext:
    """A browser that shows the page to whom `visitor` is."""
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=visitor.url)
    host = urlsplit(visitor.url).hostname or ""
    context.add_cookies(
        [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in visitor.http.cookies.items()]
    )
    return context


def pressed_ms(page: Page, act: str, screen: str) -> float:
    """From a click on `act`, or the key `space`, until the page shows `screen`."""
    took: float = page.evaluate(_PRESSED, [act, screen])
    return took


def meter_frames(page: Page, seconds: float) -> float:
    """How often a second the meter is drawn anew."""
    drawn: float = page.evaluate(_DRAWN, seconds)
    return drawn
