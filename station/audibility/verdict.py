"""From a track of features to a verdict. Pure."""

from collections.abc import Sequence

from exam.audio import Gap
from station.audibility.findings import Metric, Verdict, worst
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline
from station.audibility.track import CELL_S, Track

Seats = Sequence[str]
"""Of two microphones: whose each is, `interlocutor` or `participant`, in the order of channels."""


def judge(
    track: Track,
    timeline: Timeline,
    gaps: Sequence[Gap],  # noqa: ARG001 - being built
    seats: Seats,  # noqa: ARG001 - being built
    thresholds: Thresholds,  # noqa: ARG001 - being built
) -> Verdict:
    """`gaps`: recorded losses, in frames of the file: dropouts with a known reason, and no sound to be judged."""
    metrics: tuple[Metric, ...] = ()
    return Verdict(
        basis=timeline.basis,
        grade=worst(metrics),
        seconds=round(track.seconds, 2),
        speech_s=round(float((track.speech > 0.5).sum()) * CELL_S, 2),  # noqa: PLR2004 - being built
        metrics=metrics,
    )
