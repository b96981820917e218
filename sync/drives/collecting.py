"""A room's drive brought to the headquarters: what `station export` put there, copied among the watched recordings.

Plain files beside manifests: each recording must be what its manifest says, each manifest what the room's inventory
says where that is on the drive; the manifest comes last. Called by `commands`.
"""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from exam import copying, durable, manifest, oswords, roomday
from exam.copying import SourceFailed
from exam.errors import ExamError, Rejected
from exam.fixity import sha256_of
from exam.names import check_place, day_folder
from sync.drives.model import Left
from sync.drives.reading import take_turn
from sync.naming import candidates
from sync.plan import Reason
from sync.schedule import exam_day
from sync.watch import check_file

_MOST_OF_INVENTORY = 16 << 20
_SHA256_LETTERS = 64


class Collected(Struct, frozen=True):
    """What came of a drive: manifests and records newly here, those that were here before, and what was refused."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    refused: tuple[Left, ...]


def collect(drive: Path, into: Path, school: str) -> Collected:
    """Copy every day of this school on the drive into `into`.

    Raises Rejected when there is none or the drive is gone, OSError as the disk of `into` does.
    """
    folders = list(_day_folders(drive))
    if not folders:
        raise Rejected(
            f"На {drive} нет папок дня (2026-02-11_265). Проверьте, тот ли это накопитель и та ли папка.",
            f"There are no day folders (2026-02-11_265) at {drive}. Check drive and folder.",
            code="no_days",
        )
    work = _Work(into, school)
    with _alone(into):
        for folder in folders:
            work.day(folder)
    return Collected(tuple(work.new), tuple(work.known), tuple(work.refused))


class _Work:
    def __init__(self, into: Path, school: str) -> None:
        self._into, self._school = into, school
        self.new: list[str] = []
        self.known: list[str] = []
        self.refused: list[Left] = []

    def day(self, folder: Path) -> None:
        listed = _inventories(folder)
        for path in sorted(folder.glob(f"*{manifest.SUFFIX}")):
            if path.name.startswith(durable.TEMPORARY_PREFIX):
                continue
            shown = f"{folder.name}/{path.name}"
            try:
                is_new = self._one(path, listed.get(path.name, set()))
            except (ExamError, SourceFailed) as error:
                if not folder.is_dir():
                    raise _gone(folder) from error
                self.refused.append(Left(shown, _reason(error)))
            else:
                (self.new if is_new else self.known).append(shown)

    def _one(self, path: Path, listed: set[str]) -> bool:
        """One manifest with its recording, or a room's record; whether anything was new."""
        told, sha256 = _read(path)
        if listed and sha256 not in listed:
            raise SourceFailed(_DAMAGED)
        check_place(told.room, told.school)
        self._check_school(told.school)
        target = self._into / day_folder(told.exam_date, told.room)
        durable.make_folder(target)
        has_new_sound = False
        if isinstance(told, manifest.Manifest):
            copy = told.deliveries[0] if told.deliveries else None
            name, content = (copy.file, copy.sha256) if copy else (told.audio.file, told.sha256)
            source = path.parent / name
            if not source.is_file() or source.is_symlink():
                raise Rejected(f"файла {name} на накопителе нет", f"{name} is not on the drive", code="no_file")
            has_new_sound = _put(source, target, name, content)
        return _put(path, target, path.name, sha256) or has_new_sound

    def _check_school(self, school: str) -> None:
        if school != self._school:
            raise Rejected(
                f"это запись другой школы ({school})", f"a recording of another school ({school})", code="other_school"
            )


def _read(path: Path) -> tuple[manifest.Manifest | roomday.RoomDay, str]:
    """What the file on the drive says, and its SHA-256. Raises Rejected, SourceFailed."""
    try:
        check_file(path)
        told = roomday.load(path) if roomday.is_room_day(path.name) else manifest.load(path)
        return told, sha256_of(path)
    except OSError as error:
        raise SourceFailed(str(error.strerror)) from error


def _put(source: Path, folder: Path, name: str, sha256: str) -> bool:
    """The file under its name, or marked where other content has that; whether it was not there yet."""
    for candidate in candidates(name, sha256):
        target = folder / candidate
        if not target.exists():
            copying.copy(source, target, sha256, lambda _bytes: None)
            return True
        if sha256_of(target) == sha256:
            return False
    raise Rejected("все имена для него заняты", "all names for it are taken", code="name_taken")


def _inventories(folder: Path) -> dict[str, set[str]]:
    """What the lists say that the room put beside its files: the SHA-256 of each name. One may list an earlier day."""
    found: dict[str, set[str]] = {}
    for path in folder.glob("*.csv"):
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_OF_INVENTORY:
                continue
            rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
        except (OSError, ValueError, csv.Error):  # a damaged list proves nothing
            continue
        for row in rows:
            for cell in row[1:]:
                if len(cell) == _SHA256_LETTERS:
                    found.setdefault(row[0], set()).add(cell)
    return found


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Only one at a time copies into the folder, and clears what a killed one left unfinished. Raises Rejected."""
    durable.make_folder(into)
    descriptor = os.open(into, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        take_turn(descriptor)
        for unfinished in into.glob(f"*/{durable.TEMPORARY_PREFIX}*"):
            unfinished.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _day_folders(drive: Path) -> Iterator[Path]:
    """Named itself, at the drive's root, or one folder below."""
    if exam_day(drive.name):
        yield drive
        return
    try:
        inside = _folders(drive)
    except OSError as error:
        raise Rejected(
            f"Накопитель {drive} не читается: {oswords.ru(error)}.",
            f"The drive {drive} cannot be read.",
            code="no_drive",
        ) from error
    for folder in inside:
        if exam_day(folder.name):
            yield folder
            continue
        try:
            yield from [path for path in _folders(folder) if exam_day(path.name)]
        except OSError:  # of Windows' own folders some are closed
            continue


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


_DAMAGED = "sha256"


def _reason(error: ExamError | SourceFailed) -> Reason:
    if isinstance(error, ExamError):
        return Reason(error.ru, error.en)
    if error.text != _DAMAGED:
        return Reason(f"не читается с накопителя ({error.text})", f"cannot be read from the drive ({error.text})")
    return Reason(
        "файл на накопителе испорчен: он не тот, что в описании записи или в описи аудитории",
        "the file on the drive is damaged: not what its manifest or the room's inventory says",
    )


def _gone(folder: Path) -> Rejected:
    return Rejected(
        f"Накопитель отключился ({folder}). Скопированное цело. Вставьте его и повторите.",
        f"The drive is gone ({folder}). What was copied is safe. Plug it in and repeat.",
        code="drive_gone",
    )
