"""A room's day onto a drive, file by file, so that a call that was cut short can be repeated and goes on.

Reads the station's folder only. What cannot go is named and keeps nothing else back; a drive that is gone, full or
gives other bytes back than it was given ends it.
"""

import errno
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam import copying
from exam.copying import SourceFailed
from exam.drive import Drive, held, opened
from exam.language import say
from station import daybook, sides
from station.config import Config
from station.exporting import papers
from station.exporting.choosing import Choice, File, Left, choose
from station.exporting.inventory import Entry
from station.exporting.papers import Put

_PAPERS_BYTES = 4 << 20  # journal, sheets and inventory are far smaller


class Step(Struct, frozen=True):
    """How far it has come: `done` of `whole` bytes, each counted when written and when read back; which file."""

    file: str
    number: int
    files: int
    done: int
    whole: int


class Carried(Struct, frozen=True):
    """What is on the drive now: `copied` by this call, `equal` before. `left`: what should be there and is not.

    `too_large`: files that this file system cannot hold, while the recording is there in another form.
    """

    folder: str
    copied: tuple[Entry, ...]
    equal: tuple[Entry, ...]
    left: tuple[Left, ...]
    too_large: tuple[Left, ...]
    put_by: tuple[Left, ...]
    inventory: tuple[str, ...]
    same_disk: bool

    @property
    def ok(self) -> bool:
        return not self.left


Tell = Callable[[Step], None]
Warn = Callable[[Left], None]
"""Told, before anything is copied, of each file that is too large for the drive."""


def carry(config: Config, path: Path, tell: Tell, warn: Warn = lambda _left: None) -> Carried:
    """Copy the configured day to the drive at `path`. Raises Rejected when the drive refuses or there is no day."""
    folder = sides.day_folder(config)
    second = config.second_day_folder
    drive = opened(path, folder.name, [config.day_folder.parent, *([second.parent] if second else [])])
    book = daybook.read(folder)
    choice = choose(folder, book.day, config.exam.recording)
    with held(drive):
        drive.prepare()
        journey = _Journey(drive, choice, tell, warn)
        journey.recordings()
        for put in papers.of_day(config, folder, book, drive):
            journey.note(put)
        listed = papers.inventory_of(
            config,
            book.until,
            drive,
            (*journey.copied, *journey.equal),
            left=(*journey.left, *journey.too_large),
            put_by=choice.put_by,
        )
        drive.check_there()
    return Carried(
        folder=str(drive.folder),
        copied=tuple(journey.copied),
        equal=tuple(journey.equal),
        left=tuple(journey.left),
        too_large=tuple(journey.too_large),
        put_by=choice.put_by,
        inventory=listed,
        same_disk=folder.stat().st_dev == drive.device,
    )


class _Journey:
    """One call: what was copied so far, and how far it has come."""

    def __init__(self, drive: Drive, choice: Choice, tell: Tell, warn: Warn) -> None:
        self._drive, self._choice, self._tell, self._warn = drive, choice, tell, warn
        self.copied: list[Entry] = []
        self.equal: list[Entry] = []
        self.left: list[Left] = list(choice.left)
        self.too_large: list[Left] = []
        self._step = Step("", 0, 0, 0, 0)

    def recordings(self) -> None:
        """Copy what is chosen and fits. Raises Rejected before anything is copied where there is no room for it."""
        going = [file for file in self._choice.files if self._drive.fits(file.size)]
        for file in self._choice.files:
            if file not in going:
                self._leave_large(file)
        there = {file.name for file in going if self._is_there(file.name)}
        self._drive.check_room([*(file.size for file in going if file.name not in there), _PAPERS_BYTES])
        whole = sum(file.size * (1 if file.name in there else 2) for file in going)
        self._step = Step("", 0, len(going), 0, whole)
        for file in going:
            self._step = replace(self._step, file=file.name, number=self._step.number + 1)
            self._carry(file)

    def note(self, put: Put | Left) -> None:
        """What became of a paper."""
        if isinstance(put, Left):
            self.left.append(put)
        else:
            (self.copied if put.is_new else self.equal).append(put.entry)

    def _is_there(self, name: str) -> bool:
        with self._drive.refusals():
            return (self._drive.folder / name).exists()

    def _carry(self, file: File) -> None:
        target = self._drive.folder / file.name
        with self._drive.refusals():
            try:
                if target.exists():
                    self._compare(file, target)
                else:
                    sha256 = copying.copy(file.path, target, file.sha256, self._advance)
                    self.copied.append(Entry(file.name, file.size, sha256, file.recording))
            except SourceFailed as failed:
                self.left.append(_damaged(file, failed))
            except OSError as error:
                if error.errno != errno.EFBIG:
                    raise
                self._leave_large(file)

    def _compare(self, file: File, target: Path) -> None:
        """A file of this name is there: the same, or another that is left alone."""
        wanted = file.sha256 or copying.sha256_here(file.path)
        if target.stat().st_size == file.size and copying.proved(target, self._advance) == wanted:
            self.equal.append(Entry(file.name, file.size, wanted, file.recording))
        else:
            self.left.append(Left(file.name, "other", papers.other_file()))

    def _leave_large(self, file: File) -> None:
        """No loss where the same recording goes in another form."""
        others = (each for each in self._choice.files if each.recording == file.recording and each.is_sound)
        is_heard = any(self._drive.fits(each.size) for each in others if each.name != file.name)
        text = say(
            f"больше 4 ГБ, накопитель {self._drive.kind} такие файлы не хранит; нужен NTFS или exFAT",
            f"over 4 GB, which {self._drive.kind} cannot hold; it takes NTFS or exFAT",
        )
        left = Left(file.name, "too_large", text)
        (self.too_large if is_heard else self.left).append(left)
        self._warn(left)

    def _advance(self, size: int) -> None:
        self._step = replace(self._step, done=self._step.done + size)
        self._tell(self._step)


def _damaged(file: File, failed: SourceFailed) -> Left:
    return Left(
        file.name,
        "damaged",
        say(
            f"файл на компьютере не читается или не тот, что в описании записи ({failed.text}); что с ним, скажет "
            "station verify",
            f"the computer's file cannot be read or is not what its manifest says ({failed.text}); see station verify",
        ),
    )
