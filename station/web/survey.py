"""A recording at one reading: its waveform in columns, and the SHA-256 of the file it is served as."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from station.tape import header
from station.web.sounds import Sound

_MOST_COLUMNS = 1200
_BLOCK_FRAMES = 1 << 18
_FULL_SCALE = 32768.0
_DIGITS = 3
_NAME_S, _PART_S = 15.0, 10.0


class Survey(Struct, frozen=True):
    """`columns`: of each seat, the least and greatest sample of each column, −1 to 1."""

    sound: Sound
    columns: Sequence[Sequence[tuple[float, float]]]
    sha256: str


def survey_of(sound: Sound) -> Survey:
    """Read it once, block by block. Raises as the disk does."""
    width = max(1, math.ceil(sound.frames / _MOST_COLUMNS))
    digest = hashlib.sha256(header(sound.shape, sound.frames * sound.shape.frame_bytes))
    columns = []
    for block in sound.blocks(0, sound.frames, max(width, _BLOCK_FRAMES // width * width)):
        digest.update(block)
        columns.append(_columns(np.frombuffer(block, "<i2").reshape(-1, sound.shape.channels), width))
    found = np.concatenate(columns) if columns else np.empty((0, sound.shape.channels, 2))
    seats = [[(low, high) for low, high in seat] for seat in found.transpose(1, 0, 2).round(_DIGITS).tolist()]
    return Survey(sound, seats, digest.hexdigest())


def waveform(survey: Survey) -> Mapping[str, Any]:
    """As `/api/waveform` answers; times in seconds of the file."""
    sound = survey.sound
    return {
        "seconds": round(sound.seconds, 2),
        "columns": survey.columns,
        "marks": [{"task": task, "seconds": round(sound.shape.seconds(frame), 2)} for task, frame in sound.marks],
        "parts": parts(sound),
        "is_whole": sound.is_whole,
    }


def parts(sound: Sound) -> Mapping[str, tuple[float, float]]:
    """What the quick check plays: the name, some of the middle, the end."""
    whole, shape = sound.seconds, sound.shape
    first_mark_s = shape.seconds(sound.marks[0][1]) if sound.marks else 0.0
    half = min(_PART_S, whole) / 2
    return {
        "name": (0.0, round(min(first_mark_s or _NAME_S, whole), 2)),
        "middle": (round(whole / 2 - half, 2), round(whole / 2 + half, 2)),
        "end": (round(max(0.0, whole - _PART_S), 2), round(whole, 2)),
    }


def _columns(sound: NDArray[np.int16], width: int) -> NDArray[np.float64]:
    """(columns, channels, 2); the last one may be narrower."""
    whole = len(sound) // width * width
    made = [sound[:whole].reshape(-1, width, sound.shape[1])] if whole else []
    made += [sound[None, whole:]] if whole < len(sound) else []
    least = np.concatenate([part.min(axis=1) for part in made])
    most = np.concatenate([part.max(axis=1) for part in made])
    return np.stack((least, most), axis=-1) / _FULL_SCALE
