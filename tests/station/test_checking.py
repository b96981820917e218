"""`station check`: a verdict on any sound, what lies beside a file is used, one document for programs."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from days import IVANOV
from dictated import RATE, made

from exam import manifest
from exam.audio import AudioFormat, Gap, Mark
from exam.manifest import Manifest, Step
from exam.names import Kind
from station import checking, cli
from station.audibility.case import Case
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline, of_marks
from station.beside import described, known_of
from station.checking import Checked, Room, check
from station.tape import HEADER_BYTES, Tape, header

ROOM = b"""
school = {code = "701020", time_zone = "Asia/Tomsk"}
exam = {date = 2026-02-11}
room = {number = "265"}
capture = {device = "pulse"}
"""


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the environment nor of the folder the tests are started in."""
    monkeypatch.delenv("STATION_CONFIG", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def silent(_: str) -> None:
    """Nobody waits."""


def checked(path: Path) -> Checked:
    return check(path, Room(), silent)


def seconds(told: Checked) -> float:
    assert told.verdict is not None, told.error
    return told.verdict.seconds


def run(*words: str | Path) -> int:
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as left:
        return int(left.code or 0)


FORMATS: dict[str, tuple[str, ...]] = {
    "pcm8.wav": ("-c:a", "pcm_u8"),
    "pcm24.wav": ("-c:a", "pcm_s24le"),
    "float.wav": ("-c:a", "pcm_f32le"),
    "low.wav": ("-ar", "8000"),
    "high.flac": ("-ar", "96000"),
    "six.wav": ("-ac", "6"),
    "a.mp3": (),
    "a.m4a": (),
    "a.ogg": ("-c:a", "libvorbis"),
    "a.opus": (),
    "a.amr.wav": ("-c:a", "adpcm_ima_wav"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_any_format_gets_a_verdict(tmp_path: Path, plain: Path, name: str) -> None:
    told = checked(made(tmp_path / name, "-i", str(plain), *FORMATS[name]))
    assert seconds(told) == pytest.approx(3.0, abs=0.1)
    assert told.verdict is not None
    assert told.verdict.basis == "file"
    assert bool(told.notes) == (name == "six.wav")


def test_the_sound_of_a_video(tmp_path: Path, plain: Path) -> None:
    video = made(tmp_path / "a.mp4", "-f", "lavfi", "-i", "testsrc=d=3:s=320x240", "-i", str(plain), "-shortest")
    told = checked(video)
    assert seconds(told) == pytest.approx(3.0, abs=0.1)
    assert told.sound is not None
    assert told.sound.codec == "aac"


# -- our own ------------------------------------------------------------------------------------------------------


def test_a_master_that_still_grows(tmp_path: Path) -> None:
    tape = Tape(tmp_path / f"{IVANOV}.wav", AudioFormat(RATE, 1))
    tape.append(bytes(2 * RATE))
    tape.hold(bytes(RATE), gap=RATE)
    assert seconds(checked(tape.path)) == pytest.approx(2.5, abs=0.01), "what is held is on the disk and counts there"
    tape.append(bytes(4 * RATE))
    assert seconds(checked(tape.path)) == pytest.approx(3.0, abs=0.01)
    tape.close()


def test_a_master_that_was_cut_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(AudioFormat(RATE, 1), 8 * RATE) + bytes(2 * RATE + 1))
    told = checked(path)
    assert (seconds(told), told.notes) == (1.0, ("файл обрезан: 00:01 из 00:04",))


def test_rf64_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "big.wav"
    path.write_bytes(header(AudioFormat(RATE, 1), 5 << 30)[:HEADER_BYTES] + bytes(2 * RATE))
    told = checked(path)
    assert seconds(told) == 1.0
    assert told.notes


def test_marks_of_the_manifest_become_the_timeline_of_master_and_delivery(day: Path) -> None:
    ours = manifest.load(day / f"{IVANOV}.json")
    for name in (f"{IVANOV}.wav", f"{IVANOV}.mp3"):
        told = checked(day / name)
        assert told.manifest == f"{IVANOV}.json"
        assert told.verdict is not None
        assert told.verdict.basis == "recording"
        assert seconds(told) == pytest.approx(ours.audio.frames / ours.audio.sample_rate, abs=0.1)
    copied = shutil.copy(day / f"{IVANOV}.wav", day / "copy.wav")
    shutil.copy(day / f"{IVANOV}.json", day / "copy.json")
    assert checked(Path(copied)).manifest is None, "the manifest speaks of another file"


@pytest.fixture
def ours(day: Path) -> Manifest:
    return manifest.load(day / f"{IVANOV}.json")


def rewritten(folder: Path, told: Manifest, **changes: Any) -> Path:
    """The master, beside a manifest that says something else."""
    changed = msgspec.structs.replace(told, **changes)
    (folder / f"{told.stem}.json").write_bytes(msgspec.json.encode(changed))
    return folder / told.audio.file


def test_tasks_that_were_not_marked_are_not_expected(day: Path, ours: Manifest) -> None:
    marks = (Mark(2, 100), Mark(4, 900))
    source = rewritten(day, ours, marks=marks)
    assert known_of(source).timeline == of_marks(marks, ours.audio.frames, ours.audio.sample_rate, [2, 4])
    assert known_of(rewritten(day, ours, marks=())).timeline == Timeline(basis="recording")
    assert known_of(day / "11.02.2026_265_701020_поток_01.wav").timeline == Timeline(basis="file"), "of many people"


def test_steps_of_a_test_recording_become_its_timeline(day: Path, ours: Manifest) -> None:
    rate = ours.audio.sample_rate
    steps = (Step("silence", 0, rate), Step("participant", 2 * rate, 6 * rate))
    known = known_of(rewritten(day, ours, kind=Kind.REHEARSAL, steps=steps, marks=(), participant=None))
    assert known.timeline.basis == "rehearsal"
    assert [(step.name, step.start_s, step.end_s) for step in known.timeline.steps] == [
        ("silence", 0, 1),
        ("participant", 2, 8),
    ]
    assert known.judged_by(Thresholds(active_rehearsal_s=5)).active_rehearsal_s == 2.5, "a quick one"
    assert "проба" in described(known.manifest or ours)


def test_gaps_are_counted_in_the_frames_of_the_decoded_file(day: Path, ours: Manifest) -> None:
    rate = ours.audio.sample_rate
    source = rewritten(day, ours, gaps=(Gap(rate, rate, "outage"), Gap(10 * rate, rate, "overflow")))
    half = AudioFormat(rate // 2, 1)
    assert known_of(source).gaps(half, rate // 2 + 10) == (Gap(rate // 2, 10, "outage"),)
    assert known_of(source).gaps(half, rate) == (Gap(rate // 2, rate // 2, "outage"),)


def test_what_is_known_of_a_recording_is_what_it_is_judged_by(
    day: Path, ours: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[Case] = []
    judge = checking.judge
    monkeypatch.setattr(checking, "judge", lambda track, case: (cases.append(case), judge(track, case))[1])
    gaps, marks = (Gap(100, 1000, "outage"),), (Mark(1, 2000),)
    source = rewritten(day, ours, gaps=gaps, marks=marks)
    strict = Thresholds(noise_warn=-70.0)
    assert check(source, Room(strict, ("participant", "interlocutor")), silent).ok
    timeline = of_marks(marks, ours.audio.frames, ours.audio.sample_rate, [1])
    assert cases == [Case(timeline=timeline, gaps=gaps, thresholds=strict)], "two seats are not one channel's"


def test_a_file_of_another_length_than_its_manifest_says_so(day: Path, ours: Manifest) -> None:
    source = rewritten(day, ours, audio=msgspec.structs.replace(ours.audio, frames=ours.audio.sample_rate * 65))
    assert any("01:05" in note for note in checked(source).notes)


@pytest.mark.parametrize("content", [b"{}", b"not json", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_manifest_spoils_nothing(plain: Path, content: bytes) -> None:
    plain.with_suffix(".json").write_bytes(content)
    told = checked(plain)
    assert (seconds(told), told.manifest) == (3.0, None)
    assert "plain.json" in told.notes[0]


def test_a_fifo_beside_a_file_is_not_waited_for(plain: Path) -> None:
    os.mkfifo(plain.with_suffix(".json"))
    assert checked(plain).notes == ()


def test_who_it_is_stands_on_the_picture(ours: Manifest) -> None:
    assert next(described(ours)).startswith("№ 1 Иванов")


# -- the command --------------------------------------------------------------------------------------------------


def test_one_document_for_programs(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.wav").write_text("Привет\n" * 100)
    assert run("check", plain, tmp_path / "text.wav", plain, "--json") == 1
    out, err = capsys.readouterr()
    first, second, third = json.loads(out)
    assert (first["file"], first["ok"], first["verdict"]["basis"]) == (str(plain), True, "file")
    assert first["sound"] == {"container": "wav", "codec": "pcm_s16le", "sample_rate": RATE, "channels": 1}
    assert (second["ok"], second["error"]["code"], "verdict" in second) == (False, "no_audio", False)
    assert third == first, "the others are judged all the same"
    assert (len(err.splitlines()), "text.wav" in err) == (1, True)


def test_lines_for_a_person(plain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", plain) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{plain}: ")
    assert "00:03" in out.splitlines()[0]
    assert err == ""
    assert run("check", tmp_path / "none.wav") == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines()), "none.wav" in err) == ("", 1, True)


def test_thresholds_are_the_configurations(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Room] = []

    def look(_source: Path, room: Room, *_: object) -> Checked:
        asked.append(room)
        return Checked(file="", ok=True)

    monkeypatch.setattr(checking, "check", look)
    list(checking.check_all([plain], None, None))
    Path("station.toml").write_bytes(
        ROOM.replace(b'"pulse"', b'"pulse", channels = 2') + b"quality = {noise_warn = -60.0}\n"
    )
    list(checking.check_all([plain], None, None))
    assert asked == [Room(), Room(Thresholds(noise_warn=-60.0), ("interlocutor", "participant"))]


def test_a_wrong_configuration_is_named(plain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", plain, "--config", "none.toml") == 2
    Path("station.toml").write_bytes(ROOM + b'rooom = "1"\n')
    assert run("check", plain) == 2
    assert "rooom" in capsys.readouterr().err


def station(*words: bytes | str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "station.cli", "check", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False)


@pytest.mark.parametrize("name", ["a b.wav", "Запись №1.wav", "two\nlines.wav", "\x1b[31mred.wav", "$(x)`y`'\".wav"])
def test_names_of_any_kind(plain: Path, name: str) -> None:
    plain.rename(plain.parent / name)
    done = station(name, cwd=plain.parent)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    first, *others = done.stdout.decode().splitlines()
    assert "(00:03, " in first, "the name stays on its line"
    assert all(line.startswith("  ") for line in others)
    listed = json.loads(station("--json", name, cwd=plain.parent).stdout)
    assert listed[0]["file"] == name


def test_a_name_that_begins_with_a_dash(plain: Path) -> None:
    plain.rename(plain.parent / "-v.wav")
    assert station("--", "-v.wav", cwd=plain.parent).returncode == 0
    assert station("./-v.wav", cwd=plain.parent).returncode == 0
    assert station("-v.wav", cwd=plain.parent).returncode == 2


def test_a_name_that_is_not_utf8(plain: Path) -> None:
    name = os.fsencode(plain.parent) + b"/caf\xe9.wav"
    plain.rename(os.fsdecode(name))
    done = station("--json", name, b"gon\xe9.wav", cwd=plain.parent)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert [Path(told["file"]).name for told in json.loads(done.stdout)] == ["caf\\xe9.wav", "gon\\xe9.wav"]


def test_a_terminal_that_lacks_letters(plain: Path) -> None:
    command = [sys.executable, "-m", "station.cli", "check", str(plain), "none.wav"]
    done = subprocess.run(command, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert b"plain.wav" in done.stdout


def test_on_a_terminal_it_tells_how_far_it_has_come(plain: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "station.cli", "check", str(plain)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=follower, check=True)
    os.close(follower)
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    assert "plain.wav: 00:0" in shown
    assert shown.endswith("\r\x1b[K"), "nothing of it is left"
    assert b"\x1b" not in done.stdout


def test_an_absurd_sample_rate_goes_through_ffmpeg(tmp_path: Path) -> None:
    for shape in (AudioFormat(1, 1), AudioFormat(RATE, 40), AudioFormat(3_000_000, 1)):
        path = tmp_path / f"{shape.sample_rate}.{shape.channels}.wav"
        path.write_bytes(header(shape, 160) + np.zeros(80, np.int16).tobytes())
        told = checked(path)
        assert told.ok or told.error is not None
