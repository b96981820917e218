"""The room sheet as an Excel table, to be filled in further; every cell is text."""

import openpyxl
from msgspec.structs import astuple

from exam import sheets
from station.roomsheet.rows import Sheet

_WIDTHS = (10, 38, 9, 10, 11, 12, 28, 22, 20, 26, 20)


def write(sheet: Sheet) -> bytes:
    """The sheet as an XLSX file; the same sheet gives the same bytes."""
    book = openpyxl.Workbook()
    table = book.worksheets[0]
    table.title = sheets.titled(sheet.heading[1][1])
    sheets.say_line(table, sheet.title, bold=True)
    for label, value in sheet.heading:
        sheets.say_line(table, f"{label}: {value}")
    sheets.add_row(table, astuple(sheet.columns), bold=True)
    heading = table.max_row
    for line in sheet.lines:
        sheets.add_row(table, astuple(line))
    signers = (f"{who}: ____________________ / ______________________________" for who in sheet.signers)
    for text in ("", *sheet.remarks, "", *signers):
        sheets.say_line(table, text)
    sheets.lay_out(table, _WIDTHS, heading)
    return sheets.written(book)
