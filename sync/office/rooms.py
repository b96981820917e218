"""A room as the headquarters sees it now: what it tells by itself, else what the day's records say. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

from sync.plan import Reason
from sync.school.model import Mark, Room, Row, SchoolDay, Stage

RoomState = Literal["unknown", "closed", "idle", "recording", "paused", "review", "finished"]
"""As `station status` tells it; unknown: nothing was heard; finished: its day was closed."""


class Light(Struct, frozen=True):
    """Something that is not ready, by the station's own word for it and in its sentence."""

    code: str
    text: str


class Word(Struct, frozen=True, kw_only=True):
    """What a room's computer told last. `size`: bytes of the common recording on its disk; `grew`: whether it has since
    the word before; `rehearsed`: whether there is a test recording that passed, None where it does not tell; `done` of
    `expected` participants."""

    room: str
    station: str
    state: RoomState
    heard_at: datetime
    is_late: bool = False
    size: int | None = None
    grew: bool | None = None
    rehearsed: bool | None = None
    readiness: tuple[Light, ...] = ()
    alarms: tuple[Reason, ...] = ()
    clock_off_s: float = 0.0
    done: int = 0
    expected: int = 0


class RoomTold(Struct, frozen=True, kw_only=True):
    """A room's line. `done`: participants recorded or accounted for, of `expected`; whoever knows of more is right."""

    number: str
    stations: tuple[str, ...]
    state: RoomState
    done: int
    expected: int
    words: tuple[Word, ...]


def told(day: SchoolDay, words: Iterable[Word]) -> tuple[RoomTold, ...]:
    """Every room that the roster, the day's records or a computer names, in the order of their numbers."""
    heard: dict[str, list[Word]] = {}
    for word in words:
        heard.setdefault(word.room, []).append(word)
    recorded = {room.number: room for room in day.rooms}
    listed = [row.person.room for row in day.rows if row.person.room]
    numbers = sorted({*heard, *recorded, *listed}, key=_in_order)
    return tuple(_told(number, day.rows, recorded.get(number), heard.get(number, [])) for number in numbers)


def _told(number: str, rows: Sequence[Row], room: Room | None, words: Sequence[Word]) -> RoomTold:
    mine = [row for row in rows if row.person.room == number]
    done = [row for row in mine if row.cells[Stage.RECORDED].mark in {Mark.YES, Mark.NOT_NEEDED}]
    stations = dict.fromkeys([*(room.stations if room else ()), *(word.station for word in words)])
    return RoomTold(
        number=number,
        stations=tuple(stations),
        state=_state(room, words),
        done=max([len(done), *(word.done for word in words)]),
        expected=max([len(mine), *(word.expected for word in words)]),
        words=tuple(words),
    )


def _state(room: Room | None, words: Sequence[Word]) -> RoomState:
    """The newest word; else what the room's record says."""
    latest = max(words, key=lambda word: word.heard_at, default=None)
    if room is not None and room.is_closed and (latest is None or latest.state == "closed"):
        return "finished"
    if latest is not None:
        return latest.state
    return "unknown" if room is None else "idle"


def _in_order(number: str) -> tuple[int, str]:
    digits = "".join(letter for letter in number if letter.isdigit())
    return int(digits or 0), number
