"""Rooms' records in a day's folder: the next one published, the last one found. Nothing is overwritten.

Used by whatever publishes, and by whoever reads a day back.
"""

import errno
import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from exam import roomday
from exam.errors import Rejected
from exam.roomday import RoomDay
from station.roomrecord import Draft, computer_of, say_the_same

_log = logging.getLogger(__name__)


def publish(folder: Path, draft: Draft) -> str:
    """Publish the record under the next number, unless the last one says the same; the name of the file that says it.

    Raises OSError as the disk does.
    """
    computer = computer_of(draft.after + 1)
    last = last_of(folder, computer, draft.record.opened_at)
    if last is not None and say_the_same(last, draft.record):
        return last.file
    number = max(of_computer(folder, computer), default=draft.after)
    record = replace(draft.record, journal=_sha256_of_first(folder / draft.journal, draft.size))
    while True:
        number += 1
        try:
            return roomday.publish(replace(record, number=number), folder).name
        except FileExistsError:
            continue


def of_computer(folder: Path, computer: int) -> Mapping[int, list[Path]]:
    """The records of a computer of the room, by number; a folder that others merged may hold two of one."""
    found: dict[int, list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        number = roomday.number_of(path.name)
        if number is not None and computer_of(number) == computer:
            found[number].append(path)
    return found


def last_of(folder: Path, computer: int, opened_at: datetime | None = None) -> RoomDay | None:
    """The last record of a computer of the room that can be read; of the day that began at `opened_at`, if given."""
    for _, paths in sorted(of_computer(folder, computer).items(), reverse=True):
        for path in paths:
            told = read(path)
            if told is not None and opened_at in {None, told.opened_at}:
                return told
    return None


def read(path: Path) -> RoomDay | None:
    """A record; None, and a line in the log, where it cannot be read."""
    try:
        return roomday.load(path)
    except (Rejected, OSError) as error:
        _log.warning("%s", error)
        return None


def _sha256_of_first(path: Path, size: int) -> str:
    with path.open("rb") as file:
        content = file.read(size)
    if len(content) < size:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    return hashlib.sha256(content).hexdigest()
