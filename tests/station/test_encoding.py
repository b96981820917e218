"""Encoded copies: right in every reader, whole or absent, in little memory. Readers and codecs are the real ones."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rig.marker import Frames, align, marker

from exam.errors import Rejected
from exam.fixity import sha256_of
from station import encoding
from station.encoding import EncodedFormat, encode

RATE = 48000
FORMATS: tuple[EncodedFormat, ...] = ("flac", "mp3", "m4a")
CHILD = [sys.executable, "-m", "station.encoding"]


def tone(seconds: float, rate: int = RATE) -> Frames:
    """What codecs keep well: a swept tone with a silent middle, not noise."""
    at = np.arange(round(seconds * rate)) / rate
    sweep = 8000 * np.sin(2 * np.pi * (300 + 200 * at) * at)
    sweep[len(at) // 3 : len(at) // 2] = 0
    return sweep.astype(np.int16)


def write(path: Path, frames: Frames, rate: int = RATE, kind: str = "WAV") -> Path:
    soundfile.write(path, frames, rate, "PCM_16", format=kind)
    return path


def write_with_junk(path: Path, frames: Frames) -> Path:
    """A WAV as a tape writes it: a JUNK chunk, reserved for RF64, before fmt."""
    data = frames.astype("<i2").tobytes()
    junk = b"JUNK" + struct.pack("<I28x", 28)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    body = b"WAVE" + junk + fmt + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


def probed(path: Path) -> dict[str, str]:
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels,bit_rate"]
    command += ["-show_entries", "format=duration", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {**found["streams"][0], **found["format"]}


def decoded(path: Path, rate: int = RATE) -> Frames:
    """By ffmpeg, mono."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2")


def test_flac_holds_every_sample(tmp_path: Path) -> None:
    played = marker(3, seed=1)
    delivery = encode(write_with_junk(tmp_path / "m.wav", played), tmp_path / "m.flac", "flac")
    assert delivery.frames == len(played)
    assert np.array_equal(decoded(tmp_path / "m.flac"), played)
    assert align(soundfile.read(tmp_path / "m.flac", dtype="int16")[0], played).unbroken


@pytest.mark.parametrize("into", FORMATS)
@pytest.mark.parametrize("seconds", [0.01, 0.5, 7.3])
def test_the_length_is_right_in_every_reader(tmp_path: Path, into: EncodedFormat, seconds: float) -> None:
    target = tmp_path / f"m.{into}"
    encode(write(tmp_path / "m.wav", tone(seconds)), target, into)
    assert abs(float(probed(target)["duration"]) - seconds) <= 0.1
    assert abs(len(decoded(target)) / RATE - seconds) <= 0.1
    if into != "m4a":
        assert abs(soundfile.info(target).duration - seconds) <= 0.1


@pytest.mark.parametrize("into", ["mp3", "m4a"])
def test_it_sounds_like_the_master(tmp_path: Path, into: EncodedFormat) -> None:
    sound = tone(3)
    target = tmp_path / f"m.{into}"
    encode(write(tmp_path / "m.wav", sound), target, into)
    heard = decoded(target).astype(float)[: len(sound)]
    spectrum = np.fft.rfft(np.pad(heard, (0, 2 * len(sound) - len(heard)))) * np.fft.rfft(sound, 2 * len(sound)).conj()
    correlation = np.fft.irfft(spectrum) / (np.linalg.norm(heard) * np.linalg.norm(sound.astype(float)))
    assert correlation.max() > 0.99
    assert correlation.argmax() < 0.1 * RATE


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 96000])
def test_any_rate_becomes_mpeg_1_of_the_right_length(tmp_path: Path, rate: int) -> None:
    delivery = encode(write(tmp_path / "m.wav", tone(2, rate), rate), tmp_path / "m.mp3", "mp3")
    found = probed(tmp_path / "m.mp3")
    assert int(found["sample_rate"]) in {32000, 44100, 48000}
    assert found["bit_rate"] == "64000"
    assert abs(float(found["duration"]) - 2) <= 0.1
    assert delivery.frames == 2 * rate


@pytest.mark.parametrize("into", FORMATS)
def test_two_microphones_stay_two_channels(tmp_path: Path, into: EncodedFormat) -> None:
    both = np.stack([tone(1), np.zeros(RATE, np.int16)], axis=1)
    encode(write(tmp_path / "m.wav", both), tmp_path / f"m.{into}", into)
    assert int(probed(tmp_path / f"m.{into}")["channels"]) == 2


@pytest.mark.parametrize("into", FORMATS)
def test_rf64_is_read_like_wav(tmp_path: Path, into: EncodedFormat) -> None:
    wav = encode(write(tmp_path / "w.wav", tone(1)), tmp_path / f"w.{into}", into)
    rf64 = encode(write(tmp_path / "r.wav", tone(1), kind="RF64"), tmp_path / f"r.{into}", into)
    assert (tmp_path / "r.wav").read_bytes().startswith(b"RF64")
    assert rf64.sha256 == wav.sha256


@pytest.mark.parametrize("into", FORMATS)
def test_the_delivery_tells_what_is_on_disk(tmp_path: Path, into: EncodedFormat) -> None:
    target = tmp_path / f"11.02.2026_265_701020_Иванов И.{into}"
    delivery = encode(write(tmp_path / "11:02 m.wav", tone(1)), target, into)
    assert (delivery.file, delivery.format, delivery.frames) == (target.name, into, RATE)
    assert (delivery.size, delivery.sha256) == (target.stat().st_size, sha256_of(target))
    assert any(letter.isdigit() for letter in delivery.encoder)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["11:02 m.wav", target.name])


@pytest.mark.parametrize("into", FORMATS)
def test_a_second_try_finds_its_own_copy(tmp_path: Path, into: EncodedFormat) -> None:
    master, target = write(tmp_path / "m.wav", tone(1)), tmp_path / f"m.{into}"
    first = encode(master, target, into)
    inode = target.stat().st_ino
    assert encode(master, target, into) == first
    assert target.stat().st_ino == inode
    assert len(list(tmp_path.iterdir())) == 2


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "m.mp3"
    target.write_bytes(b"theirs")
    with pytest.raises(Rejected, match="не тронут") as refused:
        encode(write(tmp_path / "m.wav", tone(1)), target, "mp3")
    assert "left alone" in refused.value.en
    assert target.read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not audio at all" * 100])
def test_what_is_no_audio_is_rejected(tmp_path: Path, content: bytes) -> None:
    master = tmp_path / "m.wav"
    master.write_bytes(content)
    with pytest.raises(Rejected, match="не читается как звук"):
        encode(master, tmp_path / "m.mp3", "mp3")
    assert list(tmp_path.iterdir()) == [master]


def test_a_copy_of_another_length_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding._Sound, "blocks", lambda sound: [bytes(sound._source.buffer_read(RATE, "int16"))])
    with pytest.raises(Rejected, match=r"длится 1\.0\d с вместо 3\.00 с"):
        encode(write(tmp_path / "m.wav", tone(3)), tmp_path / "m.mp3", "mp3")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("into", FORMATS)
def test_two_microphones_are_mixed_into_one_channel(tmp_path: Path, into: EncodedFormat) -> None:
    at = np.arange(2 * RATE) / RATE
    seats = np.stack([24000 * np.sin(2 * np.pi * 440 * at), 24000 * np.sin(2 * np.pi * 900 * at)], axis=1)
    master = write(tmp_path / "m.wav", seats.astype(np.int16))
    encode(master, tmp_path / f"m.{into}", into, is_mixed=True)
    assert probed(tmp_path / f"m.{into}")["channels"] == 1
    heard = np.abs(np.fft.rfft(decoded(tmp_path / f"m.{into}")[RATE // 2 : RATE // 2 + RATE])) / (RATE / 2)
    assert heard[[440, 900]] == pytest.approx([12000, 12000], rel=0.05)


def test_without_ffmpeg_aac_is_refused_and_mp3_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    master = write(tmp_path / "m.wav", tone(1))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Rejected, match="установите пакет ffmpeg"):
        encode(master, tmp_path / "m.m4a", "m4a")
    encode(master, tmp_path / "m.mp3", "mp3")


def test_the_child_prints_a_delivery(tmp_path: Path) -> None:
    master, target = write(tmp_path / "m.wav", tone(1)), tmp_path / "m.mp3"
    done = subprocess.run([*CHILD, str(master), str(target), "mp3"], capture_output=True, check=True)
    assert json.loads(done.stdout)["sha256"] == sha256_of(target)
    assert done.stderr == b""


def test_the_child_refuses_in_one_line(tmp_path: Path) -> None:
    english = os.environ | {"EXAM_LANGUAGE": "en"}
    command = [*CHILD, str(tmp_path / "none.wav"), str(tmp_path / "m.mp3")]
    failed = subprocess.run([*command, "mp3"], capture_output=True, text=True, env=english, check=False)
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (1, "", 1)
    assert "none.wav cannot be read as audio" in failed.stderr
    wav = subprocess.run([*command, "wav"], capture_output=True, text=True, check=False)
    assert (wav.returncode, wav.stdout, wav.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("into", FORMATS)
def test_a_child_told_to_stop_leaves_nothing_behind(tmp_path: Path, into: EncodedFormat) -> None:
    master = write(tmp_path / "m.wav", np.tile(tone(20), 60))
    child = subprocess.Popen([*CHILD, str(master), str(tmp_path / f"m.{into}"), into])
    while len(list(tmp_path.iterdir())) == 1:
        assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 1
    assert list(tmp_path.iterdir()) == [master]


@pytest.mark.parametrize("into", FORMATS)
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, into: EncodedFormat) -> None:
    master = write(tmp_path / "m.wav", tone(20))
    full = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    full += "resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000)); "
    full += "from station.encoding import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", full, str(master), str(tmp_path / f"m.{into}"), into]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert list(tmp_path.iterdir()) == [master]


def sparse_master(path: Path, frames: int) -> Path:
    """Silence of any length that takes no disk: a hole behind an RF64 header."""
    data = 2 * frames
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 72 + data, data, frames, 0)
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    with path.open("wb") as file:
        file.write(b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + ds64 + fmt + b"data")
        file.write(struct.pack("<I", 0xFFFFFFFF))
        file.truncate(file.tell() + data)
    return path


def peak_bytes(command: list[str]) -> int:
    """Resident memory the command took at most; asked by a small process, whose own size a child starts from."""
    ask = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    ask += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    return int(subprocess.run([sys.executable, "-c", ask, *command], check=True, capture_output=True).stdout)


@pytest.mark.parametrize(("into", "minutes"), [("mp3", 30), ("flac", 60), ("m4a", 5)])
def test_memory_does_not_grow_with_the_length(tmp_path: Path, into: EncodedFormat, minutes: int) -> None:
    master = sparse_master(tmp_path / "m.wav", minutes * 60 * RATE)
    assert peak_bytes([*CHILD, str(master), str(tmp_path / f"m.{into}"), into]) < 100 * 1024 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("into", FORMATS)
def test_a_master_beyond_4_gib(tmp_path: Path, into: EncodedFormat) -> None:
    frames = 13 * 3600 * RATE
    master, target = sparse_master(tmp_path / "m.wav", frames), tmp_path / f"m.{into}"
    assert master.stat().st_size > 1 << 32
    # ffmpeg keeps an index entry for every 21 ms of M4A until the end; the others keep nothing.
    assert peak_bytes([*CHILD, str(master), str(target), into]) < (256 if into == "m4a" else 100) * 1024 * 1024
    assert abs(float(probed(target)["duration"]) - frames / RATE) <= 0.1
