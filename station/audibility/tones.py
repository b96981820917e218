"""What the spectra of a recording say: hum of the mains, and how far up the voices reach. Pure; for `fault_metrics`."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from station.audibility.flaws import Levels

MAINS_HZ = 50.0
HARMONICS = (1, 2, 3, 4, 5, 6, 8, 10, 12)
_SHARE = 0.2
"""Of the time a level is below the percentile: hum is there in the pauses, too."""
_NEAREST, _FARTHEST = 4, 12
"""Bins beside a line that tell what would be there without it."""
_STRONGEST = 3
_LEAST_SPECTRA = 8
LINE_DB = 6.0
"""A line stands out by so much."""
_MULTIPLE_BINS = 1.5
"""A line within so many bins of a multiple is that multiple."""
_LOWEST_FUNDAMENTAL_HZ = 40.0

_STANDS_OUT_DB = 12.0
_AUDIBLE_DB = 60.0
"""What is so far below the strongest band is the leakage of some filter."""
_HIDING_DB = 40.0
"""Noise that comes nearer than this to the strongest band may hide what a voice has there."""
_SPOKEN_BANDS = slice(1, 12)
_LEAST_SPOKEN = 75
"""Spectra of 20 ms with anything in them, of which the loudest are looked at."""
_LOUDEST = 0.02


class HumFound(NamedTuple):
    """`prominence`: in dB, of the three strongest lines. `dbfs`: of all lines together. `lines_hz`: where."""

    prominence: float
    dbfs: float
    lines_hz: tuple[float, ...]


class Reach(NamedTuple):
    """`hz`: the highest frequency of speech. `hidden`: noise is so loud above that more may be there."""

    hz: float
    hidden: bool


def hum(levels: Levels) -> HumFound | None:
    """None when there are too few spectra to tell."""
    if levels.frames < _LEAST_SPECTRA:
        return None
    power = 10 ** (levels.percentile(_SHARE) / 10)
    beside = _beside(power)
    sums = np.convolve(power, np.ones(3), "same")
    prominence = 10 * np.log10(sums / (3 * beside))
    prominence[: _FARTHEST + 1] = prominence[len(power) - _FARTHEST :] = 0.0
    places = [_strongest(prominence, MAINS_HZ * harmonic / levels.hz) for harmonic in HARMONICS]
    others = _other_fundamentals(prominence, levels.hz)
    own = [place for place in places if not any(_is_multiple(place, other) for other in others)]
    strongest = sorted((max(0.0, float(prominence[place])) for place in own), reverse=True)[:_STRONGEST]
    lines = [place for place in own if prominence[place] >= LINE_DB]
    excess = sum(max(0.0, float(sums[place] - 3 * beside[place])) for place in lines)
    return HumFound(
        sum(strongest) / _STRONGEST,
        10 * float(np.log10(max(excess, 1e-12))),
        tuple(round(place * levels.hz, 1) for place in lines),
    )


def reach(levels: Levels) -> Reach | None:
    """None when nobody says enough to tell."""
    if not levels.frames:
        return None
    floor = levels.percentile(_SHARE)
    spoken = int(levels.above(floor + _STANDS_OUT_DB)[_SPOKEN_BANDS].max())
    if spoken < _LEAST_SPOKEN:
        return None
    loud = levels.percentile(1 - max(_LEAST_SPOKEN / 5, _LOUDEST * spoken) / levels.frames)
    stands = (loud >= floor + _STANDS_OUT_DB) & (loud >= loud.max() - _AUDIBLE_DB)
    reached = np.flatnonzero(stands[1:] & stands[:-1]) + 2
    highest = int(reached[-1]) if len(reached) else 0
    hidden = floor[highest : highest + 4] >= loud.max() - _HIDING_DB
    return Reach(highest * levels.hz, bool(len(hidden)) and float(hidden.mean()) > 1 / 2)


def _beside(power: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.ones(2 * _FARTHEST + 1)
    kernel[_FARTHEST - _NEAREST + 1 : _FARTHEST + _NEAREST] = 0
    return np.convolve(power, kernel / kernel.sum(), "same")


def _strongest(prominence: NDArray[np.float64], place: float) -> int:
    """Near there: the clock of a sound card is not that of the mains."""
    middle = round(place)
    return middle - 1 + int(np.argmax(prominence[middle - 1 : middle + 2])) if middle + 2 < len(prominence) else 0


def _other_fundamentals(prominence: NDArray[np.float64], hz: float) -> list[float]:
    """What other machines sound at, in bins: music, fans, mains of 60 Hz have multiples of 50 Hz, too."""
    grid = MAINS_HZ / hz
    peaks = np.flatnonzero(
        (prominence[1:-1] >= LINE_DB) & (prominence[1:-1] >= prominence[:-2]) & (prominence[1:-1] > prominence[2:])
    )
    lines = [
        float(place) for place in peaks + 1 if abs(place + 1 - round((place + 1) / grid) * grid) > _MULTIPLE_BINS + 1
    ]
    halves = [line / part for line in lines for part in (2, 3)]
    shared = [half for half in halves if sum(_is_multiple(line, half) for line in lines) > 1]
    return [line for line in (*lines, *shared) if line * hz >= _LOWEST_FUNDAMENTAL_HZ]


def _is_multiple(line: float, fundamental: float) -> bool:
    return abs(line - max(1, round(line / fundamental)) * fundamental) <= _MULTIPLE_BINS
