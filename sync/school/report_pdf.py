"""The day's report as PDF: what lacks, then the matrix, a line for each participant; A4 across."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, Spacer
from reportlab.platypus.tables import TableStyle

from exam import drawing
from exam.language import say
from sync.school import telling
from sync.school.model import Mark, SchoolDay, Stage

_WIDTHS = (10, 52, 13, 20, 16, 17, 18, 18, 20, 18, 18, 18, 39)
"""Millimetres of the columns; together the page without its margins."""
_BEFORE_STAGES = 5
_SHADES = {Mark.NO: "#f6c9c4", Mark.OPEN: "#fdf0c4"}
"""Beside the word, never in its place."""


def draw(day: SchoolDay) -> bytes:
    """The report; the same day gives the same bytes."""
    title = say("Комплект материалов школьного дня", "A school's day")
    running = f"{day.school_name or day.school} · {day.exam_date:%d.%m.%Y}"
    return drawing.drawn(lambda: list(_story(day, title)), title=title, running=running)


def _story(day: SchoolDay, title: str) -> Iterator[Flowable]:
    heading, *told = telling.lines(day)
    yield Paragraph(escape(title), drawing.TITLE)
    yield Paragraph(f"<b>{escape(heading)}</b>", drawing.SAID)
    for line in told:
        yield Paragraph(escape(line.strip()), drawing.SAID, bulletText="•" if line.startswith(" ") else None)
    yield Spacer(0, 3 * mm)
    yield _matrix(day)


def _matrix(day: SchoolDay) -> LongTable:
    heading, *rows = telling.table(day)
    cells = [[Paragraph(escape(text), drawing.COLUMN) for text in heading]]
    cells += [[Paragraph(escape(text) or "&nbsp;", drawing.BODY) for text in row] for row in rows]
    style = TableStyle(drawing.GRID.getCommands())
    for line, row in enumerate(day.rows, start=1):
        for column, stage in enumerate(Stage, start=_BEFORE_STAGES):
            if shade := _SHADES.get(row.cells[stage].mark):
                style.add("BACKGROUND", (column, line), (column, line), shade)
    return LongTable(cells, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, style=style)
