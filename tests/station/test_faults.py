"""Dropouts in a sound: all are found, at their places, however the sound is fed, and none where there is none."""

import io

import lameenc
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rig import speech

from exam.audio import AudioFormat
from station.audibility.faults import Faults, latest
from station.audibility.flaws import Fault

RATE = 48000
MONO = AudioFormat(RATE, 1)
Sound = NDArray[np.int16]


def room(seconds: float = 6.0, dbfs: float = -60.0, seed: int = 1) -> Sound:
    """A quiet room, and something louder that comes and goes in it."""
    random = np.random.default_rng(seed)
    frames = round(seconds * RATE)
    swell = 1 + 20 * np.sin(np.arange(frames) / RATE * 2) ** 8
    return np.rint(random.normal(0, 32768 * 10 ** (dbfs / 20), frames) * swell).astype(np.int16)


def found(sound: Sound, *, shape: AudioFormat = MONO, pieces: list[int] | None = None) -> tuple[Fault, ...]:
    faults, told, at = Faults(shape), list[Fault](), 0
    sound = sound.reshape(-1, shape.channels)
    for piece in [*(pieces or []), len(sound)]:
        told += faults.take(sound[at : at + piece])
        at += piece
    return latest(told + faults.finish())


def damaged(sound: Sound, kind: str, at: int, frames: int) -> Sound:
    broken = sound.copy()
    hole = broken[at : at + frames]
    if kind == "held":
        hole[:] = 77
    elif kind == "last bit":
        hole[:] = np.random.default_rng(at).integers(-1, 2, frames)
    elif kind == "zeros":
        hole[:] = 0
    elif kind == "buffer twice":
        hole[:] = sound[at - frames : at]
    else:
        hole[:] = np.resize(sound[at - 480 : at], frames)
    return broken


TOLD = {
    "zeros": "zeros",
    "held": "stuck",
    "last bit": "stuck",
    "buffer twice": "repeat",
    "buffer over and over": "repeat",
}


@pytest.mark.parametrize("kind", ["zeros", "last bit"])
def test_beside_a_quiet_hum_a_dropout_is_abrupt_all_the_same(kind: str) -> None:
    """The hum hardly moves within a millisecond; what hisses in it stops at once."""
    time = np.arange(4 * RATE) / RATE
    hum = 25 * np.sin(2 * np.pi * 50 * time) + np.random.default_rng(3).normal(0, 3.3, len(time))
    at = RATE  # where it is nothing itself
    told = found(damaged(np.rint(hum).astype(np.int16), kind, at, RATE // 50))
    assert [fault.kind for fault in told] == [TOLD[kind]]
    assert abs(told[0].first_frame - at) <= 2


@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.parametrize("ms", [5, 10, 40, 250, 3000])
@pytest.mark.parametrize("at", [RATE, 3 * RATE // 2 - 100, 2 * RATE - 3])
def test_a_dropout_is_found_at_its_place(kind: str, ms: int, at: int) -> None:
    if kind == "buffer twice" and ms > 250:
        pytest.skip("no buffer is as long")
    frames = ms * RATE // 1000
    if kind == "buffer over and over" and frames < 480:
        pytest.skip("it is the beginning of a buffer, then, which is the kind before")
    (fault,) = found(damaged(room(), kind, at, frames))
    assert fault.kind == TOLD[kind]
    assert abs(fault.first_frame - at) <= 4
    assert abs(fault.frames - frames) <= 8


@settings(max_examples=20)
@given(st.lists(st.integers(1, 60_000), max_size=12), st.sampled_from(sorted(TOLD)), st.integers(0, 2 * RATE))
def test_it_does_not_matter_in_what_pieces_sound_comes(pieces: list[int], kind: str, at: int) -> None:
    sound = damaged(room(4), kind, RATE + at, 2000)
    assert found(sound, pieces=pieces) == found(sound) != ()


def test_the_channel_is_told() -> None:
    pair = np.stack([room(seed=1), damaged(room(seed=2), "zeros", RATE, 900)], axis=1)
    assert found(pair, shape=AudioFormat(RATE, 2)) == (Fault("zeros", 1, RATE, 900),)


def test_what_lasts_is_told_while_it_does() -> None:
    sound, faults = damaged(room(10), "zeros", 3 * RATE, 6 * RATE), Faults(MONO)
    told = [[fault.frames / RATE for fault in faults.take(piece[:, None])] for piece in np.split(sound, 20)]
    assert [len(fault) for fault in told] == [0] * 8 + [1, 0] * 5 + [1, 0]
    assert told[8][0] == pytest.approx(1.49)
    assert told[18] == [6.0]


def test_a_microphone_that_is_muted_from_the_beginning_is_told() -> None:
    assert found(np.zeros(5 * RATE, np.int16)) == (Fault("zeros", 0, 0, 5 * RATE),)


@pytest.mark.parametrize("dbfs", [-60, -75, -84, -90, -96, -105])
@pytest.mark.parametrize("smooth", [1, *(pytest.param(smooth, marks=pytest.mark.slow) for smooth in (4, 16))])
def test_no_room_is_too_quiet(dbfs: float, smooth: int) -> None:
    random = np.random.default_rng(round(-dbfs))
    noise = np.convolve(random.normal(0, 1, 30 * RATE), np.ones(smooth), "same")
    assert found(np.rint(noise * 32768 * 10 ** (dbfs / 20) / noise.std()).astype(np.int16)) == ()


@pytest.mark.parametrize("hertz", [50, 100, 333.3, 440, 1000, 1234.5])
@pytest.mark.parametrize("dbfs", [-10, -60])
def test_a_generated_tone_is_no_buffer_played_again(hertz: float, dbfs: float) -> None:
    peak = 32768 * 10 ** (dbfs / 20)
    assert found(np.rint(peak * np.sin(2 * np.pi * hertz * np.arange(5 * RATE) / RATE)).astype(np.int16)) == ()


def test_a_full_scale_bump_is_clipped_and_no_dropout() -> None:
    sound = room()
    sound[RATE : RATE + 400] = 32767
    assert found(sound) == ()


def test_speech_that_fades_to_digital_silence_has_no_dropouts() -> None:
    """As lossy codecs and gates with a fade leave it: nothing between the words, down to the last bit."""
    sound = speech.conversation(60, seed=2001).astype(np.float64)
    loudness = np.convolve(np.abs(sound), np.ones(2400) / 2400, "same")
    gate = np.convolve(loudness > 200, np.ones(960) / 960, "same") ** 4
    assert found(np.rint(sound * gate).astype(np.int16)) == ()


def test_speech_of_eight_bits_has_no_dropouts() -> None:
    sound = speech.conversation(60, seed=2003)
    assert found((np.rint(sound / 256) * 256).astype(np.int16)) == ()


@pytest.mark.parametrize("kbit", [32, pytest.param(64, marks=pytest.mark.slow)])
def test_speech_that_was_mp3_has_no_dropouts(kbit: int) -> None:
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_bit_rate(kbit)
    encoder.silence()
    room = speech.conversation(60, seed=2004)
    room = np.where(np.convolve(np.abs(room.astype(float)), np.ones(4800) / 4800, "same") > 200, room, 0)
    encoded = encoder.encode(room.astype(np.int16).tobytes()) + encoder.flush()
    assert found(soundfile.read(io.BytesIO(bytes(encoded)), dtype="int16")[0]) == ()


def test_human_speech_in_a_room_has_no_dropouts() -> None:
    assert found(speech.conversation(180, seed=2002)) == ()
