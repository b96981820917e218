"""Tables as people save them, CSV or XLSX, read as text cell by cell; bounded, since they come from outside.

Knows nothing of what stands in them; used by the roster and by whatever else is typed into tables.
"""

import csv
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from exam import oswords
from exam.errors import Rejected
from exam.language import say

MAX_BYTES = 16 << 20
_MAX_UNPACKED = 128 << 20
_MAX_ROWS, _MAX_LINE = 20_000, 1 << 20
"""Of lines that say something; of Excel's, most of which are blank."""
_MAX_COLUMNS = 256
_LETTERS = 26

_BROKEN_XLSX = (OSError, ValueError, TypeError, LookupError, AttributeError, EOFError, SyntaxError, zipfile.BadZipFile,
                zlib.error, NotImplementedError, RuntimeError)  # fmt: skip
"""What openpyxl lets through of a damaged file: it checks little, and reads sheets only as they are asked for."""

Row = tuple[int, Sequence[str]]
"""A line's number as a person counts it in the file, and its cells."""


class Unreadable(Rejected):
    """The file is no table that can be read; the text says why, without the file's name."""

    code = "bad_table"


def rows(path: Path, words: Sequence[str], *, uncomputed: str = "") -> Iterator[Row]:
    """Lines that are not blank. `words`: one of them stands in the text when its encoding was guessed right.

    `uncomputed`: what stands for a formula that no program has computed yet. Raises Unreadable.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
    except OSError as error:
        raise Unreadable(f"файл не читается: {oswords.ru(error)}", f"cannot be read: {error.strerror}") from error
    if size > MAX_BYTES:
        raise Unreadable("файл больше 16 МБ — это не таблица школы", "larger than 16 MB: not a school's table")
    is_book = path.suffix.lower() in {".xlsx", ".xlsm"}
    found = _read_xlsx(path, uncomputed) if is_book else _read_csv(path, words)
    told = 0
    for line, row in found:
        cells = [" ".join(unicodedata.normalize("NFC", cell).split()) for cell in row[:_MAX_COLUMNS]]
        told += any(cells)
        if told > _MAX_ROWS or line > _MAX_LINE:
            raise Unreadable("слишком много строк", "too many lines")
        if any(cells):
            yield line, cells


def place(column: int, line: int) -> str:
    """What a table calls a cell; columns from 0, lines from 1: K7."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{line}"


def decode(raw: bytes, words: Sequence[str]) -> str:
    """UTF-8 (with or without a mark) or Windows-1251, told apart by `words`. Raises Unreadable."""
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(word in text.casefold() for word in words):
            return text
    wanted = words[0].capitalize()
    raise Unreadable(
        f"не найдена колонка «{wanted}»: это не та таблица или кодировка не UTF-8 и не Windows-1251; "
        "сохраните таблицу как «CSV UTF-8» или XLSX",
        f"no column “{words[-1]}”: not this table, or neither UTF-8 nor Windows-1251; save as CSV UTF-8 or XLSX",
    )


def _read_csv(path: Path, words: Sequence[str]) -> Iterable[Row]:
    text = decode(path.read_bytes(), words)
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";,\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            f"строка {line}: таблица испорчена ({error})", f"line {line}: the table is broken ({error})"
        ) from error


def _read_xlsx(path: Path, uncomputed: str) -> Iterable[Row]:
    try:
        _check_size(path)
        values = _sheet(path, computed=True)
        if not uncomputed:
            yield from ((line, [_cell_text(value) for value in row]) for line, row in values)
            return
        for (line, row), (_, formulas) in zip(values, _sheet(path, computed=False), strict=True):
            yield (
                line,
                [
                    uncomputed if value is None and formula is not None else _cell_text(value)
                    for value, formula in zip(row, formulas, strict=True)
                ],
            )
    except _BROKEN_XLSX as error:
        raise Unreadable(f"это не таблица XLSX ({error})", f"not an XLSX table ({error})") from error


def _check_size(path: Path) -> None:
    with zipfile.ZipFile(path) as book:
        size = sum(item.file_size for item in book.infolist())
    if size > _MAX_UNPACKED:
        raise ValueError(say("распаковывается больше чем в 128 МБ", "unpacks to more than 128 MB"))


def _sheet(path: Path, *, computed: bool) -> Iterator[tuple[int, Sequence[Any]]]:
    # Only here: openpyxl brings numpy, too slow for commands that merely know what a participant is.
    import openpyxl  # noqa: PLC0415

    book = openpyxl.load_workbook(path, read_only=True, data_only=computed)
    try:
        table = book.worksheets[0]
        table.reset_dimensions()  # some programs write wrong ones, and lines beyond them would be passed over
        yield from enumerate(table.iter_rows(values_only=True), start=1)
    finally:
        book.close()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
