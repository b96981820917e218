"""Acts as DOCX, to be typed further: the same blocks as in PDF. The only user of python-docx."""

import io
from collections.abc import Callable, Iterable, Sequence

import docx
from docx.document import Document as Paper
from docx.enum.table import WD_ALIGN_VERTICAL, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell

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

_FONT = "Times New Roman"
_WIDTH, _CELL, _LABEL, _LONG_LABEL, _BETWEEN = 190.0, 5.5, 47.0, 88.0, 5.0
"""Millimetres."""
_BOX = 6.5
_BODY, _SMALL, _LETTER, _TITLE = 11.0, 8.0, 11.0, 13.0
_ALL_SIDES = ("top", "left", "bottom", "right")


def write(acts: Iterable[Act]) -> bytes:
    """The acts as one DOCX file."""
    paper = _blank()
    pages = [page for act in acts for page in act.pages]
    for at, page in enumerate(pages):
        if at:
            paper.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        for block in page:
            _WRITTEN[type(block)](paper, block)
    made = io.BytesIO()
    paper.save(made)
    return made.getvalue()


def _blank() -> Paper:
    paper = docx.Document()
    section = paper.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(10)
    style = paper.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(_BODY)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    style.paragraph_format.space_after = Pt(0)
    about = paper.core_properties
    about.author, about.title, about.comments = "exam-station", "Акты", ""
    return paper


def _top(paper: Paper, block: Top) -> None:
    shares = sum(share for *_, share in block.boxes)
    table = _table(paper, 2, [_WIDTH * share / shares for *_, share in block.boxes])
    for column, (value, caption, _) in enumerate(block.boxes):
        _put(table.cell(0, column), value)
        _frame(table.cell(0, column), _ALL_SIDES)
        _put(table.cell(1, column), f"({caption})", size=_SMALL, centred=True)


def _title(paper: Paper, block: Title) -> None:
    for at, line in enumerate(block.lines):
        paragraph = paper.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = Pt(8 if at == 0 else 0)
        run = paragraph.add_run(line)
        run.bold, run.font.size = True, Pt(_TITLE)


def _words(paper: Paper, block: Words) -> None:
    paragraph = paper.add_paragraph()
    paragraph.paragraph_format.space_before = Pt(6 if block.strong else 0)
    paragraph.paragraph_format.space_after = Pt(4)
    run = paragraph.add_run(block.text)
    run.bold = block.strong
    if not block.strong:
        run.font.size = Pt(_SMALL)


def _letters(paper: Paper, block: Letters) -> None:
    table = _table(paper, len(block.lines), [_LABEL, *[_CELL] * LETTERS], lines=len(block.lines))
    _put(table.cell(0, 0), block.label)
    for row, line in enumerate(block.lines):
        _spell(table, row, 1, line, LETTERS)
    _gap(paper)


def _digits(paper: Paper, block: Digits) -> None:
    widths = [_LONG_LABEL if block.between else _LABEL]
    starts = []
    for at, (_, count, _) in enumerate(block.groups):
        if at:
            widths.append(_BETWEEN if block.between else APART * _CELL)
        starts.append(len(widths))
        widths.extend([_CELL] * count)
    table = _table(paper, 2, widths)
    _put(table.cell(0, 0).merge(table.cell(1, 0)), block.label)
    for start, (text, count, caption) in zip(starts, block.groups, strict=True):
        if start > 1:
            _put(table.cell(0, start - 1), block.between, centred=True)
        _spell(table, 0, start, text, count)
        _put(table.cell(1, start).merge(table.cell(1, start + count - 1)), caption, size=_SMALL, centred=True)
    _gap(paper)


def _ruled(paper: Paper, block: Ruled) -> None:
    paper.add_paragraph(block.label)
    table = _table(paper, 1 + block.spare, [_WIDTH], lines=1 + block.spare)
    for row in range(1 + block.spare):
        _put(table.cell(row, 0), block.text if row == 0 else "")
        _frame(table.cell(row, 0), ("bottom",))
    _gap(paper)


def _signature(paper: Paper, block: Signature) -> None:
    table = _table(paper, 2, [78, 40, 6, 66])
    for column, (text, caption) in enumerate(((block.who, ""), ("", "подпись"), ("/", ""), ("", "ФИО"))):
        _put(table.cell(0, column), text, centred=column > 0)
        _put(table.cell(1, column), caption, size=_SMALL, centred=True)
        if caption:
            _frame(table.cell(0, column), ("bottom",))
    _gap(paper)


def _table(paper: Paper, rows: int, widths: Sequence[float], *, lines: int = 1) -> Table:
    """A table of millimetres; the first `lines` rows as high as a cell for a letter."""
    table: Table = paper.add_table(rows, len(widths))
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    for column, width in enumerate(widths):
        table.columns[column].width = Mm(width)
        for cell in table.columns[column].cells:
            cell.width = Mm(width)
    for row in table.rows[:lines]:
        row.height, row.height_rule = Mm(_BOX), WD_ROW_HEIGHT_RULE.AT_LEAST
    _margins(table)
    return table


def _spell(table: Table, row: int, first: int, text: str, count: int) -> None:
    for at, letter in enumerate(text[:count].ljust(count)):
        cell = table.cell(row, first + at)
        _put(cell, letter.strip(), size=_LETTER, centred=True)
        _frame(cell, _ALL_SIDES)
        cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER


def _put(cell: _Cell, text: str, *, size: float = _BODY, centred: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run(text).font.size = Pt(size)


def _frame(cell: _Cell, sides: Iterable[str]) -> None:
    """python-docx draws no frames of single cells."""
    borders = OxmlElement("w:tcBorders")
    for side in sides:
        line = OxmlElement(f"w:{side}")
        line.set(qn("w:val"), "single")
        line.set(qn("w:sz"), "4")
        borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)  # noqa: SLF001 - the library's own way to what it has no words for


def _margins(table: Table) -> None:
    """Cells as narrow as on the forms have no room for the usual margins."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        width = OxmlElement(f"w:{side}")
        width.set(qn("w:w"), "15")
        width.set(qn("w:type"), "dxa")
        margins.append(width)
    properties = table._tbl.tblPr  # noqa: SLF001 - as above
    look = properties.find(qn("w:tblLook"))
    if look is None:
        properties.append(margins)
    else:
        look.addprevious(margins)  # Word insists on the order


def _gap(paper: Paper) -> None:
    """Word joins tables that follow each other."""
    paragraph = paper.add_paragraph()
    paragraph.paragraph_format.line_spacing = Pt(6)


_WRITTEN: dict[type[Block], Callable[..., None]] = {
    Top: _top, Title: _title, Words: _words, Letters: _letters, Digits: _digits, Ruled: _ruled,
    Signature: _signature,
}  # fmt: skip
