"""Sound as other recorders keep it, to be imported."""

import os
import subprocess
from pathlib import Path

import numpy as np
from rig.marker import Frames

RATE = 48000
SECONDS = 3.0


def sweep(seconds: float = SECONDS, rate: int = RATE) -> Frames:
    """What lossy coders keep well below 3.4 kHz; the level differs everywhere, so that an offset shows."""
    at = np.arange(round(seconds * rate)) / rate
    return (12000 * np.sin(2 * np.pi * (250 + 150 * at) * at) * (0.2 + 0.8 * at / seconds)).astype(np.int16)


def made(target: Path, *words: str) -> Path:
    """A file made by ffmpeg."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words, f"file:{target}"], check=True, stdin=subprocess.DEVNULL)
    return target


def cut(path: Path, part: float) -> Path:
    os.truncate(path, int(path.stat().st_size * part))
    return path
