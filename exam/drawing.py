"""What all our papers have in common as PDF: fonts within, styles, grids, page numbers, lines to sign on.

Imported only by what draws a paper: reportlab and matplotlib's fonts are slow to load. The same content gives the same
bytes.
"""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import matplotlib as mpl
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph, Table
from reportlab.platypus.tables import TableStyle

from exam.language import say

FONT, BOLD, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono"
ACROSS = landscape(A4)
MARGIN = 10 * mm
_HEAD, _FOOT = 8 * mm, 7 * mm
_SIGNATURE_HEIGHT = 10 * mm

BODY = ParagraphStyle("body", fontName=FONT, fontSize=8, leading=9.6, splitLongWords=1)
COLUMN = ParagraphStyle("column", BODY, fontName=BOLD, fontSize=7.2, leading=8.6, alignment=1)
CODE = ParagraphStyle("code", BODY, fontName=MONO, fontSize=7.4, leading=9)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=13, leading=16, alignment=1, spaceAfter=2 * mm)
SAID = ParagraphStyle("said", BODY, fontSize=9, leading=12)

GRID = TableStyle(
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


def drawn(
    story: Callable[[], list[Flowable]], *, title: str, running: str = "", size: tuple[float, float] = ACROSS
) -> bytes:
    """A PDF file of what `story` tells anew each time. `running`: stands on every page, beside the page's number;
    without it there is neither. `size` in points."""
    load_fonts()
    total = 0
    if running:
        counting = _Pages(running, size, total=0)
        _build(story(), title, counting)
        total = counting.count
    return _build(story(), title, _Pages(running, size, total))


def signatures(signers: Sequence[str]) -> Table:
    """A line for each to sign on, and one for the name."""
    cells = [[Paragraph(escape(who), SAID), "", "/", ""] for who in signers]
    table = Table(cells, colWidths=[55 * mm, 45 * mm, 4 * mm, 70 * mm], rowHeights=_SIGNATURE_HEIGHT, hAlign="LEFT")
    ruled = [("LINEBELOW", (column, 0), (column, -1), 0.5, colors.black) for column in (1, 3)]
    table.setStyle(TableStyle([*ruled, ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]))
    return table


def load_fonts() -> None:
    """DejaVu, which knows Cyrillic; it comes with matplotlib."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (FONT, BOLD, MONO):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)


class _Pages:
    """What stands on every page, and how many there are; `total` 0 while that is being counted."""

    def __init__(self, running: str, size: tuple[float, float], total: int) -> None:
        self._running, self.size = running, size
        self._total, self.count = total, 0

    def draw(self, canvas: Canvas, _document: BaseDocTemplate) -> None:
        self.count += 1
        if not self._running:
            return
        width, height = self.size
        canvas.setFont(FONT, 7.5)
        canvas.drawString(MARGIN, height - MARGIN, _fitting(self._running, width - 2 * MARGIN))
        told = say(f"Лист {self.count} из {self._total}", f"Page {self.count} of {self._total}")
        canvas.drawRightString(width - MARGIN, MARGIN - 2 * mm, told)


def _fitting(text: str, width: float) -> str:
    """The text, cut where the line ends."""
    while pdfmetrics.stringWidth(text, FONT, 7.5) > width:
        text = text.rstrip("…")[:-1] + "…"
    return text


def _build(story: list[Flowable], title: str, pages: _Pages) -> bytes:
    paper = io.BytesIO()
    width, height = pages.size
    frame = Frame(
        MARGIN, MARGIN + _FOOT / 2, width - 2 * MARGIN, height - 2 * MARGIN - _HEAD / 2 - _FOOT / 2,
        leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
    )  # fmt: skip
    document = BaseDocTemplate(
        paper, pagesize=pages.size, title=title, author="exam-station", invariant=1,
        pageTemplates=[PageTemplate(frames=[frame], onPage=pages.draw)],
    )  # fmt: skip
    document.build(story)
    return paper.getvalue()
