"""The end of the stream as it is listened to: real speech from a tape that grows, what stands each half second."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rig import speech
from rig.marker import Frames

from exam.audio import AudioFormat
from station.audibility.live import Floor
from station.audibility.thresholds import Thresholds
from station.listening.live import Live
from station.listening.reading import Tapes
from station.session.day import Place
from station.situation import Setting, Situation, TakeSituation
from station.tape import Tape

RATE = speech.RATE
FILE = "поток_01.wav"
TAKE = TakeSituation(stem="Иванов И", spans=(), open_from=Place(FILE, 0), marks=(), tasks=(1, 2, 3, 4), extended=False,
                     gaps=(), wants_verdict=False)  # fmt: skip


def heard(folder: Path, sound: Frames) -> list[tuple[float, set[str]]]:
    """Whenever it changed: the second, and what stood from then on."""
    shape = AudioFormat(RATE, 1)
    live = Live(Setting(shape=shape, seats=(), thresholds=Thresholds()), Tapes())
    tape, changes = Tape(folder / FILE, shape), []
    for first in range(0, len(sound), RATE // 2):
        tape.append(sound[first : first + RATE // 2].tobytes())
        told = live.look(Situation(folder=str(folder), file=FILE, frames=tape.frames, current=TAKE.stem, takes=(TAKE,)))
        if told is not None:
            changes.append((tape.frames / RATE, {alarm.code for alarm in told.alarms}))
    tape.close()
    return changes


def talk(seconds: float, gain: float, noise_dbfs: float) -> NDArray[np.float64]:
    said = speech.conversation(seconds, seed=61).astype(np.float64) * gain
    return said + np.random.default_rng(6).normal(0, 32768 * 10 ** (noise_dbfs / 20), len(said))


def samples(sound: NDArray[np.float64]) -> Frames:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("gain", [0.1, 0.06])
def test_who_suddenly_speaks_far_too_quietly_is_told(tmp_path: Path, gain: float) -> None:
    changes = heard(tmp_path, samples(np.concatenate([talk(20, 1.0, -70), talk(25, gain, -68)])))
    (at_s, codes), *_ = changes
    assert codes == {"level_low"}
    assert 25 < at_s < 40


def test_a_fan_that_is_switched_on_is_noise_and_not_speech(tmp_path: Path) -> None:
    changes = heard(tmp_path, samples(np.concatenate([talk(30, 1.0, -68), talk(40, 1.0, -40)])))
    assert {"noise"} in [codes for _, codes in changes]


def test_two_minutes_of_dialogue_raise_nothing(tmp_path: Path) -> None:
    assert heard(tmp_path, speech.conversation(120, seed=62)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [44, 45, 46])
def test_an_hour_of_dialogue_raises_nothing(tmp_path: Path, seed: int) -> None:
    """Left to itself the detector learns within an hour to take a voice for noise."""
    assert heard(tmp_path, speech.conversation(3600, seed=seed)) == []


@pytest.mark.parametrize(("floor_dbfs", "gain_db"), [(-40, 0), (-58, 0), (-64, 6), (-70, 12), (-90, 12)])
def test_the_detector_is_given_more_only_in_a_quiet_room(floor_dbfs: float, gain_db: float) -> None:
    floor = Floor()
    assert floor.gain == 1.0, "nothing is known yet"
    words = np.full(700, 10**-2.5, np.float32)
    floor.hear(np.concatenate([words, np.full(300, 10 ** (floor_dbfs / 10), np.float32)]))
    assert 20 * np.log10(floor.gain) == pytest.approx(gain_db, abs=0.1)
