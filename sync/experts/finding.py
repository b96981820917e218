"""Where the sound of a take lies here, how long it is, and where its tasks begin. Reads the watched folders only."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from msgspec import Struct

from exam import manifest
from exam.errors import ExamError
from exam.manifest import Manifest
from exam.names import day_folder
from sync.school.gathering import content_of
from sync.school.model import File, SchoolDay, Take


class Mark(Struct, frozen=True):
    """Task `task` begins `at` seconds from the start."""

    task: int
    at: float


class Sound(Struct, frozen=True):
    """A take's file that is listened to, its manifest if that is whole, and what that says. `seconds`: if known."""

    take: Take
    file: File
    path: Path
    manifest: Path | None
    seconds: float | None
    marks: tuple[Mark, ...] = ()


def find(take: Take, exam_date: date, folders: Iterable[Path]) -> Sound | None:
    """The take's sound; None when its delivery is in none of the watched `folders`. Raises nothing for bad files."""
    places = [folder / day_folder(exam_date, take.room) for folder in folders]
    path = _place(take.delivery, places)
    if take.delivery is None or path is None:
        return None
    told_at = _place(take.manifest, [path.parent, *places])
    told = _told(told_at)
    if told is None:
        return Sound(take, take.delivery, path, None, None)
    rate = told.audio.sample_rate or 1
    marks = tuple(
        Mark(mark.task, round(mark.frame / rate, 2)) for mark in sorted(told.marks, key=lambda one: one.frame)
    )
    return Sound(take, take.delivery, path, told_at, told.audio.frames / rate, marks)


def lengths(day: SchoolDay, folders: Iterable[Path]) -> dict[str, float]:
    """Seconds of sound of every participant's chosen take, by stem, where its manifest tells."""
    where = tuple(folders)
    chosen = (row.take for row in day.rows)
    found = (find(take, day.exam_date, where) for take in chosen if take is not None and take.here)
    return {sound.take.stem: sound.seconds for sound in found if sound is not None and sound.seconds is not None}


def _place(file: File | None, folders: Iterable[Path]) -> Path | None:
    """Where this content lies, whatever it is called there."""
    if file is None:
        return None
    places = (content_of(folder, file.name, file.sha256, file.size) for folder in folders)
    return next((path for path in places if path is not None), None)


def _told(path: Path | None) -> Manifest | None:
    if path is None:
        return None
    try:
        return manifest.load(path)
    except (ExamError, OSError):
        return None
