"""How loud each seat is now, in cells of 1/24 s, read from the end of the tape that grows; only while somebody looks.

The tape and not the daemon is asked: a level costs the recorder nothing then, and what is seen is what is on the disk.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from exam.audio import AudioFormat
from exam.errors import Rejected
from station.levels import loudness
from station.tape import TapeReader

CELLS_A_SECOND = 24
_FILLS_S = 0.122
"""A little less than what a block of the tape lasts, so that it is seen soon after it came, and seldom in vain."""
_SOON_S, _LATER_S = 0.02, 0.5
_PATIENT_LOOKS = 8
_LATE_S = 0.5

Cell = Sequence[tuple[float, float]]
"""RMS and peak in dBFS, one pair a channel."""


class Meters:
    """`show` is told of the cells that have come, oldest first. `folders`: where the day may be, likeliest first."""

    def __init__(self, folders: Sequence[Path], shape: AudioFormat, show: Callable[[Sequence[Cell]], None]) -> None:
        self._folders, self._shape, self._show = folders, shape, show
        self._cell = shape.sample_rate // CELLS_A_SECOND
        self._next: asyncio.TimerHandle | None = None
        self._tape: TapeReader | None = None
        self._file: str | None = None
        self._at = self._misses = 0

    def follow(self, file: str | None) -> None:
        """The file that grows now."""
        if file != self._file:
            self._file = file
            self._close()

    def want(self, *, wanted: bool) -> None:
        """Whether anybody looks."""
        if wanted and self._next is None:
            self._look()
        elif not wanted and self._next is not None:
            self._next.cancel()
            self._next = None
            self._close()

    def _look(self) -> None:
        """By a timer and not in a task: each turn of the loop costs more than what is measured in it."""
        cells = self._read()
        if cells:
            self._show(cells)
        self._misses = 0 if cells else self._misses + 1
        pause_s = _FILLS_S if cells else _SOON_S if self._misses < _PATIENT_LOOKS else _LATER_S
        self._next = asyncio.get_running_loop().call_later(pause_s, self._look)

    def _read(self) -> Sequence[Cell]:
        """The whole cells that have come; none when the disk refuses, which the daemon tells of."""
        with contextlib.suppress(OSError, Rejected):
            if self._tape is None and not self._open():
                return ()
            return self._cells(self._tape)
        self._close()
        return ()

    def _cells(self, tape: TapeReader | None) -> Sequence[Cell]:
        if tape is None:
            return ()
        have = tape.grown()
        if have - self._at > self._shape.frames(_LATE_S):
            self._at = have - self._shape.frames(_FILLS_S)
        count = (have - self._at) // self._cell
        if count <= 0:
            return ()
        sound = np.frombuffer(tape.read(self._at, count * self._cell), "<i2")
        self._at += count * self._cell
        return loudness(sound.reshape(-1, self._cell, self._shape.channels))

    def _open(self) -> bool:
        path = next((each / self._file for each in self._folders if self._file and (each / self._file).exists()), None)
        if path is None:
            return False
        self._tape, self._at = TapeReader(path), 0
        return True

    def _close(self) -> None:
        if self._tape is not None:
            self._tape.close()
            self._tape = None
