"""What a one-page picture of a recording shows, brought to as many columns as the page has. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exam.language import say
from station.audibility.case import Case
from station.audibility.findings import Verdict
from station.audibility.scene import scene_of
from station.audibility.spectrogram import Spectrogram
from station.audibility.timeline import Step
from station.audibility.track import CELL_S, Track, dbfs
from station.audibility.voices import turns_of

COLUMNS = 800
"""More than the page has pixels for."""
LOWEST_DBFS = -90.0

SILENT, INTERLOCUTOR, PARTICIPANT, SOMEBODY = 0, 1, 2, 3
"""What a cell's voice may be: none, one of the two, or speech of which it is not determined whose."""

_SHARE = 0.2
"""A column holds a voice when so much of it does."""


class Page(NamedTuple):
    """`case`: what the verdict rests on. `voices`: for each cell of the track whose voice it holds.

    `remarks`: what is to be known of the file beside the verdict, each a line.
    """

    title: str
    subtitle: str
    verdict: Verdict
    case: Case
    track: Track
    spectrogram: Spectrogram
    voices: NDArray[np.int8]
    remarks: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """Of the time axis; never zero."""
        return max(self.track.seconds, CELL_S)


def voices_of(track: Track, case: Case) -> NDArray[np.int8]:
    """For each cell whose voice it holds, as the verdict takes it."""
    scene = scene_of(track, case.timeline, case.gaps, case.seats, case.thresholds)
    labels = np.where(scene.frames.speech, np.int8(SOMEBODY), np.int8(SILENT))
    for voice, turns in turns_of(scene).items():
        if turns.speech is not None:
            labels[turns.speech] = PARTICIPANT if voice == "participant" else INTERLOCUTOR
    return labels


class Columns(NamedTuple):
    """The track in columns: `at_s` their beginnings; levels in dBFS, (columns, channels)."""

    at_s: NDArray[np.float64]
    peak: NDArray[np.float32]
    quietest: NDArray[np.float64]
    mean: NDArray[np.float64]
    loudest: NDArray[np.float64]


def columns_of(track: Track) -> Columns:
    """At most COLUMNS; a file too short for one cell is one silent column."""
    if not track.cells:
        silent = np.full((1, track.shape.channels), LOWEST_DBFS)
        return Columns(np.zeros(1), np.zeros((1, track.shape.channels), np.float32), silent, silent, silent)
    first = _firsts(track.cells)
    counts = np.diff(np.append(first, track.cells))[:, None]
    mean = np.add.reduceat(track.power, first, axis=0, dtype=np.float64) / counts
    powers = (np.minimum.reduceat(track.power, first, axis=0), mean, np.maximum.reduceat(track.power, first, axis=0))
    quietest, middle, loudest = (np.maximum(dbfs(power.astype(np.float32)), LOWEST_DBFS) for power in powers)
    return Columns(_seconds(first), np.maximum.reduceat(track.peak, first, axis=0), quietest, middle, loudest)


def spoken(page: Page, voice: int) -> list[tuple[float, float]]:
    """Where the voice is heard, as (beginning, length) in seconds."""
    voices = page.voices
    if not len(voices):
        return []
    first = _firsts(len(voices))
    ends = np.append(first[1:], len(voices))
    is_heard = np.add.reduceat(voices == voice, first, dtype=np.int64) > _SHARE * (ends - first)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], is_heard, [False]])))
    runs = zip(changes[0::2], changes[1::2], strict=True)
    return [(first[begin] * CELL_S, (ends[end - 1] - first[begin]) * CELL_S) for begin, end in runs]


def clipped_s(track: Track) -> NDArray[np.float64]:
    """Where samples are at the end of the scale, a place a column."""
    if not track.cells:
        return np.zeros(0)
    first = _firsts(track.cells)
    return _seconds(first[np.maximum.reduceat(track.clipped.max(axis=1), first) > 0])


def step_words(step: Step) -> tuple[str, str]:
    """What a step is called, and its short form."""
    if step.name == "task":
        return say(f"задание {step.task}", f"task {step.task}"), str(step.task)
    return {
        "silence": (say("тишина", "silence"), say("тиш.", "sil.")),
        "interlocutor": (say("собеседник", "interlocutor"), say("соб.", "int.")),
        "participant": (say("участник", "participant"), say("уч.", "part.")),
        "introduction": (say("вступление", "introduction"), say("вст.", "intro")),
    }[step.name]


def _firsts(cells: int) -> NDArray[np.intp]:
    """The first cell of each column."""
    count = min(cells, COLUMNS)
    return np.arange(count) * cells // count


def _seconds(cells: NDArray[np.intp]) -> NDArray[np.float64]:
    return cells.astype(np.float64) * CELL_S
