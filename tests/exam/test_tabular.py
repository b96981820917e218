"""Tables from outside: cells are called as Excel calls them, bombs and damage are refused in a line."""

import zipfile
from pathlib import Path

import openpyxl
import pytest

from exam import tabular
from exam.tabular import Unreadable, place


@pytest.mark.parametrize(
    ("column", "name"), [(0, "A7"), (10, "K7"), (25, "Z7"), (26, "AA7"), (701, "ZZ7"), (702, "AAA7")]
)
def test_a_cell_is_called_as_excel_calls_it(column: int, name: str) -> None:
    assert place(column, 7) == name


def test_a_book_that_unpacks_to_gigabytes_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "_MAX_UNPACKED", 1 << 20)
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book,
        book.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(2):
            sheet.write(bytes(1 << 20))
    with pytest.raises(Unreadable, match="128"):
        list(tabular.rows(path, ("фио",)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", b"\x00" * 100])
def test_what_is_no_book_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unreadable):
        list(tabular.rows(path, ("фио",)))


def test_a_formula_that_nobody_computed_is_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a", "=1+1", None, 2.0])
    path = tmp_path / "formula.xlsx"
    book.save(path)
    assert list(tabular.rows(path, ("фио",), uncomputed="=")) == [(1, ["a", "=", "", "2"])]
    assert list(tabular.rows(path, ("фио",))) == [(1, ["a", "", "", "2"])]


def test_a_sheet_of_a_million_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("фио\n" * 30_000)
    with pytest.raises(Unreadable, match="слишком много строк"):
        list(tabular.rows(path, ("фио",)))
