"""Imported sound: every recorder's format becomes a master, damage is said, nothing is held in memory."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from days import audio_of
from dictated import RATE, SECONDS, cut, made, sweep
from rig.marker import Frames

from exam.audio import AudioFormat
from exam.fixity import sha256_of
from station.decoding import LENGTH_TOLERANCE_S
from station.foreign import Imported, import_audio
from station.tape import HEADER_BYTES, TapeReader


def heard(master: Path) -> Frames:
    return np.frombuffer(audio_of(master), "<i2")


def loudest_lag(a: Frames, b: Frames) -> tuple[int, float]:
    """By how many frames `b` lags `a`, and how alike they are then (1: the same)."""
    size = 1 << (len(a) + len(b)).bit_length()
    x, y = (np.fft.rfft(each.astype(float), size) for each in (a, b))
    correlation = np.fft.irfft(np.conj(x) * y, size)
    lag = int(np.argmax(correlation))
    like = float(correlation[lag] / np.sqrt((a.astype(float) ** 2).sum() * (b.astype(float) ** 2).sum()))
    return lag if lag < size // 2 else lag - size, like


RECORDERS = {
    "pcm8.wav": ("-c:a", "pcm_u8"),
    "pcm24.wav": ("-c:a", "pcm_s24le"),
    "pcm32.wav": ("-c:a", "pcm_s32le"),
    "float.wav": ("-c:a", "pcm_f32le"),
    "double.wav": ("-c:a", "pcm_f64le"),
    "ima.wav": ("-c:a", "adpcm_ima_wav"),
    "ms.wav": ("-c:a", "adpcm_ms"),
    "alaw.wav": ("-c:a", "pcm_alaw"),
    "a.w64": (),
    "a.aiff": (),
    "a.caf": (),
    "a.mp3": (),
    "vbr.mp3": ("-q:a", "4"),
    "plain.mp3": ("-write_xing", "0", "-id3v2_version", "0"),
    "a.m4a": (),
    "a.aac": (),
    "alac.m4a": ("-c:a", "alac"),
    "fragmented.mp4": ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000"),
    "a.3gp": ("-c:a", "aac"),
    "a.wma": (),
    "vorbis.ogg": ("-c:a", "libvorbis"),
    "opus.ogg": ("-c:a", "libopus"),
    "a.opus": (),
    "a.flac": (),
    "a.webm": ("-c:a", "libopus"),
    "a.mka": ("-c:a", "ac3"),
    "a.avi": ("-c:a", "mp3"),
    "a.ts": ("-c:a", "aac"),
}
LOSSLESS = {"pcm24.wav", "pcm32.wav", "float.wav", "double.wav", "a.w64", "a.aiff", "a.caf", "alac.m4a", "a.flac"}


@pytest.mark.parametrize("name", RECORDERS)
def test_every_recorders_file_becomes_a_master(tmp_path: Path, plain: Path, master: Path, name: str) -> None:
    source = made(tmp_path / name, "-i", str(plain), *RECORDERS[name])
    told = import_audio(source, master)
    assert (told.shape, told.damaged, told.warnings) == (AudioFormat(RATE, 1), False, ())
    assert (told.sha256, told.size) == (sha256_of(source), source.stat().st_size)
    with TapeReader(master) as reader:
        assert (reader.is_whole, reader.frames, reader.shape) == (True, told.frames, told.shape)
    lag, like = loudest_lag(sweep(), heard(master))
    assert abs(lag) < 0.06 * RATE, "the coder's delay at most"
    assert like > 0.98
    assert told.frames >= SECONDS * RATE - 0.06 * RATE
    if told.stated_s is not None:
        assert abs(told.stated_s - told.frames / RATE) <= LENGTH_TOLERANCE_S
    if name in LOSSLESS:
        assert np.array_equal(heard(master), sweep()), "to the sample"
    assert list(master.parent.iterdir()) == [master]


def test_16_bit_sound_stays_as_it_is_to_the_sample(plain: Path, master: Path) -> None:
    assert import_audio(plain, master).frames == SECONDS * RATE
    assert np.array_equal(heard(master), sweep())


def test_a_telephones_amr(tmp_path: Path, plain: Path, master: Path) -> None:
    source = tmp_path / "call.amr"
    subprocess.run(["sox", plain, "-r", "8000", "-t", "amr-nb", source], check=True)
    told = import_audio(source, master)
    assert (told.shape, told.damaged) == (AudioFormat(8000, 1), False)
    lag, like = loudest_lag(sweep(rate=8000), heard(master))
    assert (abs(lag) < 400, like > 0.9) == (True, True)


def test_the_sound_of_a_conference_video(tmp_path: Path, plain: Path, master: Path) -> None:
    video = made(tmp_path / "zoom.mp4", "-f", "lavfi", "-i", "testsrc=d=3:s=320x240", "-i", str(plain), "-shortest")
    told = import_audio(video, master)
    assert ("mp4" in told.container, told.codec, told.damaged) == (True, "aac", False)
    assert loudest_lag(sweep(), heard(master))[1] > 0.98


@pytest.mark.parametrize(
    ("rate", "channels", "shape"),
    [
        (8000, 2, AudioFormat(8000, 2)),
        (11025, 1, AudioFormat(11025, 1)),
        (96000, 2, AudioFormat(96000, 2)),
        (192000, 1, AudioFormat(96000, 1)),
        (4000, 1, AudioFormat(8000, 1)),
        (48000, 6, AudioFormat(48000, 2)),
    ],
)
def test_rate_and_channels_stay_within_what_a_master_may_have(
    tmp_path: Path, master: Path, rate: int, channels: int, shape: AudioFormat
) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, np.stack([sweep(1.0, rate)] * channels, axis=1), rate, "PCM_16")
    told = import_audio(source, master)
    assert (told.shape, told.frames) == (shape, shape.sample_rate)
    assert bool(told.warnings) == (channels > 2)


def test_of_several_tracks_the_first_is_taken_and_it_is_said(tmp_path: Path, plain: Path, master: Path) -> None:
    words = ("-i", str(plain), "-f", "lavfi", "-i", "sine=d=3", "-map", "0", "-map", "1")
    told = import_audio(made(tmp_path / "two.mka", *words, "-c:a", "flac"), master)
    assert np.array_equal(heard(master), sweep())
    assert "2 звуковых дорожек" in told.warnings[0]


# -- damaged -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.wav", ()),
        ("a.mp3", ()),
        ("vbr.mp3", ("-q:a", "4")),
        ("faststart.m4a", ("-movflags", "faststart")),
        ("a.flac", ()),
        ("a.wma", ()),
        ("a.webm", ("-c:a", "libopus")),
    ],
)
def test_what_decodes_of_a_cut_file_is_kept_and_said(
    tmp_path: Path, plain: Path, master: Path, name: str, words: tuple[str, ...]
) -> None:
    told = import_audio(cut(made(tmp_path / name, "-i", str(plain), *words), 0.5), master)
    assert told.damaged
    assert 0.9 < told.frames / RATE < 2.2
    assert f"прочитано {told.frames / RATE:.1f} с" in told.warnings[0]
    lag, like = loudest_lag(sweep()[: told.frames], heard(master))
    assert (abs(lag) < 0.06 * RATE, like > 0.95) == (True, True)


@pytest.mark.parametrize("promised", [0, 0xFFFFFFFF, 1000])
def test_a_wav_whose_recorder_died_is_read_to_its_end(plain: Path, master: Path, promised: int, tmp_path: Path) -> None:
    content = bytearray(plain.read_bytes())
    struct.pack_into("<I", content, content.index(b"data") + 4, promised)
    (tmp_path / "died.wav").write_bytes(content)
    told = import_audio(tmp_path / "died.wav", master)
    assert told.damaged
    assert np.array_equal(heard(master), sweep())


def test_chunks_after_the_sound_are_not_heard(plain: Path, master: Path) -> None:
    with plain.open("ab") as file:
        file.write(b"LIST" + struct.pack("<I", 1000) + bytes(1000))
    told = import_audio(plain, master)
    assert (told.frames, told.damaged) == (SECONDS * RATE, False)


def test_a_spoilt_middle_is_passed_over_and_said(tmp_path: Path, plain: Path, master: Path) -> None:
    source = made(tmp_path / "a.mp3", "-i", str(plain), "-b:a", "128k")
    content = bytearray(source.read_bytes())
    content[20000:24000] = np.random.default_rng(1).bytes(4000)
    source.write_bytes(content)
    told = import_audio(source, master)
    assert told.damaged
    assert told.frames > 2.5 * RATE


# -- memory, priority, death -------------------------------------------------------------------------------------

IMPORT = "import sys; from pathlib import Path; from station.foreign import import_audio; "
IMPORT += "import_audio(Path(sys.argv[1]), Path(sys.argv[2]))"


def sparse_wav(path: Path, seconds: int) -> Path:
    """Hours of silence that take no disk."""
    data = 2 * RATE * seconds
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + data) + b"WAVE" + fmt + b"data" + struct.pack("<I", data))
        file.truncate(44 + data)
    return path


def test_an_hours_long_file_is_never_held_in_memory(tmp_path: Path, master: Path) -> None:
    source = sparse_wav(tmp_path / "long.wav", 1800)
    ask = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    ask += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    command = [sys.executable, "-c", ask, sys.executable, "-c", IMPORT, str(source), str(master)]
    peak = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert master.stat().st_size == HEADER_BYTES + 2 * RATE * 1800
    assert peak < 100 * 1024 * 1024


def test_interrupted_it_leaves_nothing_behind(tmp_path: Path, master: Path) -> None:
    source = sparse_wav(tmp_path / "long.wav", 2 * 3600)
    code = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); "
    with subprocess.Popen([sys.executable, "-c", "import sys; " + code + IMPORT, str(source), str(master)]) as child:
        try:
            while not any(path.stat().st_size > HEADER_BYTES for path in master.parent.iterdir()):
                assert child.poll() is None
            (ffmpeg,) = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
            own = os.getpriority(os.PRIO_PROCESS, 0)
            assert os.getpriority(os.PRIO_PROCESS, int(ffmpeg)) == min(own + 10, 19)
            child.terminate()
            assert child.wait(30) == 1
        finally:
            child.kill()
    assert list(master.parent.iterdir()) == []
    assert not Path(f"/proc/{ffmpeg}").exists(), "ffmpeg ended with it"


def test_the_report_is_plain(plain: Path, master: Path) -> None:
    told = import_audio(plain, master)
    assert isinstance(told, Imported)
    assert (told.container, told.codec, told.stated_s) == ("wav", "pcm_s16le", SECONDS)
