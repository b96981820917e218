"""From a track of features to a verdict. Pure."""

from collections.abc import Sequence

from exam.audio import Gap
from station.audibility import fault_metrics
from station.audibility.audible import voice_metrics
from station.audibility.findings import Verdict, worst
from station.audibility.noise import noise_metrics, noises_of
from station.audibility.scene import Seats, scene_of, seconds
from station.audibility.separation import separation_metrics
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline
from station.audibility.track import Track
from station.audibility.voices import turns_of


def judge(track: Track, timeline: Timeline, gaps: Sequence[Gap], seats: Seats, thresholds: Thresholds) -> Verdict:
    """`gaps`: recorded losses, in frames of the file: dropouts with a known reason, and no sound to be judged."""
    scene = scene_of(track, timeline, gaps, seats, thresholds)
    noises = noises_of(scene)
    flaws = fault_metrics.metrics(track, scene.frames, gaps, thresholds)
    turns = turns_of(scene)
    voices = (*voice_metrics(scene, turns, noises), *separation_metrics(scene, turns, noises))
    metrics = (*noise_metrics(scene, noises), *voices, *flaws)
    return Verdict(
        basis=timeline.basis,
        grade=worst(metrics),
        seconds=round(track.seconds, 2),
        speech_s=round(seconds(scene.frames.speech), 2),
        metrics=metrics,
    )
