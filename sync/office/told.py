"""The day as the page is told it: the matrix line by line, its totals, what lacks as a list. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from exam.regulation import Outcome
from sync.school.model import Cell, Fault, Mark, Row, SchoolDay, Stage


class Released(Struct, frozen=True):
    """A version of the package that was released. `acknowledged`: the centre has proved that it holds all of it."""

    version: int
    at: datetime
    by: str
    incomplete: str | None = None
    acknowledged: bool = False


class TakeTold(Struct, frozen=True):
    """A take that counts; `chosen`: it stands for the participant."""

    stem: str
    room: str
    started_at: datetime
    variant: str | None
    decision: str | None
    chosen: bool


class Line(Struct, frozen=True, kw_only=True):
    """A participant's line of the matrix. `cells`: in the order of the stages; `lacks`: whether somebody must act."""

    number: int
    name: str
    class_name: str
    rooms: tuple[str, ...]
    variant: str | None
    takes: tuple[TakeTold, ...]
    outcome: Outcome | None
    outcome_at: str | None
    note: str
    by: str
    cells: tuple[Cell, ...]
    lacks: bool


class DayTold(Struct, frozen=True, kw_only=True):
    """`totals`: by stage, by mark, how many; `releases`: the last one last; `is_ahead`: the day has yet to come."""

    stages: tuple[Stage, ...]
    lines: tuple[Line, ...]
    totals: Mapping[Stage, Mapping[Mark, int]]
    faults: tuple[Fault, ...]
    is_complete: bool
    is_ahead: bool
    releases: tuple[Released, ...]


def told(day: SchoolDay, releases: Sequence[Released], today: date) -> DayTold:
    """All of it, as it is `today`."""
    return DayTold(
        stages=tuple(Stage),
        lines=tuple(_line(row) for row in day.rows),
        totals={stage: Counter(row.cells[stage].mark for row in day.rows if stage in row.cells) for stage in Stage},
        faults=day.faults,
        is_complete=day.is_complete,
        is_ahead=today < day.exam_date,
        releases=tuple(releases),
    )


def _line(row: Row) -> Line:
    said, take = row.said, row.take
    cells = tuple(row.cells.get(stage, Cell(Mark.OPEN)) for stage in Stage)
    return Line(
        number=row.person.number,
        name=row.person.full_name,
        class_name=row.person.class_name,
        rooms=row.rooms,
        variant=take.variant if take else None,
        takes=tuple(
            TakeTold(each.stem, each.room, each.started_at, each.variant, each.decision, each == row.take)
            for each in row.takes
        ),
        outcome=said.outcome if said else None,
        outcome_at=said.at if said else None,
        note=said.note if said else "",
        by=said.by if said else "",
        cells=cells,
        lacks=any(cell.mark is Mark.NO for cell in cells),
    )
