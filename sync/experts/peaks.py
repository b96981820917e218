"""How loud a recording is along its length, for the picture on the player page: the adapter of libsndfile."""

from pathlib import Path

POINTS = 600
LOUDEST = 99
_BLOCK = 1 << 18


def peaks(path: Path) -> tuple[int, ...]:
    """POINTS numbers from 0 to LOUDEST, the largest sample within each stretch; empty where the file cannot be decoded.

    Memory is bounded, whatever the length.
    """
    import numpy as np  # noqa: PLC0415 - heavy, and only an export draws
    import soundfile  # noqa: PLC0415

    try:
        with soundfile.SoundFile(path) as file:
            frames = file.frames
            if frames < POINTS:
                return ()
            found = np.zeros(POINTS, dtype=np.float32)
            position = 0
            while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
                level = np.abs(block).max(axis=1)
                place = np.minimum((position + np.arange(len(level))) * POINTS // frames, POINTS - 1)
                starts = np.flatnonzero(np.diff(place, prepend=-1))
                np.maximum.at(found, place[starts], np.maximum.reduceat(level, starts))
                position += len(level)
    except (soundfile.LibsndfileError, OSError):
        return ()
    whole = float(found.max())
    return tuple(int(one) for one in np.rint(found / whole * LOUDEST)) if whole > 0 else ()
