"""Where somebody speaks, and where nobody does so that the noise can be measured. Pure."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from station.audibility.track import CELL_S, dbfs

Mask = NDArray[np.bool_]
"""(cells,): one truth for each 10 ms."""

LONGEST_CLOSED_S = 0.15
SHORTEST_RUN_S = 0.06
_BEFORE_SPEECH_S, _AFTER_SPEECH_S = 0.1, 0.3
"""Noise is measured nowhere nearer to speech than this: breath before it, the room's echo after it."""

# Tuned on the seeds that scripts/rig/interviews.py names so.
_SPOKEN_ODDS = 1.0
_SURELY = 0.6
_SMOOTHED_CELLS = 11
_MIDWAY, _HIGHEST_MIDWAY_DB = 0.5, 8.0
_ODDS_PER_DB = 0.4
_LEAST_DB, _MOST_DB = -10.0, 6.0
_BLOCK_S = 60.0


class Frames(NamedTuple):
    """`speech`: the mask M; `noise`: the cells that hold nothing but the room."""

    speech: Mask
    noise: Mask


def frames_of(probability: NDArray[np.floating], power: NDArray[np.float32], lost: Mask) -> Frames:
    """`power`: mean squares of the cells. `lost`: cells that were never captured, neither speech nor noise."""
    spoken = _odds(probability, power, lost) > _SPOKEN_ODDS
    speech = without_runs(~without_runs(~(spoken & ~lost), LONGEST_CLOSED_S), SHORTEST_RUN_S, inclusive=False) & ~lost
    # Beside a loss words may be cut off, too short to be told from noise.
    return Frames(speech, ~widened(speech | lost, _BEFORE_SPEECH_S, _AFTER_SPEECH_S))


def frame_power(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean squares of windows of 20 ms, one every 10 ms: of two cells beside each other (axis 0)."""
    framed = power.copy()
    framed[:-1] += power[1:]
    framed[:-1] *= 0.5
    return framed


def without_runs(mask: Mask, longest_s: float, *, inclusive: bool = True) -> Mask:
    """Without its runs of up to `longest_s` (shorter than it: not `inclusive`). One at either end counts as any."""
    kept = mask.copy()
    longest = round(longest_s / CELL_S) - (not inclusive)
    for first, end in runs(mask):
        if end - first <= longest:
            kept[first:end] = False
    return kept


def runs(mask: Mask) -> NDArray[np.intp]:
    """(runs, 2): first cell and the cell after the last of each run of truth."""
    changes = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return changes.reshape(-1, 2)


def widened(mask: Mask, before_s: float, after_s: float) -> Mask:
    """True from `before_s` before each run until `after_s` after it."""
    wide = mask.copy()
    before, after = round(before_s / CELL_S), round(after_s / CELL_S)
    for first, end in runs(mask):
        wide[max(0, first - before) : end + after] = True
    return wide


def _odds(probability: NDArray[np.floating], power: NDArray[np.float32], lost: Mask) -> NDArray[np.float32]:
    """Logarithmic odds that a cell holds speech: the detector's, less where it is no louder than the noise about it.

    The detector takes a murmur of many voices for speech; whoever is recorded is louder than those.
    """
    likely = np.clip(probability, 0.002, 0.998).astype(np.float32)
    odds: NDArray[np.float32] = np.log(likely / (1 - likely))
    block = round(_BLOCK_S / CELL_S)
    for first in range(0, len(odds), block):
        begin = max(0, first - block)
        about = slice(begin, first + 2 * block)
        level = dbfs(smoothed(power[about]))
        here = slice(first - begin, first - begin + block)
        surely = (likely[about] > _SURELY) & ~lost[about]
        otherwise = ~surely & ~lost[about]
        if surely.any() and otherwise.any():
            noise, speech = np.median(level[otherwise]), np.median(level[surely])
            midway = noise + min(_MIDWAY * (speech - noise), _HIGHEST_MIDWAY_DB)
            odds[first : first + block] += _ODDS_PER_DB * np.clip(level[here] - midway, _LEAST_DB, _MOST_DB)
    return odds


def smoothed(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over 110 ms about each cell."""
    if not len(power):
        return power
    half = _SMOOTHED_CELLS // 2
    kernel = np.full(_SMOOTHED_CELLS, 1 / _SMOOTHED_CELLS, np.float32)
    means: NDArray[np.float32] = np.convolve(np.pad(power, half, mode="edge"), kernel, "valid")
    return means
