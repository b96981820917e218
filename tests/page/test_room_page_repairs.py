"""What goes wrong in a room and is mended on its page from the stream: speech in a pause, a late start; and second
steps: a participant of another room, the PIN at the end of the day."""

import re
from pathlib import Path
from typing import Any

import pytest
from hands import Mouse
from playwright.sync_api import Browser, expect
from rig import speech
from rig.marker import marker
from rig.ports import free_port
from rooms import RATE, Room, room
from showing.demo import ROSTER
from showing.school import School
from windows import Window, window

pytestmark = [pytest.mark.real, pytest.mark.slow]


def in_hand(here: Room) -> dict[str, Any]:
    told: dict[str, Any] = here.status()["in_hand"]
    return told


def begun(seen: Window, name: str) -> Mouse:
    hands = Mouse(seen)
    hands.choose(name, "1")
    hands.press("Начать")
    seen.sees("recording")
    return hands


def test_speech_in_a_pause_is_taken_along(tmp_path: Path, browser: Browser) -> None:
    with room(tmp_path, page=True) as here, window(browser, here) as seen:
        here.do("open")
        hands = begun(seen, "Петрова")
        hands.press("Пауза")
        seen.sees("paused")
        before = in_hand(here)["seconds"]
        here.server.play(speech.conversation(20, seed=3), here.microphone)
        expect(seen.page.locator(".strip", has_text="Идёт речь, а запись на паузе")).to_be_visible()
        hands.press("Продолжить, взяв сказанное")
        seen.sees("recording")
        now = in_hand(here)
        assert now["seconds"] - before > 1.0
        assert seen.page.locator(".strip", has_text="Идёт речь").count() == 0


def test_who_speaks_already_is_recorded_from_then(tmp_path: Path, browser: Browser) -> None:
    with room(tmp_path, page=True) as here, window(browser, here) as seen:
        here.do("open")
        here.await_frames(12 * RATE)
        seen.choose("Петрова", "1")
        Mouse(seen).press("1 мин назад")
        seen.sees("recording")
        assert in_hand(here)["seconds"] > 10
        assert seen.page.locator(".digits").inner_text() >= "00:10"


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A school whose roster knows another room, and whose day ends by a PIN."""
    school = School(tmp_path, port=free_port())
    school.write(device="pulse", roster=ROSTER + "5;Фёдоров;Степан;Николаевич;9Г;12а;\n")
    (tmp_path / "pin").write_text("Школа-4711\n", encoding="utf-8")
    settings = tmp_path / "station.toml"
    settings.write_text(settings.read_text() + 'pin_file = "pin"\n')
    return tmp_path


def test_another_rooms_participant_and_the_pin(strict: Path, browser: Browser) -> None:
    with room(strict, page=True) as here, window(browser, here) as seen:
        here.server.play(marker(90, seed=5), here.microphone)
        here.do("open")
        hands = Mouse(seen)
        seen.page.locator("#search").fill("фед")
        seen.says("в этой аудитории никого, в других есть (1)")
        hands.press("Участник из другой аудитории")
        hands.choose("Фёдоров Степан", "2")
        seen.says("из ауд. 12а")
        hands.press("Начать")
        seen.sees("recording")
        hands.hold()
        hands.press("Следующий участник")
        seen.sees("next")
        seen.says("не прослушана")
        hands.press("Закончить день")
        hands.type("PIN-код", "1234")
        hands.press("Закончить день")
        seen.says("PIN-код не подходит, день не закончен")
        hands.type("PIN-код", "Школа-4711")
        hands.press("Закончить день")
        seen.says("День закончен")
        assert here.status()["state"] == "closed"
        assert here.status()["participants"][4]["takes"][0]["decision"] == "unreviewed"


def test_seeking_and_the_quick_check(tmp_path: Path, browser: Browser) -> None:
    with room(tmp_path, page=True) as here, window(browser, here) as seen:
        here.server.play(marker(120, seed=5), here.microphone)
        here.do("open")
        hands = begun(seen, "Петрова")
        hands.press("Перейти к заданию 1")
        here.await_(lambda: in_hand(here)["seconds"] > 20)
        hands.hold()
        seen.sees("listening")
        expect(seen.page.locator("[data-act=quick]")).to_be_visible()
        wave = seen.page.locator(".wave")
        box = seen.page.locator(".wave svg").bounding_box()
        assert box is not None
        seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
        half = int(wave.get_attribute("aria-valuemax") or 0) / 2
        expect(wave).not_to_have_attribute("aria-valuenow", "0")
        assert abs(int(wave.get_attribute("aria-valuenow") or 0) - half) <= 1
        wave.focus()
        seen.page.keyboard.press("ArrowLeft")
        expect(wave).to_have_attribute(
            "aria-valuenow", re.compile(f"^({'|'.join(str(round(half - 5) + more) for more in (-1, 0, 1))})$")
        )
        hands.press("Быстрая проверка")
        seen.says("Остановить")
        expect(seen.page.locator(".playing .main")).to_contain_text("Прослушать", timeout=60_000)
        hands.press("Слышно хорошо")
        seen.sees("next")
        assert 20 < in_hand(here)["listened"] < 2 * half
