"""The technician's page on a real room, in a real Chromium: the evening before, the end of the day, a dictaphone."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect
from rig.node import install_node_modules
from rig.ports import free_port
from rooms import RATE, Room, room
from showing.demo import ROSTER
from showing.school import School
from windows import Window, window

import station.web
from station.verify import verify

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("technician")]
STATIC = Path(station.web.__file__).parent / "static"
NODE = Path(__file__).parents[1] / "node"
PIN = "4711"


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A room with a PIN, its day open: one participant recorded and accepted, one absent."""
    folder = tmp_path_factory.mktemp("technician")
    School(folder, port=free_port()).write(device="pulse", roster=ROSTER)
    (folder / "pin").write_text(PIN, encoding="utf-8")
    with (folder / "station.toml").open("a", encoding="utf-8") as settings:
        settings.write('pin_file = "pin"\n')
    with room(folder, page=True) as made:
        made.do("open")
        made.await_frames(RATE)
        made.do("start", "--participant", "1", "--variant", "7")
        made.await_frames(3 * RATE)
        made.do("stop")
        made.do("accept")
        made.do("outcome", "--participant", "2", "absent")
        yield made


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Path]:
    """A flash drive, opened where a desktop opens them."""
    path = Path("/media") / f"station-{tmp_path.parent.name}-{tmp_path.name}"
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
        path.rmdir()


def part(seen: Window, key: str) -> Locator:
    return seen.page.locator(f'section[data-key="{key}"]')


@pytest.mark.slow
def test_readiness_is_a_line_each_in_the_readers_language(browser: Browser, at_work: Room) -> None:
    with window(browser, at_work, path="/technician?lang=en#before") as seen:
        lights = part(seen, "ready").locator(".light")
        expect(lights.filter(has_text="Roster.")).to_contain_text("4 on the roster, 4 of this room")
        expect(lights.filter(has_text="Microphone.")).to_contain_text("sound comes")
        expect(lights.filter(has_text="Test recording.")).to_contain_text("there was no test recording")
        expect(part(seen, "ready").get_by_role("status")).to_contain_text("Not ready yet")
        seen.press("Show this computer's microphones")
        expect(part(seen, "devices").locator("td", has_text="pulse:")).to_be_visible()
    with window(browser, at_work, path="/technician?lang=ru#before") as seen:
        expect(part(seen, "ready").locator(".light", has_text="Список.")).to_contain_text("в списке 4")
        with seen.page.expect_download() as saved:
            part(seen, "blank").get_by_role("button", name="PDF").click()
        assert re.fullmatch(r"Ведомость_265_.*_пустая\.pdf", saved.value.suggested_filename)
        assert saved.value.path().read_bytes().startswith(b"%PDF")


def test_during_the_day_the_room_is_seen_from_here(browser: Browser, at_work: Room) -> None:
    with window(browser, at_work, path="/technician") as seen:
        expect(seen.page.get_by_role("link", name="Во время")).to_have_attribute("aria-current", "page")
        row = part(seen, "done").locator("tbody tr", has_text="Иванов Иван")
        expect(row).to_contain_text("принята")
        expect(part(seen, "done").locator("tbody tr", has_text="Иванов Игорь")).to_contain_text("неявка")
        expect(part(seen, "alarms")).to_contain_text("Проба звука не сделана")


def test_a_dictaphones_file_becomes_a_take(browser: Browser, at_work: Room, tmp_path: Path) -> None:
    sound = tmp_path / "DVT 001.mp3"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=3:a=0.1:r=44100", str(sound)], check=True
    )  # fmt: skip
    (tmp_path / "empty.mp3").write_bytes(b"")
    with window(browser, at_work, path="/technician#dictaphone") as seen:
        chooser = seen.page.locator("input[type=file]")
        chooser.set_input_files(tmp_path / "empty.mp3")
        expect(seen.page.get_by_role("alert")).to_contain_text("Файл пуст")
        chooser.set_input_files(sound)
        expect(part(seen, "dictaphone")).to_contain_text("DVT 001.mp3")
        expect(seen.button("Принять запись")).to_be_disabled()
        seen.page.get_by_label("Чья это запись").select_option("3")
        seen.page.get_by_label("Когда началась").fill("10:05:00")
        seen.press("Принять запись")
        expect(part(seen, "dictaphone")).to_contain_text("Запись принята.")
    (take,) = next(each for each in at_work.status()["participants"] if each["number"] == 3)["takes"]
    assert (take["source"], take["started_at"][11:19]) == ("dictaphone", "10:05:00")
    assert not list((at_work.school.folder / "recordings").glob(".принятое/*/*")), "what was taken is not kept twice"


def test_the_end_of_the_day(browser: Browser, at_work: Room, drive: Path) -> None:
    """Closed by a second step, who is missing, all whole, onto the drive, the room sheet: in this order."""
    with window(browser, at_work, path="/technician#after") as seen:
        seen.press("Закончить день")
        expect(part(seen, "close")).to_contain_text("Общая запись остановится")
        seen.press("Да, закончить день")
        expect(seen.page.get_by_role("alert")).to_contain_text("PIN")
        part(seen, "close").get_by_label("PIN-код").fill(PIN)
        seen.press("Да, закончить день")
        expect(part(seen, "close")).to_contain_text("Всё записанное оформлено.")
        seen.press("Проверить снова")
        expect(part(seen, "summary").locator("tr", has_text="Сидоров")).to_contain_text("нет записи и отметки")
        expect(part(seen, "summary").locator("tr", has_text="Иванов Игорь")).to_contain_text("неявка")
        seen.press("Проверить записи")
        expect(part(seen, "verify")).to_contain_text("Всё в порядке, записей: 3")
        line = part(seen, "export").locator("li", has_text=str(drive))
        part(seen, "export").get_by_label("PIN-код").fill("0000")
        line.get_by_role("button").click()
        expect(seen.page.get_by_role("alert")).to_contain_text("PIN-код не подходит")
        part(seen, "export").get_by_label("PIN-код").fill(PIN)
        line.get_by_role("button").click()
        expect(part(seen, "export")).to_contain_text("Скопировано и проверено")
        with seen.page.expect_download() as saved:
            part(seen, "sheet").get_by_role("button", name="XLSX").click()
        assert saved.value.path().read_bytes().startswith(b"PK")
    copied = next(drive.iterdir())
    assert {path.name for path in at_work.folder.glob("*.mp3")} <= {path.name for path in copied.iterdir()}
    assert verify(copied).ok


def test_a_test_recording_is_cancelled(browser: Browser, at_work: Room) -> None:
    with window(browser, at_work, path="/technician#before") as seen:
        seen.press("Сделать пробу")
        expect(part(seen, "rehearsal").locator(".prompt")).to_be_visible()
        seen.press("Прервать")
        expect(part(seen, "rehearsal")).to_contain_text("Прервано.")
    assert at_work.status()["rehearsal"]["ending"] == "cancel"


@pytest.mark.slow
def test_a_test_recording_is_shown_step_by_step_and_accepted_by_ear(browser: Browser, at_work: Room) -> None:
    with window(browser, at_work, path="/technician#before") as seen:
        seen.press("Короткая, 22 секунды")
        expect(part(seen, "rehearsal").locator("[aria-current=step]")).to_have_text("1. Тишина")
        expect(part(seen, "rehearsal").locator("[aria-current=step]")).to_have_text(
            "3. Место участника", timeout=60_000
        )
        expect(part(seen, "rehearsal").locator(".answer-line")).to_contain_text("плохо", timeout=60_000)
        picture = part(seen, "rehearsal").locator("img")
        expect(picture).to_have_js_property("naturalWidth", 1280, timeout=60_000)
        stem = at_work.status()["rehearsal"]["file"].removesuffix(".wav")
        heard = at_work.visitor().get(f"/audio/{stem}.wav")
        assert heard.content[:4] == b"RIFF"
        seen.page.get_by_label("Послушал(а)").fill("Петров П.П.")
        seen.press("Принять на слух")
        expect(part(seen, "rehearsal")).to_contain_text("на слух принято: Петров П.П.")


def test_whoever_hears_or_only_types_can_use_every_part(browser: Browser, at_work: Room) -> None:
    axe = (install_node_modules(NODE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    with window(browser, at_work, path="/technician#before") as seen:
        seen.page.evaluate(axe)
        for name in ("before", "during", "after", "dictaphone"):
            seen.page.locator(f'nav a[href="#{name}"]').press("Enter")
            expect(seen.page.locator(f'.desk[data-part="{name}"] h2').first).to_be_visible()
            found = seen.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            grave = [each for each in found if each["impact"] in {"serious", "critical"}]
            assert [(each["id"], node["html"]) for each in grave for node in each["nodes"]] == [], name


def test_both_languages_say_the_same_things_and_nothing_is_unsaid() -> None:
    tables = {language: _keys(STATIC / "technician" / f"words.{language}.js") for language in ("ru", "en")}
    assert tables["ru"] == tables["en"]
    every = tables["ru"] | _keys(STATIC / "words.ru.js")
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((STATIC / "technician").rglob("*.js")))
    assert set(re.findall(r'say\("([\w.]+)"', code)) - every == set()
    quoted = set(re.findall(r'"([\w.]+)"', code))
    made = [
        re.sub(r"\\\$\\\{.*?\\\}", r"[\\w.]+", re.escape(each)) for each in re.findall(r"`([\w.]*\$\{[^`]*)`", code)
    ]
    made.append(r"refusal\.\w+")
    unused = {key for key in tables["ru"] - quoted if not any(re.fullmatch(pattern, key) for pattern in made)}
    assert unused == set()


def _keys(table: Path) -> set[str]:
    return set(re.findall(r'^  "([\w.]+)":', table.read_text(encoding="utf-8"), re.MULTILINE))
