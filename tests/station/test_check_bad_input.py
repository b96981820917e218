"""`station check` of what is no sound, or spoilt: a verdict or one clear line; the others are judged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from dictated import RATE, cut, made, sweep

from exam.errors import Fatal
from station import decoding
from station.checking import Checked, Room, check


def checked(path: Path) -> Checked:
    return check(path, Room(), lambda _: None)


def refusal(path: Path) -> str:
    """The code, once what is said names the file in one line."""
    told = checked(path)
    assert not told.ok
    assert told.error is not None
    assert path.name in told.error.text
    (line,) = told.lines
    assert "\n" not in line
    return told.error.code


def verdict_s(path: Path) -> float:
    told = checked(path)
    assert told.verdict is not None, told.error
    return told.verdict.seconds


CONTENTS = {
    "empty.wav": (b"", "empty"),
    "text.wav": ("Привет, это не звук.\n".encode() * 500, "no_audio"),
    "zeros.wav": (bytes(100_000), "no_audio"),
    "random.mp3": (np.random.default_rng(2).bytes(50_000), "no_audio"),
    "list.m3u8": (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n", "playlist"),
    "concat.txt": (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "playlist"),
    "head.wav": (b"RIFF", "no_audio"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_sound(tmp_path: Path, name: str) -> None:
    content, code = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) in {code, "no_audio"}


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    assert refusal(tmp_path / "fifo.wav") == "no_file"
    assert refusal(tmp_path / "folder.wav") == "unreadable"
    assert refusal(tmp_path / "loop.wav") == "unreadable"
    assert refusal(tmp_path / "gone.wav") == "unreadable"
    assert refusal(tmp_path / ("x" * 300)) == "unreadable"
    assert refusal(Path("/dev/zero")) == "no_file"


def test_a_file_one_may_not_read(plain: Path) -> None:
    plain.chmod(0)
    as_nobody = "os.setgid(65534); os.setuid(65534); " if os.geteuid() == 0 else ""
    code = f"import os, sys; from station import checking, cli; {as_nobody}sys.exit(cli.main(['check', sys.argv[1]]))"
    done = subprocess.run([sys.executable, "-c", code, plain], capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert "plain.wav" in done.stderr


def test_a_video_without_sound(tmp_path: Path) -> None:
    assert refusal(made(tmp_path / "a.mp4", "-f", "lavfi", "-i", "testsrc=d=1")) == "no_audio"


def test_a_tenth_of_a_second_and_less(tmp_path: Path) -> None:
    for frames in (1, 479, 480, 4800):
        soundfile.write(tmp_path / f"{frames}.wav", sweep(0.1)[:frames], RATE, "PCM_16")
        assert verdict_s(tmp_path / f"{frames}.wav") == pytest.approx(frames / RATE, abs=0.006)
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.int16), RATE, "PCM_16")
    assert refusal(tmp_path / "none.wav") == "empty"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_float_that_is_no_number(tmp_path: Path, bad: float) -> None:
    sound = sweep().astype(np.float32) / 32768
    sound[RATE : RATE + 100] = bad
    soundfile.write(tmp_path / "a.wav", sound, RATE, "FLOAT")
    assert verdict_s(tmp_path / "a.wav") == 3.0


def test_nothing_but_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((20 * RATE, 2), np.int16), RATE, "PCM_16")
    assert verdict_s(tmp_path / "a.wav") == 20.0


def test_nothing_but_full_scale(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(5 * RATE, -32768, np.int16), RATE, "PCM_16")
    assert verdict_s(tmp_path / "a.wav") == 5.0


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac"])
def test_a_truncated_file_is_judged_and_said_to_be_damaged(tmp_path: Path, plain: Path, name: str) -> None:
    told = checked(cut(made(tmp_path / name, "-i", str(plain)), 0.5))
    assert told.verdict is not None
    assert 0.9 < told.verdict.seconds < 2.2
    assert "повреждён" in told.notes[0]
    assert "повреждён" in "".join(told.lines)


def test_longer_than_a_day(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LONGEST_S", 2)
    told = checked(plain)
    assert (told.ok, told.error and told.error.code) == (False, "too_long")
    assert "plain.wav" in told.lines[0]


def test_a_disk_that_fails_meanwhile(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(decoding, "pcm", fail)
    assert refusal(plain) == "unreadable"


def test_without_ffmpeg_it_says_what_to_install(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    told = checked(plain)
    assert (told.ok, told.error and told.error.code) == (False, Fatal.code)
    assert "ffmpeg" in told.lines[0]
