"""Is somebody to speak now? Preparation is silent by right; a task that is not taken, too. Pure.

Source: the interlocutor's instruction, 5.2; limits in `exam.regulation`.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from exam.regulation import EXTRA_S, PREPARATION_S
from station.audibility.track import CELL_S

_INTRODUCED_S = 3.0
_ANSWERED_S = 3.0
_PREPARING_S = 10.0  # a pause this long after the task was set is preparation, and the speech after it the answer
_LONGEST_S = max(PREPARATION_S.values())
_DIALOGUE = 4


class Expecting:
    """Follows one take from its start, told of every cell of it, pauses left out."""

    def __init__(self, tasks: Collection[int], *, extended: bool) -> None:
        self._tasks = tasks
        self._extra_s = EXTRA_S if extended else 0.0
        self._task: int | None = None
        self._elapsed_s = self._silent_s = self._spoken_s = self._missing_s = 0.0
        self._has_prepared = False

    @property
    def missing_s(self) -> float:
        """For how long nobody has spoken while somebody should."""
        return self._missing_s

    def hear(self, speech: NDArray[np.bool_], task: int | None) -> None:
        """`speech`: of each cell that has come; `task`: the one marked last, None before the first."""
        if task != self._task:
            self._enter(task)
        passed_s = len(speech) * CELL_S
        self._elapsed_s += passed_s
        places = np.flatnonzero(speech)
        silent_s = passed_s if not len(places) else (len(speech) - 1 - int(places[-1])) * CELL_S
        self._silent_s = silent_s + (0.0 if len(places) else self._silent_s)
        self._has_prepared = self._has_prepared or self._silent_s >= _PREPARING_S
        if self._has_prepared or self._task is None:
            self._spoken_s += len(places) * CELL_S
        if not self._is_due():
            self._missing_s = 0.0
        else:
            self._missing_s = silent_s + (0.0 if len(places) else self._missing_s)

    def _enter(self, task: int | None) -> None:
        self._task = task
        self._elapsed_s = self._silent_s = self._spoken_s = 0.0
        self._has_prepared = False

    def _is_due(self) -> bool:
        if self._task is None:  # marks are a courtesy: without them a long silence may be a preparation
            return self._spoken_s < _INTRODUCED_S or self._silent_s > _LONGEST_S + self._extra_s
        if self._task not in self._tasks:
            return False
        if self._task == _DIALOGUE:
            return True
        return self._spoken_s >= _ANSWERED_S or self._elapsed_s > PREPARATION_S[self._task] + self._extra_s
