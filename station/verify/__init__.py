"""Checks the invariants of a day on disk. Reads only; every breach names the file and the invariant's number.

The numbers are those of the README. A take still in hand, or a recording whose manifest is not due yet, is no
breach. With heads copied from paper (`claims`) the stream is proved to be the one they were printed from.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from exam import manifest, roomday
from exam.errors import ExamError, Rejected
from exam.language import say
from exam.manifest import Manifest
from station import journal as journals
from station.journal import Entry
from station.session import Day, evolve, joined
from station.verify import chains, leftovers, recordings, roomrecords
from station.verify.claims import Claim, unconfirmed
from station.verify.report import Breach, Note, Report

__all__ = ["Breach", "Claim", "Note", "Report", "verify"]


def verify(folder: Path, claims: Sequence[Claim] = ()) -> Report:
    """Check a day's folder. Raises Rejected when it is no folder of a day."""
    named = sorted(folder.glob(f"*{manifest.SUFFIX}")) if folder.is_dir() else []
    paths = [path for path in named if not roomday.is_room_day(path.name)]
    if not paths and not (folder / journals.FILE).exists():
        raise Rejected(
            f"В папке {folder} нет ни журнала, ни описаний записей: это не папка дня.",
            f"{folder} holds neither a journal nor manifests: not a day's folder.",
            code="not_a_day",
        )
    manifests, breaches = _load(paths)
    entries, day, more = _day(folder)
    breaches += more
    for recording in manifests.values():
        breaches += recordings.check(folder, recording, day)
    breaches += leftovers.check(folder, day, entries, manifests)
    evidence = chains.gather(folder, entries, manifests)
    for part in evidence:
        breaches += chains.check(part)
    told = tuple(roomrecords.check(folder))
    denied = unconfirmed(claims, evidence)
    breaches += [*(each for each in told if isinstance(each, Breach)), *denied.breaches]
    notes = (*leftovers.notes(folder), *(each for each in told if isinstance(each, Note)))
    return Report(str(folder), len(manifests), tuple(breaches), notes, denied.confirmed)


def _load(paths: Sequence[Path]) -> tuple[dict[str, Manifest], list[Breach]]:
    manifests: dict[str, Manifest] = {}
    breaches: list[Breach] = []
    for path in paths:
        try:
            recording = manifest.load(path)
            manifests[manifest.stem_of(path)] = recording
            if recording.stem != manifest.stem_of(path):
                text = say(
                    f"описывает другой файл: {recording.audio.file}", f"describes another file: {recording.audio.file}"
                )
                breaches.append(Breach(4, path.name, text))
        except (ExamError, OSError) as error:
            breaches.append(Breach(6, path.name, str(error)))
    return manifests, breaches


def _day(folder: Path) -> tuple[list[Entry], Day, list[Breach]]:
    """The journals and the day they tell together, as far as each is whole (invariant 10)."""
    day = Day()
    entries: list[Entry] = []
    breaches: list[Breach] = []
    for file in (journals.FILE, *journals.others(folder)):
        if not (folder / file).exists():
            breaches.append(Breach(10, file, say("журнала нет", "there is no journal")))
        told, its_day, more = _told(folder, file)
        entries += told
        day = its_day if file == journals.FILE else joined(day, its_day)
        breaches += more
    return entries, day, breaches


def _told(folder: Path, file: str) -> tuple[list[Entry], Day, list[Breach]]:
    day = Day()
    entries: list[Entry] = []
    try:
        entries = list(journals.read(folder, file))
        for entry in entries:
            day = evolve(day, entry.event, entry.wall)
    except (ExamError, ValueError, IndexError, KeyError) as error:
        return entries, day, [Breach(10, file, str(error))]
    return entries, day, list(_sequence(file, entries))


def _sequence(file: str, entries: Sequence[Entry]) -> Iterator[Breach]:
    for before, after in pairwise((0, *(entry.seq for entry in entries))):
        if after != before + 1:
            text = say(
                f"после события {before} идёт {after}: строки пропали или переставлены",
                f"event {before} is followed by {after}: lines are lost or moved",
            )
            yield Breach(10, file, text)
