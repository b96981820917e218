"""The draft of form С-1 as an Excel table: scores to be typed in, the sum by formula."""

from collections.abc import Sequence

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from exam import sheets
from sync.papers import form_c1
from sync.papers.criteria import CRITERIA, Criterion
from sync.papers.form_c1 import Form, Line
from sync.papers.scoring import DASH, ROOM, TOTAL, VARIANT, VERDICT

_LEFT = ("№", "ФИО участника, данные док-та", "Класс", "ОВЗ", ROOM, VARIANT)
_RIGHT = (TOTAL, VERDICT)
_FIRST = len(_LEFT) + 1
_LAST = _FIRST + len(CRITERIA) - 1
_SUM, _VERDICT = _LAST + 1, _LAST + 2
_WIDTHS = (6, 40, 8, 14, 10, 8, *[5] * len(CRITERIA), 8, 12)
_CLOSED = PatternFill("solid", fgColor="D9D9D9")
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)


def write(form: Form) -> bytes:
    """The form as an XLSX file; the same form gives the same bytes."""
    book = openpyxl.Workbook()
    table = book.worksheets[0]
    table.title = form_c1.FORM
    sheets.say_line(table, form_c1.DRAFT, bold=True)
    sheets.say_line(table, form_c1.TITLE)
    sheets.say_line(table, form_c1.FORM, bold=True)
    for label, value in form.heading:
        sheets.say_line(table, f"{label}: {value}")
    heading = _heading(table)
    limits = {each.name: _limit(table, each) for each in CRITERIA}
    for row, line in enumerate(form.lines, start=heading + 1):
        _line(table, row, line, limits)
    signers = (f"{who} ____________________ / ______________________________ /" for who in form_c1.SIGNERS)
    for text in ("", *signers, *form_c1.AFTER):
        sheets.say_line(table, text)
    sheets.lay_out(table, _WIDTHS, heading, rows=2)
    return sheets.written(book)


def _heading(table: Worksheet) -> int:
    """Two lines: criteria have numbers above them, everything else is as high as both."""
    upper = table.max_row + 1
    numbers = [str(at) for at in range(1, len(CRITERIA) + 1)]
    sheets.add_row(table, [*_LEFT, *numbers, *_RIGHT], bold=True)
    sheets.add_row(table, [*[""] * len(_LEFT), *(each.name for each in CRITERIA), *[""] * len(_RIGHT)], bold=True)
    for column in range(1, _VERDICT + 1):
        table.cell(upper, column).alignment = table.cell(upper + 1, column).alignment = _CENTRED
        if not _FIRST <= column <= _LAST:
            table.merge_cells(start_row=upper, end_row=upper + 1, start_column=column, end_column=column)
    return upper + 1


def _limit(table: Worksheet, criterion: Criterion) -> DataValidation:
    """What may be typed; a dash only for a task that was not attempted."""
    marks = [str(mark) for mark in range(criterion.most + 1)] + ([DASH] if criterion.task else [])
    told = f"{criterion.name}: " + ", ".join(marks)
    limit = DataValidation(type="list", formula1=f'"{",".join(marks)}"', allow_blank=True, showErrorMessage=True,
                           errorTitle="Балл", error=told)  # fmt: skip
    table.add_data_validation(limit)
    return limit


def _line(table: Worksheet, row: int, line: Line, limits: dict[str, DataValidation]) -> None:
    name = f"{line.name}\n{line.document}" if line.document else line.name
    texts: Sequence[str] = ("", name, line.class_name, line.category, line.room, line.variant)
    sheets.add_row(table, [*texts, *[""] * (len(CRITERIA) + len(_RIGHT))])
    table.cell(row, 1).value, table.cell(row, 1).number_format = line.number, "0"
    for column, each in enumerate(CRITERIA, start=_FIRST):
        cell, mark = table.cell(row, column), line.marks.get(each.name, "")
        cell.value, cell.number_format, cell.alignment = int(mark) if mark.isdigit() else mark or None, "0", _CENTRED
        if each.name in line.open:
            limits[each.name].add(cell.coordinate)
        else:
            cell.fill = _CLOSED
    if line.open:
        _compute(table, row, line.passes)
    else:
        table.cell(row, _SUM).fill = _CLOSED
        sheets.put(table, row, _VERDICT, line.verdict)


def _compute(table: Worksheet, row: int, passes: int) -> None:
    marks = f"{get_column_letter(_FIRST)}{row}:{get_column_letter(_LAST)}{row}"
    total = f"{get_column_letter(_SUM)}{row}"
    for column, formula in (
        (_SUM, f'=IF(COUNTA({marks})=0,"",SUM({marks}))'),
        (_VERDICT, f'=IF({total}="","",IF({total}>={passes},"зачет","незачет"))'),
    ):
        cell = table.cell(row, column)
        cell.value, cell.number_format, cell.alignment = formula, "General", _CENTRED
        cell.font = Font(bold=column == _SUM)
