"""What the sound tells while it is recorded, through the real microphone at real time: raised in time, cleared, and
never raised without a reason."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rig import speech
from rig.live import Voice
from rooms import RATE, Room, room

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("microphone")]

Sound = NDArray[np.float64]
RANDOM = np.random.default_rng(41)


@dataclass(frozen=True)
class Fault:
    """From `at_s` to `end_s` of the dialogue something is wrong with it; `code` must stand `within_s` of that, and be
    over `over_s` after its end."""

    code: str
    at_s: float
    end_s: float
    does: Callable[[Sound], Sound]
    within_s: float
    over_s: float


def _noise(sound: Sound, dbfs: float) -> Sound:
    return RANDOM.normal(0, 32768 * 10 ** (dbfs / 20), len(sound))


MUTED = Fault("silence", 61, 64, lambda sound: sound * 0, within_s=1.5, over_s=2.5)
CLIPPED = Fault("clipping", 67, 69, lambda sound: sound * 10, within_s=2.5, over_s=12)
FAR = Fault("level_low", 100, 125, lambda sound: sound * 0.06 + _noise(sound, -68), within_s=20, over_s=15)
SPEECHLESS = Fault("no_speech", 150, 168, lambda sound: _noise(sound, -68), within_s=16.5, over_s=4)
NOISY = Fault("noise", 190, 240, lambda sound: sound + _noise(sound, -40), within_s=30, over_s=34)


def dialogue(seconds: float, faults: Sequence[Fault]) -> NDArray[np.int16]:
    sound = speech.conversation(seconds, seed=44).astype(np.float64)
    for fault in faults:
        place = slice(round(fault.at_s * RATE), round(fault.end_s * RATE))
        sound[place] = fault.does(sound[place])
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def told(here: Room) -> list[dict[str, Any]]:
    """The alarms of the journal, in order; `at_s` of the dialogue."""
    lines = map(json.loads, (here.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["type"] in {"alarm", "alarm_over"}]


def codes(here: Room) -> set[str]:
    """What is told of the sound: no test recording was made in this room."""
    return {alarm["code"] for alarm in here.status()["alarms"]} - {"rehearsal_missing"}


def listen(folder: Path, seconds: float, faults: Sequence[Fault]) -> tuple[list[dict[str, Any]], float, set[str]]:
    """Record the dialogue whole; the journal's alarms, when it began by the wall clock, and the codes `status` told."""
    seen: set[str] = set()
    with room(folder, live=True, hears=False) as here:
        sound = dialogue(seconds, faults)
        with Voice(sound, here.microphone) as voice:
            began = time.time() - (time.monotonic_ns() - voice.began_ns) / 1e9
            here.await_(lambda: bool(here.status()["levels"]["rms_dbfs"]))
            here.do("start", "--participant", "1")
            here.do("mark", "4")
            while voice.frame_at(time.monotonic_ns()) < len(sound) - RATE:
                seen |= codes(here)
                time.sleep(0.5)
            standing = codes(here)
            here.do("stop")
        assert standing == set()
        return told(here), began, seen


def _check(alarms: Sequence[dict[str, Any]], began: float, faults: Sequence[Fault]) -> None:
    for fault in faults:
        raised = [_wall(line) - began for line in alarms if line["type"] == "alarm" and line["code"] == fault.code]
        over = [_wall(line) - began for line in alarms if line["type"] == "alarm_over" and line["code"] == fault.code]
        assert raised, (fault.code, alarms)
        assert fault.at_s <= raised[0] <= fault.at_s + fault.within_s, (fault.code, raised)
        assert fault.at_s <= over[-1] <= fault.end_s + fault.over_s, (fault.code, over)


def _wall(line: dict[str, Any]) -> float:
    return datetime.fromisoformat(line["wall"]).timestamp()


def test_a_minute_of_dialogue_raises_nothing_and_a_muted_and_an_overloaded_microphone_do(tmp_path: Path) -> None:
    alarms, began, seen = listen(tmp_path, 84, [MUTED, CLIPPED])
    assert {line["code"] for line in alarms} <= {"silence", "clipping", "level_high", "overflow"}
    assert not [line for line in alarms if _wall(line) - began < MUTED.at_s]
    assert {"silence", "clipping"} <= seen
    _check(alarms, began, [MUTED, CLIPPED])


@pytest.mark.slow
def test_each_alarm_is_raised_in_its_time_and_cleared(tmp_path: Path) -> None:
    faults = [MUTED, CLIPPED, FAR, SPEECHLESS, NOISY]
    alarms, began, seen = listen(tmp_path, 290, faults)
    _check(alarms, began, faults)
    assert {fault.code for fault in faults} <= seen


@pytest.mark.slow
def test_an_hour_of_dialogue_raises_nothing(tmp_path: Path) -> None:
    alarms, _, seen = listen(tmp_path, 3600, [])
    assert (alarms, seen) == ([], set())
