"""The daemon's side of the pedal: presses become requests, its process may do what it likes, and is replaced."""

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC
from pathlib import Path

import pytest
from least_config import CONFIG
from rig.pedals import KEY_B, PCSENSOR, Bed

from exam.clock import NS_PER_S, SystemClock, steady_ns
from exam.errors import ConfigError, Rejected
from station import config
from station.controls import pedals
from station.controls.pedals import Learnt
from station.controls.wire import Pressed, Seen
from station.messages import PedalStatus, Request, Status
from station.pedal import Pedal, keys_of
from station.session import State
from station.session import commands as ask

WAIT_S = 30.0
ONE = pedals.Pedal((Learnt("main", PCSENSOR.device, KEY_B),))


def await_(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Room:
    """The window and the inbox that a pedal needs, and no recorder behind them."""

    def __init__(self, path: Path) -> None:
        self.state, self.shown = State.IDLE, list[PedalStatus | None]()
        self.requests: queue.Queue[Request] = queue.Queue()
        self.pedal = Pedal(config.load(path), self, self.requests.put, SystemClock(UTC))  # type: ignore[arg-type]
        self._changed = threading.Event()

    def state_after(self, version: int, timeout_s: float) -> tuple[State, int]:
        self._changed.wait(min(timeout_s, 0.1))
        return self.state, version

    def show_pedal(self, pedal: PedalStatus | None) -> None:
        self.shown.append(pedal)

    def shows(self, *, present: bool) -> None:
        await_(lambda: self.shown and self.shown[-1] is not None and self.shown[-1].present is present)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "station.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bed]:
    with Bed() as bed:
        for name, value in bed.environment.items():
            monkeypatch.setenv(name, value)
        yield bed


@pytest.fixture
def room(path: Path) -> Iterator[Room]:
    room = Room(path)
    room.pedal.start()
    yield room
    room.pedal.stop()


@pytest.fixture
def quiet(path: Path) -> Room:
    """One whose pedal does not run: what its process would say, the test says."""
    pedals.save(pedals.file_of(path), ONE)
    return Room(path)


def status() -> Status:
    return Status(State.RECORDING)


# -- presses ---------------------------------------------------------------------------------------------------


def test_a_press_is_asked_for_with_the_time_of_the_foot(bed: Bed, path: Path, room: Room) -> None:
    pedals.save(pedals.file_of(path), ONE)
    pedal = bed.plug(PCSENSOR)
    room.shows(present=True)
    before = steady_ns()
    pedal.send(KEY_B, 1)
    request = room.requests.get(timeout=WAIT_S)
    assert request.command == ask.Press(button="main", gesture="short")
    assert 0 <= request.pressed_ns - before + 2_000_000 < NS_PER_S // 10


def test_one_press_waits_for_its_answer_others_are_dropped(quiet: Room) -> None:
    for _ in range(3):
        quiet.pedal._hear(Pressed("main", "short", steady_ns()))
    assert quiet.requests.qsize() == 1
    quiet.requests.get().settle(status())
    quiet.pedal._hear(Pressed("main", "short", steady_ns()))
    assert quiet.requests.qsize() == 1


def test_an_old_press_is_dropped(quiet: Room) -> None:
    quiet.pedal._hear(Pressed("main", "short", steady_ns() - 3 * NS_PER_S))
    assert quiet.requests.empty()


def test_a_press_from_the_future_is_of_now(quiet: Room) -> None:
    quiet.pedal._hear(Pressed("main", "short", steady_ns() + NS_PER_S))
    assert quiet.requests.get().pressed_ns <= steady_ns()


def test_a_refusal_is_shown_until_the_next_press_is_not_refused(quiet: Room) -> None:
    assert quiet.pedal._learnt.pedal is not None
    for answer, code in ((Rejected("никто", "nobody", code="nobody_chosen"), "nobody_chosen"), (status(), None)):
        quiet.pedal._hear(Seen(present=True))
        quiet.pedal._hear(Pressed("main", "short", steady_ns()))
        quiet.requests.get().settle(answer)
        shown = quiet.shown[-1]
        assert shown is not None
        assert shown.present
        assert (shown.refusal.code if shown.refusal else None) == code


# -- what was learnt -------------------------------------------------------------------------------------------


def test_without_a_pedal_nothing_mentions_one_and_nothing_runs(room: Room) -> None:
    await_(lambda: len(room.shown) > 2)
    assert set(room.shown) == {None}
    assert room.pedal.pid == 0


def test_a_pedal_learnt_meanwhile_is_taken_up_another_instead_of_it_too(bed: Bed, path: Path, room: Room) -> None:
    bed.plug(PCSENSOR)
    pedals.save(pedals.file_of(path), ONE)
    room.shows(present=True)
    pedals.save(pedals.file_of(path), pedals.Pedal((Learnt("main", "05f3:00ff", 256),)))
    room.shows(present=False)
    pedals.file_of(path).unlink()
    await_(lambda: room.shown[-1] is None and room.pedal.pid == 0)


def test_it_is_let_go_while_one_is_learnt(bed: Bed, path: Path, room: Room) -> None:
    bed.plug(PCSENSOR)
    pedals.save(pedals.file_of(path), ONE)
    room.shows(present=True)
    with pedals.learning(path):
        room.shows(present=False)
        assert room.pedal.pid == 0
        with pytest.raises(Rejected), pedals.learning(path):
            pass
    room.shows(present=True)


@pytest.mark.parametrize("text", ["", "{", '{"buttons": []}', '{"buttons": [{"button": "main"}]}', "\xff"])
def test_a_file_that_cannot_be_read_is_no_pedal(path: Path, room: Room, text: str) -> None:
    pedals.file_of(path).write_text(text, encoding="latin-1")
    await_(lambda: len(room.shown) > 5)
    assert room.shown[-1] is None
    with pytest.raises(ConfigError) as caught:
        pedals.load(pedals.file_of(path))
    assert str(pedals.file_of(path)) in caught.value.en


def test_what_was_saved_is_read(path: Path) -> None:
    pedal = pedals.Pedal((*ONE.buttons, Learnt("pause", "05f3:00ff", 257)))
    file = pedals.file_of(path)
    pedals.save(file, pedal)
    assert pedals.load(file) == pedal
    assert (file.name, file.stat().st_mode & 0o777) == ("station.pedal.json", 0o644)


@pytest.mark.parametrize(
    "buttons",
    [
        (Learnt("main", "0c45:7403", 48), Learnt("main", "0c45:7403", 49)),
        (*ONE.buttons, Learnt("stop", PCSENSOR.device, 48)),
    ],
)
def test_a_button_that_does_two_things_is_refused(path: Path, buttons: tuple[Learnt, ...]) -> None:
    pedals.save(pedals.file_of(path), pedals.Pedal(buttons))
    with pytest.raises(ConfigError):
        pedals.load(pedals.file_of(path))


# -- keys ------------------------------------------------------------------------------------------------------


def test_keys_are_known_by_evdevs_names(path: Path) -> None:
    path.write_text(CONFIG + '[controls.keys]\nmain = "KEY_F9"\nstop = "KEY_KP0"\n', encoding="utf-8")
    assert keys_of(config.load(path)) == {67: "main", 82: "stop"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('main = "F9"', "controls.keys.main"),
        ('main = "KEY_F99"', "controls.keys.main"),
        ('main = "KEY_MAX"', "controls.keys.main"),
        ('main = "KEY_F9"\npause = "KEY_F9"', "controls.keys.pause"),
        ('next = "KEY_F9"', "controls.keys.next"),
        ("main = 67", "controls.keys.main"),
        ('stop = "KEY_SPACE"', "controls.keys.stop"),
    ],
)
def test_a_key_that_is_none_is_refused_with_file_and_key(path: Path, line: str, told: str) -> None:
    path.write_text(f"{CONFIG}[controls.keys]\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        keys_of(config.load(path))
    assert told in caught.value.en
    assert str(path) in caught.value.ru


# -- its process -----------------------------------------------------------------------------------------------


def test_a_process_that_dies_is_replaced(bed: Bed, path: Path, room: Room) -> None:
    pedal = bed.plug(PCSENSOR)
    pedals.save(pedals.file_of(path), ONE)
    room.shows(present=True)
    os.kill(room.pedal.pid, signal.SIGKILL)
    room.shows(present=False)
    room.shows(present=True)
    pedal.send(KEY_B, 1)
    assert isinstance(room.requests.get(timeout=WAIT_S).answer, Future)


@pytest.mark.slow
def test_a_process_that_hangs_is_replaced(bed: Bed, path: Path, room: Room) -> None:
    bed.plug(PCSENSOR)
    pedals.save(pedals.file_of(path), ONE)
    room.shows(present=True)
    stopped = room.pedal.pid
    os.kill(stopped, signal.SIGSTOP)
    await_(lambda: room.pedal.pid not in {0, stopped})
    room.shows(present=True)


def test_a_process_that_talks_nonsense_is_replaced(bed: Bed, path: Path, room: Room, tmp_path: Path) -> None:
    babbler = tmp_path / "babbler"
    babbler.write_text("#!/bin/sh\nwhile echo nonsense; do sleep 0.1; done\n", encoding="utf-8")
    babbler.chmod(0o755)
    bed.plug(PCSENSOR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(babbler))
        pedals.save(pedals.file_of(path), ONE)
        await_(lambda: room.pedal.pid)
        babbling = room.pedal.pid
    room.shows(present=True)
    assert room.pedal.pid != babbling
