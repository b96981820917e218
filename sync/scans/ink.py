"""Whether anything is written on a page: how long, in all, its strokes are. Computes; opens nothing.

A stroke is darker than the paper around it, by more than the scanner's noise, and longer than a speck. What is not
writing: tint and shadow (the paper around is the measure), dark edges and folds (they reach the page's rim), streaks
of dust on the glass (straight lines), punch holes, staples in a corner, the other side shining through (too faint once
smoothed).

Measured on drawn pages: see docs/day.md, section «Scans».
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
_Floats = NDArray[np.float32]

LEAST_MM = 10.0
"""A page whose strokes are together shorter is blank. A signature has 20 mm and more, a dash 3 mm."""

_PER_MM = 4.0  # pixels a millimetre that are enough to see a pencil's stroke
_RIM_MM = 3.0
_AROUND_MM = 4.0
_FAINTEST = 7.0  # of 255
_TIMES_NOISE = 6.0
_PLAIN = 12.0  # of 255: noise alone makes no pieces of that size
_QUIETEST = 10  # per cent of a page are free of writing, be it only its margins
_TO_SIGMA = 1.2533  # a normal distribution's standard deviation over its mean absolute deviation
_SPECK_MM = 2.6
_LINE_MM = 1.3
_HOLE_MM = (4.0, 9.0)
_HOLE_IS_FULL = 0.6
_MARGIN_MM = 22.0


def is_blank(page: Grey, long_side_mm: float) -> bool:
    """Whether nothing is written on the page. `long_side_mm`: of the sheet."""
    return strokes_mm(page, long_side_mm) < LEAST_MM


def strokes_mm(page: Grey, long_side_mm: float) -> float:
    """The length of all strokes together, each as the longer side of the box around it, in millimetres."""
    per_mm = max(page.shape) / long_side_mm
    step = max(1, round(per_mm / _PER_MM))
    per_mm /= step
    rim = round(_RIM_MM * per_mm)
    seen = _shrunk(page, step)[rim : -rim or None, rim : -rim or None]
    if per_mm < 1 or min(seen.shape) < 2 * _AROUND_MM * per_mm:  # a scrap
        return 0.0
    depth = _blurred(seen, round(_AROUND_MM * per_mm)) - _blurred(seen, 1)
    depth -= np.maximum(np.median(depth, axis=0, keepdims=True), 0)  # streaks, which run through writing, too
    dark = depth > min(max(_FAINTEST, _TIMES_NOISE * _noise(depth, round(_AROUND_MM * per_mm))), _PLAIN)
    coarse = _pooled(dark)
    sheet = coarse.shape[0] * 2 / per_mm, coarse.shape[1] * 2 / per_mm
    return sum(_length(box, sheet, per_mm / 2) for box in _pieces(coarse))


def _noise(depth: _Floats, side: int) -> float:
    """The standard deviation of the scanner's noise, where the page is quiet; in squares of so many pixels."""
    height, width = depth.shape[0] // side, depth.shape[1] // side
    squares = np.abs(depth[: height * side, : width * side]).reshape(height, side, width, side).mean(axis=(1, 3))
    return _TO_SIGMA * float(np.percentile(squares, _QUIETEST))


class _Box:
    """The box around one connected piece of darkness, rows and columns inclusive, and how many cells of it are dark."""

    __slots__ = ("bottom", "cells", "left", "right", "top")

    def __init__(self, row: int, left: int, right: int) -> None:
        self.top = self.bottom = row
        self.left, self.right = left, right
        self.cells = right - left + 1

    def take(self, other: "_Box") -> None:
        self.top, self.bottom = min(self.top, other.top), max(self.bottom, other.bottom)
        self.left, self.right = min(self.left, other.left), max(self.right, other.right)
        self.cells += other.cells


def _length(box: _Box, sheet: tuple[float, float], per_mm: float) -> float:
    """How much a piece counts as writing, in millimetres."""
    height, width = (box.bottom - box.top + 1) / per_mm, (box.right - box.left + 1) / per_mm
    longer, shorter = max(height, width), min(height, width)
    if longer < _SPECK_MM or shorter < _LINE_MM or _touches_rim(box, sheet, per_mm):
        return 0.0
    from_rows = _from_side((box.top + box.bottom) / 2 / per_mm, sheet[0])
    from_columns = _from_side((box.left + box.right) / 2 / per_mm, sheet[1])
    is_full = box.cells / per_mm**2 > _HOLE_IS_FULL * height * width
    is_hole = _HOLE_MM[0] <= shorter <= longer <= _HOLE_MM[1] and is_full and min(from_rows, from_columns) < _MARGIN_MM
    is_staple = max(from_rows, from_columns) < _MARGIN_MM
    return 0.0 if is_hole or is_staple else longer


def _touches_rim(box: _Box, sheet: tuple[float, float], per_mm: float) -> bool:
    last_row, last_column = round(sheet[0] * per_mm) - 1, round(sheet[1] * per_mm) - 1
    return box.top <= 0 or box.left <= 0 or box.bottom >= last_row or box.right >= last_column


def _from_side(place: float, length: float) -> float:
    return min(place, length - place)


def _pieces(dark: NDArray[np.bool_]) -> list[_Box]:
    """The connected pieces, diagonals connect."""
    boxes: list[_Box] = []
    parent: list[int] = []

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    above: list[tuple[int, int, int]] = []
    for row in range(dark.shape[0]):
        here: list[tuple[int, int, int]] = []
        for left, right in _runs(dark[row]):
            mine = len(boxes)
            boxes.append(_Box(row, left, right))
            parent.append(mine)
            for other_left, other_right, other in above:
                if (
                    other_left <= right + 1
                    and other_right >= left - 1
                    and (first := root(other)) != (now := root(mine))
                ):
                    parent[now] = first
                    boxes[first].take(boxes[now])
            here.append((left, right, mine))
        above = here
    return [box for number, box in enumerate(boxes) if parent[number] == number]


def _runs(row: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last column of each run of dark cells."""
    edges = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
    for left, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield left, end - 1


def _shrunk(page: Grey, step: int) -> _Floats:
    height, width = page.shape[0] // step * step, page.shape[1] // step * step
    blocks = page[:height, :width].reshape(height // step, step, width // step, step)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


def _pooled(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Half as many rows and columns; a cell is dark when any of its four is."""
    height, width = dark.shape[0] // 2 * 2, dark.shape[1] // 2 * 2
    cells = dark[:height, :width].reshape(height // 2, 2, width // 2, 2)
    return np.asarray(cells.any(axis=(1, 3)))


def _blurred(seen: _Floats, radius: int) -> _Floats:
    """The mean of the square around each place, the rim repeated outwards."""
    for axis in (0, 1):
        wide = np.pad(seen, [(radius + 1, radius) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        sums = wide.cumsum(axis=axis, dtype=np.float64)
        size = 2 * radius + 1
        later, earlier = (sums[size:], sums[:-size]) if axis == 0 else (sums[:, size:], sums[:, :-size])
        seen = ((later - earlier) / size).astype(np.float32)
    return seen
