"""Releasing a day's package to the centre: papers under their travelling names, and the manifest that closes them.

A released version is a manifest in `<state>/packages/<day>_комплект/`, published last; what changes afterwards is the
next version. Called by the commands, the office's pages and the agent; `sync.watch` finds what is to be sent.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from msgspec.structs import replace

from exam import durable, names
from exam.errors import Rejected
from exam.fixity import sha256_of
from exam.language import say
from sync.config import Config
from sync.naming import candidates
from sync.school import package
from sync.school.decisions import check_name, check_words
from sync.school.gathering import gather
from sync.school.model import File, Paper, Row, SchoolDay, Take
from sync.school.package import Package, PackageFile, PackageRow, PackageTake
from sync.school.released import FOLDER, Noted, Released

_LOCK = "release.lock"
_PIECE_BYTES = 1 << 20
_TOLD = 3


def folder_of(state: Path, exam_date: date) -> Path:
    """Where the papers and manifests of a day's package lie, ready to be sent."""
    return state / FOLDER / package.folder_of(exam_date)


def versions(state: Path, exam_date: date) -> list[tuple[Package, str]]:
    """Every released version with the SHA-256 of its manifest, in order. Raises Rejected for a damaged one."""
    folder = folder_of(state, exam_date)
    paths = sorted(path for path in folder.glob("*.json") if package.is_package(path.name)) if folder.is_dir() else []
    found = [(package.read(path.read_bytes(), path.name), sha256_of(path)) for path in paths]
    for told, _ in found:
        if told.exam_date != exam_date:
            raise _stray(told, folder)
    return sorted(found, key=lambda one: one[0].version)


def release(config: Config, day: SchoolDay, *, by: str, now: datetime, incomplete: str | None = None) -> Package:
    """Release the day as its next version. `by`: who answers for it; `incomplete`: why, although something lacks.

    Raises Rejected when something lacks and nobody says why it goes all the same, or nothing changed since the last
    version; OSError as the disk does.
    """
    check_name(by)
    check_words(incomplete or "")
    if day.faults and not (incomplete and incomplete.strip()):
        raise _lacking(day)
    folder = folder_of(config.state, day.exam_date)
    durable.make_folder(folder, mode=0o700)
    with _alone(folder.parent):
        for unfinished in folder.glob(f"{durable.TEMPORARY_PREFIX}*"):  # of a call that was killed
            unfinished.unlink()
        earlier, released = versions(config.state, day.exam_date), Released(config.state)
        day = replace(day, papers=tuple(_named(paper, folder) for paper in day.papers))
        made = _package(day, by, now, incomplete if day.faults else None)
        if earlier:
            last, sha256 = earlier[-1]
            is_whole = released.is_whole(sha256)
            if is_whole and _same(last, made):
                raise _unchanged(last)
            previous = sha256 if is_whole else released.of(last.exam_date, last.version)
            made = replace(made, version=last.version + 1, previous=previous)
        for paper in day.papers:
            _copy(config.scans / paper.file, folder / paper.name, paper)
        content = package.written(made)
        released.note(Noted(made.exam_date, made.version, package.digest(content), now))
        durable.publish(folder / made.file, content)
    return made


def release_by_itself(config: Config, now: datetime) -> Package | None:
    """Release the day where the school wants it so (`[send] release = "auto"`), it is complete, and something is new.

    Raises as `gather` does, OSError as the disk does.
    """
    if config.release != "auto" or config.roster is None:
        return None
    try:
        day = gather(config)
        return release(config, day, by=say("автоматически", "by itself"), now=now)
    except Rejected:
        return None


def _package(day: SchoolDay, by: str, now: datetime, incomplete: str | None) -> Package:
    return Package(
        school=day.school,
        school_name=day.school_name,
        exam_date=day.exam_date,
        version=1,
        released_at=now,
        by=by,
        incomplete=incomplete,
        scheme=day.scheme,
        recording=day.recording,
        papers_way=day.papers_way,
        papers_given=day.papers_given,
        rows=tuple(_row(row) for row in day.rows),
        files=tuple(_files(day)),
        faults=day.faults,
    )


def _row(row: Row) -> PackageRow:
    person, chosen = row.person, row.take
    return PackageRow(
        number=person.number,
        surname=person.surname,
        first_name=person.first_name,
        patronymic=person.patronymic,
        class_name=person.class_name,
        rooms=row.rooms,
        outcome=row.said.outcome if row.said else None,
        outcome_at=row.said.at if row.said else None,
        variant=chosen.variant if chosen else None,
        recording=chosen.delivery.sha256 if chosen and chosen.delivery else None,
        protocol=row.protocol.sha256 if row.protocol else None,
        takes=tuple(_take(take) for take in row.takes),
        cells=dict(row.cells),
    )


def _take(take: Take) -> PackageTake:
    return PackageTake(
        room=take.room,
        station=take.station,
        stem=take.stem,
        number=take.number,
        variant=take.variant,
        started_at=take.started_at,
        ended_at=take.ended_at,
        decision=take.decision,
        source=take.source,
        recording=take.delivery.sha256 if take.delivery else None,
    )


def _files(day: SchoolDay) -> Iterator[PackageFile]:
    """Every file that is here and travels, each once; what is not here yet makes a later version."""
    for row in day.rows:
        for take in row.takes:
            folder = names.day_folder(day.exam_date, take.room)
            if take.delivery and take.manifest and take.here:
                yield _file(folder, take.delivery, "recording")
                yield _file(folder, take.manifest, "manifest")
    for room in day.rooms:
        for stream in room.streams:
            yield _file(names.day_folder(day.exam_date, room.number), stream, "stream")
    for paper in day.papers:
        yield PackageFile(f"{package.folder_of(day.exam_date)}/{paper.name}", paper.kind, paper.sha256, paper.size)


def _file(folder: str, file: File, kind: package.FileKind) -> PackageFile:
    return PackageFile(f"{folder}/{file.name}", kind, file.sha256, file.size)


def _same(last: Package, made: Package) -> bool:
    """Whether nothing was learned since: how far files have travelled meanwhile is no news."""
    return _essence(last) == _essence(made)


def _essence(one: Package) -> Package:
    rows = tuple(replace(row, cells={}) for row in one.rows)
    return replace(one, version=0, previous=None, released_at=datetime.min, by="", rows=rows)  # noqa: DTZ901 - no time


def _named(paper: Paper, folder: Path) -> Paper:
    """The paper under a name that no other content has in an earlier version."""
    free = (name for name in candidates(paper.name, paper.sha256) if not _is_taken(folder / name, paper.sha256))
    return replace(paper, name=next(free))


def _is_taken(path: Path, sha256: str) -> bool:
    return path.exists() and sha256_of(path) != sha256


def _copy(source: Path, target: Path, paper: Paper) -> None:
    """A paper under its travelling name, durably."""
    if target.exists():
        return
    temporary = durable.temporary_in(target.parent)
    try:
        with source.open("rb") as read, temporary.open("xb") as written:
            while piece := read.read(_PIECE_BYTES):
                written.write(piece)
            written.flush()
            os.fsync(written.fileno())
        if sha256_of(temporary) != paper.sha256:
            raise Rejected(
                f"Скан {paper.file} изменился, пока собирался комплект. Повторите.",
                f"The scan {paper.file} changed while the package was made. Try again.",
                code="changed",
            )
        durable.move_without_replacing(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One release at a time, whoever asks for it."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _stray(told: Package, folder: Path) -> Rejected:
    return Rejected(
        f"В папке {folder} лежит опись другого дня ({told.exam_date:%d.%m.%Y}): уберите её и повторите. Ничего не "
        "передано.",
        f"In {folder} is the manifest of another day ({told.exam_date}): take it away and repeat. Nothing was "
        "released.",
        code="other_day",
    )


def _lacking(day: SchoolDay) -> Rejected:
    shown_ru = "; ".join(fault.reason.ru for fault in day.faults[:_TOLD])
    shown_en = "; ".join(fault.reason.en for fault in day.faults[:_TOLD])
    return Rejected(
        f"Комплект не полон, замечаний: {len(day.faults)}. {shown_ru}. Устраните их или передайте с пояснением "
        "(--incomplete).",
        f"The package is incomplete, {len(day.faults)} things lack. {shown_en}. Mend them, or release it with a reason "
        "(--incomplete).",
        code="incomplete",
    )


def _unchanged(last: Package) -> Rejected:
    return Rejected(
        f"С версии {last.version}, переданной {last.released_at:%d.%m %H:%M}, ничего не изменилось: передавать нечего.",
        f"Nothing changed since version {last.version} of {last.released_at:%d.%m %H:%M}: nothing to release.",
        code="nothing_new",
    )
