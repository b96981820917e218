"""What is heard when nobody speaks. Pure."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from exam.language import say
from station.audibility import words
from station.audibility.findings import Grade, Metric, Place
from station.audibility.grading import above, explained
from station.audibility.loudness import level
from station.audibility.scene import Scene, places_of, seconds
from station.audibility.speech import Mask, frame_power, runs, smoothed, widened
from station.audibility.track import CELL_S
from station.audibility.voices import inner

_UNIT = "dBFS"
_LEAST_S = 1.0
_IMPULSIVE_DB = 6.0
_DEAD_S = 0.1
"""No microphone that is on gives exact zeros for so long."""
_LOUDER_THAN, _ABOUT_S = 0.95, 0.5


class Noise(NamedTuple):
    """Of one channel. `power`: mean square, None when there was no silence. `median`: of its frames' mean squares."""

    power: float | None
    median: float
    where: Mask
    zeros: Mask

    @property
    def is_dead(self) -> bool:
        """Exact zeros for longer than any microphone gives them."""
        found = runs(self.zeros)
        return bool(len(found)) and int((found[:, 1] - found[:, 0]).max()) >= round(_DEAD_S / CELL_S)


def noises_of(scene: Scene) -> tuple[Noise, ...]:
    """Of each channel: in a test recording's silence, elsewhere wherever nobody speaks."""
    where = scene.frames.noise
    silence = [step for step in scene.timeline.steps if step.name == "silence"]
    if silence:
        asked = np.logical_or.reduce([inner(scene, step) for step in silence])
        quiet = asked & where
        where = quiet if seconds(quiet) >= _LEAST_S else asked
    return tuple(_noise(scene, where, channel) for channel in range(scene.track.shape.channels))


def together(noises: Sequence[Noise]) -> Noise:
    """Of the channels as one, as their speech is taken together; a dead one holds none of it."""
    living = [noise for noise in noises if noise.power] or list(noises)
    known = [noise.power for noise in living if noise.power is not None]
    power = sum(known) / len(known) if known else None
    return living[0]._replace(power=power)


def noise_metrics(scene: Scene, noises: Sequence[Noise]) -> Iterator[Metric]:
    for number, noise in enumerate(noises):
        channel = number if len(noises) > 1 else None
        yield _noisy(scene, noise, channel)
        if scene.timeline.basis == "rehearsal" and noise.power is not None and not noise.is_dead:
            value = level(noise.power)
            grade: Grade = "warn" if value < scene.thresholds.suppressed else "pass"
            metric = Metric(name="suppression", grade=grade, value=value, unit=_UNIT, channel=channel)
            yield explained(metric, words.suppressed(channel, value), places_of(noise.where))


def _noisy(scene: Scene, noise: Noise, channel: int | None) -> Metric:
    metric = Metric(name="noise", grade="unknown", unit=_UNIT, channel=channel)
    if noise.is_dead:
        # Outside a test recording zeros between words may be a conference's or an editor's; then speech tells.
        speaks = seconds(scene.frames.speech) > 0 and (noise.power or 0) > 0
        grade: Grade = "warn" if scene.timeline.basis != "rehearsal" and speaks else "fail"
        found = replace(metric, grade=grade, value=level(noise.power or 0))
        return explained(found, words.dead(channel), places_of(noise.zeros))
    if noise.power is None:
        return replace(metric, reason=say("не определено: в записи нет тишины", "not determined: no silence in it"))
    limits, value = scene.thresholds, level(noise.power)
    found = replace(metric, grade=above(value, limits.noise_warn, limits.noise_fail), value=value)
    is_impulsive = value - level(noise.median) > _IMPULSIVE_DB
    said = words.noisy(channel, value, limits.noise_warn, is_impulsive=is_impulsive)
    return explained(found, said, _loudest(scene.track.power[:, channel or 0], noise.where))


def _loudest(power: NDArray[np.float32], where: Mask) -> tuple[Place, ...]:
    """Where the noise is loudest, a second or more of it at a time."""
    level = smoothed(power)
    loud = where & (level >= np.quantile(level[where], _LOUDER_THAN)) if where.any() else where
    return places_of(widened(loud, _ABOUT_S, _ABOUT_S))


def _noise(scene: Scene, where: Mask, channel: int) -> Noise:
    power = scene.track.power[:, channel]
    framed = frame_power(power)[where]
    zeros = (power == 0) & where
    if seconds(where) < _LEAST_S:
        return Noise(None, 0.0, where, zeros)
    return Noise(float(np.mean(framed, dtype=np.float64)), float(np.median(framed)), where, zeros)
