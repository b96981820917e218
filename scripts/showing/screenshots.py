"""Pictures of everything the room page can show: `python -m showing.screenshots FOLDER [NAME…]`, run from scripts/.

For people to look at: would a teacher who never saw it know what to press?
"""

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright
from rig.browser import launch

from showing.staged_page import Stage
from showing.staged_states import STATES

SIZES = {"small": (1024, 768), "wide": (1366, 768), "tablet": (800, 1280)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--size", choices=SIZES, action="append")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for size in chosen.size or SIZES:
            width, height = SIZES[size]
            stage = Stage(browser, width=width, height=height)
            stage.page.on("console", lambda message: print(message.text))
            stage.page.on("pageerror", lambda error: print(error.stack))
            for name in chosen.names or STATES:
                stage.show(name)
                stage.page.screenshot(path=chosen.folder / f"{name}_{size}.png")
        browser.close()


if __name__ == "__main__":
    main()
