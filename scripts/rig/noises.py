"""Seven noises of rooms, each at a mean square of 1, at RATE frames a second."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rig.people import RATE, pick, said_by

Sound = NDArray[np.float64]


def _shaped(random: np.random.Generator, frames: int, slope: float, low_hz: float = 30.0) -> Sound:
    """Noise whose power falls with frequency to the power of `slope`."""
    size = 1 << (frames - 1).bit_length()  # transforms of other lengths take many times as long
    spectrum = np.fft.rfft(random.normal(size=size))
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), low_hz)
    return np.fft.irfft(spectrum * hertz ** (-slope / 2), size)[:frames]


def _white(random: np.random.Generator, frames: int) -> Sound:
    return random.normal(size=frames)


def _pink(random: np.random.Generator, frames: int) -> Sound:
    return _shaped(random, frames, 1.0)


def _brown(random: np.random.Generator, frames: int) -> Sound:
    return _shaped(random, frames, 2.0)


def _fan(random: np.random.Generator, frames: int) -> Sound:
    """Air, and the blades' frequency with its multiples."""
    air = _unit(_shaped(random, frames, 1.3, 80.0))
    blades = random.uniform(90, 180)
    time = np.arange(frames) / RATE
    tones = sum(
        random.uniform(0.2, 1.0) / number * np.sin(2 * np.pi * (blades * number * time + random.uniform()))
        for number in range(1, 7)
    )
    return air + 0.7 * _unit(np.asarray(tones))


def _babble(random: np.random.Generator, frames: int) -> Sound:
    """Eight people in the next room, all at once."""
    heard = np.zeros(frames)
    for _ in range(8):
        phrases = said_by(pick(random))
        at = -int(random.integers(RATE * 3))
        while at < frames:
            phrase = phrases[int(random.integers(len(phrases)))]
            first = max(0, -at)
            part = phrase[first : first + frames - max(at, 0)]
            heard[max(at, 0) : max(at, 0) + len(part)] += part
            at += len(phrase) + int(random.integers(RATE // 4))
    return heard


def _keyboard(random: np.random.Generator, frames: int) -> Sound:
    """Keys struck in bursts, four to nine a second, over a little air."""
    heard = 0.02 * random.normal(size=frames)
    at = 0.0
    while at < frames:
        for _ in range(random.integers(4, 30)):
            length = int(random.uniform(0.008, 0.04) * RATE)
            click = random.normal(size=length) * np.exp(-np.arange(length) / (length / 5))
            click = np.convolve(click, random.normal(size=6), mode="same")
            first = int(at)
            part = heard[first : first + length]
            part += random.uniform(0.4, 1.2) * click[: len(part)]
            at += RATE / random.uniform(4, 9)
        at += random.uniform(0.2, 2.0) * RATE
    return heard


def _street(random: np.random.Generator, frames: int) -> Sound:
    """Passing cars, and chords from a window."""
    time = np.arange(frames) / RATE
    cars = _unit(_shaped(random, frames, 1.6, 50.0))
    passing = 1 + 0.8 * np.sin(2 * np.pi * time / random.uniform(6, 14) + random.uniform(0, 6))
    music = np.zeros(frames)
    beat = int(0.5 * RATE)
    for first in range(0, frames, beat):
        root = 110 * 2 ** (int(random.integers(24)) / 12)
        span = time[first : first + beat]
        fading = np.exp(-3 * (span - span[0]))
        for ratio in (1, 1.26, 1.5, 2):
            music[first : first + beat] += fading * np.sin(2 * np.pi * root * ratio * span)
    return cars * passing + 0.5 * _unit(music)


def _unit(sound: Sound) -> Sound:
    return sound / np.sqrt(np.mean(sound**2))


_KINDS: Mapping[str, Callable[[np.random.Generator, int], Sound]] = {
    "white": _white,
    "pink": _pink,
    "brown": _brown,
    "fan": _fan,
    "babble": _babble,
    "keyboard": _keyboard,
    "street": _street,
}
NOISES = tuple(_KINDS)
STATIONARY = ("white", "pink", "brown", "fan")


def noise(kind: str, seconds: float, random: np.random.Generator) -> Sound:
    """One of NOISES, at a mean square of 1."""
    return _unit(_KINDS[kind](random, round(seconds * RATE)))
