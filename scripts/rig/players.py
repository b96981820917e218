"""Three readers of sound files that others wrote, each decoding a whole file: what plays, and what it plays."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rig.marker import Frames


class DoesNotPlay(AssertionError):
    """A player refused the file; its words follow."""


def played(path: Path) -> Mapping[str, Frames]:
    """The samples of a mono 16-bit file as ffmpeg, sox and libsndfile decode it. DoesNotPlay when one cannot."""
    import soundfile  # noqa: PLC0415 - a second only where it is needed

    try:
        sound, _ = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError as error:
        raise DoesNotPlay(f"soundfile, {path.name}: {error}") from error
    return {
        "ffmpeg": _decoded("ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-"),
        "sox": _decoded("sox", "-V1", str(path), "-t", "raw", "-"),
        "soundfile": sound,
    }


def _decoded(*command: str) -> Frames:
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise DoesNotPlay(f"{command[0]}: {done.stderr.decode(errors='replace')}")
    return np.frombuffer(done.stdout[: len(done.stdout) // 2 * 2], np.int16)
