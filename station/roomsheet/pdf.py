"""The room sheet as PDF: A4 across, the heading on every page."""

from xml.sax.saxutils import escape

from msgspec.structs import astuple
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, LongTable, Paragraph, Spacer
from reportlab.platypus.tables import TableStyle

from exam import drawing
from station.roomsheet.rows import Line, Sheet

_PEN = 2.4 * mm
_WIDTHS = (12, 54, 14, 16, 18, 19, 37, 29, 27, 25, 26)
"""Millimetres of the columns; together the page without its margins."""


def draw(sheet: Sheet) -> bytes:
    """The sheet as a PDF file; the same sheet gives the same bytes."""
    short = " · ".join(f"{label}: {value}" for label, value in sheet.heading[:3])
    return drawing.drawn(lambda: _story(sheet), title=sheet.title, running=short)


def _story(sheet: Sheet) -> list[Flowable]:
    said = "; ".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in sheet.heading)
    return [
        Paragraph(escape(sheet.title), drawing.TITLE),
        Paragraph(said, drawing.SAID),
        Spacer(0, 2 * mm),
        _table(sheet),
        Spacer(0, 3 * mm),
        *(Paragraph(escape(remark), drawing.BODY) for remark in sheet.remarks),
        KeepTogether([Spacer(0, 4 * mm), drawing.signatures(sheet.signers)]),
    ]


def _table(sheet: Sheet) -> LongTable:
    cells = [[Paragraph(escape(text), drawing.COLUMN) for text in astuple(sheet.columns)], *map(_cells, sheet.lines)]
    style = TableStyle(drawing.GRID.getCommands())
    if sheet.is_blank:  # room for a pen
        style.add("TOPPADDING", (0, 1), (-1, -1), _PEN)
        style.add("BOTTOMPADDING", (0, 1), (-1, -1), _PEN)
    return LongTable(cells, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, style=style)


def _cells(line: Line) -> list[Paragraph]:
    styles = {"code": drawing.CODE}
    return [
        Paragraph(escape(text) or "&nbsp;", styles.get(field, drawing.BODY))
        for field, text in zip(line.__struct_fields__, astuple(line), strict=True)
    ]
