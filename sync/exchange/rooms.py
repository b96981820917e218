"""What the rooms of a school last told of themselves, and when it came. Owns the table `room`.

The exchange's page and `commands` read it by `rooms`, beside a served exchange or without one; `roomwords` takes the
words in.
"""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from sync.exchange.database import Database, opened
from sync.exchange.refusal import Refused
from sync.roomword import Ready, RoomWord

MAX_ROOMS = 100
"""Computers of one school that are remembered."""
SILENT_AFTER = timedelta(seconds=45)
"""A room tells every 10 s: four words in a row were lost."""
CLOCK_SLACK = timedelta(seconds=30)

_READY = msgspec.json.Decoder(Ready | None)
_WORD = msgspec.json.Decoder(RoomWord)
_KEEP = """INSERT INTO room (school, room, computer, word, received_at, growing, ready_before)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (school, room, computer) DO UPDATE SET word = excluded.word,
    received_at = excluded.received_at, growing = excluded.growing, ready_before = excluded.ready_before"""


class RoomStanding(Struct, frozen=True, kw_only=True):
    """A room's computer as last heard of at `received_at` (UTC).

    `growing`: the stream has more bytes on disk than in the word before, or is a new file; `ready_before`: the last
    readiness told on a day before the exam; `clock_off_s`: how far the room's clock is ahead of this one (negative:
    behind) when that is more than CLOCK_SLACK.
    """

    school: str
    word: RoomWord
    received_at: datetime
    growing: bool
    ready_before: Ready | None

    @property
    def clock_off_s(self) -> float | None:
        off = self.word.said_at - self.received_at
        return off.total_seconds() if abs(off) > CLOCK_SLACK else None

    def is_silent(self, now: datetime) -> bool:
        """Whether nothing came for longer than a working room is quiet."""
        return now - self.received_at > SILENT_AFTER


class Rooms:
    """Every method blocks on the disk; all raise Transient as `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hear(self, school: str, word: RoomWord, now: datetime) -> None:
        """Keep a word in place of the last one of this computer. Raises Refused (409) when there are too many."""
        before = next(iter(self._select("WHERE school = ? AND room = ? AND computer = ?", *_key(school, word))), None)
        if before is None and self._count(school) >= MAX_ROOMS:
            raise _too_many(school)
        ready = _ready_before(word, before)
        kept = msgspec.json.encode(word).decode(), now.astimezone(UTC).isoformat(), _is_growing(word, before)
        self._database.write(_KEEP, (*_key(school, word), *kept, msgspec.json.encode(ready).decode()))

    def all(self) -> list[RoomStanding]:
        """By school, room and computer."""
        return self._select("ORDER BY school, room, computer")

    def _count(self, school: str) -> int:
        return int(self._database.read("SELECT count(*) FROM room WHERE school = ?", (school,))[0][0])

    def _select(self, where: str, *values: object) -> list[RoomStanding]:
        rows = self._database.read(f"SELECT * FROM room {where}", values)  # noqa: S608 - literals of this module
        return [standing for row in rows if (standing := _standing(row)) is not None]


def rooms(folder: Path) -> list[RoomStanding]:
    """What is known of every room, also while the folder is served. Raises Rejected when no exchange is there,
    Transient as the disk does."""
    with opened(folder) as database:
        return Rooms(database).all()


def _standing(row: sqlite3.Row) -> RoomStanding | None:
    """None for what another version of this program has kept: the next word replaces it."""
    try:
        return RoomStanding(
            school=row["school"], word=_WORD.decode(row["word"]), growing=bool(row["growing"]),
            received_at=datetime.fromisoformat(row["received_at"]), ready_before=_READY.decode(row["ready_before"]),
        )  # fmt: skip
    except (msgspec.DecodeError, ValueError):
        return None


def _key(school: str, word: RoomWord) -> tuple[str, str, str]:
    return school, word.room, word.computer


def _is_growing(word: RoomWord, before: RoomStanding | None) -> bool:
    stream = word.station.stream if word.station else None
    if stream is None:
        return False
    last = before.word.station.stream if before and before.word.station else None
    return stream.bytes > (last.bytes if last and last.file == stream.file else 0)


def _ready_before(word: RoomWord, before: RoomStanding | None) -> Ready | None:
    """Told before the exam's day: that stays known on the day itself."""
    if word.ready is not None and word.exam_date is not None and word.ready.at.date() < word.exam_date:
        return word.ready
    known = before.ready_before if before else None
    return known if before and before.word.exam_date == word.exam_date else None


def _too_many(school: str) -> Refused:
    return Refused(
        409,
        "too_many_rooms",
        f"О школе {school} помнится уже {MAX_ROOMS} компьютеров. Записям это не мешает.",
        f"{MAX_ROOMS} computers of school {school} are remembered already. Recordings are not concerned.",
    )
