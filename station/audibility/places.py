"""Where to listen, and how places are written in a sentence. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from station.audibility.findings import Place

MOST = 10
"""Places that a metric names."""


def merged(
    starts_s: NDArray[np.floating], length_s: float, within_s: float, weights: NDArray[np.floating]
) -> tuple[Place, ...]:
    """Places of `length_s` at `starts_s` (in order), joined if no more than `within_s` apart: the MOST heaviest."""
    if not len(starts_s):
        return ()
    firsts = np.concatenate([[0], np.flatnonzero(np.diff(starts_s) > length_s + within_s) + 1])
    lasts = np.concatenate([firsts[1:], [len(starts_s)]]) - 1
    heaviest = np.argsort(-np.add.reduceat(weights, firsts), kind="stable")[:MOST]
    return tuple(
        Place(round(float(starts_s[firsts[at]]), 3), round(float(starts_s[lasts[at]]) + length_s, 3)) for at in heaviest
    )


def longest(places: Sequence[Place]) -> tuple[Place, ...]:
    """The MOST longest, these first."""
    return tuple(sorted(places, key=lambda place: place.start_s - place.end_s)[:MOST])


def clock(seconds: float) -> str:
    """Of the file: 2:05, or 1:02:05."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Russian word for `count` of something: 1 раз, 2 раза, 5 раз."""
    if count % 10 == 1 and count % 100 != 11:  # noqa: PLR2004 - as the language counts
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many
