"""The station's side of capture, with children that misbehave: what is said, when a child is given up, how often."""

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from days import StillClock

from station.capture import microphone
from station.capture.microphone import Microphone
from station.capture.spec import Spec
from station.messages import Block, CaptureLost

PATIENCE_MS = 20_000


class Ear:
    """A microphone whose child misbehaves as told; `heard` is all it said."""

    def __init__(self, behaviour: str) -> None:
        self.clock = StillClock()
        self.microphone = Microphone(Spec(behaviour, 1, 48000), self.clock)
        self.heard: list[Block | CaptureLost] = []

    def tend(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.heard += self.microphone.tend()

    def listen(self, until: Callable[[], bool]) -> None:
        """Hear what the child says until something is true."""
        while not until():
            waiting = select.poll()
            waiting.register(self.microphone.fileno(), select.POLLIN)
            assert waiting.poll(PATIENCE_MS), "the child says nothing"
            self.heard += self.microphone.receive()

    @property
    def losses(self) -> list[str]:
        return [lost.code for lost in self.heard if isinstance(lost, CaptureLost)]

    @property
    def child(self) -> int:
        assert self.microphone._child is not None
        return self.microphone._child.pid


@pytest.fixture
def ear(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Ear]]:
    monkeypatch.setattr(microphone, "_CHILD", "quirky_child")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made: list[Ear] = []

    def make(behaviour: str) -> Ear:
        made.append(Ear(behaviour))
        made[-1].tend()
        return made[-1]

    yield make
    for one in made:
        one.microphone.close()


def test_sound_is_passed_on_with_what_was_captured_beyond_it(ear: Callable[[str], Ear]) -> None:
    hearing = ear("waits opens sounds hangs")
    hearing.listen(lambda: any(isinstance(heard, Block) for heard in hearing.heard))
    block = hearing.heard[-1]
    assert isinstance(block, Block)
    assert (block.run, block.first_frame, block.overflow, block.beyond) == (1, 0, True, 7)
    assert block.data == b"\1\0" * 480
    assert hearing.losses == ["device_lost"], "it was not there at first"


def test_a_child_that_waits_says_why_once(ear: Callable[[str], Ear]) -> None:
    hearing = ear("waits waits waits opens waits hangs")
    hearing.listen(lambda: len(hearing.heard) == 2)
    assert hearing.losses == ["device_lost", "device_lost"]


def test_a_child_that_hangs_while_opening_is_killed_and_replaced(ear: Callable[[str], Ear]) -> None:
    hearing = ear("hangs")
    first = hearing.child
    hearing.tend(2.9)
    assert hearing.microphone.fileno() >= 0
    hearing.tend(0.2)
    assert hearing.losses == ["device_lost"]
    assert hearing.microphone.fileno() == -1
    hearing.tend()
    assert hearing.child != first
    hearing.tend(3.1)
    assert hearing.losses == ["device_lost"], "said once"


def test_a_silent_microphone_is_said_to_stall_and_given_up_only_late(ear: Callable[[str], Ear]) -> None:
    hearing = ear("opens sounds hangs")
    hearing.listen(lambda: bool(hearing.heard))
    hearing.tend(1.1)
    assert hearing.losses == []
    hearing.tend(0.4)
    hearing.tend(8.0)
    assert hearing.losses == ["device_stalled"]
    assert hearing.microphone.fileno() >= 0, "its sound may yet come"
    hearing.tend(0.6)
    assert hearing.losses == ["device_stalled", "device_lost"]
    assert hearing.microphone.fileno() == -1


def test_a_station_that_stood_still_gives_up_no_child_that_has_spoken(ear: Callable[[str], Ear]) -> None:
    hearing = ear("opens hangs")
    hearing.listen(lambda: hearing.microphone._is_open)
    os.kill(hearing.child, 9)
    waiting = select.poll()
    waiting.register(hearing.microphone.fileno(), select.POLLIN)
    assert waiting.poll(PATIENCE_MS)
    hearing.tend(60)
    assert hearing.losses == [], "what it said is read first"
    hearing.listen(lambda: bool(hearing.losses))
    assert hearing.losses == ["device_lost"]


def test_a_lost_microphone_is_told_with_its_code_and_opened_again_as_the_same(ear: Callable[[str], Ear]) -> None:
    hearing = ear("opens sounds changes")
    hearing.listen(lambda: hearing.microphone.fileno() == -1)
    assert hearing.losses == ["device_changed"], "its end says nothing new"
    assert hearing.microphone._spec.bound == "pulse:first"
    hearing.tend(2)
    hearing.listen(lambda: len(hearing.losses) == 2)
    assert hearing.microphone._run == 2


def test_a_child_that_ends_at_once_is_not_started_more_than_twice_in_two_seconds(ear: Callable[[str], Ear]) -> None:
    hearing = ear("")
    started = 1
    for _ in range(40):
        if hearing.microphone.fileno() >= 0:
            hearing.listen(lambda: hearing.microphone.fileno() == -1)
        hearing.tend(0.1)
        started += hearing.microphone.fileno() >= 0
    assert started <= 3
    assert hearing.losses == ["device_lost"]
