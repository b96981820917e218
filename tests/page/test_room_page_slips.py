"""What nervous hands do on the room page: double clicks, a space after a click, Enter in an empty field, a name typed
wrongly, a dialog left open while the room goes on."""

from collections.abc import Iterator

import pytest
from hands import Mouse
from playwright.sync_api import Browser, expect
from rig.marker import marker
from rooms import Room, room
from windows import Window, window

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.xdist_group("room_page")]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with room(tmp_path_factory.mktemp("room"), page=True) as made:
        made.do("open")
        made.server.play(marker(120, seed=5), made.microphone)
        yield made


@pytest.fixture(autouse=True)
def idle(here: Room) -> Iterator[None]:
    """Each test leaves the room as it was."""
    yield
    if here.status()["state"] in {"recording", "paused", "review"}:
        here.do("cancel")


@pytest.fixture
def seen(here: Room, browser: Browser) -> Iterator[Window]:
    with window(browser, here) as opened:
        yield opened


@pytest.fixture
def talking(here: Room, seen: Window) -> Window:
    here.do("start", "--participant", "3")
    seen.sees("recording")
    return seen


@pytest.mark.parametrize("what", ["cancel", "early_end", "removed"])
def test_a_double_click_takes_no_second_step(here: Room, talking: Window, what: str) -> None:
    talking.press("Исправить")
    talking.page.locator(f"[data-what={what}]").dblclick()
    expect(talking.page.locator("dialog .do")).to_be_visible()
    talking.settle()
    assert talking.page.locator("dialog .do").is_visible()
    assert here.status()["state"] == "recording"
    assert here.status()["participants"][2]["outcome"] is None


def test_a_double_enter_does_not_end_the_day(here: Room, seen: Window) -> None:
    seen.button("Закончить день").focus()
    for _ in range(2):
        seen.page.keyboard.press("Enter")
    expect(seen.page.locator("dialog .do")).to_be_focused()
    seen.settle()
    assert here.status()["state"] == "idle"
    seen.page.keyboard.press("Escape")


def test_the_space_bar_is_the_pedal_after_a_click(here: Room, seen: Window) -> None:
    """What was clicked has the focus, and must not eat the press that is to start the recording."""
    seen.choose("Петрова", "1")
    seen.page.locator("#document").click()
    expect(seen.page.locator("#document")).to_be_checked()
    here.await_(lambda: here.status()["chosen"]["document_checked"])
    seen.settle()
    seen.page.keyboard.press("Space")
    seen.sees("recording")
    assert here.status()["in_hand"]["participant"] == 3


def test_enter_in_an_empty_search_chooses_nobody(here: Room, seen: Window) -> None:
    seen.page.locator("#search").press("Enter")
    seen.settle()
    assert here.status()["chosen"] is None


def test_whose_name_is_typed_wrongly_can_be_reassigned_to(here: Room, talking: Window) -> None:
    hands = Mouse(talking)
    hands.press("Исправить")
    hands.press("Начали не того")
    hands.type("Найти участника", "Сидарав")
    hands.pick("Сидоров")
    hands.press("Переписать на участника Сидоров")
    expect(talking.page.locator(".band-person")).to_contain_text("Сидоров Пётр Ильич")
    assert here.status()["in_hand"]["participant"] == 4


def test_a_dialog_goes_when_its_take_does(here: Room, talking: Window) -> None:
    """Else a way back in it would lead to a button that cancels somebody else's take."""
    talking.press("Исправить")
    talking.press("Завершает досрочно")
    expect(talking.page.locator("dialog .do")).to_be_visible()
    here.do("start", "--participant", "4", "--variant", "2", "--end-previous")
    talking.says("Сидоров Пётр Ильич")
    expect(talking.page.locator("dialog[open]")).to_have_count(0)


def test_a_page_that_comes_late_shows_the_time_as_it_is(here: Room, talking: Window) -> None:
    """What the station told last is some seconds old by then."""
    here.await_(lambda: here.status()["in_hand"]["seconds"] > 6)
    talking.page.reload()
    talking.sees("recording")
    minutes, seconds = map(int, talking.page.locator(".digits").inner_text().split(":"))
    assert minutes * 60 + seconds >= 6
