"""Labels to stick on papers before they are scanned: whose paper it is, as a QR code and in words. Pure.

The codes are those that `sync.scans` reads; no name is in them.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct

from exam.regulation import Outcome
from sync.scans.codes import payload
from sync.scans.model import Belongs
from sync.school.model import Row, SchoolDay

_ACTS = {Outcome.EARLY_END: "прил. 10", Outcome.EXTRA_DATE: "прил. 10", Outcome.REMOVED: "прил. 13"}


class Label(Struct, frozen=True):
    """`code`: the text of the QR code; `title`, `name`, `place`: what people read beside it."""

    code: str
    title: str
    name: str = ""
    place: str = ""


def labels_of(day: SchoolDay) -> list[Label]:
    """A label for each protocol, then for acts, rooms' sheets and form С-1."""
    rooms = (
        Label(_code(day, Belongs("room_sheet", room=room.number)), "Ведомость учёта", place=f"ауд. {room.number}")
        for room in day.rooms
    )
    form = Label(_code(day, Belongs("form_c1")), "Форма С-1")
    return list(chain((_protocol(day, row) for row in day.rows), _acts(day, day.rows), rooms, [form]))


def act_code(day: SchoolDay, number: int) -> str:
    """The code on an act about this participant."""
    return _code(day, Belongs("act", participant=number))


def _protocol(day: SchoolDay, row: Row) -> Label:
    return Label(
        _code(day, Belongs("protocol", participant=row.person.number)), "Протокол эксперта", _named(row), _place(row)
    )


def _acts(day: SchoolDay, rows: Iterable[Row]) -> Iterator[Label]:
    for row in rows:
        if row.said is not None and row.said.outcome in _ACTS:
            title = f"Акт ({_ACTS[row.said.outcome]})"
            yield Label(act_code(day, row.person.number), title, _named(row), _place(row))


def _named(row: Row) -> str:
    return f"№ {row.person.number} {row.person.full_name}"


def _place(row: Row) -> str:
    room = row.take.room if row.take else (row.rooms[0] if row.rooms else "")
    return " ".join(part for part in (row.person.class_name, f"ауд. {room}" if room else "") if part)


def _code(day: SchoolDay, belongs: Belongs) -> str:
    return payload(day.school, day.exam_date, belongs)
