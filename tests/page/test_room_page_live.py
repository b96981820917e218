"""The page is a view: reloads, a second page, a stale one, a station that restarts; and how quick it is."""

import signal
import statistics
from collections.abc import Iterator

import pytest
from hands import Mouse
from playwright.sync_api import Browser, Route, expect
from rig.browser import meter_frames, pressed_ms
from rig.marker import marker
from rooms import Room, room
from windows import Window, window

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("room_page")]

LATENCY_MS = 150
FRAMES_A_SECOND = 15


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("room"), page=True) as made:
        made.do("open")
        yield made


@pytest.fixture(autouse=True)
def idle(here: Room) -> Iterator[None]:
    """Each test leaves the room as it was."""
    yield
    if here.status()["state"] in {"recording", "paused", "review"}:
        here.do("cancel")


def shows_the_same(*seen: Window) -> None:
    """Word for word, but for the seconds that pass."""
    said = [one.page.locator("#room").inner_text() for one in seen]
    plain = ["".join(letter for letter in text if not letter.isdigit()) for text in said]
    assert len(set(plain)) == 1, said


def test_two_pages_show_the_same_and_a_reload_changes_nothing(here: Room, browser: Browser) -> None:
    with window(browser, here) as first, window(browser, here) as second:
        first.sees("idle")
        first.choose("Петрова", "7")
        second.says("Петрова Анна Олеговна")
        expect(second.page.locator("#variant")).to_have_value("7")
        first.page.locator("#document").check()
        expect(second.page.locator("#document")).to_be_checked()
        for press, screen in (("Начать", "recording"), ("Пауза", "paused")):
            Mouse(first).press(press)
            second.sees(screen)
            first.page.locator("body").click(position={"x": 5, "y": 300})
            second.page.reload()
            second.sees(screen)
            shows_the_same(first, second)
        here.do("stop")
        for one in (first, second):
            one.sees("listening")
            expect(one.page.locator("[data-act=quick]")).to_be_visible()
        second.page.reload()
        expect(second.page.locator("[data-act=quick]")).to_be_visible()
        Mouse(second).press("Слышно хорошо")
        first.sees("next")
        first.page.reload()
        first.sees("next")
        shows_the_same(first, second)


def test_what_is_set_last_stays_however_slow_the_station_was_before(here: Room, browser: Browser) -> None:
    """The variant is told when its field is left for the tick: the one must not overtake the other."""
    held: list[Route] = []
    with window(browser, here) as seen:
        seen.sees("idle")
        seen.choose("Петрова")
        seen.page.route("**/api/command", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it calls
        seen.page.locator("#variant").fill("8")
        seen.page.locator("#document").check()
        drawn_again(seen)
        assert len(held) == 1
        for number in (1, 2):
            here.await_(lambda number=number: len(held) == number or drawn_again(seen))
            held[-1].continue_()
        expect(seen.page.locator("#document")).to_be_checked()
        here.await_(lambda: here.status()["chosen"]["document_checked"] or drawn_again(seen))
        assert here.status()["chosen"]["variant"] == "8"


def drawn_again(seen: Window) -> bool:
    """The page has had time for two pictures."""
    seen.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return False


def test_a_stale_page_changes_nothing_and_says_so(here: Room, browser: Browser) -> None:
    """It has not heard that the room is another: the press that it offers is refused, and it looks anew."""
    with window(browser, here) as stale:
        stale.page.context.add_init_script("""
            const sockets = [], listen = WebSocket.prototype.addEventListener;
            window.deaf = new Set();
            window.deafen = () => sockets.forEach((socket) => window.deaf.add(socket));
            WebSocket.prototype.addEventListener = function (kind, heard) {
                sockets.push(this);
                listen.call(this, kind, (event) => (kind === "message" && window.deaf.has(this)) || heard(event));
            };
        """)
        stale.page.reload()
        stale.choose("Иванов Игорь")
        stale.page.evaluate("deafen()")
        here.do("start", "--participant", "3", "--variant", "1")
        stale.sees("idle")
        Mouse(stale).press("Начать")
        stale.says("Уже идёт запись, она продолжается")
        stale.sees("recording")
        stale.says("Петрова Анна Олеговна")
        assert here.status()["participant"] == 3


def test_in_english(here: Room, browser: Browser) -> None:
    with window(browser, here, path="/?lang=en") as seen:
        seen.says("Ready")
        seen.choose("Петрова", "5")
        Mouse(seen).press("START")
        seen.says("RECORDING")
        seen.says("variant 5")
        seen.page.goto("/")  # the choice stays
        seen.says("Say your name and variant")
        assert seen.page.evaluate("document.documentElement.lang") == "en"


def test_from_a_press_to_the_page(here: Room, browser: Browser) -> None:
    """In the page's own time: from the click to the change of what stands there."""
    with window(browser, here) as seen:
        seen.choose("Петрова", None)
        Mouse(seen).press("Начать")
        seen.sees("recording")
        took = []
        for act, screen in [
            ("pause", "paused"),
            ("resume", "recording"),
            ("pause", "paused"),
            ("space", "recording"),
        ] * 2:
            seen.settle()
            took.append((round(pressed_ms(seen.page, act, screen)), act))
        assert statistics.median(ms for ms, _ in took) <= LATENCY_MS, took


def test_meters_move(here: Room, browser: Browser) -> None:
    """Drawn often enough to look alive, however the levels come."""
    with window(browser, here) as seen:
        seen.sees("idle")
        here.server.play(marker(20, seed=5), here.microphone)
        expect(seen.page.locator("canvas[data-cell]")).to_have_count(1)
        assert meter_frames(seen.page, 3) >= FRAMES_A_SECOND
        filled = seen.page.evaluate("""() => {
            const canvas = document.querySelector("canvas[data-seat]");
            const pixels = canvas.getContext("2d").getImageData(0, 5, canvas.width, 1).data;
            const isFilled = (at) => pixels[4 * at] < 100; // its red: 75 where filled, 211 beside
            return Array.from({ length: canvas.width }, (_, at) => isFilled(at)).filter(Boolean).length / canvas.width;
        }""")
        assert 0.4 < filled < 0.75  # the marker is at -26 dBFS, the meter's floor at -60


def test_the_station_is_killed_under_an_open_page(here: Room, browser: Browser) -> None:
    with window(browser, here) as seen:
        seen.choose("Петрова", "5")
        Mouse(seen).press("Начать")
        seen.sees("recording")
        here.end(signal.SIGKILL)
        seen.says("Нет связи со станцией")
        seen.says("Запись не зависит от этой страницы")
        seen.sees("recording")
        Mouse(seen).press("Пауза")
        seen.says("нажатие не дошло, ничего не изменилось")
        here.start()
        expect(seen.page.locator(".strip.calm")).to_have_count(0)
        seen.sees("recording")
        Mouse(seen).press("Пауза")
        seen.sees("paused")
