"""Faults placed at known places in human speech, and those found; and what is found where there are none."""

import bisect
import time
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray
from rig import interviews
from rig.noises import NOISES
from rig.people import RATE as MADE_RATE

from benchmarks.goals import Row
from exam.audio import AudioFormat
from station.audibility.analyser import Analyser
from station.audibility.fault_metrics import metrics
from station.audibility.findings import Metric
from station.audibility.scene import scene_of
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline
from station.audibility.track import Track

Sound = NDArray[np.float64]
Samples = NDArray[np.int16]

RATE = 48000
MONO = AudioFormat(RATE, 1)
SEED = 730_000
SECONDS = 60.0
SNRS = (40, 20, 10)
HISS_DBFS = -80.0
"""Of the microphone itself, over all frequencies."""
BLOCK = 4 * RATE
CLIPPED = 42
"""Recordings."""
HOUR_S = 3600.0
MOST_FOUND, MOST_HUM = 99.0, 95.0
"""Per cent: the goals."""
HUMS = 14
"""Recordings."""
LOUD_SNR_DB = 10
"""Here the noise drowns that hum, and is what fails."""
FALSE_AN_HOUR, CPU_S_AN_HOUR = 0.5, 15.0


@lru_cache(maxsize=32)
def room(seed: int, kind: str, snr_db: float, seconds: float = SECONDS) -> Sound:
    """Two people talking, as a microphone at RATE hears them; 1.0 is full scale."""
    slow = interviews.talk(seconds, SEED + seed, kind, snr_db).sound
    heard = np.asarray(soxr.resample(slow, MADE_RATE, RATE), np.float64)
    return heard + np.random.default_rng(seed).normal(0, 10 ** (HISS_DBFS / 20), len(heard))


def samples(sound: Sound) -> Samples:
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def track_of(sound: Samples, rate: int = RATE) -> Track:
    """Speech is told by level: whose it is does not matter here, and it costs nothing."""
    analyser = Analyser(AudioFormat(rate, 1))
    for first in range(0, len(sound), BLOCK):
        analyser.feed(sound[first : first + BLOCK, None])
    track = analyser.track()
    power = track.power[:, 0]
    return track._replace(speech=(power > power.mean() / 10).astype(np.float32))


def graded(track: Track) -> dict[str, Metric]:
    limits = Thresholds()
    frames = scene_of(track, Timeline(basis="file"), (), (), limits).frames
    return {metric.name: metric for metric in metrics(track, frames, (), limits)}


# -- dropouts ----------------------------------------------------------------------------------------------


def _zeros(hole: Samples, _before: Samples, _random: np.random.Generator) -> None:
    hole[:] = 0


def _last_bit(hole: Samples, _before: Samples, random: np.random.Generator) -> None:
    hole[:] = random.integers(-1, 2, len(hole))


def _held(hole: Samples, before: Samples, _random: np.random.Generator) -> None:
    hole[:] = before[-1]


def _twice(hole: Samples, before: Samples, _random: np.random.Generator) -> None:
    hole[:] = before[-len(hole) :]


def _over_and_over(hole: Samples, before: Samples, random: np.random.Generator) -> None:
    hole[:] = np.resize(before[-int(random.integers(200, 2400)) :], len(hole))


DROPOUTS: dict[str, Callable[[Samples, Samples, np.random.Generator], None]] = {
    "zeros": _zeros,
    "last bit only": _last_bit,
    "a value held": _held,
    "a buffer twice": _twice,
    "a buffer over and over": _over_and_over,
}


def dropouts(kind: str, snr_db: float, shortest_s: float, longest_s: float) -> tuple[int, int, int]:
    """How many were placed, how many of them were found, and how many others."""
    placed = found = others = 0
    for seed, behind in enumerate(NOISES):
        random = np.random.default_rng(seed)
        sound = samples(room(seed, behind, snr_db))
        places = []
        for at in np.arange(1.0, SECONDS - 1, 1.0):
            first = round((at + random.uniform(0.0, 0.5)) * RATE)
            frames = round(random.uniform(shortest_s, longest_s) * RATE)
            DROPOUTS[kind](sound[first : first + frames], sound[:first], random)
            places.append((first, first + frames))
        told = [(fault.first_frame, fault.first_frame + fault.frames) for fault in track_of(sound).flaws.faults]
        placed += len(places)
        found += sum(any(a < end and first < b for a, b in told) for first, end in places)
        others += sum(not any(a < end and first < b for first, end in places) for a, b in told)
    return placed, found, others


def dropout_rows() -> Iterator[Row]:
    others = placed_s = 0.0
    for kind in DROPOUTS:
        for snr_db in SNRS:
            placed, found, more = dropouts(kind, snr_db, 0.01, 0.1)
            others, placed_s = others + more, placed_s + len(NOISES) * SECONDS
            share = 100 * found / placed
            yield Row(
                f"dropouts of 10-100 ms, {kind}, {snr_db} dB", ">= 99 %", f"{share:.1f} %", "", share >= MOST_FOUND
            )
        placed, found, more = dropouts(kind, 20, 0.005, 0.01)
        yield Row(f"dropouts of 5-10 ms, {kind}, 20 dB", "", f"{100 * found / placed:.1f} %")
    hourly = others * HOUR_S / placed_s
    yield Row("dropouts found beside those", "<= 0.5 an hour", f"{hourly:.2f}", "", hourly <= FALSE_AN_HOUR)


# -- clipping, hum, bandwidth ------------------------------------------------------------------------------


def clipping_rows() -> Iterator[Row]:
    heights = {"at full scale": 1.0, "at -9 dBFS, by a preamplifier": 0.35}
    found = dict.fromkeys(heights, 0)
    for seed in range(CLIPPED):
        sound = room(100 + seed, NOISES[seed % 7], SNRS[seed % 3], 20.0)
        cut = np.clip(sound / _height(sound, 0.0002), -1, 1)
        hiss = np.random.default_rng(seed).normal(0, 10 ** (HISS_DBFS / 20), len(cut))
        for name, height in heights.items():
            clipped = samples(cut * height + (hiss if height < 1 else 0.0))
            found[name] += graded(track_of(clipped))["clipping"].grade != "pass"
    for name, count in found.items():
        share = 100 * count / CLIPPED
        yield Row(f"clipping of 0.02 % {name}", ">= 99 %", f"{share:.1f} %", "", share >= MOST_FOUND)


def _height(sound: Sound, share: float) -> float:
    """Of what cuts off this share of the spoken samples, in runs of two and more."""
    cells = sound[: len(sound) // 480 * 480].reshape(-1, 480)
    power = np.mean(cells**2, axis=1)
    size = np.abs(cells[power > power.mean() / 10]).ravel()
    heights = np.sort(size)[::-1][: len(size) // 100]

    def cut(height: float) -> int:
        over = np.concatenate([[False], size >= height, [False]])
        return int(np.count_nonzero(over[1:-1] & (over[:-2] | over[2:])))

    return float(heights[bisect.bisect_left(heights, share * len(size), key=cut)])


def hum_rows() -> Iterator[Row]:
    for snr_db in SNRS:
        found = [_hum_found(seed, snr_db, 50.0) for seed in range(HUMS)]
        share = 100 * sum(found) / len(found)
        if snr_db > LOUD_SNR_DB:
            yield Row(f"hum at -55 dBFS, {snr_db} dB", ">= 95 %", f"{share:.1f} %", "", share >= MOST_HUM)
        else:
            yield Row(f"hum at -55 dBFS, {snr_db} dB, below the noise", "", f"{share:.1f} %")
    others = [
        _hum_found(seed, snr_db, hz) for seed, hz in enumerate((60.0, 43.7, 97.0, 120.0, 61.7, 75.0)) for snr_db in SNRS
    ]
    yield Row("hum found of other machines and notes", "none", f"{sum(others)} of {len(others)}", "", not sum(others))


def _hum_found(seed: int, snr_db: float, hz: float) -> bool:
    random = np.random.default_rng(seed)
    sound = room(200 + seed, NOISES[seed % 7], snr_db)
    time_s = np.arange(len(sound)) / RATE * (1 + random.uniform(-2e-4, 2e-4))
    numbers = random.choice([1, 2, 3, 4, 6], 3, replace=False)
    lines = sum(np.sin(2 * np.pi * hz * number * time_s + number) for number in (*numbers, 2))
    hum = lines / np.sqrt(np.mean(lines**2)) * 10 ** (-55 / 20)
    return graded(track_of(samples(sound + hum)))["hum"].grade in ("warn", "fail")


def bandwidth_rows() -> Iterator[Row]:
    for name, rate, wanted in (
        ("8 kHz, resampled", 8000, "fail"),
        ("12 kHz, resampled", 12000, "warn"),
        ("16 kHz", 16000, "pass"),
    ):
        right = unknown = wrong = 0
        for seed in range(7):
            for snr_db in SNRS:
                sound = room(300 + seed, NOISES[seed], snr_db, 20.0)
                narrow = soxr.resample(soxr.resample(sound, RATE, rate), rate, RATE)
                grade = graded(track_of(samples(np.asarray(narrow))))["bandwidth"].grade
                right, unknown = right + (grade == wanted), unknown + (grade == "unknown")
                wrong += grade not in (wanted, "unknown")
        said = f"{right}, {unknown} unknown"
        yield Row(f"bandwidth of {name}: {wanted}", "none wrong", said, "", not wrong)


# -- where there is nothing --------------------------------------------------------------------------------


def clean_rows() -> Iterator[Row]:
    """Two hours and a half in which nothing is wrong but noise, and what all of it costs."""
    told = dict.fromkeys(("dropouts", "clipping", "hum"), 0)
    seconds = cost = 0.0
    for seed in range(15):
        for snr_db, gain_db in ((40, 0), (20, -20), (10, 6)):
            sound = samples(room(400 + seed, NOISES[seed % 7], snr_db, 200.0) * 10 ** (gain_db / 20) * 0.7)
            began = time.process_time()
            track = track_of(sound)
            found = graded(track)
            cost += time.process_time() - began
            seconds += track.seconds
            told["dropouts"] += len(track.flaws.faults)
            for name in ("clipping", "hum"):
                told[name] += found[name].grade in ("warn", "fail")
    hours = seconds / HOUR_S
    yield Row(
        f"dropouts in {hours:.1f} clean hours",
        "<= 0.5 an hour",
        f"{told['dropouts'] / hours:.2f}",
        "",
        told["dropouts"] / hours <= FALSE_AN_HOUR,
    )
    for name in ("clipping", "hum"):
        yield Row(f"{name} in {hours:.1f} clean hours", "none", str(told[name]), "", not told[name])
    yield Row(
        "CPU of all this for an hour of sound", "<= 15 s", f"{cost / hours:.1f} s", "", cost / hours <= CPU_S_AN_HOUR
    )


def rows() -> Iterator[Row]:
    for section in (dropout_rows, clipping_rows, hum_rows, bandwidth_rows, clean_rows):
        yield from section()
