"""ITU-T P.56, method B, in steps of 1 ms: what measured levels are held against; and where speech truly is."""

import numpy as np
from numpy.typing import NDArray

from rig.people import RATE

MARGIN_DB = 15.9
_STEP = RATE // 1000
"""The envelope is taken of means of 1 ms."""
SPEECH_BELOW_ACTIVE_DB = 25.0
"""Frames of a clean voice weaker than this below its active level are nobody's speech: breath, echo, the studio."""


def active_level(clean: NDArray[np.float64]) -> float:
    """The active speech level in dBFS (0 is a full-scale square wave); -inf when there is none."""
    steps = clean[: len(clean) // _STEP * _STEP].reshape(-1, _STEP)
    envelope = _envelope(np.abs(steps).mean(axis=1))
    energy, hangover = float(np.sum(steps**2)) / _STEP, round(0.2 * RATE / _STEP)
    last: tuple[float, float] | None = None
    for exponent in range(-15, 1):
        threshold = 2.0**exponent
        edges = np.concatenate([np.zeros(hangover, np.int32), np.cumsum(envelope >= threshold)])
        count = int(np.count_nonzero(edges[hangover:] > np.concatenate([[0], edges[: -hangover - 1]])))
        level = 10 * np.log10(energy / count) if count else -np.inf
        margin = level - 20 * np.log10(threshold)
        if margin <= MARGIN_DB:
            return level if last is None else _between(last, (level, margin))
        last = (level, margin)
    return -np.inf


def spoken(clean: NDArray[np.float64]) -> NDArray[np.bool_]:
    """For each 10 ms whether somebody speaks, by the clean voice's own level; closed and dropped as the mask is."""
    cells = np.mean(clean[: len(clean) // 160 * 160].reshape(-1, 160) ** 2, axis=1)
    frames = (cells + np.append(cells[1:], 0)) / 2
    raw = 10 * np.log10(frames + 1e-12) > active_level(clean) - SPEECH_BELOW_ACTIVE_DB
    return runs_dropped(~runs_dropped(~raw, 15), 5)


def runs_dropped(mask: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    """Without the runs of True of up to `longest` cells."""
    kept = mask.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first <= longest:
            kept[first:end] = False
    return kept


def _envelope(rectified: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two exponential averages of 30 ms, one after the other, by their common impulse response."""
    keep = np.exp(-_STEP / (RATE * 0.03))
    steps = np.arange(round(0.4 * RATE / _STEP))
    response = (1 - keep) ** 2 * (steps + 1) * keep**steps
    return np.convolve(rectified, response)[: len(rectified)]


def _between(before: tuple[float, float], after: tuple[float, float]) -> float:
    """The level where the margin is met, between two thresholds."""
    share = (before[1] - MARGIN_DB) / (before[1] - after[1])
    return before[0] + share * (after[0] - before[0])
