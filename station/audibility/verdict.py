"""From a track of features to a verdict. Pure."""

from station.audibility import fault_metrics
from station.audibility.audible import voice_metrics
from station.audibility.case import Case
from station.audibility.findings import Verdict, worst
from station.audibility.noise import noise_metrics, noises_of
from station.audibility.scene import scene_of, seconds
from station.audibility.separation import separation_metrics
from station.audibility.track import Track
from station.audibility.voices import turns_of


def judge(track: Track, case: Case) -> Verdict:
    """Its gaps are dropouts with a known reason, and no sound to be judged."""
    scene = scene_of(track, case.timeline, case.gaps, case.seats, case.thresholds)
    noises = noises_of(scene)
    flaws = fault_metrics.metrics(track, scene.frames, case.gaps, case.thresholds, drift_ppm=case.drift_ppm)
    turns = turns_of(scene)
    voices = (*voice_metrics(scene, turns, noises), *separation_metrics(scene, turns, noises))
    metrics = (*noise_metrics(scene, noises), *voices, *flaws)
    return Verdict(
        basis=case.timeline.basis,
        grade=worst(metrics),
        seconds=round(track.seconds, 2),
        speech_s=round(seconds(scene.frames.speech), 2),
        metrics=metrics,
    )
