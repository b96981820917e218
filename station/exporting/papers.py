"""What goes to a drive beside the recordings: journals, rooms' records, the room sheet, and the inventory of it all.

They grow and change during a day, and nothing is overwritten: a journal is continued, of anything else the next
edition gets the next number.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from exam import copying, durable, oswords, roomday, roster
from exam.drive import Drive
from exam.errors import ExamError
from exam.language import say
from station import journal as journals
from station.config import Config
from station.daybook import Daybook
from station.exporting import inventory
from station.exporting.choosing import Left
from station.exporting.inventory import Entry
from station.roomsheet import making, rows

KEPT = "описи"
"""The folder beside the days where the station keeps what it has copied to drives."""


class Put(Struct, frozen=True):
    """A paper that is on the drive; `is_new`: since this call."""

    entry: Entry
    is_new: bool


def of_day(config: Config, folder: Path, book: Daybook, drive: Drive) -> Iterator[Put | Left]:
    """The day's journals, records and room sheets."""
    for name in (journals.FILE, *journals.others(folder)):
        content = (folder / name).read_bytes()
        yield _journal(drive, name, content[: content.rfind(b"\n") + 1])
    for name in sorted(path.name for path in folder.iterdir() if roomday.is_room_day(path.name)):
        yield _record(drive, folder / name)
    stem = say("Ведомость", "Room sheet")
    try:
        sheet = rows.sheet_of(book, roster.load(config.roster), making.place_of(config))
    except ExamError as error:
        yield Left(stem, "no_sheet", str(error))
        return
    for suffix, drawn in making.SUFFIXES.items():
        yield _edition(drive, stem, suffix, drawn(sheet))


def inventory_of(
    config: Config,
    until: datetime | None,
    drive: Drive,
    entries: Sequence[Entry],
    *,
    left: Sequence[Left],
    put_by: Sequence[Left],
) -> tuple[str, ...]:
    """List what is on the drive, there and, should it be lost, here; the names of the lists there."""
    entries = sorted(entries, key=lambda entry: entry.file)
    stem, place = say("Опись", "Inventory"), making.place_of(config)
    text = inventory.as_text(place, until, entries, left=left, put_by=put_by)
    lists = {".txt": text, ".csv": inventory.as_table(entries)}
    names = tuple(_edition(drive, stem, suffix, content).entry.file for suffix, content in lists.items())
    _keep(config.recordings / KEPT, drive, text)
    return names


def _keep(folder: Path, drive: Drive, text: bytes) -> None:
    """What a drive holds is known here even if it is lost; whoever may only read the recordings keeps none."""
    with suppress(OSError):
        durable.make_folder(folder)
        kept = sorted(folder.glob(f"{drive.folder.name}_*.txt"))
        if not any(path.read_bytes() == text for path in kept):
            name = f"{drive.folder.name}_{len(kept) + 1}_{drive.path.name or 'disk'}.txt"
            durable.publish(folder / name, text)


def other_file() -> str:
    """What is said of a name that another file bears."""
    return say(
        "на накопителе под этим именем другой файл; он не тронут. Переименуйте его или возьмите другую папку",
        "the drive has another file of this name, which was left alone; rename it or take another folder",
    )


def _journal(drive: Drive, name: str, content: bytes) -> Put | Left:
    """An earlier copy with which this one begins has only been continued since."""
    target = drive.folder / name
    with drive.refusals():
        before = target.read_bytes() if target.exists() else None
        if before == content:
            return Put(_entry(name, content), is_new=False)
        if before is not None and not content.startswith(before):
            return Left(name, "other", other_file())
        copying.put(content, target, continues=before is not None)
    return Put(_entry(name, content), is_new=True)


def _record(drive: Drive, path: Path) -> Put | Left:
    """A room's record never changes; one that cannot be read keeps nothing else back."""
    try:
        content = path.read_bytes()
    except OSError as error:
        return Left(path.name, "no_file", say(f"не читается: {oswords.ru(error)}", f"cannot be read: {error.strerror}"))
    target = drive.folder / path.name
    with drive.refusals():
        is_new = not target.exists()
        if not is_new and target.read_bytes() != content:
            return Left(path.name, "other", other_file())
        if is_new:
            copying.put(content, target)
    return Put(_entry(path.name, content), is_new=is_new)


def _edition(drive: Drive, stem: str, suffix: str, content: bytes) -> Put:
    """Under this name, or with the next number where another edition has it."""
    number = 1
    with drive.refusals():
        while (target := drive.folder / f"{stem}{f'_{number}' if number > 1 else ''}{suffix}").exists():
            if target.read_bytes() == content:
                return Put(_entry(target.name, content), is_new=False)
            number += 1
        copying.put(content, target)
    return Put(_entry(target.name, content), is_new=True)


def _entry(name: str, content: bytes) -> Entry:
    return Entry(name, len(content), hashlib.sha256(content).hexdigest())
