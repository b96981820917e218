"""What a sound's faults are graded as, in human speech with faults put into it."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from rig import speech

from exam.audio import AudioFormat, Gap
from station.audibility.analyser import Analyser
from station.audibility.fault_metrics import metrics, rate
from station.audibility.findings import Metric
from station.audibility.scene import scene_of
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline
from station.audibility.track import Track

RATE = 48000
LIMITS = Thresholds()
Sound = NDArray[np.float64]


@lru_cache(maxsize=4)
def talk(seed: int = 3001, seconds: float = 30.0) -> Sound:
    """Eight seconds of a quiet room, then people talking in it; 1.0 is full scale."""
    quiet = np.random.default_rng(seed).normal(0, 10 ** (speech.ROOM_DBFS / 20), 8 * RATE)
    return np.concatenate([quiet, speech.conversation(seconds, seed) / 32768])


def track_of(sound: Sound, pieces: int = 1) -> Track:
    """Of (frames,) or (frames, channels), fed in so many pieces; loud cells are taken for speech."""
    samples = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
    samples = samples if samples.ndim > 1 else samples[:, None]
    analyser = Analyser(AudioFormat(RATE, samples.shape[1]))
    for piece in np.array_split(samples, pieces):
        analyser.feed(piece)
    track = analyser.track()
    power = track.power.mean(axis=1)
    return track._replace(speech=(power > power.sum() / max(1, len(power)) / 10).astype(np.float32))


def graded(sound: Sound, gaps: Sequence[Gap] = ()) -> dict[str, Metric]:
    track = track_of(sound)
    frames = scene_of(track, Timeline(basis="file"), gaps, (), LIMITS).frames
    return {metric.name: metric for metric in metrics(track, frames, gaps, LIMITS)}


def emptied(sound: Sound, *places_s: tuple[float, float]) -> Sound:
    broken = sound.copy()
    for first, end in places_s:
        broken[round(first * RATE) : round(end * RATE)] = 0
    return broken


def overloaded(sound: Sound, height: float, loudness: float = 3.0) -> Sound:
    return np.clip(sound / np.abs(sound).max() * loudness, -1, 1) * height


def test_clean_speech_passes() -> None:
    found = graded(talk())
    assert {name: metric.grade for name, metric in found.items() if metric.grade != "pass"} == {}
    assert not any(metric.reason or metric.places for metric in found.values())


@pytest.mark.parametrize("height", [1.0, 0.3])
def test_an_overloaded_voice_is_named_with_places_and_advice(height: float) -> None:
    clipping = graded(overloaded(talk(), height))["clipping"]
    assert clipping.grade == "fail"
    assert "перегружен" in clipping.reason
    assert "Отодвиньте микрофон" in clipping.advice
    assert 1 <= len(clipping.places) <= 10


@pytest.mark.parametrize("height", [1.0, 0.3])
def test_a_voice_clipped_at_one_place_only_is_timed(height: float) -> None:
    sound = talk() / np.abs(talk()).max()
    loud = sound.copy()
    loudest = int(np.argmax(np.abs(sound))) / RATE
    first, end = round((loudest - 0.2) * RATE), round((loudest + 0.2) * RATE)
    loud[first:end] = np.clip(loud[first:end] * 3, -1, 1)
    place = graded(loud * height)["clipping"].places[0]
    assert place.start_s - 0.5 <= loudest <= place.end_s + 0.5


def test_as_loud_as_can_be_is_not_clipped() -> None:
    assert graded(talk() / np.abs(talk()).max() * 0.9999)["clipping"].grade == "pass"


def test_clipped_samples_are_counted_once_wherever_pieces_end() -> None:
    sound = overloaded(talk()[8 * RATE : 13 * RATE], 1.0)
    whole, cut = (int(track_of(sound, pieces).clipped.sum()) for pieces in (1, 997))
    assert whole == cut > 0


@pytest.mark.parametrize(
    ("places", "grade"),
    [
        ([(5.0, 5.012)], "warn"),
        ([(5.0, 5.012), (9.0, 9.008)], "warn"),
        ([(5.0, 5.03)], "fail"),
        ([(5.0, 5.01), (9.0, 9.01), (12.0, 12.01)], "fail"),
    ],
)
def test_dropouts_are_graded_by_number_and_length(places: list[tuple[float, float]], grade: str) -> None:
    found = graded(emptied(talk(), *places))["dropouts"]
    assert (found.grade, found.value) == (grade, len(places))
    for place, (first, end) in zip(sorted(found.places, key=lambda place: place.start_s), places, strict=True):
        assert (place.start_s, place.end_s) == pytest.approx((first, end), abs=0.001)
    assert "пропадал" in found.reason
    assert "Bluetooth" in found.advice


def test_a_recorded_loss_is_told_once_with_what_to_do_about_it() -> None:
    gap = Gap(10 * RATE, 2 * RATE, "device_lost")
    found = graded(emptied(talk(), (10.0, 12.0)), [gap])["dropouts"]
    assert (found.grade, found.value) == ("fail", 1.0)
    assert "кабель" in found.advice


def test_noise_suppression_is_not_taken_for_dropouts_yet_those_amid_words_are() -> None:
    sound = talk()
    loudness = np.convolve(np.abs(sound), np.ones(4800) / 4800, "same")
    gated = np.where(loudness > 0.004, sound, 0)
    assert graded(gated)["dropouts"].grade == "pass"
    amid = (int(np.argmax(loudness)) / RATE, int(np.argmax(loudness)) / RATE + 0.03)
    found = graded(emptied(gated, amid))["dropouts"]
    assert found.value == 1.0
    assert found.places[0].start_s == pytest.approx(amid[0], abs=0.001)


def test_a_microphone_without_any_sound_has_no_dropouts_but_nothing_to_judge() -> None:
    assert graded(np.zeros(5 * RATE))["dropouts"].grade == "unknown"


@pytest.mark.parametrize(("dbfs", "grade"), [(-55, "warn"), (-40, "fail")])
def test_hum_of_the_mains_is_found(dbfs: float, grade: str) -> None:
    time = np.arange(len(talk())) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * number * time) for number in (1, 2, 3)) / np.sqrt(1.5) * 10 ** (dbfs / 20)
    found = graded(talk() + hum)["hum"]
    assert found.grade == grade
    assert "50" in found.reason
    assert "гул" in found.reason


@pytest.mark.parametrize("hertz", [60.0, 43.7, 61.7, 75.0, 120.0, 97.0])
def test_another_machine_is_no_hum_of_the_mains(hertz: float) -> None:
    time = np.arange(len(talk())) / RATE
    sound = talk() + sum(np.sin(2 * np.pi * hertz * number * time) for number in range(1, 9)) * 10 ** (-50 / 20)
    assert graded(sound)["hum"].grade == "pass"


@pytest.mark.parametrize(("rate_hz", "grade"), [(8000, "fail"), (12000, "warn"), (16000, "pass"), (44100, "pass")])
def test_the_bandwidth_is_that_of_the_narrowest_part_of_the_way(rate_hz: int, grade: str) -> None:
    narrow = soxr.resample(soxr.resample(talk(), RATE, rate_hz), rate_hz, RATE)
    found = graded(narrow)["bandwidth"]
    assert found.grade == grade
    if grade == "fail":
        assert "Bluetooth" in found.advice


def test_a_voice_in_loud_noise_has_an_unknown_bandwidth() -> None:
    narrow = soxr.resample(soxr.resample(talk(), RATE, 8000), 8000, RATE)
    noise = np.random.default_rng(1).normal(0, 10 ** (-25 / 20), len(narrow))
    found = graded(narrow + noise)["bandwidth"]
    assert found.grade == "unknown"
    assert "шум" in found.reason


def test_knocks_in_the_pauses_are_counted_by_the_minute() -> None:
    sound, random = talk(), np.random.default_rng(1)
    sound = sound.copy()
    for at in range(RATE, 7 * RATE, RATE // 2):
        sound[at : at + 960] += random.normal(0, 0.1, 960)
    found = graded(sound)["transients"]
    assert found.grade == "fail"
    assert "Стуки" in found.reason


@pytest.mark.parametrize(("offset", "grade"), [(0.001, "pass"), (0.01, "warn"), (0.06, "fail")])
def test_a_constant_offset_is_graded(offset: float, grade: str) -> None:
    assert graded(talk() * 0.5 + offset)["dc"].grade == grade


def test_of_two_microphones_the_worse_is_named() -> None:
    pair = np.stack([talk(), overloaded(talk(), 1.0)], axis=1)
    track = track_of(pair)
    frames = scene_of(track, Timeline(basis="file"), (), (), LIMITS).frames
    found = [metric for metric in metrics(track, frames, (), LIMITS) if metric.name == "clipping"]
    assert [(metric.channel, metric.grade) for metric in found] == [(0, "pass"), (1, "fail")]
    assert found[1].reason.startswith("Микрофон 2: голос")


@pytest.mark.parametrize(("ppm", "grade"), [(-300.0, "pass"), (2000.0, "warn"), (-6000.0, "fail")])
def test_the_clock_of_the_microphone_is_graded(ppm: float, grade: str) -> None:
    assert rate(ppm, LIMITS).grade == grade


@pytest.mark.parametrize("frames", [0, 1, 100, 479, 480, 5000])
def test_hardly_any_sound_is_graded_without_trouble(frames: int) -> None:
    assert {"clipping", "dropouts"} <= set(graded(talk()[:frames]))


def test_it_does_not_matter_in_what_pieces_sound_comes() -> None:
    sound = overloaded(talk()[8 * RATE : 16 * RATE], 0.4)
    whole, cut = (track_of(sound, pieces).flaws for pieces in (1, 331))
    assert whole.faults == cut.faults
    for one, other in zip(whole.hum + whole.bands, cut.hum + cut.bands, strict=True):
        assert np.array_equal(one.counts, other.counts)
    for one, other in zip(whole.tops[0], cut.tops[0], strict=True):
        assert [column.tolist() for column in one] == [column.tolist() for column in other]
        assert len(one.chunk)
