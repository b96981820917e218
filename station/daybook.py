"""The whole day as its journals tell it, for papers and copies: read only, beside a running daemon or without one."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from exam.errors import Rejected
from station import journal as journals
from station import recovery
from station.heads import Row, heads_for_paper
from station.session import Day, joined


class Daybook(Struct, frozen=True):
    """`heads`: of the stream's hash chain, for paper. `events`: how many were read; the last was noted at `until`."""

    day: Day
    heads: tuple[Row, ...]
    events: int
    until: datetime | None


def read(folder: Path) -> Daybook:
    """The day of `folder`, other computers' journals included. Raises Rejected where there is none or it is broken."""
    if not (folder / journals.FILE).exists():
        raise Rejected(
            f"В папке {folder} журнала дня нет: здесь ещё ничего не записано. Проверьте дату и аудиторию в настройках.",
            f"There is no journal in {folder}: nothing was recorded here yet. Check date and room in the settings.",
            code="not_a_day",
        )
    day = recovery.replay(folder)
    heads: list[Row] = []
    noted: list[datetime] = []
    for file in (journals.FILE, *journals.others(folder)):
        entries = tuple(journals.read(folder, file))
        heads += heads_for_paper(entries)
        noted += [entry.wall for entry in entries]
    for other in journals.others(folder):
        day = joined(day, recovery.replay(folder, other))
    return Daybook(day, tuple(heads), len(noted), max(noted, default=None))


def head_of_take(heads: Sequence[Row], stem: str) -> Row | None:
    """The first head that covers the whole take."""
    return next((row for row in heads if row.take == stem), None)
