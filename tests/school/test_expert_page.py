"""The page experts listen with, in a real Chromium from file://: plays, goes where it is told, asks no network."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from expert_school import ExpertSchool
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from rig.browser import launch
from rig.node import install_node_modules

from exam.audio import Mark

NODE = Path(__file__).parents[1] / "node"
RATE = 48000
SECONDS = {1: 40.0, 2: 30.0, 3: 24.0, 4: 20.0}
MARKS = tuple(Mark(task, round(at * RATE)) for task, at in ((1, 3.0), (2, 8.5), (3, 13.0), (4, 17.5)))
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("expert_page")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an expert who holds five recordings, one of them no sound at all."""
    base = tmp_path_factory.mktemp("experts")
    school = ExpertSchool(base, sounds=SECONDS, marks=MARKS)
    (base / "накопитель 100% #1").mkdir()
    assert school.run("distribute", "--experts", "Петрова А. А.") == 0
    assert school.run("export", "Петрова А. А.", str(base / "накопитель 100% #1")) == 0
    (page,) = base.glob("накопитель*/*/Прослушать.html")
    return page


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1024, "height": 768})
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, player: Path) -> Page:
    return opened(context, player)


def opened(context: BrowserContext, player: Path) -> Page:
    page = context.new_page()
    page.asked = []  # type: ignore[attr-defined]
    page.on("request", lambda request: page.asked.append(request.url))  # type: ignore[attr-defined]
    page.goto(player.as_uri())
    expect(page.locator("#name")).to_contain_text("Абрамов")
    until(page, "readyState > 0")
    return page


def until(page: Page, condition: str) -> None:
    """Wait until the audio's `condition` holds. The page's policy lets nobody evaluate a string while waiting."""
    page.evaluate(f"""() => new Promise((resolve, reject) => {{
        const began = performance.now(), audio = document.getElementById("audio");
        const look = () => audio.{condition} ? resolve()
            : performance.now() - began > 15000 ? reject(new Error("{condition}")) : setTimeout(look, 10);
        look();
    }})""")


def at(page: Page) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def test_plays_from_a_folder_without_any_network(page: Page) -> None:
    expect(page.locator("#list button")).to_have_count(5)
    expect(page.locator("#about")).to_contain_text("вариант 11 · ауд. 201 · 9А · 0:40")
    page.locator("#play").click()
    until(page, "currentTime > 0.5")
    expect(page.locator("#play")).to_have_text("Пауза")
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_text("Слушать")
    assert all(url.startswith("file://") for url in page.asked)  # type: ignore[attr-defined]
    refused = page.evaluate("""() => new Promise((resolve) => {
        document.addEventListener("securitypolicyviolation", (event) => resolve(event.violatedDirective));
        const image = new Image();
        image.src = "http://127.0.0.1:9/";
    })""")
    assert refused.startswith("img-src")
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')") == "refused"


def test_a_task_a_place_and_keys_lead_where_they_say(page: Page) -> None:
    page.get_by_role("button", name="3. Монолог · 0:13").click()
    assert at(page) == pytest.approx(13.0, abs=0.05)
    page.keyboard.press("2")
    assert at(page) == pytest.approx(8.5, abs=0.05)
    page.locator("h2").click()
    page.keyboard.press("ArrowRight")
    assert at(page) == pytest.approx(13.5, abs=0.05)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert at(page) == pytest.approx(3.5, abs=0.05)
    box = page.locator("#wave").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert at(page) == pytest.approx(20.0, abs=0.2)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.getElementById('audio').volume") == pytest.approx(0.95)
    page.locator("#place").focus()
    page.keyboard.press("Home")
    assert at(page) == 0


@pytest.mark.parametrize("speed", ["0.75", "2"])
def test_speed_changes_time_and_keeps_the_pitch(page: Page, speed: str) -> None:
    page.locator(f'[data-speed="{speed}"]').click()
    expect(page.locator(f'[data-speed="{speed}"]')).to_have_attribute("aria-pressed", "true")
    page.locator("#play").click()
    until(page, "currentTime > 0.2")
    rate = page.evaluate("""() => new Promise((resolve) => {
        const audio = document.getElementById("audio"), from = audio.currentTime, began = performance.now();
        setTimeout(() => resolve((audio.currentTime - from) / (performance.now() - began) * 1000), 2000);
    })""")
    assert rate == pytest.approx(float(speed), rel=0.15)
    assert page.evaluate("document.getElementById('audio').preservesPitch") is True
    page.locator("#list button").nth(1).click()
    assert page.evaluate("document.getElementById('audio').playbackRate") == float(speed)


def test_place_and_ticks_are_remembered(page: Page, context: BrowserContext, player: Path) -> None:
    page.get_by_role("button", name="2. Пересказ").click()
    page.locator("#list button").nth(1).click()
    page.get_by_label("Прослушано").check()
    expect(page.locator("#progress")).to_have_text("Прослушано 1 из 5")
    until(page, "readyState > 0")
    page.locator("#list button").nth(0).click()
    until(page, "currentTime > 8")
    page.close()
    again = opened(context, player)
    expect(again.locator("#progress")).to_have_text("Прослушано 1 из 5")
    until(again, "currentTime > 8")
    assert at(again) == pytest.approx(8.5, abs=0.1)


def test_heard_to_the_end_is_ticked(page: Page) -> None:
    page.locator("#list button").nth(3).click()
    until(page, "readyState > 0")
    page.evaluate("document.getElementById('audio').currentTime = 19")
    page.locator("#play").click()
    expect(page.get_by_label("Прослушано")).to_be_checked()


def test_without_memory_it_plays_and_says_so(browser: Browser, player: Path) -> None:
    context = browser.new_context()
    context.add_init_script("""Object.defineProperty(window, "localStorage", { get() { throw new Error("no"); } })""")
    page = opened(context, player)
    expect(page.locator("#memory")).to_contain_text("не запоминает")
    page.get_by_label("Прослушано").check()
    expect(page.locator("#progress")).to_have_text("Прослушано 1 из 5")
    context.close()


def test_a_file_that_is_not_there_is_named(page: Page) -> None:
    page.locator("#list button").nth(4).click()
    expect(page.locator("#problem")).to_contain_text("Дмитриев О.mp3")
    page.locator("#list button").nth(0).click()
    expect(page.locator("#problem")).to_be_hidden()


@pytest.mark.parametrize("size", [(1024, 768), (1366, 768), (800, 600)])
def test_readable_reachable_and_nothing_cut_off(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.locator("#list button").nth(2).click()
    axe = (install_node_modules(NODE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], node["html"][:160]) for one in grave for node in one["nodes"]] == []
    small = page.evaluate("""() => Array.from(document.querySelectorAll("button"))
        .filter((one) => one.getBoundingClientRect().height < 47).map((one) => one.textContent)""")
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if size == (1024, 768):
        for name in ("#play", "#marks", "#speeds", "#heard"):
            box = page.locator(name).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= size[1], name


def test_its_script_is_of_ten_years_ago(player: Path) -> None:
    found = re.search(r"<script>(.*?)</script>", player.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    code = re.sub(r"//.*", "", found[1])
    assert not re.search(r"=>|\b(let|const|class|async|await|import)\b|`|\?\.|\?\?", code)
