"""The room sheet as an Excel table, to be filled in further; every cell is text. The only writer of XLSX."""

import io
import re
import zipfile
from collections.abc import Sequence

import openpyxl
from msgspec.structs import astuple
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from station.roomsheet.rows import Sheet

_WIDTHS = (10, 38, 9, 10, 11, 12, 28, 22, 20, 26, 20)
_THIN = Side(style="thin")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_WRAPPED = Alignment(wrap_text=True, vertical="center")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def write(sheet: Sheet) -> bytes:
    """The sheet as an XLSX file; the same sheet gives the same bytes."""
    book = openpyxl.Workbook()
    table = book.worksheets[0]
    table.title = sheet.heading[1][1] or "1"
    _say(table, sheet.title, bold=True)
    for label, value in sheet.heading:
        _say(table, f"{label}: {value}")
    _row(table, astuple(sheet.columns), bold=True)
    heading = table.max_row
    for line in sheet.lines:
        _row(table, astuple(line))
    signers = (f"{who}: ____________________ / ______________________________" for who in sheet.signers)
    for text in ("", *sheet.remarks, "", *signers):
        _say(table, text)
    _lay_out(table, heading)
    return _unchanging(book)


def _say(table: Worksheet, text: str, *, bold: bool = False) -> None:
    """A line of words across the columns."""
    _put(table, table.max_row + 1 if table["A1"].value else 1, 1, text).font = Font(bold=bold)


def _row(table: Worksheet, texts: Sequence[str], *, bold: bool = False) -> None:
    row = table.max_row + 1
    for column, text in enumerate(texts, start=1):
        cell = _put(table, row, column, text)
        cell.font, cell.border, cell.alignment = Font(bold=bold), _GRID, _WRAPPED


def _put(table: Worksheet, row: int, column: int, text: str) -> Cell:
    cell = table.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - nothing is merged here
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"  # what begins with = is a name or a note all the same, never a formula
    cell.number_format = "@"
    return cell


def _lay_out(table: Worksheet, heading: int) -> None:
    """A4 across, as wide as the page, the heading on each."""
    for column, width in enumerate(_WIDTHS, start=1):
        table.column_dimensions[get_column_letter(column)].width = width
    table.freeze_panes = f"A{heading + 1}"
    table.print_title_rows = f"{heading}:{heading}"
    table.page_setup.orientation = "landscape"
    table.page_setup.paperSize = table.PAPERSIZE_A4
    table.page_setup.fitToHeight = 0
    table.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    table.oddFooter = HeaderFooterItem(right=_HeaderFooterPart(text="&P / &N"))


def _unchanging(book: openpyxl.Workbook) -> bytes:
    """The file without the moment it was made: a copy of the same sheet is then the same file."""
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
