"""A room's drive brought to the headquarters: what `station export` put there, copied among the watched recordings.

Plain files beside manifests: each recording must be what its manifest says, the manifest comes last. Called by
`commands`.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from exam import copying, durable, manifest, oswords, roomday
from exam.copying import NotTheSame, SourceFailed
from exam.errors import ExamError, Rejected
from exam.fixity import sha256_of
from sync.drives.model import Left
from sync.naming import candidates
from sync.plan import Reason
from sync.schedule import exam_day
from sync.watch import check_file


class Collected(Struct, frozen=True):
    """What came of a drive: manifests and records newly here, those that were here before, and what was refused."""

    new: tuple[str, ...]
    known: tuple[str, ...]
    refused: tuple[Left, ...]


def collect(drive: Path, into: Path, school: str) -> Collected:
    """Copy every day of this school on the drive into `into`. Raises Rejected when there is none, or nothing can be
    written."""
    folders = list(_day_folders(drive))
    if not folders:
        raise Rejected(
            f"На {drive} нет папок дня (2026-02-11_265). Проверьте, тот ли это накопитель и та ли папка.",
            f"There are no day folders (2026-02-11_265) at {drive}. Check drive and folder.",
            code="no_days",
        )
    work = _Work(into, school)
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
        for path in sorted(folder.glob(f"*{manifest.SUFFIX}")):
            shown = f"{folder.name}/{path.name}"
            try:
                is_new = self._one(path)
            except (ExamError, SourceFailed, NotTheSame) as error:
                self.refused.append(Left(shown, _reason(error)))
            except OSError as error:
                if not folder.is_dir():
                    raise _gone(folder) from error
                self.refused.append(Left(shown, Reason(*oswords.both(error))))
            else:
                (self.new if is_new else self.known).append(shown)

    def _one(self, path: Path) -> bool:
        """One manifest with its recording, or a room's record; whether anything was new."""
        check_file(path)
        target = self._into / path.parent.name
        durable.make_folder(target)
        if roomday.is_room_day(path.name):
            self._check_school(roomday.load(path).school)
            return _put(path, target, path.name, sha256_of(path))
        told = manifest.load(path)
        self._check_school(told.school)
        copy = told.deliveries[0] if told.deliveries else None
        name, sha256 = (copy.file, copy.sha256) if copy else (told.audio.file, told.sha256)
        if not (path.parent / name).is_file() or (path.parent / name).is_symlink():
            raise Rejected(f"файла {name} на накопителе нет", f"{name} is not on the drive", code="no_file")
        has_new_sound = _put(path.parent / name, target, name, sha256)
        return _put(path, target, path.name, sha256_of(path)) or has_new_sound

    def _check_school(self, school: str) -> None:
        if school != self._school:
            raise Rejected(
                f"это запись другой школы ({school})", f"a recording of another school ({school})", code="other_school"
            )


def _put(source: Path, folder: Path, name: str, sha256: str) -> bool:
    """The file under its name, or marked where other content has that; whether it was not there yet."""
    for candidate in candidates(name, sha256):
        target = folder / candidate
        if not target.exists():
            copying.copy(source, target, sha256, lambda _bytes: None)
            return True
        if sha256_of(target) == sha256:
            return False
    raise AssertionError("a name with the whole SHA-256 is taken by other content")


def _day_folders(drive: Path) -> Iterator[Path]:
    """Named itself, at the drive's root, or one folder below."""
    if exam_day(drive.name):
        yield drive
        return
    try:
        inside = sorted(path for path in drive.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError as error:
        raise Rejected(
            f"Накопитель {drive} не читается: {oswords.ru(error)}.",
            f"The drive {drive} cannot be read.",
            code="no_drive",
        ) from error
    for folder in inside:
        if exam_day(folder.name):
            yield folder
        else:
            yield from sorted(
                path for path in folder.iterdir() if exam_day(path.name) and path.is_dir() and not path.is_symlink()
            )


def _reason(error: Exception) -> Reason:
    if isinstance(error, ExamError):
        return Reason(error.ru, error.en)
    return Reason(
        "файл на накопителе испорчен: он не тот, что в описании записи",
        "the file on the drive is damaged: not what its manifest says",
    )


def _gone(folder: Path) -> Rejected:
    return Rejected(
        f"Накопитель отключился ({folder}). Скопированное цело. Вставьте его и повторите.",
        f"The drive is gone ({folder}). What was copied is safe. Plug it in and repeat.",
        code="drive_gone",
    )
