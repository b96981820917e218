"""What every judgement looks at: the track, who was to speak when, where somebody does and where nobody. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.audio import Gap
from station.audibility.findings import Place
from station.audibility.speech import Frames, Mask, frames_of, runs
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import Timeline
from station.audibility.track import CELL_S, Track

Seats = Sequence[str]
"""Of two microphones: whose each is, `interlocutor` or `participant`, in the order of channels."""


class Scene(NamedTuple):
    """`power`: (cells,) mean squares of the channels together, of those that hold any sound. `lost`: never captured."""

    track: Track
    timeline: Timeline
    seats: Seats
    thresholds: Thresholds
    lost: Mask
    power: NDArray[np.float32]
    frames: Frames

    def within(self, start_s: float, end_s: float) -> Mask:
        """The cells of this time that were captured."""
        mask = np.zeros(self.track.cells, np.bool_)
        mask[max(0, round(start_s / CELL_S)) : max(0, round(end_s / CELL_S))] = True
        return mask & ~self.lost


def scene_of(track: Track, timeline: Timeline, gaps: Sequence[Gap], seats: Seats, thresholds: Thresholds) -> Scene:
    """`gaps` in frames of the file."""
    lost = _lost(track, gaps)
    power = _together(track)
    return Scene(track, timeline, seats, thresholds, lost, power, frames_of(track.speech, power, lost))


def places_of(mask: Mask, most: int = 3) -> tuple[Place, ...]:
    """The longest runs of `mask`, the longest first."""
    found = sorted(runs(mask).tolist(), key=lambda run: run[0] - run[1])
    return tuple(Place(round(first * CELL_S, 2), round(end * CELL_S, 2)) for first, end in found[:most])


def seconds(mask: Mask) -> float:
    return float(np.count_nonzero(mask)) * CELL_S


def _together(track: Track) -> NDArray[np.float32]:
    sounding = [channel for channel in range(track.shape.channels) if track.power[:, channel].any()]
    together: NDArray[np.float32] = (track.power[:, sounding] if sounding else track.power).mean(axis=1)
    return together


def _lost(track: Track, gaps: Sequence[Gap]) -> Mask:
    lost = np.zeros(track.cells, np.bool_)
    for gap in gaps:
        first = int(track.shape.seconds(gap.first_frame) / CELL_S)
        lost[first : round(track.shape.seconds(gap.end) / CELL_S + 0.5)] = True
    return lost
