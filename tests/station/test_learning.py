"""station learn-pedal: pressed once, known from then on; nothing is changed by a mistake."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from least_config import CONFIG
from rig.pedals import (
    BTN_LEFT,
    KEY_A,
    KEY_B,
    KEY_C,
    KEY_PLAYPAUSE,
    LAPTOP,
    OLYMPUS,
    PCSENSOR,
    TRIPLE,
    USB_KEYBOARD,
    Bed,
    Model,
)

from exam.errors import Rejected
from station.controls import learning, pedals
from station.controls.devices import Node
from station.controls.pedals import Learnt, Pedal

WAIT_S = 30.0
BIN = Path(sys.executable).parent
OLD = Pedal((Learnt("main", "05f3:00ff", 256),))
FIRST, SECOND, THIRD = "Нажмите педаль", "вторая педаль", "третья"


class Lesson:
    """A technician at the command line; nobody at its keyboard."""

    def __init__(self, folder: Path, bed: Bed) -> None:
        self.path, self._bed = folder / "station.toml", bed
        self.path.write_text(CONFIG, encoding="utf-8")
        self.file = pedals.file_of(self.path)
        self._told: queue.Queue[str] = queue.Queue()

    def begin(self, *words: str) -> None:
        command = [BIN / "station", "learn-pedal", *words, "--config", self.path]
        self.process = subprocess.Popen(
            command, env=os.environ | dict(self._bed.environment), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.stream = self.process.stderr if "--json" in words else self.process.stdout
        threading.Thread(target=self._read, daemon=True).start()

    def until(self, words: str) -> None:
        """Wait for a line with these words."""
        while words not in self._told.get(timeout=WAIT_S):
            pass

    def end(self) -> tuple[int, str]:
        """The exit code, and what else was printed: the answer in JSON, or why not."""
        rest = self.process.stdout if self.stream is self.process.stderr else self.process.stderr
        assert rest is not None
        return self.process.wait(WAIT_S), rest.read()

    def _read(self) -> None:
        assert self.stream is not None
        for line in self.stream:
            self._told.put(line)


@pytest.fixture
def bed() -> Iterator[Bed]:
    with Bed() as bed:
        yield bed


@pytest.fixture
def lesson(tmp_path: Path, bed: Bed) -> Iterator[Lesson]:
    lesson = Lesson(tmp_path, bed)
    yield lesson
    if lesson.process.poll() is None:
        lesson.process.kill()
        lesson.process.wait()


def test_one_press_and_it_is_known(bed: Bed, lesson: Lesson) -> None:
    bed.plug(LAPTOP)
    pedal = bed.plug(PCSENSOR)
    lesson.begin()
    lesson.until(FIRST)
    pedal.press(KEY_B)
    lesson.until(SECOND)
    time.sleep(1.0)  # longer than contacts bounce; the first again: there is no second
    pedal.press(KEY_B)
    lesson.until("Готово")
    assert lesson.end() == (0, "")
    assert pedals.load(lesson.file) == Pedal((Learnt("main", PCSENSOR.device, KEY_B),))


def test_three_buttons_in_the_order_of_their_presses(bed: Bed, lesson: Lesson) -> None:
    pedal, keyboard = bed.plug(TRIPLE), bed.plug(USB_KEYBOARD)
    lesson.begin("--json")
    for words, code in ((FIRST, KEY_B), (SECOND, KEY_A), (THIRD, KEY_C)):
        lesson.until(words)
        if words != FIRST:
            keyboard.press(KEY_C)  # somebody types meanwhile
        pedal.press(code)
    code, answer = lesson.end()
    told = json.loads(answer)
    assert (code, told["file"], told["rules"]) == (0, str(lesson.file), [])
    assert [(button["button"], button["key"]) for button in told["buttons"]] == [
        ("main", "KEY_B"),
        ("pause", "KEY_A"),
        ("stop", "KEY_C"),
    ]


def test_a_pedal_plugged_in_while_it_is_waited_for(bed: Bed, lesson: Lesson) -> None:
    """One that no list knows and that is no keyboard."""
    lesson.begin()
    lesson.until(FIRST)
    pedal = bed.plug(OLYMPUS)
    time.sleep(1.0)
    pedal.press(KEY_PLAYPAUSE)
    lesson.until(SECOND)
    lesson.until("Готово")  # nothing more is pressed
    assert lesson.end()[0] == 0
    assert pedals.load(lesson.file) == Pedal((Learnt("main", OLYMPUS.device, KEY_PLAYPAUSE),))


@pytest.mark.parametrize(
    ("model", "words"), [(USB_KEYBOARD, ()), (LAPTOP, ()), (LAPTOP, ("--yes",))], ids=["usb", "laptop", "laptop, sure"]
)
def test_a_keyboard_pressed_by_mistake_changes_nothing(
    bed: Bed, lesson: Lesson, model: Model, words: tuple[str, ...]
) -> None:
    pedals.save(lesson.file, OLD)
    keyboard = bed.plug(model)
    lesson.begin(*words)
    lesson.until(FIRST)
    keyboard.press(KEY_A)
    code, why = lesson.end()
    assert (code, why.count("\n")) == (1, 1)
    assert model.nodes[0][0] in why
    assert pedals.load(lesson.file) == OLD


def test_a_pedal_that_is_a_keyboard_is_one_if_they_are_sure(bed: Bed, lesson: Lesson) -> None:
    keyboard = bed.plug(USB_KEYBOARD)
    lesson.begin("--yes")
    lesson.until(FIRST)
    keyboard.press(KEY_A)
    lesson.until(SECOND)
    time.sleep(1.0)  # likewise
    keyboard.press(KEY_A)
    assert lesson.end()[0] == 0
    assert pedals.load(lesson.file) == Pedal((Learnt("main", USB_KEYBOARD.device, KEY_A),))


@pytest.mark.parametrize("heard", [False, True], ids=["before", "after the first press"])
def test_ctrl_c_leaves_everything_as_it_was(bed: Bed, lesson: Lesson, heard: bool) -> None:
    pedals.save(lesson.file, OLD)
    pedal = bed.plug(PCSENSOR)
    lesson.begin()
    lesson.until(FIRST)
    if heard:
        pedal.press(KEY_B)
        lesson.until(SECOND)
    lesson.process.send_signal(signal.SIGINT)
    assert lesson.end()[0] == 1
    assert pedals.load(lesson.file) == OLD
    assert not pedals.is_being_learnt(lesson.path)


def node(device: str, name: str, bus: int = 3) -> Node:
    """One that nobody may read."""
    return Node("/nowhere/event5", device, name, bus, frozenset({KEY_B}), (0, 0))


def test_a_pedal_that_may_not_be_read_is_told_with_its_rule() -> None:
    nodes = [node("3553:b001", "PCsensor FootSwitch"), node("046d:c31c", "Logitech USB Keyboard")]
    with pytest.raises(Rejected) as refused:
        learning._check_readable(nodes, frozenset(pedals.KNOWN))
    assert refused.value.code == "no_permission"
    assert 'ATTRS{idVendor}=="3553", ATTRS{idProduct}=="b001"' in refused.value.ru
    assert "046d" not in refused.value.ru


def test_nothing_to_listen_to_is_told_with_what_there_is() -> None:
    nodes = [node("046d:c31c", "Logitech USB Keyboard"), node("07b4:0218", "RS-31H"), node("0001:0001", "AT", 0x11)]
    with pytest.raises(Rejected) as refused:
        learning._check_readable(nodes, frozenset(pedals.KNOWN))
    assert "07b4:0218" in refused.value.en
    assert "0001:0001" not in refused.value.en
    assert "ATTRS" not in refused.value.en, "a rule for a keyboard"


def test_nothing_pressed_is_told_with_what_was_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "_FIRST_MS", 50)
    with pytest.raises(Rejected) as refused:
        learning.learn(lambda _: None, frozenset(pedals.KNOWN), is_sure=False)
    assert refused.value.code == "nothing_heard"


def test_a_mouse_is_ordinary_too() -> None:
    mouse = Node("/nowhere", "046d:c077", "Mouse", 3, frozenset({BTN_LEFT, BTN_LEFT + 1}), (0, 0))
    assert mouse.is_ordinary
    assert not Node("/nowhere", "05f3:00ff", "VEC", 3, frozenset({256, 257, 258}), (0, 0)).is_ordinary
