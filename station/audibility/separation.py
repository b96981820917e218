"""How well two microphones part two voices. Pure."""

from collections.abc import Iterator, Mapping

from exam.language import say
from station.audibility import words
from station.audibility.findings import Grade, Metric, Voice
from station.audibility.grading import explained
from station.audibility.loudness import level, mean_power
from station.audibility.noise import Noise
from station.audibility.scene import Scene, places_of, seconds
from station.audibility.speech import Mask
from station.audibility.voices import SEPARATED_DB, VOICES, Turns, has_seats, lead_of

_LEAST_S = 1.0
_MOST_DB = 60.0


def separation_metrics(scene: Scene, turns: Mapping[Voice, Turns], noises: tuple[Noise, ...]) -> Iterator[Metric]:
    """By how much each voice is louder in its own microphone; the lesser of the two. None with one microphone, or when
    one is dead, or nobody speaks."""
    if not has_seats(scene) or any(noise.is_dead for noise in noises):
        return
    found: list[tuple[float, Mask]] = []
    for voice in VOICES:
        channel = list(scene.seats).index(voice)
        said = _said(scene, turns, voice, channel)
        if seconds(said) >= _LEAST_S:
            own, other = (_clean(scene, said, number, noises) for number in (channel, 1 - channel))
            found.append((min(level(own) - level(other), _MOST_DB), said))
    if not found:
        return
    value, said = min(found, key=lambda pair: pair[0])
    grade: Grade = "pass" if value >= SEPARATED_DB else "warn"
    metric = Metric(name="separation", grade=grade, value=value, unit=say("дБ", "dB"))
    yield explained(metric, words.mixed_up(value, SEPARATED_DB), places_of(said))


def _said(scene: Scene, turns: Mapping[Voice, Turns], voice: Voice, channel: int) -> Mask:
    """In a test recording its step, elsewhere whatever its microphone hears louder."""
    if scene.timeline.basis == "rehearsal" and voice in turns and (stepped := turns[voice].speech) is not None:
        return stepped
    return scene.frames.speech & (lead_of(scene, channel) > 0)


def _clean(scene: Scene, said: Mask, channel: int, noises: tuple[Noise, ...]) -> float:
    power = mean_power(scene.track.power[:, channel], said)
    return max(power - (noises[channel].power or 0.0), power / 100)
