"""Labels as PDF: A4 sheets of 3 × 8, 63 × 33 mm each, framed for scissors; a QR code and words beside it."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, Paragraph, Table
from reportlab.platypus.tables import TableStyle

from exam import drawing
from sync.papers.labels import Label

_ACROSS = 3
_WIDTH, _HEIGHT = 63 * mm, 33 * mm
_CODE = 27 * mm


def draw(labels: Sequence[Label], running: str) -> bytes:
    """The labels as a PDF file; `running`: stands on every page."""
    return drawing.drawn(lambda: [_sheet(labels)], title="Наклейки", running=running, size=A4)


def qr(text: str, size: float) -> Drawing:
    """A QR code of `size` points, its quiet zone within."""
    # Level M: a stamp or a crease over a seventh of it does no harm.
    code = QrCodeWidget(text, barLevel="M", barWidth=size, barHeight=size)
    picture = Drawing(size, size)
    picture.add(code)
    return picture


def _sheet(labels: Sequence[Label]) -> Flowable:
    cells = [_label(label) for label in labels]
    cells += [""] * (-len(cells) % _ACROSS)
    rows = [cells[at : at + _ACROSS] for at in range(0, len(cells), _ACROSS)]
    style = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.3, colors.lightgrey),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 1 * mm),
            ("RIGHTPADDING", (0, 0), (-1, -1), 1 * mm),
        ]
    )
    return LongTable(rows, colWidths=[_WIDTH] * _ACROSS, rowHeights=[_HEIGHT] * len(rows), style=style)


def _label(label: Label) -> Table | str:
    words = [Paragraph(f"<b>{escape(label.title)}</b>", drawing.BODY)]
    words += [Paragraph(escape(text), drawing.BODY) for text in (label.name, label.place) if text]
    style = TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ]
    )
    widths = [_CODE, _WIDTH - _CODE - 3 * mm]
    return Table([[qr(label.code, _CODE), words]], colWidths=widths, style=style)
