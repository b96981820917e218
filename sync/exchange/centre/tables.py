"""The matrix to take along: CSV as spreadsheets open it, and a ZIP with the lists beside it. Pure but for the ZIP.

Whatever a school wrote stands in a cell as text: what a spreadsheet would take for a formula gets an apostrophe.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

import msgspec

from sync.exchange.centre.markup import harmless
from sync.exchange.centre.words import OUTCOMES, CentreDay, CentreRow
from sync.school.model import Cell, Mark, Stage

STAGES = {
    Stage.EXPECTED: "ожидается",
    Stage.RECORDED: "записан",
    Stage.ACCEPTED: "принята",
    Stage.SCANNED: "протокол",
    Stage.HASHED: "файл цел",
    Stage.SENT: "отправлено",
    Stage.ACKNOWLEDGED: "в РЦОИ",
}
MARKS = {Mark.YES: "да", Mark.NO: "нет", Mark.OPEN: "в пути", Mark.NOT_NEEDED: "не требуется"}
_MATRIX = ("школа", "дата", "№", "фамилия", "имя", "отчество", "класс", "аудитории", "отметка", "вариант",
           *(f"{word}: {who}" for word in STAGES.values() for who in ("школа", "РЦОИ")), "расхождение",
           "примечание")  # fmt: skip
_FILES = ("школа", "папка", "файл", "байт", "SHA-256", "принят", "квитанция")
_REFUSED = ("школа", "папка", "файл", "байт", "причина")
BOM = "\ufeff"


def matrix_csv(days: Iterable[CentreDay]) -> Iterator[str]:
    """The table in pieces, a school's day each."""
    yield BOM + _lines([_MATRIX])
    for day in days:
        yield _lines(_row(day, row) for row in day.rows)


def write_zip(file: IO[bytes], days: Iterable[CentreDay]) -> None:
    """Matrix, files, what was refused and why, for all of `days`; and each day's matrix as JSON."""
    matrix, files, refused = (io.StringIO(newline="") for _ in range(3))
    matrix.write(BOM + _lines([_MATRIX]))
    files.write(BOM + _lines([_FILES]))
    refused.write(BOM + _lines([_REFUSED]))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for day in days:
            matrix.write(_lines(_row(day, row) for row in day.rows))
            files.write(_lines((day.school, one.folder, one.name, one.size, one.sha256, one.stored_at.isoformat(),
                                one.receipt_id) for one in day.files))  # fmt: skip
            refused.write(_lines(_refused(day)))
            packed.writestr(f"{day.school}_{day.exam_date}.json", matrix_json([day]))
        for name, text in (("матрица.csv", matrix), ("файлы.csv", files), ("отказы.csv", refused)):
            packed.writestr(name, text.getvalue())


def matrix_json(days: Sequence[CentreDay]) -> bytes:
    """The days as one JSON list, each with its participants' squares."""
    return msgspec.json.format(msgspec.json.encode([_told(day) for day in days]), indent=1) + b"\n"


def _told(day: CentreDay) -> dict[str, object]:
    package = day.package
    return {
        "school": day.school,
        "school_name": day.school_name,
        "exam_date": day.exam_date,
        "standing": day.standing,
        "rooms": day.rooms,
        "package": {"version": package.version, "sha256": package.file.sha256, "released_at": package.released_at,
                    "by": package.by, "incomplete": package.incomplete} if package else None,
        "missing": day.missing,
        "faults": day.faults,
        "refused": [{"path": one.path, "reason": one.reason} for one in day.set_aside],
        "oddities": day.oddities,
        "rows": [_participant(row) for row in day.rows],
    }  # fmt: skip


def _participant(row: CentreRow) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(row.person)
    return told | {
        "rooms": row.rooms,
        "outcome": row.outcome,
        "variant": row.variant,
        "takes": row.takes,
        "cells": {
            stage: {"school": pair.school, "centre": pair.centre, "agrees": pair.agrees}
            for stage, pair in row.cells.items()
        },
        "notes": row.notes,
    }


def _row(day: CentreDay, row: CentreRow) -> tuple[object, ...]:
    person = row.person
    squares = [_mark(cell) for stage in STAGES for cell in (row.cells[stage].school, row.cells[stage].centre)]
    differing = ", ".join(STAGES[stage] for stage, pair in row.cells.items() if not pair.agrees)
    return (day.school, f"{day.exam_date:%d.%m.%Y}", person.number, person.surname, person.first_name,
            person.patronymic, person.class_name, ", ".join(row.rooms), OUTCOMES[row.outcome] if row.outcome else "",
            row.variant or "", *squares, differing, "; ".join(note.ru for note in row.notes))  # fmt: skip


def _refused(day: CentreDay) -> Iterator[tuple[object, ...]]:
    for one in day.set_aside:
        yield day.school, one.folder, one.name, one.size, one.reason.ru
    for odd in day.oddities:
        folder, _, name = odd.file.rpartition("/")
        yield day.school, folder, name, "", odd.reason.ru


def _mark(cell: Cell | None) -> str:
    return MARKS[cell.mark] if cell else ""


def _lines(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerows([harmless(value) if isinstance(value, str) else value for value in row] for row in rows)
    return text.getvalue()
