"""The process that hears pedals and keys, through the real evdev and udev, on devices that are not there."""

import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC

import pytest
from rig.pedals import KEY_A, KEY_B, KEY_C, KEY_F9, PCSENSOR, TRIPLE, USB_KEYBOARD, VEC, Bed

from exam.clock import SystemClock, steady_ns
from station.controls.gestures import HOLD_MS
from station.controls.pedals import ORDER, Learnt, Pedal
from station.controls.process import Process
from station.controls.wire import PULSE_S, Pressed, Said, Seen, Setting
from station.session import State
from station.session.commands import Button

WAIT_S = 20.0
NS_PER_MS = 1_000_000
ONE = Pedal((Learnt("main", PCSENSOR.device, KEY_B),))
Presses = list[tuple[Button, str]]


class Heard:
    """A process that listens, and what it has said."""

    def __init__(self, setting: Setting, state: State) -> None:
        self._said: queue.Queue[Said] = queue.Queue()
        self.process = Process(setting, self._said.put, SystemClock(UTC))
        self.process.tell(state)
        self.presses: list[Pressed] = []
        self.seen = Seen(present=False)

    def next(self) -> Said:
        said = self._said.get(timeout=WAIT_S)
        if isinstance(said, Pressed):
            self.presses.append(said)
        else:
            self.seen = said
        return said

    def sees(self, *, present: bool = True, holding: bool = False) -> None:
        """Wait until it says so."""
        deadline = time.monotonic() + WAIT_S
        while self.seen != Seen(present, holding):
            assert time.monotonic() < deadline
            self.next()

    def press(self) -> tuple[Button, str]:
        """Wait for one more."""
        before = len(self.presses)
        while len(self.presses) == before:
            self.next()
        return self.presses[-1].button, self.presses[-1].gesture

    def nothing_more(self) -> None:
        """A whole pulse later nothing was pressed."""
        before, end = len(self.presses), time.monotonic() + PULSE_S
        while time.monotonic() < end:
            self.next()
        assert len(self.presses) == before


Listen = Callable[..., Heard]


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bed]:
    with Bed() as bed:
        for name, value in bed.environment.items():
            monkeypatch.setenv(name, value)
        yield bed


@pytest.fixture
def listen() -> Iterator[Listen]:
    begun: list[Heard] = []

    def begin(setting: Setting, state: State = State.RECORDING) -> Heard:
        begun.append(Heard(setting, state))
        return begun[-1]

    yield begin
    for heard in begun:
        heard.process.close()


def test_a_short_press_is_told_with_the_time_when_the_foot_came_down(bed: Bed, listen: Listen) -> None:
    pedal = bed.plug(PCSENSOR)
    heard = listen(Setting(ONE))
    heard.sees()
    before = steady_ns()
    pedal.press(KEY_B, 0.3)
    assert heard.press() == ("main", "short")
    assert -NS_PER_MS <= heard.presses[0].at_ns - before < 100 * NS_PER_MS


def test_a_hold_is_told_while_it_lasts(bed: Bed, listen: Listen) -> None:
    pedal = bed.plug(PCSENSOR)
    heard = listen(Setting(ONE))
    heard.sees()
    began = steady_ns()
    pedal.send(KEY_B, 1)
    heard.sees(holding=True)
    assert heard.press() == ("main", "hold")
    lasted_ms = (steady_ns() - began) / NS_PER_MS
    assert HOLD_MS - 1 <= lasted_ms < HOLD_MS + 500  # presses are told in whole milliseconds
    heard.sees(holding=False)
    pedal.send(KEY_B, 0)
    heard.nothing_more()


def test_three_buttons_are_three(bed: Bed, listen: Listen) -> None:
    """Of a pedal that says it is a keyboard, and of one that says it is a joystick."""
    kinds = ((TRIPLE, (KEY_A, KEY_B, KEY_C)), (VEC, (256, 257, 258)))
    pedals = []
    for model, codes in kinds:
        learnt = (Learnt(button, model.device, code) for button, code in zip(ORDER, codes, strict=True))
        pedals.append((bed.plug(model), codes, listen(Setting(Pedal(tuple(learnt))))))
    for number, button in enumerate(ORDER):
        for pedal, codes, heard in pedals:
            heard.sees()
            pedal.press(codes[number])
            assert heard.press() == (button, "short")
        time.sleep(1.1)  # until a second press is no accident


def test_it_comes_and_goes_at_any_time(bed: Bed, listen: Listen) -> None:
    heard = listen(Setting(ONE), State.IDLE)
    heard.sees(present=False)
    for _ in range(2):
        time.sleep(1.1)  # likewise
        pedal = bed.plug(PCSENSOR)
        heard.sees(present=True)
        pedal.send(KEY_B, 1)
        assert heard.press() == ("main", "short")
        pedal.unplug()
        heard.sees(present=False)


def test_unplugged_while_held_is_no_hold(bed: Bed, listen: Listen) -> None:
    pedal = bed.plug(PCSENSOR)
    heard = listen(Setting(ONE))
    heard.sees()
    pedal.send(KEY_B, 1)
    heard.sees(holding=True)
    pedal.unplug()
    heard.sees(present=False, holding=False)
    heard.nothing_more()


def test_two_pedals_are_one_with_two_buttons(bed: Bed, listen: Listen) -> None:
    first = bed.plug(PCSENSOR)
    heard = listen(Setting(Pedal((*ONE.buttons, Learnt("pause", VEC.device, 256)))))
    heard.sees(present=False)
    second = bed.plug(VEC)
    heard.sees(present=True)
    second.press(256)
    assert heard.press() == ("pause", "short")
    first.send(KEY_B, 1)
    second.send(256, 1)
    first.send(KEY_B, 0)
    second.send(256, 0)
    heard.nothing_more()


def test_a_keyboard_is_heard_for_its_keys_alone(bed: Bed, listen: Listen) -> None:
    pedal, keyboard = bed.plug(PCSENSOR), bed.plug(USB_KEYBOARD)
    heard = listen(Setting(ONE, {KEY_F9: "pause"}))
    heard.sees()
    keyboard.press(KEY_B)
    pedal.press(KEY_F9)
    keyboard.press(KEY_F9)
    assert heard.press() == ("pause", "short")
    assert len(heard.presses) == 1


@pytest.mark.usefixtures("bed")
def test_it_ends_with_the_daemon(listen: Listen) -> None:
    heard = listen(Setting(ONE))
    heard.sees(present=False)
    heard.process._input.close()
    heard.process._child.wait(WAIT_S)


def test_it_outlives_a_ctrl_c(bed: Bed, listen: Listen) -> None:
    pedal = bed.plug(PCSENSOR)
    heard = listen(Setting(ONE))
    heard.sees()
    os.kill(heard.process.pid, signal.SIGINT)
    pedal.press(KEY_B)
    assert heard.press() == ("main", "short")
