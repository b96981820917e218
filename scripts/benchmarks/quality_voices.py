"""Speech, levels and voices: what `station.audibility` finds of them, on seeds that nothing was tuned on.

Truth of speech: the clean voices' own level, frames less than 25 dB below their active level (P.56), gaps and runs
closed and dropped as in the mask (rig.p56.spoken). Beside it: webrtcvad's strictest mode, its gaps and runs treated
the same.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from rig import interviews
from rig.interviews import SHOWN, Scene
from rig.noises import NOISES, STATIONARY
from rig.p56 import active_level, spoken
from rig.people import RATE

from benchmarks.goals import Row
from exam.audio import AudioFormat
from station.audibility.case import Case
from station.audibility.findings import Verdict
from station.audibility.scene import scene_of
from station.audibility.speech import LONGEST_CLOSED_S, SHORTEST_RUN_S, widened, without_runs
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Step, Timeline
from station.audibility.verdict import judge
from station.judging import track_of

_TALKS = SHOWN[:3]
_TALK_S = 45.0
_MOST_CPU_S = 60.0
_LEVELS_DB = (40, 20, 10, 0)
_INTERVIEWS = SHOWN[:7]
_REHEARSALS = SHOWN[:12]
_ABSENT = ("", "interlocutor", "participant")
_VOICES = ("interlocutor", "participant")


class _Talk(NamedTuple):
    """One talk: F1 in percent and the error of the signal to noise in dB, ours and webrtcvad's."""

    f1: float
    f1_beside: float
    snr: float
    snr_beside: float


class _Clock:
    """CPU seconds of analysis, and hours of what was analysed."""

    cpu_s = 0.0
    hours = 0.0


def rows() -> Iterator[Row]:
    clock = _Clock()
    talks = {
        (kind, level): [_talk(kind, level, seed, clock) for seed in _TALKS] for kind in NOISES for level in _LEVELS_DB
    }
    yield from _speech_rows(talks)
    yield from _noise_rows(talks)
    yield from _rehearsal_rows(clock)
    yield from _interview_rows(clock)
    yield from _microphone_rows(clock)
    took = clock.cpu_s / clock.hours
    yield Row(
        "CPU s an hour of audio (16 kHz), all of the analysis",
        f"<= {_MOST_CPU_S:.0f}",
        f"{took:.0f}",
        "",
        took <= _MOST_CPU_S,
    )


def _speech_rows(talks: dict[tuple[str, int], list[_Talk]]) -> Iterator[Row]:
    for level in _LEVELS_DB:
        chosen = [talk for kind in NOISES for talk in talks[kind, level]]
        yield _f1(f"speech F1, %, all noises at {level} dB", chosen, 96 if level == 0 else None)
    yield _f1("speech F1, %, babble at 10 dB", talks["babble", 10], 96)
    yield _f1("speech F1, %, keyboard at 10 dB", talks["keyboard", 10], 97)
    for kind in NOISES:
        yield _f1(f"speech F1, %, {kind} at 0 dB", talks[kind, 0], None)


def _f1(what: str, talks: Sequence[_Talk], goal: float | None) -> Row:
    ours, beside = (float(np.mean([talk[place] for talk in talks])) for place in (0, 1))
    asked = "" if goal is None else f">= {goal}"
    return Row(what, asked, f"{ours:.1f}", f"{beside:.1f}", None if goal is None else ours >= goal)


def _noise_rows(talks: dict[tuple[str, int], list[_Talk]]) -> Iterator[Row]:
    for what, kinds, goal in (("stationary", STATIONARY, 1.0), ("babble", ("babble",), 1.5)):
        chosen = [talk for kind in kinds for level in _LEVELS_DB if level for talk in talks[kind, level]]
        ours, beside = (_p95([talk[place] for talk in chosen]) for place in (2, 3))
        yield Row(f"SNR error p95, dB, {what}, 10..40 dB", f"<= {goal}", f"{ours:.2f}", f"{beside:.2f}", ours <= goal)
        ours, beside = (_p95([talk[place] for kind in kinds for talk in talks[kind, 0]]) for place in (2, 3))
        yield Row(f"SNR error p95, dB, {what}, 0 dB", "", f"{ours:.2f}", f"{beside:.2f}")


def _rehearsal_rows(clock: _Clock) -> Iterator[Row]:
    errors, wrong = [], defaultdict(int)
    for seed in _REHEARSALS:
        for absent in _ABSENT:
            scene = interviews.rehearsal(seed, absent=absent, kind=NOISES[seed % len(NOISES)])
            verdict = _judged(scene.sound, timeline_of("rehearsal", scene), clock)
            wrong[absent] += not _is_told(verdict, absent)
            errors += _level_errors(verdict, scene, absent)
    yield from _told("test recording", wrong, len(_REHEARSALS))
    yield _level_row("test recording", errors)


def _interview_rows(clock: _Clock) -> Iterator[Row]:
    errors, wrong = [], defaultdict(int)
    for seed in _INTERVIEWS:
        for absent in _ABSENT:
            scene = interviews.interview(
                seed, absent=absent, kind=NOISES[seed % len(NOISES)], snr_db=15 + seed % 3 * 10
            )
            verdict = _judged(scene.sound, timeline_of("recording", scene), clock)
            wrong[absent] += not _is_told(verdict, absent)
            errors += _level_errors(verdict, scene, absent)
    yield from _told("interview by its marks", wrong, len(_INTERVIEWS))
    yield _level_row("interview by its marks", errors)


def _microphone_rows(clock: _Clock) -> Iterator[Row]:
    wrong: dict[str, int] = defaultdict(int)
    for seed in _TALKS:
        scene = interviews.talk(150, seed, "pink", 30)
        for absent in (*_ABSENT, "muted"):
            here, there = (scene.voices[voice] * (absent != voice) for voice in _VOICES)
            sound = np.stack([here + 0.2 * there + scene.noise, there + 0.2 * here + scene.noise[::-1]], axis=1)
            sound[:, 1] *= absent != "muted"
            verdict = _judged(sound, Timeline(basis="recording"), clock, _VOICES)
            wrong[absent] += not _is_told(verdict, "participant" if absent == "muted" else absent)
    yield from _told("two microphones", wrong, len(_TALKS))


def _told(what: str, wrong: dict[str, int], of: int) -> Iterator[Row]:
    """Present voices passed, absent ones found, for each kind of absence."""
    for absent, missed in wrong.items():
        name = {"": "both there", "muted": "second muted"}.get(absent, f"no {absent}")
        yield Row(f"{what}: {name}, told", "100 %", f"{of - missed} of {of}", "", missed == 0)


def _level_row(what: str, errors: Sequence[float]) -> Row:
    p95 = _p95(errors)
    return Row(f"{what}: level of a voice, error p95, dB", "<= 1.0", f"{p95:.2f}", "", p95 <= 1.0)


def _is_told(verdict: Verdict, absent: str) -> bool:
    """Who is there passes, who is not does not: `unknown` is neither."""
    active = {metric.voice: metric.grade for metric in verdict.metrics if metric.name == "active"}
    return all((active[voice] == "pass") if voice != absent else active[voice] in ("warn", "fail") for voice in _VOICES)


def _level_errors(verdict: Verdict, scene: Scene, absent: str) -> list[float]:
    """Against ITU-T P.56 of each clean voice alone."""
    found = {metric.voice: metric.value for metric in verdict.metrics if metric.name == "level"}
    return [
        found[voice] - active_level(scene.voices[voice])
        for voice in _VOICES
        if voice != absent and found.get(voice) is not None
    ]


def timeline_of(basis: str, scene: Scene) -> Timeline:
    steps = []
    for name, start, end in scene.steps:
        word, _, task = name.partition(" ")
        steps.append(Step(name=word, start_s=start, end_s=end, task=int(task) if task else None))
    return Timeline(basis=basis, steps=tuple(steps))


def _judged(sound: "interviews.Sound", timeline: Timeline, clock: _Clock, seats: Sequence[str] = ()) -> Verdict:
    samples = interviews.samples(sound)
    shape = AudioFormat(RATE, 1 if samples.ndim == 1 else samples.shape[1])
    began = time.process_time()
    verdict = judge(track_of(_blocks(samples), shape), Case(timeline=timeline, seats=tuple(seats)))
    clock.cpu_s += time.process_time() - began
    clock.hours += len(samples) / RATE / 3600
    return verdict


def _blocks(samples: NDArray[np.int16]) -> Iterator[bytes]:
    for first in range(0, len(samples), RATE):
        yield samples[first : first + RATE].tobytes()


def _talk(kind: str, level: int, seed: int, clock: _Clock) -> _Talk:
    scene = interviews.talk(_TALK_S, seed, kind, level)
    samples, truth = interviews.samples(scene.sound), spoken(scene.clean)
    began = time.process_time()
    track = track_of(_blocks(samples), AudioFormat(RATE, 1))
    case = Case(timeline=Timeline(basis="file"))
    verdict = judge(track, case)
    clock.cpu_s += time.process_time() - began
    clock.hours += _TALK_S / 3600
    found = scene_of(track, case.timeline, (), (), Thresholds()).frames.speech[: len(truth)]
    beside = _by_webrtcvad(samples)[: len(truth)]
    power = interviews.power_of
    true_db = 10 * np.log10(power(scene.clean, truth) / np.mean(scene.noise**2))
    (measured,) = [metric.value for metric in verdict.metrics if metric.name == "snr" and metric.voice is None]
    gaps = ~widened(beside, 0.1, 0.3)
    floor = power(scene.sound, gaps) if gaps.any() else np.nan
    beside_db = 10 * np.log10(max(power(scene.sound, beside) / floor - 1, 1e-3)) if gaps.any() else np.nan
    return _Talk(_f1_of(found, truth), _f1_of(beside, truth), measured - true_db, beside_db - true_db)


def _by_webrtcvad(samples: NDArray[np.int16]) -> NDArray[np.bool_]:
    detector, raw = webrtcvad.Vad(3), samples.tobytes()
    size = RATE // 100 * 2
    told = [detector.is_speech(raw[first : first + size], RATE) for first in range(0, len(raw) - size + 1, size)]
    return without_runs(~without_runs(~np.array(told), LONGEST_CLOSED_S), SHORTEST_RUN_S, inclusive=False)


def _f1_of(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return 200 * float((found & truth).sum()) / float(found.sum() + truth.sum())


def _p95(errors: Sequence[float]) -> float:
    known = np.abs(errors)[~np.isnan(errors)]
    return float(np.percentile(known, 95)) if len(known) else float("nan")
