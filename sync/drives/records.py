"""What is remembered of drives: what each was given, which one was lost. Owns `drives.jsonl` in the state folder."""

import fcntl
import os
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct

from exam import durable
from exam.errors import Rejected
from sync.drives.model import DriveFile
from sync.lines import Lines

FILE = "drives.jsonl"


class Begun(Struct, frozen=True, tag_field="event", tag="begun"):
    """A drive is being written: noted before its first file.

    `folder`: its folder on the drive; `recipients`: the public keys it is encrypted to, none for a plain one.
    """

    number: int
    folder: str
    exam_date: date
    recipients: tuple[str, ...]
    by: str
    at: datetime

    @property
    def encrypted(self) -> bool:
        return bool(self.recipients)


class Stored(Struct, frozen=True, tag_field="event", tag="stored"):
    """A file that lies on the drive and was read back."""

    number: int
    file: DriveFile


class Made(Struct, frozen=True, tag_field="event", tag="made"):
    """The drive is complete: its note was written last. `note_sha256`: printed on the slip."""

    number: int
    note_sha256: str
    at: datetime


class Missing(Struct, frozen=True, tag_field="event", tag="lost"):
    """Somebody lost the drive, says `by`."""

    number: int
    by: str
    note: str
    at: datetime


Event = Begun | Stored | Made | Missing


class Carried(Struct, frozen=True):
    """One drive, and what became of it."""

    begun: Begun
    files: tuple[DriveFile, ...] = ()
    made: Made | None = None
    lost: Missing | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


class Drives:
    """The drives of one state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lines: Lines[Event] = Lines(state / FILE, Event)

    def all(self) -> dict[int, Carried]:
        """By number. Raises OSError."""
        return summed(self._lines.read()[0])

    def one(self, number: int) -> Carried:
        """Raises Rejected for a number nobody used, OSError."""
        known = self.all()
        if number not in known:
            raise Rejected(
                f"Накопителя № {number} в учёте нет. Какие есть: station-sync drive list.",
                f"There is no drive no. {number}. Those there are: station-sync drive list.",
                code="no_drive",
            )
        return known[number]

    def begin(self, make: Callable[[int], Begun]) -> Begun:
        """A new drive under the next free number. Raises OSError."""
        durable.make_folder(self._state, mode=0o700)
        descriptor = os.open(self._state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # two drives may be written at a time
            begun = make(max(self.all(), default=0) + 1)
            self.add(begun)
        finally:
            os.close(descriptor)
        return begun

    def add(self, event: Event) -> None:
        """Keep it durably. Raises OSError."""
        self._lines.append(event)


def summed(events: Iterable[Event]) -> dict[int, Carried]:
    """What the events come to, by number."""
    begun: dict[int, Begun] = {}
    files: dict[int, dict[str, DriveFile]] = {}
    made: dict[int, Made] = {}
    lost: dict[int, Missing] = {}
    for event in events:
        match event:
            case Begun(number=number):
                begun[number] = event
            case Stored(number=number, file=file):
                files.setdefault(number, {})[file.path + file.sha256] = file
            case Made(number=number):
                made[number] = event
            case Missing(number=number):
                lost[number] = event
    return {
        number: Carried(one, tuple(files.get(number, {}).values()), made.get(number), lost.get(number))
        for number, one in begun.items()
    }
