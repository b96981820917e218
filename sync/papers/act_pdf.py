"""Acts as PDF: A4 upright, a page for each copy, letters in cells as on the forms."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Paragraph, Spacer, Table
from reportlab.platypus.tables import TableStyle

from exam import drawing
from sync.papers.acts import (
    APART,
    LETTERS,
    Act,
    Block,
    Digits,
    Letters,
    Ruled,
    Signature,
    Title,
    Top,
    Words,
)
from sync.papers.labels_pdf import qr

_WIDTH = 190 * mm
_CELL = 5.5 * mm
_LABEL = _WIDTH - LETTERS * _CELL
_LONG_LABEL = 88 * mm
_BETWEEN = 4 * mm
_CODE = 20 * mm
_BOX, _UNDER, _LINE = 6.5 * mm, 4.5 * mm, 7 * mm
_NOTE = ParagraphStyle("note", drawing.BODY, fontSize=7, leading=9, textColor=colors.HexColor("#555555"))
_LABELLED = ParagraphStyle("label", drawing.BODY, fontSize=8.5, leading=9.6, rightIndent=2 * mm)
_CAPTION = ParagraphStyle("caption", drawing.BODY, fontSize=6.5, leading=8, alignment=1)
_LETTER = ParagraphStyle("letter", drawing.BODY, fontSize=10, leading=11, alignment=1)
_TITLE = ParagraphStyle("act", drawing.TITLE, fontSize=12, leading=15, spaceAfter=0)
_PLAIN: list[Any] = [
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0.5 * mm),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5 * mm),
]


def draw(acts: Iterable[Act]) -> bytes:
    """The acts as one PDF file; the same acts give the same bytes."""
    pages = [(act.code, page) for act in acts for page in act.pages]
    return drawing.drawn(lambda: list(_story(pages)), title="Акты", size=A4)


def _story(pages: list[tuple[str, tuple[Block, ...]]]) -> Iterator[Flowable]:
    for at, (code, (note, *blocks)) in enumerate(pages):
        if at:
            yield PageBreak()
        yield Table(
            [[list(_drawn(note)), qr(code, _CODE)]], colWidths=[_WIDTH - _CODE, _CODE], style=TableStyle(_PLAIN)
        )
        for block in blocks:
            yield from _drawn(block)
            yield Spacer(0, 2.5 * mm)


def _drawn(block: Block) -> Iterator[Flowable]:
    yield from _DRAWN[type(block)](block)


def _top(block: Top) -> Iterator[Flowable]:
    shares = sum(share for *_, share in block.boxes)
    widths = [_WIDTH * share / shares for *_, share in block.boxes]
    values = [Paragraph(escape(value) or "&nbsp;", drawing.SAID) for value, *_ in block.boxes]
    captions = [Paragraph(f"({escape(caption)})", _CAPTION) for _, caption, _ in block.boxes]
    style = TableStyle(
        [*_PLAIN, ("GRID", (0, 0), (-1, 0), 0.5, colors.black), ("LEFTPADDING", (0, 0), (-1, 0), 1 * mm)]
    )
    yield Table([values, captions], colWidths=widths, style=style)


def _title(block: Title) -> Iterator[Flowable]:
    yield Spacer(0, 2 * mm)
    for line in block.lines:
        yield Paragraph(f"<b>{escape(line)}</b>", _TITLE)


def _words(block: Words) -> Iterator[Flowable]:
    if block.strong:
        yield Paragraph(f"<b>{escape(block.text)}</b>", drawing.SAID)
    else:
        yield Paragraph(escape(block.text), _NOTE)


def _letters(block: Letters) -> Iterator[Flowable]:
    rows: list[list[Any]] = [
        [_label(block.label) if at == 0 else "", *_cells(line, LETTERS)] for at, line in enumerate(block.lines)
    ]
    frames = [("GRID", (1, 0), (-1, -1), 0.5, colors.black)]
    style = TableStyle([*_PLAIN, *frames])
    yield Table(rows, colWidths=[_LABEL, *[_CELL] * LETTERS], rowHeights=_BOX, hAlign="LEFT", style=style)


def _digits(block: Digits) -> Iterator[Flowable]:
    row: list[Any] = [_label(block.label)]
    captions: list[Any] = [""]
    widths = [_LONG_LABEL if block.between else _LABEL]
    style = TableStyle([*_PLAIN, ("SPAN", (0, 0), (0, 1)), ("VALIGN", (0, 0), (0, 0), "TOP")])
    for at, (text, count, caption) in enumerate(block.groups):
        if at:
            row.append(Paragraph(escape(block.between), _LETTER))
            captions.append("")
            widths.append(_BETWEEN if block.between else APART * _CELL)
        first, last = len(row), len(row) + count - 1
        style.add("GRID", (first, 0), (last, 0), 0.5, colors.black)
        style.add("SPAN", (first, 1), (last, 1))
        row += _cells(text, count)
        captions += [Paragraph(escape(caption), _CAPTION), *[""] * (count - 1)]
        widths += [_CELL] * count
    yield Table([row, captions], colWidths=widths, rowHeights=[_BOX, _UNDER], hAlign="LEFT", style=style)


def _label(text: str) -> Paragraph:
    return Paragraph(escape(text), _LABELLED)


def _ruled(block: Ruled) -> Iterator[Flowable]:
    yield Paragraph(escape(block.label), drawing.SAID)
    rows: list[list[Any]] = [[Paragraph(escape(block.text) or "&nbsp;", drawing.SAID)], *[[""]] * block.spare]
    style = TableStyle([*_PLAIN, ("LINEBELOW", (0, 0), (-1, -1), 0.5, colors.black)])
    yield Table(rows, colWidths=[_WIDTH], rowHeights=[None, *[_LINE] * block.spare], style=style)


def _signature(block: Signature) -> Iterator[Flowable]:
    lines = [("LINEBELOW", (column, 0), (column, 0), 0.5, colors.black) for column in (1, 3)]
    row = [Paragraph(escape(block.who), drawing.SAID), "", Paragraph("/", _LETTER), ""]
    below = ["", Paragraph("подпись", _CAPTION), "", Paragraph("ФИО", _CAPTION)]
    style = TableStyle([*_PLAIN, *lines, ("VALIGN", (0, 0), (-1, 0), "BOTTOM")])
    yield Table([row, below], colWidths=[72 * mm, 40 * mm, 6 * mm, 72 * mm], rowHeights=[9 * mm, None], style=style)


def _cells(text: str, count: int) -> list[Paragraph | str]:
    return [Paragraph(escape(letter), _LETTER) if letter.strip() else "" for letter in text[:count].ljust(count)]


_DRAWN: dict[type[Block], Callable[..., Iterator[Flowable]]] = {
    Top: _top, Title: _title, Words: _words, Letters: _letters, Digits: _digits, Ruled: _ruled,
    Signature: _signature,
}  # fmt: skip
