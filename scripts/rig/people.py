"""Who speaks in generated interviews: six recorded speakers and pseudo-speakers made of them, at RATE."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rig.speech import of_pseudo_speaker, phrases

RATE = 16000
SPEAKERS = ("woman", "man", "american", "french", "mexican", "italian")
FACTORS = (0.86, 0.93, 1.0, 1.07, 1.15)
_LONGEST_S = 15.0


class Person(NamedTuple):
    speaker: str
    factor: float = 1.0


def pick(random: np.random.Generator, but: Sequence[Person] = ()) -> Person:
    """Somebody else than those in `but`; the American and the Mexican are one woman."""
    taken = {_throat(person) for person in but}
    free = [name for name in SPEAKERS if _throat(Person(name)) not in taken]
    return Person(free[int(random.integers(len(free)))], FACTORS[int(random.integers(len(FACTORS)))])


class Sayings:
    """Phrases of 3 to 15 s, each at the same mean square over what is spoken; made when they are asked for."""

    def __init__(self, person: Person) -> None:
        self._factor = person.factor
        self._known = [phrase for phrase in phrases(person.speaker, RATE) if len(phrase) < _LONGEST_S * RATE]
        self._said: dict[int, NDArray[np.float32]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        if number not in self._said:
            known = self._known[number]
            phrase = known if self._factor == 1.0 else of_pseudo_speaker(known, self._factor)
            self._said[number] = _levelled(phrase.astype(np.float32) / 32768)
        return self._said[number]


@lru_cache(maxsize=64)
def said_by(person: Person) -> Sayings:
    return Sayings(person)


def _throat(person: Person) -> str:
    return "allison" if person.speaker in ("american", "mexican") else person.speaker


def _levelled(phrase: NDArray[np.float32]) -> NDArray[np.float32]:
    cells = phrase[: len(phrase) // 160 * 160].reshape(-1, 160)
    power = np.mean(cells**2, axis=1)
    return phrase * np.float32(0.05 / np.sqrt(power[power > power.mean() / 100].mean()))
