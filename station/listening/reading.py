"""The stream's tapes, kept open while they are read and written by another process."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from station.tape import TapeReader

_KEPT = 2


class Tapes:
    """The latest tapes that were read."""

    def __init__(self) -> None:
        self._open: dict[Path, TapeReader] = {}

    def read(self, path: Path, first_frame: int, frames: int) -> NDArray[np.int16]:
        """(frames, channels), fewer at the end of the file. Raises OSError as the disk does, Rejected of no tape."""
        reader = self._open.get(path)
        if reader is None:
            reader = self._open[path] = TapeReader(path)
            while len(self._open) > _KEPT:
                self._open.pop(next(iter(self._open))).close()
        sound = np.frombuffer(reader.read(first_frame, frames), "<i2")
        return sound.reshape(-1, reader.shape.channels)
