"""An exam day on the page of a real room, in a real Chromium: every ordinary mistake made, and mended."""

import json
from pathlib import Path
from typing import Any

import pytest
from hands import Hands, Keyboard, Mouse
from playwright.sync_api import Browser, expect
from rig.marker import marker
from rooms import Room, room
from windows import Window, window

pytestmark = pytest.mark.real


def interview(seen: Window, hands: Hands, name: str, variant: str) -> None:
    """Chosen, started."""
    hands.choose(name, variant)
    hands.press("Начать")
    seen.sees("recording")
    seen.says(f"вариант {variant}")


def ended(seen: Window, hands: Hands, opinion: str) -> None:
    """Stopped by a hold, then what the participant says."""
    hands.hold()
    seen.sees("listening")
    hands.press(opinion)


def listened_to(seen: Window, hands: Hands) -> None:
    """Stopped, some of it played, and heard well."""
    hands.hold()
    seen.sees("listening")
    hands.press("Прослушать")
    seen.says("Остановить")
    expect(seen.page.locator(".wave-time")).to_contain_text("0:02 из")
    hands.press("Слышно хорошо")
    seen.sees("next")
    seen.says("слышно хорошо")


def an_ordinary_one(seen: Window, hands: Hands) -> None:
    interview(seen, hands, "Иванов Иван", "12")
    seen.says("Назовите ФИО и вариант")
    hands.press("Перейти к заданию 1")
    seen.says("1 Чтение")
    hands.press("Пауза")
    seen.sees("paused")
    seen.says("общая запись идёт")
    hands.press("Продолжить")
    seen.sees("recording")
    hands.press("Перейти к заданию 2")
    seen.says("2 Пересказ")
    listened_to(seen, hands)


def pressed_by_accident(seen: Window, hands: Hands) -> None:
    interview(seen, hands, "Сидоров", "3")
    hands.press("Исправить")
    hands.press("Случайно нажали")
    hands.press("Отменить эту запись")
    seen.no_dialog()
    seen.sees("idle")


def the_wrong_one_and_the_wrong_variant(seen: Window, hands: Hands) -> None:
    """Петрова speaks, Иванов Игорь was chosen; it is 8, not 7."""
    interview(seen, hands, "Иванов Игорь", "7")
    hands.press("Исправить")
    hands.press("Начали не того")
    hands.pick("Петрова Анна")
    hands.press("Переписать на участника Петрова Анна")
    seen.no_dialog()
    seen.says("Петрова Анна Олеговна")
    hands.press("Исправить")
    hands.press("Вариант введён неверно")
    hands.type("Вариант", "8")
    hands.press("Исправить вариант")
    seen.no_dialog()
    seen.says("вариант 8")
    seen.sees("recording")
    hands.hold()
    seen.sees("listening")
    hands.press("Продолжить этого участника")
    seen.sees("recording")
    ended(seen, hands, "Не слушал")
    seen.sees("next")


def a_repeat(seen: Window, hands: Hands) -> None:
    interview(seen, hands, "Иванов Игорь", "5")
    ended(seen, hands, "Слышно плохо")
    hands.press("Повторное прохождение")
    hands.press("Да, сегодня")
    hands.type("Новый вариант", "5")
    hands.press("Повтор с вариантом 5")
    seen.says("Возьмите другой вариант")
    hands.type("Новый вариант", "9")
    hands.press("Повтор с вариантом 9")
    seen.no_dialog()
    seen.sees("idle")
    hands.press("Начать")
    seen.sees("recording")
    seen.says("вариант 9")
    ended(seen, hands, "Слышно хорошо")
    seen.sees("next")


def an_absent_one_who_comes_after_all(seen: Window, hands: Hands) -> None:
    hands.choose("Сидоров", "4")
    hands.press("Неявка и другое")
    hands.press("Неявка")
    hands.press("Отметить «неявка»")
    seen.no_dialog()
    seen.says("Отмечена неявка")
    hands.press("2 мин назад")
    seen.sees("recording")
    hands.press("Исправить")
    hands.press("Завершает досрочно")
    hands.press("Отметить «завершил досрочно»")
    seen.sees("idle")


def the_end(seen: Window, hands: Hands) -> None:
    hands.press("Закончить день")
    seen.says("У каждого участника есть запись или отметка")
    hands.press("Закончить день")
    seen.sees("closed")
    seen.says("День закончен")


def test_an_interview(tmp_path: Path, browser: Browser) -> None:
    with room(tmp_path, page=True) as here, window(browser, here) as seen:
        here.server.play(marker(60, seed=5), here.microphone)
        hands = Mouse(seen)
        hands.press("Начать день")
        seen.sees("idle")
        interview(seen, hands, "Иванов Иван", "12")
        hands.press("Перейти к заданию 1")
        seen.says("1 Чтение")
        listened_to(seen, hands)
        taken = here.status()["participants"][0]["takes"][0]
        assert (taken["variant"], taken["opinion"]) == ("12", "well")
        assert 1 < taken["listened"] < 6
        assert [event["task"] for event in events(here, "task_marked")] == [1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Mouse, Keyboard])
def test_a_day_with_every_mistake(tmp_path: Path, browser: Browser, kind: type[Mouse | Keyboard]) -> None:
    with room(tmp_path, page=True) as here, window(browser, here) as seen:
        here.server.play(marker(240, seed=5), here.microphone)
        hands = kind(seen)
        seen.sees("closed")
        hands.press("Начать день")
        seen.sees("idle")
        an_ordinary_one(seen, hands)
        pressed_by_accident(seen, hands)
        the_wrong_one_and_the_wrong_variant(seen, hands)
        a_repeat(seen, hands)
        an_absent_one_who_comes_after_all(seen, hands)
        the_end(seen, hands)
        assert told(here) == {
            1: (None, [("12", "accepted", "well")]),
            2: (None, [("5", "rejected", "badly"), ("9", "accepted", "well")]),
            3: (None, [("8", "accepted", "declined")]),
            4: ("early_end", [("4", "early_end", None)]),
        }
        here.await_(lambda: not here.status()["publishing"])
        verified = here.run("verify")
        assert verified.returncode == 0, verified.stdout
        assert len(list(here.folder.glob("*.json"))) >= 5


def told(here: Room) -> dict[int, Any]:
    """Outcome and takes of everyone."""
    return {
        each["number"]: (
            each["outcome"],
            [(take["variant"], take["decision"], take["opinion"]) for take in each["takes"]],
        )
        for each in here.status()["participants"]
    }


def events(here: Room, kind: str) -> list[dict[str, Any]]:
    lines = (here.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["type"] == kind]
