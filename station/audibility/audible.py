"""Grades of voices: level, what it has over the noise, how long it was heard, how the two compare. Pure.

A metric of a voice is `unknown` where nobody can tell whose voice it is; then all speech together is graded as well.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.language import say
from station.audibility import words
from station.audibility.findings import Grade, Metric, MetricName, Place, Voice
from station.audibility.grading import above, below, explained
from station.audibility.loudness import level, mean_power
from station.audibility.noise import Noise, together
from station.audibility.scene import Scene, places_of, seconds
from station.audibility.speech import Mask
from station.audibility.voices import VOICES, Turns

LEAST_S = 0.5
"""Of less speech than this no level is told."""
_MOST_SNR_DB = 90.0


class _Heard(NamedTuple):
    """Speech to be graded: whose (None: everybody's), in which channel (None: all together), with its noise."""

    said: Mask
    power: NDArray[np.float32]
    noise: Noise
    voice: Voice | None = None
    channel: int | None = None

    @property
    def clean(self) -> float:
        """The voice's own mean square: what is left without the noise."""
        power = mean_power(self.power, self.said)
        return power if self.noise.power is None else max(power - self.noise.power, power / 100)


def voice_metrics(scene: Scene, turns: Mapping[Voice, Turns], noises: tuple[Noise, ...]) -> Iterator[Metric]:
    """`noises`: of each channel."""
    heard: dict[Voice, _Heard] = {}
    for voice in (voice for voice in VOICES if voice in turns):
        turn = turns[voice]
        yield _active(scene, voice, turn)
        if turn.speech is None or seconds(turn.speech) < LEAST_S:
            why = turn.why or say("не определено: голоса не слышно", "not determined: the voice is not heard")
            yield from (_undetermined(name, voice, turn.channel, why) for name in ("level", "snr"))
            continue
        power = scene.power if turn.channel is None else scene.track.power[:, turn.channel]
        noise = together(noises) if turn.channel is None else noises[turn.channel]
        heard[voice] = _Heard(turn.speech, power, noise, voice, turn.channel)
        yield from _loudness(scene, heard[voice])
    if len(heard) == len(VOICES):
        yield _difference(scene, heard)
    if not turns or any(turn.speech is None for turn in turns.values()):
        yield from _of_all(scene, together(noises))


def _of_all(scene: Scene, noise: Noise) -> Iterator[Metric]:
    said = scene.frames.speech
    if seconds(said) >= LEAST_S:
        yield from _loudness(scene, _Heard(said, scene.power, noise))
    else:
        whole = (Place(0.0, round(scene.track.seconds, 2)),)
        yield explained(_metric("active", "fail", seconds(said)), words.not_heard(None), whole)


def _loudness(scene: Scene, heard: _Heard) -> Iterator[Metric]:
    value = level(heard.clean)
    limits, places = scene.thresholds, places_of(heard.said)
    low, high = limits.level_low_warn, limits.level_high_warn
    if value < low:
        grade, said = below(value, low, limits.level_low_fail), words.too_low(heard.voice, value, low, high)
    else:
        grade, said = above(value, high, limits.level_high_fail), words.too_loud(heard.voice, value, low, high)
    yield explained(_metric("level", grade, value, heard.voice, heard.channel), said, places)
    if heard.noise.power is None:
        yield _undetermined("snr", heard.voice, heard.channel, say("не определено: нет тишины", "no silence in it"))
        return
    value = min(value - level(heard.noise.power), _MOST_SNR_DB)
    worst = limits.snr_fail_rehearsal if scene.timeline.basis == "rehearsal" else limits.snr_fail
    said = words.behind_noise(heard.voice, value, limits.snr_warn)
    grade = below(value, limits.snr_warn, worst)
    yield explained(_metric("snr", grade, value, heard.voice, heard.channel), said, places)


def _difference(scene: Scene, heard: Mapping[Voice, _Heard]) -> Metric:
    quiet, loud = sorted(VOICES, key=lambda voice: heard[voice].clean)
    value = level(heard[loud].clean) - level(heard[quiet].clean)
    limits = scene.thresholds
    grade = above(value, limits.difference_warn, limits.difference_fail)
    said = words.unlike(quiet, loud, value, limits.difference_warn)
    return explained(_metric("difference", grade, value), said, places_of(heard[quiet].said))


def _active(scene: Scene, voice: Voice, turn: Turns) -> Metric:
    """By the poorest of its tasks, or by all it said."""
    if turn.doubt is not None:
        return explained(_metric("active", "warn", None, voice), turn.doubt, turn.expected)
    if turn.speech is None:
        return _undetermined("active", voice, turn.channel, turn.why)
    total, limits = seconds(turn.speech), scene.thresholds
    known = {task: spoken for task, spoken in turn.tasks.items() if spoken is not None}
    task = min(known, key=known.__getitem__, default=None)
    poorest = total if task is None else known[task]
    wanted = limits.active_interlocutor_s if voice == "interlocutor" else limits.active_task_s
    if scene.timeline.basis == "rehearsal":
        wanted = limits.active_rehearsal_s
    said = words.not_heard(voice) if total < LEAST_S else words.hardly_heard(voice, poorest, wanted, task)
    grade = below(poorest, wanted, wanted / 2)
    places = turn.expected if task is None or total < LEAST_S else turn.places[task]
    return explained(_metric("active", grade, total, voice, turn.channel), said, places)


def _metric(
    name: MetricName, grade: Grade, value: float | None, voice: Voice | None = None, channel: int | None = None
) -> Metric:
    unit = {"active": say("с", "s"), "level": "dBFS"}.get(name, say("дБ", "dB"))
    return Metric(name=name, grade=grade, value=value, unit=unit, voice=voice, channel=channel)


def _undetermined(name: MetricName, voice: Voice | None, channel: int | None, why: str) -> Metric:
    return Metric(name=name, grade="unknown", voice=voice, channel=channel, reason=why)
