"""`station rehearse` at real time, through the real daemon and microphone: the right verdict on five rooms."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rehearsed import RATE, Place, Rehearsal, verdict_in
from rig.marker import marker
from rig.sound import SoundServer
from rooms import frames_of, lengths, room
from showing.demo import ROSTER
from showing.school import ROOM, School, today

from exam import manifest, names

pytestmark = pytest.mark.real

GOOD = Place()
ROOMS = {
    "good": (GOOD, "pass", None),
    "fan": (Place(fan=-42.0), "fail", ("noise", None)),
    "hum": (Place(hum=-46.5), "fail", ("hum", None)),
    "far": (Place(participant=-45.0), "fail", ("level", "participant")),
    "muted": (Place(muted=True), "fail", ("noise", None)),
}


def named(verdict: dict[str, Any], name: str, voice: str | None) -> dict[str, Any]:
    """The metric that says what is wrong."""
    found = [each for each in verdict["metrics"] if each["name"] == name and each.get("voice") == voice]
    assert found, verdict
    return max(found, key=lambda metric: ["pass", "unknown", "warn", "fail"].index(metric["grade"]))


def dbfs(sound: "np.typing.NDArray[np.int16]") -> float:
    return float(10 * np.log10(max(1e-12, np.mean((sound / 32768.0) ** 2))))


@pytest.mark.slow
def test_a_good_room_passes_even_without_a_daemon_spoken_prompts_are_not_judged(tmp_path: Path) -> None:
    school = School(tmp_path)
    school.write(device="pulse", roster=ROSTER)
    with SoundServer() as server:
        here = Rehearsal(school, server, server.add_microphone("room"), GOOD)
        done = here.make()
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert here.seen == [(step, on) for step in ("silence", "interlocutor", "participant") for on in (False, True)]
    assert "Десять секунд тишины" in done.stdout
    assert list((tmp_path / "run").iterdir()) == [], "the daemon of our own has gone"
    folder = tmp_path / "recordings" / names.day_folder(today(), ROOM)
    (path,) = folder.glob("*проба_01.json")
    told, verdict = manifest.load(path), verdict_in(path)
    assert verdict["grade"] == "pass", verdict
    sound = frames_of(folder / told.audio.file)
    silence = told.steps[0]
    assert dbfs(sound[silence.first_frame : silence.first_frame + silence.frames]) < -60
    if shutil.which("espeak-ng"):
        for before, step in zip((None, *told.steps), told.steps, strict=False):
            first = before.first_frame + before.frames if before is not None else 0
            assert dbfs(sound[first : step.first_frame]) > -45, "the prompt was heard"
            assert dbfs(sound[step.first_frame - RATE // 4 : step.first_frame]) < -55, "and was over in time"
    assert school.call("station", "verify")


def test_a_muted_microphone_is_told_in_twenty_seconds(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        rehearsal = Rehearsal(here.school, here.server, here.microphone, ROOMS["muted"][0])
        began = time.monotonic()
        done = rehearsal.make("--quick", "--silent")
        assert done.returncode == 1
        assert time.monotonic() - began < 40
        assert done.stderr.count("\n") == 1
        status = here.status()
        assert status["rehearsal"]["grade"] == "fail"
        noise = named(status["rehearsal"]["verdict"], "noise", None)
        assert noise["grade"] == "fail"
        assert noise["advice"] in done.stdout
        assert noise["advice"]
        assert [alarm["code"] for alarm in status["alarms"] if alarm["code"] == "rehearsal_missing"]
        accepted = here.run("rehearse", "--accept-by-ear", "Петров П.П.")
        assert accepted.returncode == 0
        status = here.status()
        assert status["rehearsal"]["accepted_by"] == "Петров П.П."
        assert not [alarm["code"] for alarm in status["alarms"] if alarm["code"] == "rehearsal_missing"]
        assert here.run("verify").returncode == 0


def test_between_two_participants_the_stream_is_not_broken(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        here.server.play(marker(120, seed=4), here.microphone)
        here.do("start", "--participant", "1")
        here.await_frames(3 * RATE)
        here.do("stop")
        here.do("accept")
        here.run("rehearse", "--quick", "--silent")
        begun = here.begin("rehearse", "--silent")
        here.await_(lambda: (here.status()["rehearsal"]["running"] or {"listening": False})["listening"])
        started = here.do("start", "--participant", "2")
        assert started["state"] == "recording"
        assert (started["rehearsal"]["ending"], started["rehearsal"]["running"]) == ("start", None)
        assert begun.wait(20) == 1
        here.await_frames(started["stream"]["frames"] + 2 * RATE)
        here.do("stop")
        here.do("close")
        assert here.run("verify").returncode == 0, here.run("verify").stdout
        (stream,) = [manifest.load(path) for path in here.folder.glob("*поток*.json")]
        quick, cut = (manifest.load(path) for path in sorted(here.folder.glob("*проба*.json")))
        assert stream.gaps == ()
        assert (quick.flags, cut.flags, cut.verdict) == ((), ("ended_by_start",), None)
        heard = frames_of(here.folder / stream.audio.file).tobytes()
        for each in (quick, cut):
            assert frames_of(here.folder / each.audio.file).tobytes() in heard


def test_killed_meanwhile_its_file_plays_and_the_station_starts_clean(tmp_path: Path) -> None:
    with room(tmp_path) as here:
        begun = here.begin("rehearse", "--silent")
        here.await_(lambda: (here.status()["rehearsal"] or {"running": None})["running"] is not None)
        here.await_(lambda: here.status()["rehearsal"]["running"]["seconds_in_all"] < 52)
        here.end(signal.SIGKILL)
        (tape,) = here.folder.glob("*проба_01.wav")
        assert min(lengths(tape).values()) >= 4.8
        assert begun.wait(30) in {1, 3}
        here.start()
        here.await_(lambda: bool(here.status()["rehearsal"]["published"]))
        told = here.status()["rehearsal"]
        assert (told["ending"], told["running"], told["grade"]) == ("crash", None, None)
        assert here.do("open")["state"] == "idle"
        assert here.run("verify").returncode == 0, here.run("verify").stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", list(ROOMS))
def test_five_rooms(tmp_path: Path, name: str) -> None:
    place, grade, wrong = ROOMS[name]
    with room(tmp_path) as here:
        rehearsal = Rehearsal(here.school, here.server, here.microphone, place)
        done = rehearsal.make("--silent")
        verdict = here.status()["rehearsal"]["verdict"]
        assert verdict["grade"] == grade, verdict
        assert done.returncode == (1 if grade == "fail" else 0)
        if wrong is not None:
            metric = named(verdict, *wrong)
            assert metric["grade"] == "fail", verdict
            assert metric["reason"] in done.stdout
            assert metric["advice"] in done.stdout
            assert metric["advice"]
        assert here.run("verify").returncode == 0
