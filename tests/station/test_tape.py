"""Tapes on disk: right in every reader at every moment, never overwritten, sealed without touching the sound."""

import json
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from days import RATE, SHAPE, sound

from exam.audio import AudioFormat
from exam.errors import Rejected
from station.tape import HEADER_BYTES, Tape, TapeReader, header, seal

STEREO = AudioFormat(44100, 2)


def by_soundfile(path: Path) -> tuple[int, int, int]:
    seen = soundfile.info(path)
    return seen.frames, seen.samplerate, seen.channels


def by_sox(path: Path) -> tuple[int, int, int]:
    frames, rate, channels = (
        int(subprocess.run(["soxi", option, path], capture_output=True, text=True, check=True).stdout)
        for option in ("-s", "-r", "-c")
    )
    return frames, rate, channels


def by_ffprobe(path: Path) -> tuple[int, int, int]:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-of",
        "json",
        "-show_entries",
        "stream=duration_ts,sample_rate,channels",
        path,
    ]
    stream = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["streams"][0]
    return int(stream["duration_ts"]), int(stream["sample_rate"]), int(stream["channels"])


Reader = Callable[[Path], tuple[int, int, int]]
READERS: tuple[Reader, ...] = (by_soundfile, by_sox, by_ffprobe)


@pytest.mark.parametrize("shape", [SHAPE, STEREO])
@pytest.mark.parametrize("read", READERS)
def test_every_reader_sees_what_an_open_tape_holds(tmp_path: Path, shape: AudioFormat, read: Reader) -> None:
    tape = Tape(tmp_path / "a.wav", shape)
    for frames in (800, 1, 333):
        tape.append(bytes(frames * shape.frame_bytes))
        assert read(tape.path) == (tape.frames, shape.sample_rate, shape.channels)
        assert tape.path.stat().st_size == HEADER_BYTES + tape.frames * shape.frame_bytes
    tape.append_silence(100_000)
    assert read(tape.path) == (101_134, shape.sample_rate, shape.channels)
    tape.close()
    with TapeReader(tape.path) as reader:
        assert (reader.is_whole, reader.frames, reader.shape) == (True, 101_134, shape)


def test_a_new_tape_plays_as_nothing(tmp_path: Path) -> None:
    Tape(tmp_path / "a.wav", SHAPE)
    assert by_soundfile(tmp_path / "a.wav") == (0, RATE, 1)
    assert by_sox(tmp_path / "a.wav") == (0, RATE, 1)


LARGEST_WAV = ((1 << 32) - 1 - (HEADER_BYTES - 8)) // STEREO.frame_bytes
SOX_READS_IT_ALL = pytest.param(by_sox, marks=pytest.mark.slow)


@pytest.mark.parametrize("read", [by_soundfile, by_ffprobe, SOX_READS_IT_ALL])
@pytest.mark.parametrize(("frames", "form"), [(LARGEST_WAV, b"RIFF"), (LARGEST_WAV + 1, b"RF64")])
def test_a_tape_turns_to_rf64_where_wav_ends(tmp_path: Path, read: Reader, frames: int, form: bytes) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(header(STEREO, frames * STEREO.frame_bytes))
        file.truncate(HEADER_BYTES + frames * STEREO.frame_bytes)
    with path.open("rb") as file:
        assert file.read(4) == form
    assert read(path) == (frames, 44100, 2)


@pytest.mark.parametrize("read", READERS)
def test_every_reader_knows_our_form_of_rf64(tmp_path: Path, read: Reader) -> None:
    head = bytearray(header(STEREO, 1 << 33))
    struct.pack_into("<QQQ", head, 20, HEADER_BYTES - 8 + 4000, 4000, 1000)
    (tmp_path / "short.wav").write_bytes(bytes(head) + sound(0, 2000))
    assert read(tmp_path / "short.wav") == (1000, 44100, 2)


def test_an_open_tape_outgrows_wav_in_place(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "long.wav", STEREO)
    tape._data_bytes = ((1 << 30) - 100) * STEREO.frame_bytes  # as if appended; the hole takes no disk
    tape.append(sound(0, 2000))
    assert by_soundfile(tape.path) == ((1 << 30) + 900, 44100, 2)
    assert tape.read((1 << 30) - 100, 1000) == sound(0, 2000)
    tape.close()
    with TapeReader(tape.path) as reader:
        assert (reader.is_whole, reader.frames) == (True, (1 << 30) + 900)


def test_what_is_held_is_there_after_a_kill_and_does_not_count_before(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.wav", SHAPE)
    tape.append(b"\1\2" * 100)
    tape.hold(b"\3\4" * 50, gap=30)
    tape.hold(b"\5\6" * 50)
    assert tape.frames == 100
    (tmp_path / "killed.wav").write_bytes(tape.path.read_bytes())
    assert seal(tmp_path / "killed.wav") == 230
    with TapeReader(tmp_path / "killed.wav") as killed:
        assert killed.is_whole
        assert killed.read(100, 130) == bytes(60) + b"\3\4" * 50 + b"\5\6" * 50


def test_what_is_appended_replaces_what_was_held(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.wav", SHAPE)
    tape.hold(b"\3\4" * 50)
    tape.append_silence(20)
    tape.append(b"\3\4" * 50)
    with TapeReader(tape.path) as growing:
        assert growing.is_whole
    tape.hold(b"\5\6" * 50)
    tape.close()
    with TapeReader(tape.path) as closed:
        assert closed.is_whole
        assert closed.read(0, 1000) == bytes(40) + b"\3\4" * 50


def test_a_name_that_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        Tape(tmp_path / "a.wav", SHAPE)
    (tmp_path / "b.wav").symlink_to(tmp_path / "elsewhere.wav")
    with pytest.raises(FileExistsError):
        Tape(tmp_path / "b.wav", SHAPE)
    assert (tmp_path / "a.wav").read_bytes() == b"precious"
    assert not (tmp_path / "elsewhere.wav").exists()


def test_reading_back_stops_at_the_end(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.wav", SHAPE)
    tape.append(sound(0, 1000))
    assert tape.read(900, 500) == sound(900, 100)
    assert tape.read(5000, 5) == b""
    with TapeReader(tape.path) as reader:
        assert b"".join(reader.blocks(100, 300, 64)) == sound(100, 300)
        assert len(list(reader.blocks(0, 0))) == 0
    tape.close()


@pytest.mark.parametrize("shape", [SHAPE, AudioFormat(RATE, 2)])
@pytest.mark.parametrize("lost", range(10))
def test_a_file_cut_at_any_byte_is_sealed_to_its_whole_frames(tmp_path: Path, shape: AudioFormat, lost: int) -> None:
    data = sound(0, 100)
    path = tmp_path / "a.wav"
    path.write_bytes((header(shape, len(data)) + data)[: HEADER_BYTES + len(data) - lost])
    kept = (len(data) - lost) // shape.frame_bytes
    assert seal(path) == kept
    assert path.read_bytes() == header(shape, kept * shape.frame_bytes) + data[: kept * shape.frame_bytes]
    assert by_soundfile(path)[0] == kept
    before = path.stat().st_mtime_ns
    assert seal(path) == kept
    assert path.stat().st_mtime_ns == before, "a whole file is not written to"


@pytest.mark.parametrize("announced", [0, 50, 199, 100_000])
def test_the_bytes_decide_not_the_header(tmp_path: Path, announced: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(SHAPE, announced) + sound(0, 100))
    with TapeReader(path) as reader:
        assert (reader.is_whole, reader.frames) == (False, 100)
    assert seal(path) == 100
    assert path.read_bytes() == header(SHAPE, 200) + sound(0, 100)


def test_sound_without_its_header_update_is_kept(tmp_path: Path) -> None:
    tape = Tape(tmp_path / "a.wav", SHAPE)
    tape.append(sound(0, 50))
    with tape.path.open("ab") as file:
        file.write(sound(50, 50))
    assert seal(tape.path) == 100


@pytest.mark.parametrize("length", range(HEADER_BYTES))
def test_a_file_shorter_than_a_header_is_refused_and_left_alone(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(header(SHAPE, 200)[:length])
    with pytest.raises(Rejected):
        seal(path)
    assert path.read_bytes() == header(SHAPE, 200)[:length]


def foreign(shape: AudioFormat = SHAPE, **change: tuple[int, bytes]) -> bytes:
    head = bytearray(header(shape, 200))
    for at, content in change.values():
        head[at : at + len(content)] = content
    return bytes(head) + sound(0, 100)


FOREIGN = {
    "zeros": bytes(280),
    "text": b"This is no sound at all. " * 20,
    "another riff": foreign(riff=(0, b"RIFX")),
    "not wave": foreign(wave=(8, b"AVI ")),
    "no fmt where ours is": foreign(fmt=(48, b"LIST")),
    "not PCM": foreign(codec=(56, struct.pack("<H", 3))),
    "no channels": foreign(channels=(58, struct.pack("<H", 0))),
    "24 bit": foreign(bits=(70, struct.pack("<H", 24))),
    "no rate": foreign(rate=(60, struct.pack("<I", 0))),
    "no data where ours is": foreign(data=(72, b"fact")),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for attempt in (seal, TapeReader):
        with pytest.raises(Rejected) as caught:
            attempt(path)
        assert caught.value.code == "foreign_file"
    assert path.read_bytes() == content
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


def test_what_sox_and_soundfile_write_is_not_taken_for_ours(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100, np.int16), RATE, "PCM_16")
    with pytest.raises(Rejected):
        TapeReader(tmp_path / "a.wav")
