"""Interviews of any length and noise, generated from human speech with a seed, and what is true of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rig.noises import noise
from rig.p56 import spoken
from rig.people import RATE, Person, pick, said_by

Sound = NDArray[np.float64]
_LONGEST_S = 600
TUNED_ON = range(1000, 1100)
"""Seeds whose scenes were looked at while thresholds of the code were chosen."""
SHOWN = range(2000, 2100)
"""Seeds that were not; `scripts/bench quality` shows these."""


class Scene(NamedTuple):
    """One microphone's sound (1.0 is full scale), what each voice and the noise are in it, who speaks when."""

    sound: Sound
    voices: Mapping[str, Sound]
    noise: Sound
    steps: Sequence[tuple[str, float, float]] = ()
    """Name (`silence`, `introduction`, `task 1`, ...), start and end in seconds."""

    @property
    def clean(self) -> Sound:
        return sum(self.voices.values(), np.zeros(len(self.sound)))


def talk(seconds: float, seed: int, kind: str, snr_db: float, *, reverberation_s: float = 0.0) -> Scene:
    """Two people taking turns with pauses of up to 3 s, `snr_db` (mean over what is spoken) over one noise."""
    random = np.random.default_rng(seed)
    people = {"interlocutor": pick(random)}
    people["participant"] = pick(random, [*people.values()])
    voices = {voice: np.zeros(round(seconds * RATE)) for voice in people}
    at, turn = random.uniform(0.5, 3.0), 0
    while at < seconds:
        voice = ("interlocutor", "participant")[turn % 2]
        for _ in range(int(random.integers(1, 4))):
            at += say(voices[voice], at, people[voice], random) + random.uniform(0.2, 1.5)
        at += random.uniform(0.2, 3.0)
        turn += 1
    return mixed(voices, kind, snr_db, random, reverberation_s=reverberation_s)


def say(voice: Sound, at_s: float, person: Person, random: np.random.Generator) -> float:
    """Put one phrase there; the seconds it takes."""
    known = said_by(person)
    phrase = known[int(random.integers(len(known)))]
    first = round(at_s * RATE)
    part = voice[first : first + len(phrase)]
    part += phrase[: len(part)]
    return len(phrase) / RATE


def mixed(
    voices: Mapping[str, Sound],
    kind: str,
    snr_db: float,
    random: np.random.Generator,
    *,
    reverberation_s: float = 0.0,
    level_dbfs: float | None = None,
) -> Scene:
    """The voices at `level_dbfs` (of all that is spoken; a random one in -30..-20 without) over the noise."""
    if reverberation_s:
        voices = {name: reverberant(voice, reverberation_s, random) for name, voice in voices.items()}
    clean = sum(voices.values(), np.zeros(len(next(iter(voices.values())))))
    level = random.uniform(-30, -20) if level_dbfs is None else level_dbfs
    power = power_of(clean, spoken(clean))
    gain = 10 ** (level / 20) / np.sqrt(power)
    behind = noise(kind, len(clean) / RATE, random) * 10 ** ((level - snr_db) / 20)
    louder = {name: voice * gain for name, voice in voices.items()}
    return Scene(clean * gain + behind, louder, behind)


def power_of(sound: Sound, mask: NDArray[np.bool_]) -> float:
    """The mean square of the cells of 10 ms in `mask`; 0 when there are none."""
    cells = np.mean(sound[: len(mask) * 160].reshape(-1, 160) ** 2, axis=1)
    return float(cells[mask].mean()) if mask.any() else 0.0


def reverberant(voice: Sound, seconds: float, random: np.random.Generator) -> Sound:
    """As in a room that takes `seconds` to fall silent by 60 dB, the voice as loud as its echo."""
    tail = random.normal(size=round(seconds * RATE))
    tail *= 10 ** (-3 * np.arange(len(tail)) / len(tail))
    tail[: round(0.002 * RATE)] = 0
    tail /= np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = 1 << (len(voice) + len(tail) - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(voice, size) * np.fft.rfft(tail, size), size)[: len(voice)]


def samples(sound: Sound) -> NDArray[np.int16]:
    """As a microphone of 16 bits gives it."""
    return np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)


def rehearsal(seed: int, *, absent: str = "", kind: str = "fan", snr_db: float = 35.0) -> Scene:
    """A test recording: 10 s of silence, 9 s from each seat; the same person from both, every other time."""
    random = np.random.default_rng(seed)
    here = pick(random)
    people = {"interlocutor": here if seed % 2 else pick(random, [here]), "participant": here}
    voices = {voice: np.zeros(28 * RATE) for voice in people}
    for voice, start in (("interlocutor", 10.0), ("participant", 19.0)):
        at = start + random.uniform(0.4, 1.0)
        end = start + random.uniform(7.0, 8.0)
        while at < end:
            at += say(voices[voice], at, people[voice], random) + random.uniform(0.2, 0.6)
        voices[voice][round((end + 0.7) * RATE) :] = 0
        voices[voice] *= (absent != voice) * 10 ** (random.uniform(-4, 4) / 20)
    steps = (("silence", 0.0, 10.0), ("interlocutor", 10.0, 19.0), ("participant", 19.0, 28.0))
    return mixed(voices, kind, snr_db, random)._replace(steps=steps)


def interview(seed: int, *, absent: str = "", kind: str = "fan", snr_db: float = 28.0) -> Scene:
    """A short interview in front of one microphone: introduction, three tasks with time to prepare, a dialogue.

    `absent`: whose voice does not reach the microphone. Without the interlocutor the participant says a word in the
    introduction and mumbles before some answers; without the participant the interlocutor still says a word after
    the time to prepare. The interlocutor is 6 dB quieter to 3 dB louder.
    """
    random = np.random.default_rng(seed)
    here = pick(random)
    return _Staged(random, {"interlocutor": pick(random, [here]), "participant": here}, absent).scene(kind, snr_db)


class _Staged:
    """An interview while it is being put together."""

    def __init__(self, random: np.random.Generator, people: Mapping[str, Person], absent: str) -> None:
        self._random, self._people, self._absent = random, people, absent
        self._voices = {voice: np.zeros(_LONGEST_S * RATE, np.float32) for voice in people}
        self._steps: list[tuple[str, float, float]] = []
        self._at = 0.0

    def scene(self, kind: str, snr_db: float) -> Scene:
        self._introduction()
        for task in (1, 2, 3):
            self._task(task)
        self._dialogue()
        frames = round(self._at * RATE)
        voices = {name: voice[:frames] for name, voice in self._voices.items()}
        voices["interlocutor"] = voices["interlocutor"] * 10 ** (self._random.uniform(-6, 3) / 20)
        echo = float(self._random.choice([0.0, 0.25, 0.5]))
        mixture = mixed(voices, kind, snr_db, self._random, reverberation_s=echo)
        return mixture._replace(steps=self._steps)

    def _introduction(self) -> None:
        begun, self._at = self._at, self._at + self._random.uniform(0.5, 2)
        self._speak("interlocutor", self._random.uniform(6, 12))
        self._speak("participant", self._random.uniform(2, 5))
        self._speak("interlocutor", self._random.uniform(3, 6))
        self._end("introduction", begun)

    def _task(self, number: int) -> None:
        begun, self._at = self._at, self._at + self._random.uniform(0.3, 1)
        self._speak("interlocutor", self._random.uniform(6, 15))
        if self._absent == "interlocutor" and self._random.random() < 0.4:  # noqa: PLR2004 - two of five mumble
            self._speak("participant", self._random.uniform(2, 5))
        self._at += self._random.uniform(12, 30)
        if self._random.random() < 0.5:  # noqa: PLR2004 - every other time
            self._speak("interlocutor", 1.0)
        self._speak("participant", self._random.uniform(25, 45))
        self._end(f"task {number}", begun)

    def _dialogue(self) -> None:
        begun = self._at
        for _ in range(4):
            self._speak("interlocutor", self._random.uniform(3, 6))
            self._speak("participant", self._random.uniform(6, 15))
        self._end("task 4", begun)

    def _speak(self, voice: str, seconds: float) -> None:
        """For at least so long; if absent, so long passes without the voice."""
        end = self._at + seconds
        while self._at < end:
            heard = self._voices[voice] if self._absent != voice else np.zeros(0)
            self._at += say(heard, self._at, self._people[voice], self._random) + self._random.uniform(0.2, 0.9)

    def _end(self, name: str, begun: float) -> None:
        self._at += self._random.uniform(0.5, 2)
        self._steps.append((name, begun, self._at))
