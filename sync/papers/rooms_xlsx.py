"""The rooms' sheets as an Excel table, a sheet for each room; every cell is text."""

import openpyxl
from msgspec.structs import astuple
from openpyxl.worksheet.worksheet import Worksheet

from exam import sheets
from exam.language import say
from sync.papers.rooms import RoomSheet, Sheets

_WIDTHS = (8, 40, 9, 10, 11, 12, 40, 26, 20)


def write(told: Sheets) -> bytes:
    """The sheets as an XLSX file; the same sheets give the same bytes."""
    book = openpyxl.Workbook()
    for at, room in enumerate(told.rooms):
        table = book.worksheets[0] if at == 0 else book.create_sheet()
        table.title = sheets.titled(room.number)
        _write(table, told, room)
    return sheets.written(book)


def _write(table: Worksheet, told: Sheets, room: RoomSheet) -> None:
    sheets.say_line(table, told.title, bold=True)
    for label, value in told.heading:
        sheets.say_line(table, f"{label}: {value}")
    about = f" ({room.about})" if room.about else ""
    sheets.say_line(table, f"{say('Аудитория', 'Room')} {room.number}{about}", bold=True)
    sheets.add_row(table, astuple(told.columns), bold=True)
    heading = table.max_row
    for line in room.lines:
        sheets.add_row(table, astuple(line))
    signers = (f"{who}: ____________________ / ______________________________" for who in told.signers)
    school = [told.total] if room is told.rooms[-1] else []
    for text in ("", room.total, *school, *told.remarks, "", *signers):
        sheets.say_line(table, text)
    sheets.lay_out(table, _WIDTHS, heading)
