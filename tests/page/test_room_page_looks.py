"""Each thing the page can show, in a real Chromium: readable, reachable, and nobody left out."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from rig.node import install_node_modules
from showing.staged_page import BASE, Stage
from showing.staged_states import FACTS, PEOPLE, STATES, alarm, chosen, in_hand, status

NODE = Path(__file__).parents[1] / "node"
pytestmark = pytest.mark.xdist_group("room_page_looks")

WAIT_S, NOTHING_S = 5.0, 0.15
OFTEN = {"closed", "idle_chosen", "recording_over", "review_listen", "next_chosen", "repair"}
"""Looked through each time; the others, which are much like them, take their time with the slow tests."""
TALKS = [name for name in STATES if name.startswith(("introduction", "recording", "paused"))]


@pytest.fixture(scope="module")
def stage(browser: Browser) -> Stage:
    return Stage(browser, touch=True)


@pytest.fixture(scope="module")
def axe() -> str:
    return (install_node_modules(NODE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def faults(stage: Stage, axe: str) -> list[tuple[str, str]]:
    """What axe finds that keeps somebody out."""
    stage.page.evaluate(axe)
    found = stage.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    grave = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    return [(one["id"], node["html"][:160]) for one in grave for node in one["nodes"]]


def crowded(stage: Stage) -> list[str]:
    """What does not fit, is too small to touch, or lies outside of the window."""
    return stage.page.evaluate("""() => {
        const wrong = [];
        const name = (one) => `${one.className} ${one.textContent.slice(0, 30)}`;
        if (document.documentElement.scrollWidth > innerWidth) wrong.push("wider than the window");
        for (const one of document.querySelectorAll("button, a, input:not([type=checkbox])")) {
            const { height, width } = one.getBoundingClientRect();
            if (width && height < 48 && !one.matches(".quiet-link")) wrong.push(`${name(one)}: ${height}`);
        }
        for (const one of document.querySelectorAll(".band h1, .digits, .main, .stop")) {
            const { bottom, right, left } = one.getBoundingClientRect();
            if (bottom > innerHeight || right > innerWidth || left < 0) wrong.push(`${name(one)}: outside`);
        }
        for (const one of document.querySelectorAll(".step, .main, .second, .answer, .band h1, .card, .card h2")) {
            if (one.scrollWidth > one.clientWidth + 1) wrong.push(`${name(one)}: too narrow`);
        }
        const size = (one) => parseFloat(getComputedStyle(one).fontSize);
        for (const one of document.querySelectorAll(".band h1")) if (size(one) < 40) wrong.push("the state is small");
        for (const one of document.querySelectorAll(".digits")) if (size(one) < 96) wrong.push("the time is small");
        if (document.querySelectorAll(".main").length > 1) wrong.push("two big actions");
        return wrong;
    }""")


def each(names: Iterable[str]) -> list[Any]:
    return [name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", each(STATES))
def test_each_state_is_readable_and_fits(stage: Stage, axe: str, name: str) -> None:
    stage.show(name)
    assert faults(stage, axe) == []
    for width, height in ((1024, 768), (1366, 768), (800, 1280)):
        stage.page.set_viewport_size({"width": width, "height": height})
        assert crowded(stage) == [], (width, height)
    stage.page.set_viewport_size({"width": 1024, "height": 768})


def opening(*presses: str) -> Callable[[Stage], None]:
    def do(stage: Stage) -> None:
        for press in presses:
            stage.page.locator(press).first.click()

    return do


DIALOGS: dict[str, tuple[str, Callable[[Stage], None]]] = {
    "repair": ("recording", opening("[data-act=repair]")),
    "reassign": ("recording", opening("[data-act=repair]", "[data-what=reassign]")),
    "reassign, to whom": ("recording", opening("[data-act=repair]", "[data-what=reassign]", "[data-act=reassign_to]")),
    "correct": ("next", opening("[data-act=repair]", "[data-what=correct]")),
    "cancel": ("recording", opening("[data-act=repair]", "[data-what=cancel]")),
    "early end": ("recording", opening("[data-act=repair]", "[data-what=early_end]")),
    "outcomes": ("idle_chosen", opening("[data-act=outcomes]")),
    "absent": ("idle_chosen", opening("[data-act=outcomes]", "[data-outcome=absent]")),
    "removed is taken back": ("idle", opening('.row[data-number="10"]')),
    "repeat today": ("review_badly", opening("[data-act=retake]", "[data-consent=yes]")),
    "repeat on another date": ("review_badly", opening("[data-act=retake]", "[data-consent=no]")),
    "close": ("idle", opening("[data-act=ask_close]")),
}


@pytest.mark.parametrize("name", each(DIALOGS))
def test_each_dialog_is_readable_and_left_by_escape(stage: Stage, axe: str, name: str) -> None:
    state, do = DIALOGS[name]
    stage.facts = {**FACTS, "pin": True}
    stage.show(state)
    do(stage)
    dialog = stage.page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    assert faults(stage, axe) == []
    assert dialog.evaluate("(one) => one.contains(document.activeElement)")
    stage.page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    stage.facts = FACTS


def test_an_interview_shows_nobody_else_and_no_verdict(stage: Stage) -> None:
    stage.show(TALKS[0])
    for name in TALKS:
        stage.tell(STATES[name])
        expect(stage.page.locator(f'.page[data-screen="{STATES[name]["state"]}"]')).to_be_visible()
        text = stage.page.locator("body").inner_text()
        own = STATES[name]["in_hand"]["participant"]
        others = {person["surname"] + " " + person["first_name"] for person in PEOPLE if person["number"] != own}
        assert [one for one in others if one in text] == []
        assert stage.page.locator(".list, .wave, .take").count() == 0
        assert "дБ" not in text


def test_one_meter_for_one_microphone_two_for_two(stage: Stage) -> None:
    for seats, count in (([], 1), (["interlocutor", "participant"], 2)):
        stage.facts = {**FACTS, "seats": seats}
        stage.show("recording")
        expect(stage.page.locator("canvas[data-seat]")).to_have_count(count)
    stage.facts = FACTS


def tells(stage: Stage, *wanted: tuple[str, str]) -> None:
    """These are the keys that the page has told of since the last time; of none it has time to tell."""
    deadline = time.monotonic() + (WAIT_S if wanted else NOTHING_S)
    while time.monotonic() < deadline and len(told := keys_of(stage)) < max(1, len(wanted)):
        stage.page.wait_for_timeout(10)
    told = keys_of(stage)
    stage.asked.clear()
    assert told == list(wanted)


def keys_of(stage: Stage) -> list[tuple[str, str]]:
    return [(one["key"], one["button"]) for one in stage.asked if "key" in one]


PRESSED = (("down", "main"), ("up", "main"))


def test_space_is_the_pedal_but_never_what_is_typed(stage: Stage) -> None:
    page, board = stage.page, stage.page.keyboard
    stage.show("idle_chosen")
    board.press("Space")
    tells(stage, *PRESSED)
    board.press("F8")
    tells(stage, ("down", "pause"), ("up", "pause"))
    for field in ("#search", "#variant"):
        page.locator(field).focus()
        board.type("a b")
        tells(stage)
    page.locator("#document").focus()
    board.press("Space")
    expect(page.locator("#document")).to_be_checked()
    page.locator("[data-act=whole]").focus()
    board.press("Space")
    expect(page.locator("[data-act=whole]")).to_contain_text("Только эта")
    tells(stage)
    page.locator(".card .main").focus()
    board.down("Space")
    for _ in range(3):
        board.down("Space")  # as a held key repeats itself
    board.up("Space")
    tells(stage, *PRESSED)
    page.locator("[data-act=outcomes]").click()
    board.press("F8")
    tells(stage)


def test_a_key_that_is_held_when_the_window_is_left_is_let_go(stage: Stage) -> None:
    stage.show("recording")
    stage.asked.clear()
    stage.page.keyboard.down("Space")
    stage.page.evaluate("dispatchEvent(new Event('blur'))")
    stage.page.keyboard.up("Space")
    tells(stage, ("down", "main"))


@pytest.mark.parametrize("how", ["mouse", "Space", "Enter", "touch"])
def test_stop_is_held_however_it_is_pressed(stage: Stage, how: str) -> None:
    stage.show("recording")
    stop = stage.page.locator(".stop")
    stage.asked.clear()
    if how == "mouse":
        stop.click(delay=20)
    elif how == "touch":
        stop.tap()
    else:
        stop.focus()
        stage.page.keyboard.press(how)
    tells(stage, ("down", "stop"), ("up", "stop"))
    stage.send({"holding": {"button": "stop", "since_ms": 500, "needs_ms": 3000}})
    expect(stage.page.locator(".countdown-what")).to_have_text("Стоп через 3")
    stage.send({"holding": {"button": "stop", "since_ms": 2500, "needs_ms": 3000}})
    expect(stage.page.locator(".countdown-what")).to_have_text("Стоп через 1")
    stage.send({"holding": None})
    expect(stage.page.locator(".digits")).to_be_visible()
    expect(stage.page.locator("dialog[open]")).to_have_count(0)


def test_who_cannot_hold_is_asked_instead(stage: Stage) -> None:
    stage.show("recording")
    stage.page.locator(".stop").evaluate("(one) => one.click()")
    expect(stage.page.locator("dialog[open]")).to_contain_text("Закончить ответ?")


def test_a_second_press_by_accident_does_nothing(stage: Stage) -> None:
    stage.show("idle_chosen")
    stage.asked.clear()
    began = status("recording", in_hand=in_hand(participant=2))
    stage.page.locator(".card .main").click()
    # The page's own clock stands still: a busy machine's second press comes as soon after the change as a hasty hand's.
    stage.page.evaluate("() => { const now = performance.now(); performance.now = () => now; }")
    stage.tell(began)
    stage.page.locator(".actions .main").click()
    stage.page.locator(".actions .main").dblclick()
    assert [one["command"] for one in stage.asked if "command" in one] == ["start"]


def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(stage: Stage) -> None:
    stage.show("closed")
    for name in ("closed", "idle_chosen", "recording", "paused", "review_listen", "next_chosen"):
        stage.tell(STATES[name])
        expect(
            stage.page.locator(f'.page[data-screen="{name.split("_")[0].replace("review", "listening")}"]')
        ).to_be_visible()
        if name == "review_listen":
            expect(stage.page.locator("[data-act=quick]")).to_be_visible()
        wanted = stage.page.locator("#room :is(button, a, input, [tabindex='0'])").count()
        reached = set()
        for _ in range(wanted + 4):
            stage.page.keyboard.press("Tab")
            told: Any = json.loads(
                stage.page.evaluate("""() => {
                const one = document.activeElement, style = getComputedStyle(one);
                const all = [...document.querySelectorAll("#room :is(button, a, input, [tabindex='0'])")];
                return JSON.stringify([all.indexOf(one), style.outlineStyle, parseFloat(style.outlineWidth)]);
            }""")
            )
            if told[0] >= 0:
                reached.add(told[0])
                assert told[1] == "solid", (name, told)
                assert told[2] >= 3
        assert len(reached) == wanted, name


def test_who_tabs_past_the_end_begins_anew_whatever_the_station_tells_meanwhile(stage: Stage) -> None:
    stage.show("idle_chosen")
    stage.page.locator("#room :is(button, a, input, [tabindex='0'])").last.focus()
    stage.page.keyboard.press("Tab")
    assert stage.page.evaluate("document.activeElement === document.body")
    stage.tell(status("idle", chosen=chosen(2, "9")))
    expect(stage.page.locator("#variant")).to_have_value("9")
    stage.tell(status("idle", chosen=chosen(2, "10")))
    expect(stage.page.locator("#variant")).to_have_value("10")
    stage.page.keyboard.press("Tab")
    first = stage.page.locator("#room :is(button, a, input, [tabindex='0'])").first
    expect(first).to_be_focused()


def test_what_is_refused_is_said_until_it_is_read(stage: Stage) -> None:
    stage.refuse = lambda _asked: {"code": "used_variant", "ru": "?", "en": "?", "text": "?"}
    stage.show("idle_chosen")
    stage.page.locator(".card .main").click()
    expect(stage.page.locator(".refusal")).to_contain_text("Возьмите другой вариант")
    expect(stage.page.locator('.page[data-screen="idle"]')).to_be_visible()
    stage.page.locator("[data-act=dismiss]").click()
    expect(stage.page.locator(".refusal")).to_have_count(0)
    stage.refuse = lambda _asked: None


def test_a_name_typed_wrongly_has_a_way_out(stage: Stage) -> None:
    stage.show("idle")
    search = stage.page.locator("#search")
    search.fill("Кузнетсов")
    expect(stage.page.locator(".nobody")).to_contain_text("хватит первых букв")
    expect(stage.page.locator(".nobody .row")).to_contain_text("Кузнецов Артём")
    search.fill("Ctvtyjdf")
    expect(stage.page.locator(".nobody .row")).to_have_count(0)
    search.fill("Cvbhyjdf")
    expect(stage.page.locator(".rows .row")).to_have_count(2)
    search.fill("Яковлева")
    expect(stage.page.locator(".nobody")).to_contain_text("в других есть")
    stage.page.locator("[data-act=whole]").click()
    expect(stage.page.locator(".rows .row")).to_contain_text("ауд. 12а")
    stage.asked.clear()
    search.press("Enter")
    stage.page.wait_for_timeout(100)
    assert stage.asked[0]["args"] == {"participant": 13, "other_room": True}


def test_what_is_typed_survives_what_the_station_tells(stage: Stage) -> None:
    stage.show("idle_chosen")
    variant = stage.page.locator("#variant")
    variant.fill("1")
    stage.tell(status("idle", chosen=chosen(2, "12")))
    expect(variant).to_have_value("1")
    expect(variant).to_be_focused()
    stage.tell(status("idle", chosen=chosen(3, "9")))
    expect(variant).to_have_value("9")


def test_the_pedal_is_counted_down_too_and_what_it_was_refused_is_said(stage: Stage) -> None:
    talk = {"in_hand": in_hand(seconds=400.0)}
    pedal = {"present": True, "holding": False, "refusal": None}
    stage.show("recording")
    stage.tell(status("recording", **talk, pedal=pedal))
    expect(stage.page.locator(".actions .main")).to_contain_text("педаль")
    stage.tell(status("recording", **talk, pedal={**pedal, "holding": True}))
    expect(stage.page.locator(".countdown-what")).to_contain_text("Стоп через")
    stage.tell(status("recording", **talk, pedal=pedal))
    expect(stage.page.locator(".countdown")).to_have_count(0)
    refused = {"code": "no_more_tasks", "ru": "?", "en": "?", "at": "2026-02-11T10:42:08+07:00"}
    stage.tell(status("recording", **talk, pedal={**pedal, "refusal": refused}))
    expect(stage.page.locator(".refusal")).to_contain_text("Все задания отмечены")
    stage.tell(status("idle", pedal={**pedal, "present": False}))
    stage.page.locator("[data-act=dismiss]").click()
    expect(stage.page.locator(".foot")).to_contain_text("Педаль отключена")


def test_no_connection_is_told_calmly_and_the_page_stays(stage: Stage) -> None:
    stage.show("recording")
    stage.send({"away": {"code": "daemon_away", "ru": "?", "en": "?", "text": "?"}})
    expect(stage.page.locator(".strip.calm")).to_contain_text("Станция перезапускается")
    expect(stage.page.locator(".digits")).to_be_visible()
    stage.tell(STATES["recording"])
    expect(stage.page.locator(".strip.calm")).to_have_count(0)


def test_who_was_not_let_in_is_told_how(stage: Stage) -> None:
    stage.facts = None
    stage.page.goto(BASE)
    expect(stage.page.locator("body")).to_contain_text("значком «Запись экзамена» на рабочем столе")
    stage.facts = FACTS


@pytest.mark.parametrize("screen", ["recording", "paused", "review", "idle"])
def test_what_is_much_too_long_does_not_push_the_rest_aside(stage: Stage, screen: str) -> None:
    """A variant of the command line may be as long as one likes."""
    stage.show("idle_chosen")
    talk = None if screen == "idle" else in_hand(participant=2, variant="Ж" * 100)
    stage.tell(status(screen, in_hand=talk, chosen={**chosen(1), "variant": "Ж" * 100} if screen == "idle" else None))
    expect(stage.page.locator(".page")).to_have_attribute("data-screen", screen.replace("review", "listening"))
    assert crowded(stage) == []


def test_the_ended_day_names_a_few_and_counts_the_rest(stage: Stage) -> None:
    """So that the way back into the day stays in sight."""
    more = [{**PEOPLE[0], "number": number, "surname": f"Громов{number}"} for number in range(1001, 1201)]
    stage.facts = {**FACTS, "people": [*PEOPLE, *more]}
    stage.show("finished")
    expect(stage.page.locator(".lights")).to_contain_text("и ещё 202")
    again = stage.page.get_by_role("button", name="Продолжить день").bounding_box()
    assert again is not None
    assert again["y"] + again["height"] <= 768
    stage.facts = FACTS


@pytest.mark.parametrize(("outcome", "words"), [("absent", "снимется сама"), ("extra_date", "снимите отметку")])
def test_who_is_marked_and_comes_after_all_is_told_of(stage: Stage, outcome: str, words: str) -> None:
    stage.show("idle_chosen")
    stage.tell(status("idle", chosen=chosen(4), taken={4: {"outcome": outcome}}))
    expect(stage.page.locator(".card .note")).to_contain_text(words)
    assert crowded(stage) == []


def test_the_one_big_action_is_in_sight_however_full_the_card_is(stage: Stage) -> None:
    long = {**PEOPLE[3], "surname": "Константинопольская-Переславль-Залесская", "patronymic": "Константиновна"}
    stage.facts = {**FACTS, "people": [*PEOPLE[:3], long, *PEOPLE[4:]]}
    stage.show("idle_chosen")
    alarms = [alarm("dead", severity="red"), alarm("rehearsal_missing")]
    stage.tell(status("idle", chosen=chosen(4), alarms=alarms, taken={4: {"outcome": "absent"}}))
    expect(stage.page.locator(".strip")).to_have_count(2)
    hidden = stage.page.evaluate("""() => {
        const [card, main] = [".card", ".card .main"].map((one) => document.querySelector(one).getBoundingClientRect());
        return main.bottom - Math.min(card.bottom, innerHeight);
    }""")
    assert hidden <= 0
    stage.facts = FACTS
