"""A day driven by feet: the real daemon, the real sound path, a pedal that is not there."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rig.marker import marker
from rig.pedals import KEY_A, KEY_B, KEY_C, TRIPLE, Bed
from rooms import Room, room

from exam import manifest
from exam.errors import ExamError
from exam.roomday import is_room_day
from station import client
from station.controls import pedals
from station.controls.pedals import ORDER, Learnt, Pedal

pytestmark = pytest.mark.real

MAIN, PAUSE, STOP = KEY_A, KEY_B, KEY_C
LEARNT = Pedal(
    tuple(Learnt(button, TRIPLE.device, code) for button, code in zip(ORDER, (MAIN, PAUSE, STOP), strict=True))
)
REACTS_S = 0.15
ACCIDENT_S = 1.0


class ByFoot:
    """A room, somebody's foot in it, and somebody who watches."""

    def __init__(self, here: Room, bed: Bed) -> None:
        self.here, self.bed, self.pedal = here, bed, bed.plug(TRIPLE)
        self.took: list[float] = []
        self._seen: tuple[float, dict[str, Any]] = 0.0, self.ask("status")
        self._changed, self._is_over = threading.Condition(), False
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return client.ask(self.here.school.folder / "run" / "control.sock", command, arguments)

    def until(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait for the room to be so; the status then."""
        with self._changed:
            assert self._changed.wait_for(lambda: true(self._seen[1]), 30), self._seen
            return self._seen[1]

    def press(self, code: int, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """A short press; how long it took from what made it one until the room was seen to be so is noted."""
        time.sleep(ACCIDENT_S + 0.1)  # people do not press twice a second
        acts_at_once = self._seen[1]["state"] != "recording"
        down = time.monotonic()
        self.pedal.send(code, 1)
        time.sleep(0.15)  # likewise
        up = time.monotonic()
        self.pedal.send(code, 0)
        status = self.until(true)
        self.took.append(self._seen[0] - (down if acts_at_once else up))
        return status

    def _watch(self) -> None:
        """As a page does."""
        while not self._is_over:
            try:
                status = self.ask("watch", version=self._seen[1]["version"])
            except ExamError:  # the daemon is being restarted
                time.sleep(0.05)
                continue
            with self._changed:
                self._seen = time.monotonic(), status
                self._changed.notify_all()

    def hold(self, code: int) -> dict[str, Any]:
        """Held until the room stops recording."""
        time.sleep(ACCIDENT_S + 0.1)  # likewise
        self.pedal.send(code, 1)
        self.until(lambda status: status["pedal"]["holding"])
        status = self.until(is_("review"))
        self.pedal.send(code, 0)
        return status

    def end(self) -> None:
        """Nobody watches any more."""
        self._is_over = True


@pytest.fixture
def by_foot(tmp_path: Path) -> Iterator[ByFoot]:
    pedals.save(tmp_path / "station.pedal.json", LEARNT)
    with Bed() as bed, room(tmp_path, of_daemon=bed.environment_of_daemon) as here:
        here.server.play(marker(120, seed=4), here.microphone)
        by_foot = ByFoot(here, bed)
        yield by_foot
        by_foot.end()


def is_(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda status: bool(status["state"] == state)


def has_marks(*tasks: int) -> Callable[[dict[str, Any]], bool]:
    return lambda status: [mark["task"] for mark in status["in_hand"]["marks"]] == list(tasks)


def has_pedal(present: bool) -> Callable[[dict[str, Any]], bool]:
    return lambda status: status["pedal"]["present"] is present


def test_a_take_by_foot(by_foot: ByFoot) -> None:
    by_foot.until(has_pedal(True))
    by_foot.ask("choose", participant=1, variant="12")
    by_foot.press(MAIN, is_("recording"))  # opens the day, too
    by_foot.press(MAIN, has_marks(1))
    assert has_marks(1)(by_foot.hold(MAIN))
    assert min(by_foot.took) < REACTS_S, by_foot.took


@pytest.mark.slow
def test_a_day_by_foot(by_foot: ByFoot) -> None:
    here = by_foot.here
    by_foot.until(has_pedal(True))
    by_foot.ask("choose", participant=1, variant="12")
    by_foot.press(MAIN, is_("recording"))  # opens the day, too
    by_foot.press(MAIN, has_marks(1))
    by_foot.press(MAIN, has_marks(1, 2))
    by_foot.pedal.press(MAIN)  # an accident, a moment later
    assert has_marks(1, 2)(by_foot.press(PAUSE, is_("paused")))
    by_foot.pedal.unplug()
    by_foot.until(has_pedal(False))
    by_foot.pedal = by_foot.bed.plug(TRIPLE)
    by_foot.until(has_pedal(True))
    by_foot.press(PAUSE, is_("recording"))
    kill_controls(here)
    by_foot.until(has_pedal(False))
    by_foot.until(has_pedal(True))
    assert has_marks(1, 2)(by_foot.hold(MAIN))
    status = by_foot.press(MAIN, lambda status: status["pedal"]["refusal"])
    assert (status["pedal"]["refusal"]["code"], status["state"]) == ("nobody_chosen", "review")
    by_foot.ask("choose", participant=2, variant="3")
    restart_under_a_foot(by_foot)
    assert has_marks()(by_foot.hold(STOP))
    by_foot.end()
    here.do("close")
    here.await_(lambda: not here.status()["publishing"])
    check(here)
    assert sorted(by_foot.took)[len(by_foot.took) // 2] < REACTS_S, by_foot.took


def check(here: Room) -> None:
    """Two takes, as they were pressed; the day is whole."""
    told = [manifest.load(path) for path in here.folder.glob("*.json") if not is_room_day(path.name)]
    takes = {take.participant.number: take for take in told if take.participant is not None}
    assert set(takes) == {1, 2}
    assert [mark.task for mark in takes[1].marks] == [1, 2]
    assert [mark.task for mark in takes[2].marks] == []
    assert len(takes[1].spans) == 2, "the pause"
    assert here.run("verify").returncode == 0


def kill_controls(here: Room) -> None:
    """What hears the pedal dies."""
    child = ["pgrep", "-P", str(here.daemon.pid), "-f", "station.controls"]
    os.kill(int(subprocess.run(child, check=True, capture_output=True).stdout), signal.SIGKILL)


def restart_under_a_foot(by_foot: ByFoot) -> None:
    """Started by a foot that stays where it is while the daemon ends and begins again."""
    time.sleep(ACCIDENT_S + 0.1)  # likewise
    by_foot.pedal.send(MAIN, 1)
    by_foot.until(is_("recording"))
    by_foot.here.end()
    by_foot.here.start()
    by_foot.until(has_pedal(True))
    for _ in range(40):
        by_foot.pedal.send(MAIN, 2)
        time.sleep(0.1)  # as the kernel repeats
    by_foot.pedal.send(MAIN, 0)
    time.sleep(0.2)  # as much as a short press would need to be seen
    status = by_foot.ask("status")
    assert status["state"] == "recording"
    assert has_marks()(status)
