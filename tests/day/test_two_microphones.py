"""A microphone for each seat: whose voice is whose, which of them is dead, and what is delivered."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rig import speech
from rooms import RATE, Room, room
from showing.demo import ROSTER
from showing.school import School

from exam import manifest

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("microphone")]

TALK_S, MUTED_S = 22, 5
RANDOM = np.random.default_rng(8)


def seats() -> NDArray[np.int16]:
    """The woman at the first microphone, the man, 6 dB quieter, at the second; each hears a little of the other. In the
    last seconds the second one is off."""
    people = speech.voices()
    length = (TALK_S + MUTED_S) * RATE
    said = {name: np.zeros(length) for name in ("woman", "man")}
    at, turn = RATE // 2, 0
    while at < length:
        name = ("woman", "man")[turn % 2]
        phrase = speech.levelled(people[name][turn]) * (1.0 if name == "woman" else 0.5)
        piece = said[name][at : at + len(phrase)]
        piece += phrase[: len(piece)]
        at, turn = at + len(phrase) + RATE // 2, turn + 1
    first = said["woman"] + 0.12 * said["man"] + RANDOM.normal(0, 10, length)
    second = said["man"] + 0.12 * said["woman"] + RANDOM.normal(0, 10, length)
    second[TALK_S * RATE :] = 0
    return np.clip(np.rint(np.stack([first, second], axis=1)), -32768, 32767).astype(np.int16)


def configured(folder: Path) -> Path:
    """A room of two microphones; the second sits in front of the participant."""
    School(folder).write(device="pulse", roster=ROSTER)
    path = folder / "station.toml"
    told = path.read_text(encoding="utf-8")
    path.write_text(told.replace('device = "pulse"', 'device = "pulse"\nchannels = 2'), encoding="utf-8")
    return folder


def of_voice(verdict: dict[str, Any], name: str, voice: str) -> dict[str, Any]:
    return next(found for found in verdict["metrics"] if found["name"] == name and found.get("voice") == voice)


def channels(path: Path) -> int:
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=channels", "-of", "csv=p=0", str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def told(here: Room) -> list[str]:
    return [alarm["text"] for alarm in here.status()["alarms"] if alarm["code"] == "silence"]


def test_each_voice_is_judged_by_its_own_microphone_and_a_dead_one_is_named(tmp_path: Path) -> None:
    with room(configured(tmp_path), channels=2) as here:
        playback = here.server.play(seats(), here.microphone)
        here.do("start", "--participant", "1")
        first = here.status()["stream"]["frames"]
        here.await_frames(first + (TALK_S - 3) * RATE)
        assert len(here.status()["levels"]["hold_dbfs"]) == 2
        here.await_(lambda: any("микрофон участника" in text for text in told(here)))
        assert not any("микрофон собеседника" in text for text in told(here))
        here.do("stop")
        here.await_(lambda: here.status()["verdict"] is not None)
        verdict = here.status()["verdict"]
        playback.stop()
        louder, quieter = (of_voice(verdict, "level", voice)["value"] for voice in ("interlocutor", "participant"))
        assert louder - quieter == pytest.approx(6, abs=2)
        assert of_voice(verdict, "active", "interlocutor")["value"] > 5
        here.do("accept")
        here.do("close")
        (published,) = (manifest.load(path) for path in here.folder.glob("*Иванов*.json"))
        assert published.seats == ("interlocutor", "participant")
        assert channels(here.folder / published.audio.file) == 2
        assert [channels(here.folder / copy.file) for copy in published.deliveries] == [1], "mixed by default"
        assert here.run("verify").returncode == 0
        checked = json.loads(here.run("check", "--json", str(here.folder / published.audio.file)).stdout)[0]
        assert of_voice(checked["verdict"], "level", "participant")["value"] == pytest.approx(quieter, abs=0.2)
