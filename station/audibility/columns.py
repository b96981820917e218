"""Arrays that grow row by row, without the many small ones that hours of blocks would leave. Pure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_ROWS = 6000
_GROWTH = 1.5


class Column:
    """Rows of one kind. What `rows` has returned stays as it is when more are added."""

    def __init__(self, empty: NDArray[Any]) -> None:
        """`empty`: of the rows' shape and type, without a row."""
        self._count = 0
        self._kept = np.empty((_FIRST_ROWS, *empty.shape[1:]), empty.dtype)

    def add(self, rows: NDArray[Any]) -> None:
        end = self._count + len(rows)
        if end > len(self._kept):
            larger = np.empty((max(end, int(len(self._kept) * _GROWTH)), *self._kept.shape[1:]), self._kept.dtype)
            larger[: self._count] = self.rows
            self._kept = larger
        self._kept[self._count : end] = rows
        self._count = end

    @property
    def rows(self) -> NDArray[Any]:
        """All so far: a view, of which no row is ever written again."""
        return self._kept[: self._count]

    def __len__(self) -> int:
        return self._count
