"""The rooms' sheets as PDF: A4 across, each room on a page of its own."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from msgspec.structs import astuple
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, LongTable, PageBreak, Paragraph, Spacer
from reportlab.platypus.tables import TableStyle

from exam import drawing
from exam.language import say
from sync.papers.rooms import Line, RoomSheet, Sheets

_WIDTHS = (12, 66, 15, 18, 20, 22, 58, 36, 30)
"""Millimetres of the columns; together the page without its margins."""


def draw(sheets: Sheets) -> bytes:
    """The sheets as a PDF file; the same sheets give the same bytes."""
    running = " · ".join(f"{label}: {value}" for label, value in sheets.heading[:2])
    return drawing.drawn(lambda: list(_story(sheets)), title=sheets.title, running=running)


def _story(sheets: Sheets) -> Iterator[Flowable]:
    said = "; ".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in sheets.heading)
    for room in sheets.rooms:
        yield Paragraph(escape(sheets.title), drawing.TITLE)
        yield Paragraph(said, drawing.SAID)
        if room.about:
            yield Paragraph(escape(room.about), drawing.BODY)
        yield Spacer(0, 2 * mm)
        yield _table(sheets.columns, room)
        yield Spacer(0, 3 * mm)
        yield Paragraph(escape(room.total), drawing.SAID)
        if room is not sheets.rooms[-1]:
            yield PageBreak()
    end: list[Flowable] = [Spacer(0, 3 * mm), Paragraph(f"<b>{escape(sheets.total)}</b>", drawing.SAID)]
    end += [Paragraph(escape(remark), drawing.BODY) for remark in sheets.remarks]
    yield KeepTogether([*end, Spacer(0, 4 * mm), drawing.signatures(sheets.signers)])


def _table(columns: Line, room: RoomSheet) -> LongTable:
    name = escape(f"{say('Аудитория', 'Room')} {room.number}")
    first = [Paragraph(f"<b>{name}</b>", drawing.SAID), *[""] * (len(_WIDTHS) - 1)]
    heading = [Paragraph(escape(text), drawing.COLUMN) for text in astuple(columns)]
    cells = [[Paragraph(escape(text) or "&nbsp;", drawing.BODY) for text in astuple(line)] for line in room.lines]
    style = TableStyle(drawing.GRID.getCommands())
    style.add("SPAN", (0, 0), (-1, 0))
    style.add("BACKGROUND", (0, 1), (-1, 1), "#f5f5f5")
    widths = [width * mm for width in _WIDTHS]
    return LongTable([first, heading, *cells], colWidths=widths, repeatRows=2, style=style)
