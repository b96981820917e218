"""Recorded human Russian speech: a woman and a man, pseudo-speakers made of them, and conversations.

Fetched on first use from Debian's archive into a cache that is never committed; needs apt and ffmpeg.
"""

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int16]
"""Mono samples at RATE, shaped (frames,)."""
RATE = 48000
CACHE = Path(__file__).parents[2] / ".cache" / "speech"
ACTIVE_DBFS = -23.0
"""RMS level of each phrase in a conversation."""
ROOM_DBFS = -68.0
"""RMS level of the quiet room behind a conversation: a real microphone never hears digital zero."""

_PACKAGES = {
    "woman": ("asterisk-core-sounds-ru-g722", "ru_RU_f_IvrvoiceRU/*.g722", 24_000),
    "man": ("festvox-ru", "wav/ru_00*.wav", 120_000),
    "american": ("asterisk-core-sounds-en-g722", "en_US_f_Allison/*.g722", 24_000),
    "french": ("asterisk-core-sounds-fr-g722", "fr_CA_f_June/*.g722", 24_000),
    "mexican": ("asterisk-core-sounds-es-g722", "es_MX_f_Allison/*.g722", 24_000),
    "italian": ("asterisk-core-sounds-it-g722", "it_IT_m_Carlo/*.g722", 24_000),
}
"""Debian package, the files taken from it, and the least bytes of those worth taking (3 to 4 seconds)."""


@lru_cache(maxsize=1)
def voices(cache: Path = CACHE) -> Mapping[str, Sequence[Frames]]:
    """Phrases of several seconds: {"woman": [...], "man": [...]}.

    Raises subprocess.CalledProcessError when a package cannot be fetched.
    """
    return {speaker: phrases(speaker, RATE, cache) for speaker in ("woman", "man")}


@lru_cache(maxsize=16)
def phrases(speaker: str, rate: int, cache: Path = CACHE) -> Sequence[Frames]:
    """What one of `_PACKAGES` says, at `rate` frames a second. Raises as `voices` does."""
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / (f"{speaker}.npz" if rate == RATE else f"{speaker}_{rate}.npz")
    return _phrases(speaker, rate, kept)


def pseudo_speaker(phrases: Sequence[Frames], factor: float) -> Sequence[Frames]:
    """Another speaker: the same words `factor` (0.86 to 1.15) times as fast and high."""
    return [of_pseudo_speaker(phrase, factor) for phrase in phrases]


def of_pseudo_speaker(phrase: Frames, factor: float) -> Frames:
    """One phrase of another speaker."""
    return _resampled(phrase, round(len(phrase) / factor))


def conversation(seconds: float, seed: int, cache: Path = CACHE) -> Frames:
    """An interlocutor (the woman) and a participant (the man, made younger) taking turns in a quiet room."""
    random = np.random.default_rng(seed)
    people = voices(cache)
    length = round(seconds * RATE)
    heard = random.normal(0, 32768 * 10 ** (ROOM_DBFS / 20), length)
    at = round(0.5 * RATE)
    participant = False
    while at < length:
        said = people["man" if participant else "woman"]
        for _ in range(random.integers(2, 6) if participant else random.integers(1, 3)):
            phrase = said[int(random.integers(len(said)))]
            if participant:
                phrase = _resampled(phrase, round(len(phrase) / 1.12))
            room = heard[at : at + len(phrase)]
            room += levelled(phrase)[: len(room)]
            at += len(phrase) + round(random.uniform(0.2, 1.2) * RATE)
        participant = not participant
    return np.clip(np.rint(heard), -32768, 32767).astype(np.int16)


def _phrases(speaker: str, rate: int, kept: Path) -> Sequence[Frames]:
    with _alone(kept.with_suffix(".lock")):
        if not kept.exists():
            fetched = list(_fetched(*_PACKAGES[speaker], rate))
            with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as file:
                np.savez(file, *fetched)
            Path(file.name).replace(kept)
    with np.load(kept) as phrases_kept:
        return [phrases_kept[name] for name in phrases_kept.files]


def _fetched(package: str, pattern: str, least_bytes: int, rate: int) -> Iterator[Frames]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _download(package, folder)
        (archive,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, folder / "tree"], check=True)
        files = sorted(folder.glob(f"tree/**/{pattern}"))
        yield from _decoded([file for file in files if file.stat().st_size >= least_bytes], rate, folder)


def _decoded(files: Sequence[Path], rate: int, folder: Path) -> Iterator[Frames]:
    """All by one ffmpeg: to start it for each takes longer than to decode. pydub would ask it for samples of as many
    bits as G.722 has, 4, which no decoder gives."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *(word for file in files for word in ("-i", str(file)))]
    for number in range(len(files)):
        shape = ["-map", f"{number}:a:0", "-ac", "1", "-ar", str(rate), "-f", "s16le"]
        command += [*shape, str(folder / f"{number}.raw")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for number in range(len(files)):
        yield np.fromfile(folder / f"{number}.raw", "<i2")


def _download(package: str, folder: Path) -> None:
    command = ["apt-get", "-q", "download", package]
    if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0:
        subprocess.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", "update"], check=True, capture_output=True)
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _resampled(frames: Frames, length: int) -> Frames:
    """The same sound in `length` frames, by its spectrum: nothing is added above the old band."""
    spectrum = np.fft.rfft(frames.astype(np.float64))
    sound = np.fft.irfft(spectrum[: length // 2 + 1], length) * (length / len(frames))
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def levelled(phrase: Frames) -> NDArray[np.float64]:
    """The phrase at ACTIVE_DBFS, peaks kept below full scale."""
    sound = phrase.astype(np.float64)
    sound *= 32768 * 10 ** (ACTIVE_DBFS / 20) / np.sqrt(np.mean(sound**2))
    levelled: NDArray[np.float64] = sound * min(1.0, 29000 / np.abs(sound).max())
    return levelled


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time: parallel tests must not fetch the same package twice."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
