"""How loud: mean levels, and the active speech level of ITU-T P.56. Levels in dBFS, powers linear. Pure."""

import math

import numpy as np
from numpy.typing import NDArray

from station.audibility.speech import Mask
from station.audibility.track import CELL_S, FLOOR_POWER

_MARGIN_DB = 15.9
_HANGOVER_S, _TIME_CONSTANT_S = 0.2, 0.03
_LOWEST_DB, _STEP_DB = -90.0, 1.0


def level(power: float) -> float:
    """A mean square as a level, not below -120 dBFS."""
    return 10 * math.log10(max(power, FLOOR_POWER))


def mean_power(power: NDArray[np.float32], mask: Mask) -> float:
    """The mean square of the cells in `mask`; 0 without any."""
    return float(np.mean(power[mask], dtype=np.float64)) if mask.any() else 0.0


def active_level(power: NDArray[np.float32]) -> float:
    """ITU-T P.56, method B, of the mean squares of consecutive cells of 10 ms: -120 when nothing is active.

    The envelope is taken of the cells' amplitudes, not of samples.
    """
    energy = float(np.sum(power, dtype=np.float64))
    if energy <= 0:
        return level(0)
    envelope = 10 * np.log10(_envelope(np.sqrt(power)) ** 2 + FLOOR_POWER)
    before: tuple[float, float] | None = None
    for threshold in np.arange(_LOWEST_DB, 0.0, _STEP_DB):
        active = _held(envelope >= threshold)
        if not active:
            break
        now = level(energy / active)
        if now - threshold <= _MARGIN_DB:
            return now if before is None else _between(before, (now, now - threshold))
        before = (now, now - threshold)
    return level(energy / len(power))


def _envelope(amplitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two exponential averages, one after the other, by the response they have together. Mean magnitude of a cell of
    speech is about 0.8 of its amplitude."""
    keep = math.exp(-CELL_S / _TIME_CONSTANT_S)
    steps = np.arange(30)
    response = ((1 - keep) ** 2 * (steps + 1) * keep**steps).astype(np.float32)
    return np.convolve(amplitude * np.float32(0.8), response)[: len(amplitude)]


def _held(above: Mask) -> int:
    """Cells that are above, or less than the hangover after one."""
    hangover = round(_HANGOVER_S / CELL_S)
    counted = np.cumsum(np.concatenate([np.zeros(hangover + 1, np.int32), above]))
    return int(np.count_nonzero(counted[hangover + 1 :] - counted[: -hangover - 1]))


def _between(before: tuple[float, float], after: tuple[float, float]) -> float:
    """The level at which the margin is met: (level, level less threshold) of two thresholds in a row."""
    share = (before[1] - _MARGIN_DB) / (before[1] - after[1])
    return before[0] + share * (after[0] - before[0])
