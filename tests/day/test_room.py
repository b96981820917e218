"""The daemon at work, over the real audio path, driven by its commands."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from rig.marker import marker
from rooms import RATE, ffprobe_seconds, frames_of, lengths, room

from exam import manifest

pytestmark = pytest.mark.real


def test_a_take_is_its_spans_pauses_left_out_and_pre_roll_included(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.server.play(marker(60, seed=1), here.microphone)
        here.do("open")
        here.await_frames(7 * RATE)
        started = here.do("start", "--participant", "1", "--variant", "12")["stream"]["frames"]
        here.await_frames(started + RATE)
        paused = here.do("pause")["stream"]["frames"]
        here.await_frames(paused + 2 * RATE)
        here.do("resume")
        here.await_frames(paused + 3 * RATE)
        here.do("stop")
        here.do("accept", "--listened", "2.5")
        here.do("start", "--participant", "2", "--variant", "12")
        here.await_frames(paused + 5 * RATE)
        here.do("close")
        first, second = (manifest.load(path) for path in sorted(here.folder.glob("*Иванов*.json")))
        stream = frames_of(here.folder / first.spans[0].stream)
        for take in (first, second):
            cut = np.concatenate([stream[span.first_frame : span.end] for span in take.spans])
            assert np.array_equal(frames_of(here.folder / take.audio.file), cut)
        assert len(first.spans) == 2
        assert started - 5.5 * RATE < first.spans[0].first_frame < started - 4 * RATE
        assert first.spans[1].first_frame - first.spans[0].end > RATE
        assert second.spans[0].first_frame == first.spans[-1].end, "pre-roll reaches into the previous participant"
        assert (first.outcome, first.listened, second.outcome) == ("accepted", 2.5, "unreviewed")
        assert second.flags == ("ended_by_close",)
        for take in (first, second):
            decoded = ffprobe_seconds(here.folder / take.deliveries[0].file)
            assert decoded == pytest.approx(take.audio.frames / RATE, abs=0.1)
        assert here.run("verify").returncode == 0


def test_a_second_station_in_the_folder_is_refused(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.do("open")
        other = here.run("run")
        assert other.returncode == 1
        assert "уже работает другая станция" in other.stderr
        assert here.status()["state"] == "idle"


def test_commands_in_the_wrong_state_change_nothing(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        for words in (
            ["mark", "1"],
            ["pause"],
            ["resume"],
            ["stop"],
            ["accept"],
            ["retake", "--reason", "шум"],
            ["cancel"],
        ):
            refused = here.run(*words)
            assert refused.returncode == 1
            assert "невозможно" in refused.stderr
            assert refused.stderr.count("\n") == 1
        assert here.status()["state"] == "closed"
        assert list(here.folder.glob("*.wav")) == []


def test_a_device_that_is_not_there_is_said_and_awaited(tmp_path: Path) -> None:
    with room(tmp_path, device="USB-микрофон", hears=False) as here:
        here.await_(lambda: any(alarm["code"] == "device_lost" for alarm in here.status()["alarms"]))
        alarm = next(alarm for alarm in here.status()["alarms"] if alarm["code"] == "device_lost")
        assert "USB-микрофон" in alarm["text"]
        refused = here.run("open")
        assert refused.returncode == 1
        assert "station devices" in refused.stderr
        assert "USB-микрофон" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_participant_goes_on_after_a_restart(tmp_path: Path, number: int) -> None:
    with room(tmp_path) as here:
        here.server.play(marker(60, seed=2), here.microphone)
        here.do("open")
        here.do("start", "--participant", "1", "--variant", "3")
        here.await_frames(3 * RATE)
        assert here.end(number) in {0, -signal.SIGKILL}
        for tape in here.folder.glob("*.wav"):
            assert min(lengths(tape).values()) >= 2.8, "readable untouched, before any repair"
        here.start()
        status = here.status()
        assert (status["state"], status["participant"]) == ("recording", 1)
        assert status["stream"]["file"].endswith("поток_02.wav")
        here.await_frames(status["stream"]["frames"] + 2 * RATE)
        here.do("stop")
        here.do("accept")
        here.do("close")
        (take,) = [manifest.load(path) for path in here.folder.glob("*Иванов*.json")]
        assert take.outcome == "accepted"
        assert [gap.reason for gap in take.gaps] == ["outage"]
        assert here.run("verify").returncode == 0, here.run("verify").stdout


def test_devices_are_listed(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        listed = json.loads(here.run("devices", "--json").stdout)
        assert {"pulse"} <= {device["name"] for device in listed}
        assert "pulse:room.monitor" in {device["identity"] for device in listed}


def test_ctrl_c_in_a_terminal_seals_the_day(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.do("open")
        here.await_frames(RATE)
        assert here.end(signal.SIGINT) == 0
        here.start()
        assert here.status()["state"] == "idle"
