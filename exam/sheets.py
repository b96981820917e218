"""What all our papers have in common as Excel tables: cells of text that stay text, grids, a page across.

Imported only by what writes a table: openpyxl is slow to load. The same content gives the same bytes.
"""

import io
import re
import zipfile
from collections.abc import Sequence

import openpyxl
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

_THIN = Side(style="thin")
GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
WRAPPED = Alignment(wrap_text=True, vertical="center")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
_NO_TITLE = re.compile(r"[\[\]:*?/\\']")
_TITLE_LENGTH = 31
_LINE_PT = 15


def titled(text: str) -> str:
    """The text as Excel allows a sheet to be called."""
    return _NO_TITLE.sub("-", text)[:_TITLE_LENGTH] or "1"


def say_line(table: Worksheet, text: str, *, bold: bool = False) -> None:
    """A line of words across the columns."""
    put(table, table.max_row + 1 if table["A1"].value else 1, 1, text).font = Font(bold=bold)


def add_row(table: Worksheet, texts: Sequence[str], *, bold: bool = False) -> None:
    """A line of the grid."""
    row = table.max_row + 1
    for column, text in enumerate(texts, start=1):
        cell = put(table, row, column, text)
        cell.font, cell.border, cell.alignment = Font(bold=bold), GRID, WRAPPED


def put(table: Worksheet, row: int, column: int, text: str) -> Cell:
    """A cell of text; rows and columns from 1."""
    cell = table.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - what is merged is merged when all is written
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"  # what begins with = is a name or a note all the same, never a formula
    cell.number_format = "@"
    return cell


def lay_out(table: Worksheet, widths: Sequence[float], heading: int, *, rows: int = 1) -> None:
    """A4 across, as wide as the page, the heading on each: `rows` lines, the last of them `heading`."""
    for column, width in enumerate(widths, start=1):
        table.column_dimensions[get_column_letter(column)].width = width
    for number, row in enumerate(table.iter_rows(min_row=heading - rows + 1), start=heading - rows + 1):
        lines = [_lines(str(cell.value or ""), width) for cell, width in zip(row, widths, strict=False)
                 if cell.alignment.wrap_text]  # fmt: skip
        table.row_dimensions[number].height = _LINE_PT * max(lines, default=1)
    table.freeze_panes = f"A{heading + 1}"
    table.print_title_rows = f"{heading - rows + 1}:{heading}"
    table.page_setup.orientation = "landscape"
    table.page_setup.paperSize = table.PAPERSIZE_A4
    table.page_setup.fitToHeight = 0
    table.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    table.oddFooter = HeaderFooterItem(right=_HeaderFooterPart(text="&P / &N"))


def _lines(text: str, width: float) -> int:
    """How many lines a cell takes, roughly: not every program fits heights by itself."""
    room = max(int(width) - 2, 1)
    return 1 if text.startswith("=") else sum(-(-max(len(part), 1) // room) for part in text.split("\n"))


def written(book: openpyxl.Workbook) -> bytes:
    """The file without the moment it was made: a copy of the same content is then the same file."""
    made, same = io.BytesIO(), io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as given, zipfile.ZipFile(same, "w", zipfile.ZIP_DEFLATED) as kept:
        for item in given.infolist():
            content = given.read(item)
            if item.filename == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            entry = zipfile.ZipInfo(item.filename, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, content)
    return same.getvalue()
