"""The headquarters' page in a real browser, on the staged school: what it shows, what it does."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from desks import Served, Window, served, window, word
from forty import School, sync_toml
from playwright.sync_api import Browser, Locator, expect, sync_playwright
from rig.browser import launch
from rig.node import install_node_modules
from rig.schoolday import SCHOOL, StagedRoom, at, write_roster

import sync.office
from exam.roster import Participant
from sync import config as configuration
from sync.config import Config
from sync.office.wiring import desk_for
from sync.plan import Reason
from sync.school import releasing

STATIC = Path(sync.office.__file__).parent / "static"
NODE = Path(__file__).parents[1] / "node"
BY = "Сидорова М. П."
pytestmark = pytest.mark.xdist_group("office_pages")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture
def config(tmp_path: Path, school: School) -> Config:
    """Papers by hand, recordings into a folder."""
    target = f'kind = "folder"\nfolder = "{tmp_path / "far"}"'
    return configuration.load(sync_toml(tmp_path / "hq", school, target=target, papers="by_hand"))


@pytest.fixture
def at_work(tmp_path: Path, config: Config) -> Iterator[Served]:
    with served_at(config, tmp_path, at(16, 30)) as made:
        yield made


def served_at(config: Config, folder: Path, now: datetime):  # type: ignore[no-untyped-def]
    desk = desk_for(config)
    desk.change(replace(desk.sources, now=lambda: now))
    return served(desk, folder)


def line(seen: Window, number: int) -> Locator:
    return seen.page.locator(f'tr[data-key="{number}"]')


def standing(seen: Window) -> Locator:
    return seen.page.locator(".standing")


def sheet(seen: Window) -> Locator:
    return seen.page.get_by_role("dialog")


@pytest.mark.slow
def test_an_outcome_told_here_and_a_release_with_a_reason(browser: Browser, at_work: Served, config: Config) -> None:
    """The school of forty, but one participant of whom nothing is known and one room that did not close."""
    folder = next(config.recordings[0].iterdir())
    for path in folder.glob("*Абрамов*"):
        path.unlink()
    record = next(folder.glob("*ведомость*"))
    told = json.loads(record.read_text())
    told["takes"] = [take for take in told["takes"] if take["participant"] != 1]
    record.write_text(json.dumps(told, ensure_ascii=False))
    with window(browser, at_work, "/#day") as seen:
        expect(standing(seen)).to_contain_text("Пока не хватает: 1")
        expect(seen.page.locator(".fault")).to_contain_text("№ 1 Абрамов Иван Сергеевич")
        seen.page.get_by_role("button", name="Чего-то не хватает: 1").click()
        expect(seen.page.locator("tbody tr")).to_have_count(1)
        expect(line(seen, 1).locator("td.cell.no").first).to_contain_text("нет")

        seen.page.get_by_role("button", name="Передать в РЦОИ").click()
        expect(sheet(seen)).to_contain_text("ни записи, ни отметки")
        sheet(seen).get_by_label("Кто решил").fill(BY)
        sheet(seen).get_by_label("Почему передаёте неполным").fill("  ")
        seen.page.get_by_role("button", name="Передать неполным").click()
        expect(sheet(seen).get_by_role("alert")).to_contain_text("Комплект не полон")
        seen.page.keyboard.press("Escape")
        expect(sheet(seen)).to_have_count(0)
        assert releasing.versions(config.state, config.exam.date) == []  # type: ignore[arg-type]

        seen.page.get_by_role("button", name="Открыть участника").click()
        sheet(seen).get_by_label("неявка").check()
        seen.page.get_by_role("button", name="Записать отметку").click()
        expect(standing(seen)).to_contain_text("Комплект полон")
        expect(seen.page.locator(".fault")).to_have_count(0)
        seen.page.get_by_role("button", name="Все: 40").click()
        expect(line(seen, 1)).to_contain_text("неявка")

        seen.page.get_by_role("button", name="Передать в РЦОИ").click()
        seen.page.get_by_role("button", name="Передать", exact=True).click()
        expect(seen.page.locator(".releases")).to_contain_text(re.compile(r"Версия 1 передана \d\d\.\d\d\.\d{4}"))
        expect(seen.page.locator(".releases")).to_contain_text(BY)
        seen.page.get_by_role("button", name="Передать в РЦОИ").click()
        seen.page.get_by_role("button", name="Передать", exact=True).click()
        expect(sheet(seen).get_by_role("alert")).to_be_visible()
    ((made, _),) = releasing.versions(config.state, config.exam.date)  # type: ignore[arg-type]
    assert (made.by, made.incomplete, made.rows[0].outcome) == (BY, None, "absent")


@pytest.mark.slow
def test_a_square_tells_why_to_the_mouse_and_to_the_keyboard(browser: Browser, at_work: Served) -> None:
    with window(browser, at_work, "/#day") as seen:
        square = line(seen, 5).locator("td.cell").nth(1).get_by_role("button")
        why = square.locator(".why")
        expect(square).to_have_accessible_name(re.compile(r"не нужно\s*: .*неявка"))
        assert why.evaluate("one => getComputedStyle(one).clipPath") != "none"
        square.hover()
        assert why.evaluate("one => getComputedStyle(one).clipPath") == "none"
        seen.page.mouse.move(0, 0)
        line(seen, 5).get_by_role("button", name="Дмитриев").focus()
        seen.page.keyboard.press("Tab")
        expect(square).to_be_focused()
        assert why.evaluate("one => getComputedStyle(one).clipPath") == "none"
        marks = seen.page.locator("td.cell .mark")
        assert marks.count() == 40 * 7
        assert marks.locator("svg").count() == 40 * 7, "a shape beside every word"


@pytest.mark.slow
def test_a_removal_without_a_time_is_refused_here(browser: Browser, at_work: Served) -> None:
    with window(browser, at_work, "/#day") as seen:
        line(seen, 12).get_by_role("button", name="Лебедева").click()
        sheet(seen).get_by_label("удалён").check()
        sheet(seen).get_by_label("Кто решил").fill(BY)
        time = sheet(seen).get_by_label("Время")
        expect(time).to_be_visible()
        assert time.evaluate("one => one.required")
    answer = at_work.visitor().post("/api/outcome", {"participant": 12, "outcome": "removed", "by": BY})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_time")


@pytest.mark.slow
def test_ticks_are_remembered_and_what_is_seen_is_ticked_by_itself(
    browser: Browser, at_work: Served, config: Config, tmp_path: Path
) -> None:
    with window(browser, at_work, "/#due") as seen:
        expect(seen.page.locator(".step.overdue")).to_have_count(10)
        seen.page.get_by_label("Кто отмечает").fill(BY)
        seen.page.get_by_role("button", name="Сделано: Критерии").click()
        step = seen.page.locator('[data-key="criteria"]')
        expect(step).to_contain_text(f"отмечено 11.02.2026 в 16:30, {BY}")
        expect(step).to_have_class(re.compile("done"))
        rooms = seen.page.locator('[data-key="rooms"]')
        expect(rooms).to_contain_text("видно самой программе")
        expect(rooms.get_by_role("button")).to_have_count(0)
    (tmp_path / "again").mkdir()
    with served_at(config, tmp_path / "again", at(17)) as again, window(browser, again, "/#due") as seen:
        seen.page.get_by_role("button", name="Снять отметку: Критерии").click()
        expect(seen.page.locator('[data-key="criteria"]')).to_have_class(re.compile("overdue"))


@pytest.mark.slow
def test_rooms_tell_what_they_do(browser: Browser, at_work: Served) -> None:
    alarmed = replace_word(word("202"), alarms=(Reason("участника почти не слышно", "hardly audible"),), clock_off_s=95)
    words = [word("201", state="recording"), alarmed, word("203", late=True)]
    at_work.desk.change(replace(at_work.desk.sources, words=lambda: words))
    with window(browser, at_work, "/#rooms") as seen:
        card = seen.page.locator(".room")
        expect(card).to_have_count(4)
        expect(card.nth(0)).to_contain_text("ИДЁТ ЗАПИСЬ")
        expect(card.nth(0)).to_contain_text("41 МБ · запись растёт")
        expect(card.nth(1)).to_contain_text("почти не слышно")
        expect(card.nth(1)).to_contain_text("на 95 с")
        expect(card.nth(2)).to_contain_text("нет вестей с 10:30:05")
        expect(card.nth(3)).to_contain_text("не сообщает")


def replace_word(one, **changes):  # type: ignore[no-untyped-def]
    return type(one)(**{name: getattr(one, name) for name in one.__struct_fields__} | changes)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Served]:
    """One computer, three children, nothing configured but what must be."""
    people = [
        Participant(one, name, "Лев", class_name="9", room="1")
        for one, name in enumerate(["Аникин", "Белов", "Вологодский-Рождественский"], 1)
    ]
    room = StagedRoom(tmp_path / "recordings", "1", people)
    room.stream()
    for person in people:
        room.take(person)
    room.record()
    write_roster(tmp_path / "roster.csv", people)
    (tmp_path / "sync.toml").write_text(
        f'[school]\ncode = "{SCHOOL}"\nroster = "roster.csv"\n[package]\npapers = "by_hand"\n'
        f'[target]\nkind = "folder"\nfolder = "{tmp_path / "far"}"\n',
        encoding="utf-8",
    )
    with served_at(configuration.load(tmp_path / "sync.toml"), tmp_path, at(16)) as made:
        yield made


def test_a_small_school_has_all_of_it_on_one_page(browser: Browser, small: Served, axe: str) -> None:
    with window(browser, small) as seen:
        for heading in ("Ход подготовки", "Аудитории", "Комплект дня", "Участники"):
            expect(seen.page.get_by_role("heading", name=heading)).to_be_visible()
        expect(seen.page.get_by_role("navigation")).to_have_count(0)
        expect(seen.page.locator("tbody tr")).to_have_count(3)
        expect(standing(seen)).to_contain_text("Комплект полон")
        assert faults_of(seen, axe) == []


# -- readable by everybody -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def axe() -> str:
    return (install_node_modules(NODE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def faults_of(seen: Window, axe: str) -> list[tuple[str, str]]:
    """What axe finds that keeps somebody out, and what does not fit the window."""
    seen.page.evaluate(axe)
    found = seen.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    wide = seen.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [(one["id"], node["html"][:160]) for one in grave for node in one["nodes"]] + [("wide", "")] * wide


@pytest.mark.slow
@pytest.mark.parametrize(
    ("when", "language"),
    [(at(10).replace(day=5), "ru"), (at(16, 30), "ru"), (at(16, 30), "en"), (at(10).replace(day=19), "ru")],
)
def test_every_page_and_sheet_is_readable(
    browser: Browser, config: Config, axe: str, *, when: datetime, language: str
) -> None:
    config.file.write_text(config.file.read_text().replace('papers = "by_hand"', 'papers = "scans"'))
    with served_at(configuration.load(config.file), config.state, when) as made:
        made.desk.sources = replace(
            made.desk.sources, words=lambda: [word("201", state="recording"), word("203", late=True)]
        )
        for width in (1024, 1366):
            with window(browser, made, f"/?lang={language}", width=width) as seen:
                for part in ("due", "day", "rooms", "scans", "experts", "papers", "drives"):
                    seen.page.goto(f"/#{part}")
                    expect(seen.page.locator(f'main[data-key="part-{part}"] > section').first).to_be_visible()
                    expect(seen.page.locator(".hint", has_text=re.compile("Смотрю|Looking"))).to_have_count(0)
                    assert faults_of(seen, axe) == [], (part, width)
                for part, act in (("day", "ask_person"), ("day", "ask_release"), ("experts", "ask_distribute")):
                    seen.page.goto(f"/#{part}")
                    expect(seen.page.locator(f'main[data-key="part-{part}"]')).to_be_visible()
                    press = f'[data-act="{act}"]'
                    if seen.page.locator(press).count():
                        seen.page.locator(press).first.click()
                        expect(sheet(seen)).to_be_visible()
                        assert faults_of(seen, axe) == [], (press, width)
                        seen.page.keyboard.press("Escape")


def test_every_sentence_is_there_in_both_languages_and_none_is_left_over() -> None:
    tables = {language: keys_of(STATIC / "office" / f"words.{language}.js") for language in ("ru", "en")}
    assert tables["ru"] == tables["en"]
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(STATIC.rglob("*.js")) if "words" not in path.name
    )
    assert set(re.findall(r'say\("([\w.-]+)"', code)) - tables["ru"] == set()
    quoted = set(re.findall(r'"([\w.-]+)"', code))
    made = [
        re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.]+", re.escape(each)) for each in re.findall(r"`([\w.]*\$\{[^`]*)`", code)
    ]
    assert {key for key in tables["ru"] - quoted if not any(re.fullmatch(pattern, key) for pattern in made)} == set()


def keys_of(path: Path) -> set[str]:
    return set(re.findall(r'^  "([\w.-]+)":', path.read_text(encoding="utf-8"), re.MULTILINE))
