"""The room sheet as PDF: A4 across, the heading on every page, fonts within. The only user of reportlab."""

import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib as mpl
from msgspec.structs import astuple
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as SmallTable
from reportlab.platypus.tables import TableStyle

from exam.language import say
from station.roomsheet.rows import Line, Sheet

_FONT, _BOLD, _MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
_MARGIN = 10 * mm
_HEAD, _FOOT = 8 * mm, 7 * mm
_PEN = 2.4 * mm
_SIGNATURE_HEIGHT = 10 * mm
_WIDTHS = (12, 54, 14, 16, 18, 19, 37, 29, 27, 25, 26)
"""Millimetres of the columns; together the page without its margins."""

_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=8, leading=9.6, splitLongWords=1)
_COLUMN = ParagraphStyle("column", _BODY, fontName=_BOLD, fontSize=7.2, leading=8.6, alignment=1)
_CODE = ParagraphStyle("code", _BODY, fontName=_MONO, fontSize=7.4, leading=9)
_TITLE = ParagraphStyle("title", _BODY, fontName=_BOLD, fontSize=13, leading=16, alignment=1, spaceAfter=2 * mm)
_SAID = ParagraphStyle("said", _BODY, fontSize=9, leading=12)

_GRID = TableStyle(
    [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 1.2 * mm),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1.2 * mm),
        ("TOPPADDING", (0, 0), (-1, -1), 0.8 * mm),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0.8 * mm),
    ]
)


def draw(sheet: Sheet) -> bytes:
    """The sheet as a PDF file; the same sheet gives the same bytes."""
    _load_fonts()
    return _built(sheet, pages=_Pages(sheet, total=_count(sheet)))


class _Pages:
    """What stands on every page, and how many there are; `total` 0 while that is being counted."""

    def __init__(self, sheet: Sheet, total: int) -> None:
        self._short = " · ".join(f"{label}: {value}" for label, value in sheet.heading[:3])
        self._total, self.count = total, 0

    def draw(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        self.count += 1
        width, height = landscape(A4)
        canvas.setFont(_FONT, 7.5)
        canvas.drawString(_MARGIN, height - _MARGIN, _fitting(self._short, width - 2 * _MARGIN))
        told = say(f"Лист {self.count} из {self._total}", f"Page {self.count} of {self._total}")
        canvas.drawRightString(width - _MARGIN, _MARGIN - 2 * mm, told)


def _fitting(text: str, width: float) -> str:
    """The text, cut where the line ends."""
    while pdfmetrics.stringWidth(text, _FONT, 7.5) > width:
        text = text.rstrip("…")[:-1] + "…"
    return text


def _count(sheet: Sheet) -> int:
    pages = _Pages(sheet, total=0)
    _built(sheet, pages)
    return pages.count


def _built(sheet: Sheet, pages: _Pages) -> bytes:
    paper = io.BytesIO()
    width, height = landscape(A4)
    frame = Frame(
        _MARGIN, _MARGIN + _FOOT / 2, width - 2 * _MARGIN, height - 2 * _MARGIN - _HEAD / 2 - _FOOT / 2,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document = BaseDocTemplate(
        paper, pagesize=landscape(A4), title=sheet.title, author="exam-station", invariant=1,
        pageTemplates=[PageTemplate(frames=[frame], onPage=pages.draw)],
    )  # fmt: skip
    document.build(_story(sheet))
    return paper.getvalue()


def _story(sheet: Sheet) -> list[Flowable]:
    said = "; ".join(f"<b>{escape(label)}:</b> {escape(value)}" for label, value in sheet.heading)
    return [
        Paragraph(escape(sheet.title), _TITLE),
        Paragraph(said, _SAID),
        Spacer(0, 2 * mm),
        _table(sheet),
        Spacer(0, 3 * mm),
        *(Paragraph(escape(remark), _BODY) for remark in sheet.remarks),
        KeepTogether([Spacer(0, 4 * mm), _signatures(sheet.signers)]),
    ]


def _table(sheet: Sheet) -> LongTable:
    cells = [[Paragraph(escape(text), _COLUMN) for text in astuple(sheet.columns)], *map(_cells, sheet.lines)]
    style = TableStyle(_GRID.getCommands())
    if sheet.is_blank:  # room for a pen
        style.add("TOPPADDING", (0, 1), (-1, -1), _PEN)
        style.add("BOTTOMPADDING", (0, 1), (-1, -1), _PEN)
    return LongTable(cells, colWidths=[width * mm for width in _WIDTHS], repeatRows=1, style=style)


def _cells(line: Line) -> list[Paragraph]:
    styles = {"code": _CODE}
    return [
        Paragraph(escape(text) or "&nbsp;", styles.get(field, _BODY))
        for field, text in zip(line.__struct_fields__, astuple(line), strict=True)
    ]


def _signatures(signers: Sequence[str]) -> SmallTable:
    cells = [[Paragraph(escape(who), _SAID), "", "/", ""] for who in signers]
    table = SmallTable(
        cells, colWidths=[55 * mm, 45 * mm, 4 * mm, 70 * mm], rowHeights=_SIGNATURE_HEIGHT, hAlign="LEFT"
    )
    ruled = [("LINEBELOW", (column, 0), (column, -1), 0.5, colors.black) for column in (1, 3)]
    table.setStyle(TableStyle([*ruled, ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]))
    return table


def _load_fonts() -> None:
    """DejaVu, which knows Cyrillic; it comes with matplotlib."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (_FONT, _BOLD, _MONO):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)
