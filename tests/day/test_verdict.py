"""A take's verdict: there moments after the stop, in status, journal and manifest; whatever comes between."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rig import speech
from rig.live import Voice
from rooms import RATE, Room, room

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("microphone")]

WITHIN_S = 3.0
LOUD = slice(8 * RATE, 10 * RATE)


def dialogue() -> "np.typing.NDArray[np.int16]":
    """A conversation with two seconds that are overloaded."""
    sound = speech.conversation(90, seed=52).astype(np.float64)
    sound[LOUD] *= 12
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def metric(verdict: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in verdict["metrics"] if found["name"] == name)


def record(here: Room, voice: Voice, until_s: float) -> None:
    here.await_(lambda: voice.frame_at(time.monotonic_ns()) > until_s * RATE)


def verdict_after_stop(here: Room) -> dict[str, Any]:
    here.do("stop")
    stopped = time.monotonic()
    here.await_(lambda: here.status()["verdict"] is not None)
    assert time.monotonic() - stopped < WITHIN_S
    verdict: dict[str, Any] = here.status()["verdict"]
    return verdict


def test_a_verdict_is_there_before_anybody_leaves(tmp_path: Path) -> None:
    with room(tmp_path, live=True, hears=False) as here, Voice(dialogue(), here.microphone) as voice:
        here.await_(lambda: bool(here.status()["levels"]["rms_dbfs"]))
        here.do("start", "--participant", "1")
        record(here, voice, 18)
        first = verdict_after_stop(here)
        clipping = metric(first, "clipping")
        assert (first["grade"], clipping["grade"]) == ("fail", "fail")
        place = clipping["places"][0]
        assert 4 < place["start_s"] < LOUD.start / RATE, "the take began moments after the voice"
        assert place["end_s"] - place["start_s"] == pytest.approx(2, abs=0.3)

        here.do("start", "--participant", "1")
        assert here.status()["verdict"] is None, "the take goes on: what was said of it does not hold any more"
        record(here, voice, 26)
        second = verdict_after_stop(here)
        assert second["seconds"] > first["seconds"] + 3

        here.end(signal.SIGKILL)
        here.start()
        assert here.status()["verdict"] == second, "it is in the journal"
        here.do("accept")
        here.do("close")
        takes = {person["number"]: person["takes"] for person in here.status()["participants"]}
        assert [take["verdict"]["grade"] for take in takes[1]] == ["fail"]
        told = json.loads((here.folder / f"{Path(takes[1][0]['file']).stem}.json").read_text(encoding="utf-8"))
        assert told["verdict"] == second
        assert here.run("verify").returncode == 0
        checked = here.run("check", "--json", str(here.folder / takes[1][0]["file"]))
        (again,) = json.loads(checked.stdout)
        assert again["verdict"]["grade"] == "fail"
        assert metric(again["verdict"], "clipping") == metric(second, "clipping")
