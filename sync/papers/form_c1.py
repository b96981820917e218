"""A draft of form С-1, to be copied into the centre's own: what stands in each line. Pure.

Sources: S2 appendix 8 (columns), 9.4 («Неявка» in «№ каб.» of the absent and of early finishers with a valid reason),
7.10 (a mark for the removed, who are not absent). Rooms and variants are the journal's, of the take that stands for the
participant; scores are people's.
"""

from collections.abc import Mapping

from msgspec import Struct

from exam.regulation import Outcome
from sync.papers.criteria import CRITERIA
from sync.papers.personal import UNKNOWN, Personal
from sync.papers.scoring import NO_SHOW, NO_SHOWS, Score, is_marked
from sync.school.model import Row, SchoolDay

DRAFT = "ЧЕРНОВИК для переноса в форму, которую выдал РЦОИ. Составлен программой, не официальная форма."
TITLE = (
    "Специализированная форма для внесения информации из протоколов экспертов по оцениванию ответов участников "
    "итогового собеседования"
)
FORM = "Форма С-1"
SIGNERS = ("Ответственный за проведение", "Директор")
AFTER = ("М.П.", "Отчёт сформирован:")
REMOVED = "удален"


class Line(Struct, frozen=True):
    """One participant. `marks`: by criterion, empty where nobody told any; `open`: the criteria that take a mark;
    `passes`: the least sum that is «зачёт»; `verdict`: only where no score decides it."""

    number: int
    name: str
    document: str
    class_name: str
    category: str
    room: str
    variant: str
    marks: Mapping[str, str]
    open: frozenset[str]
    passes: int
    verdict: str = ""


class Form(Struct, frozen=True):
    """`heading`: a label and a value each."""

    heading: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]


def form_of(
    day: SchoolDay, personal: Mapping[int, Personal], scores: Mapping[int, Score] | None = None, *, ate: str = ""
) -> Form:
    """The form as far as it is known. `ate`: the territorial unit (АТЕ) as it is to stand there."""
    school = f"{day.school_name} ({day.school})" if day.school_name else day.school
    heading = (("АТЕ", ate), ("ППЭ", school), ("по состоянию на", f"{day.exam_date:%d.%m.%Y}"))
    known = scores or {}
    lines = (
        _line(day, row, personal.get(row.person.number, UNKNOWN), known.get(row.person.number)) for row in day.rows
    )
    return Form(heading, tuple(lines))


def _line(day: SchoolDay, row: Row, personal: Personal, score: Score | None) -> Line:
    person, take = row.person, row.take
    is_no_show = row.said is not None and row.said.outcome in NO_SHOWS
    is_removed = row.said is not None and row.said.outcome is Outcome.REMOVED
    return Line(
        number=person.number,
        name=person.full_name,
        document=" ".join(part for part in (personal.series, personal.document) if part),
        class_name=person.class_name,
        category=personal.category.label,
        room=NO_SHOW if is_no_show else take.room if take else _told_by(day, row),
        variant=(take.variant or "") if take and not is_no_show else "",
        marks={each.name: score.shown(each.name) for each in CRITERIA} if score else {},
        open=personal.category.criteria if is_marked(row) else frozenset(),
        passes=personal.category.passes,
        verdict=REMOVED if is_removed else "",
    )


def _told_by(day: SchoolDay, row: Row) -> str:
    """The room whose journal has a word on somebody without a recording, in writing for example."""
    by = row.said.by if row.said is not None else ""
    return by if any(room.number == by for room in day.rooms) else ""
