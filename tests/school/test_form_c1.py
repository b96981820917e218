"""The draft of form С-1: columns as in the source, «Неявка» where it belongs, read back as it was filled."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from paper_day import ABSENT, EARLY, EXTRA, IVANOV, REMOVED, TWICE, WRITTEN, paper_day, scores

from exam.errors import Rejected
from sync.papers import form_c1, form_c1_xlsx, reading, scoring
from sync.papers.criteria import CATEGORIES, CRITERIA
from sync.papers.personal import Personal
from sync.papers.scoring import Score

PERSONAL = {
    IVANOV: Personal(series="6919", document="123456"),
    TWICE: Personal(category=CATEGORIES["рас"], has_category=True),
}
FULL = {each.name: each.most for each in CRITERIA}


def written(told: dict[int, Score] | None = None) -> bytes:
    return form_c1_xlsx.write(form_c1.form_of(paper_day(), PERSONAL, told, ate="Томск"))


def table_of(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def lines_of(table: Any) -> dict[int, list[Any]]:
    return {
        line[0].value: [cell.value for cell in line] for line in table.iter_rows() if isinstance(line[0].value, int)
    }


def test_the_columns_are_the_sources() -> None:
    table = table_of(written())
    upper, lower = [[cell.value for cell in line] for line in table.iter_rows(min_row=7, max_row=8)]
    assert upper[:6] == ["№", "ФИО участника, данные док-та", "Класс", "ОВЗ", "№ каб.", "№ вар."]
    assert upper[6:19] == [str(number) for number in range(1, 14)]
    assert lower[6:19] == ["Ч1", "Ч2", "Ч3", "П1", "П2", "П3", "М1", "М2", "Д1", "Р1", "Р2", "Р3", "Р4"]
    assert upper[19:] == ["Итог. балл", "Отметка о зачёте"]
    said = [table.cell(row, 1).value for row in range(1, 7)]
    assert "ЧЕРНОВИК" in said[0]
    assert said[2:] == ["Форма С-1", "АТЕ: Томск", "ППЭ: МБОУ СОШ № 1 (701020)", "по состоянию на: 11.02.2026"]


def test_rooms_variants_and_marks_are_the_journals() -> None:
    lines = lines_of(table_of(written()))
    assert {number: tuple(line[4:6]) for number, line in lines.items()} == {
        IVANOV: ("265", "3"), ABSENT: ("Неявка", None), EARLY: ("Неявка", None), REMOVED: ("12а", "7"),
        TWICE: ("12а", "9"), WRITTEN: ("12а", None), EXTRA: ("Неявка", None),
    }  # fmt: skip
    assert lines[IVANOV][1] == "Иванов Иван Иванович\n6919 123456"
    assert lines[TWICE][3] == "РАС"
    assert lines[REMOVED][20] == "удален"
    assert all(line[6:19] == [None] * 13 for line in lines.values())


def test_the_sum_is_a_formula_by_the_category() -> None:
    lines = lines_of(table_of(written()))
    assert lines[IVANOV][19].startswith("=IF(COUNTA(G")
    assert '>=10,"зачет"' in lines[IVANOV][20]
    assert '>=3,"зачет"' in lines[TWICE][20]
    assert lines[ABSENT][19] is None


def test_known_scores_are_filled_in() -> None:
    checked = scoring.check(paper_day(), scores(), {})
    lines = lines_of(table_of(written(dict(checked.scores))))
    assert lines[IVANOV][6:19] == list(FULL.values())
    assert lines[WRITTEN][6:12] == [1, 1, 1, "-", "-", "-"]


@pytest.mark.parametrize("saved_by", ["openpyxl", "csv"])
def test_what_is_typed_into_it_is_read_back(tmp_path: Path, saved_by: str) -> None:
    """By a program that computes nothing, and as the table's text."""
    book = openpyxl.load_workbook(io.BytesIO(written()))
    for cells in book.worksheets[0].iter_rows(min_row=9):
        if cells[0].value in {IVANOV, WRITTEN}:
            for cell, most in zip(cells[6:19], FULL.values(), strict=True):
                cell.value = most
        if cells[0].value == TWICE:
            for cell, each in zip(cells[6:19], CRITERIA, strict=True):
                cell.value = each.most if CATEGORIES["рас"].has(each) else None
    path = tmp_path / "c1.xlsx"
    book.save(path)
    if saved_by == "csv":
        rows = [["" if cell is None else str(cell) for cell in line] for line in book.worksheets[0].values]
        path = tmp_path / "c1.csv"
        rows = [[("20" if cell.startswith("=IF(COUNTA") else "" if cell.startswith("=") else cell.replace("\n", " "))
                 for cell in line] for line in rows]  # fmt: skip
        rows = [[*line[:19], "7", *line[20:]] if line[0] == str(TWICE) else line for line in rows]
        path.write_bytes("\n".join(";".join(line) for line in rows).encode("cp1251"))
    checked = scoring.check(paper_day(), reading.read(path), PERSONAL)
    assert checked.problems == ()
    assert {number: one.total for number, one in checked.scores.items()} == {IVANOV: 20, TWICE: 7, WRITTEN: 20}


def test_a_table_with_its_own_order_and_latin_letters_is_read(tmp_path: Path) -> None:
    path = tmp_path / "expert.csv"
    path.write_text(
        "ФИО;№;Ч1;Ч2;Ч3;П1;П2;ПЗ;M1;M2;Д1;P1;P2;P3;P4;Итог\nИванов Иван Иванович;1;1;1;1;2;1;1;2;1;3;2;2;2;1;20\n",
        encoding="utf-8",
    )
    table = reading.read(path)
    assert table.columns["М1"] == 8
    assert table.columns["П3"] == 7
    assert [reason.ru for _, reason in scoring.shown(scoring.check(paper_day(), table, {}).problems)] == [
        "в таблице нет строки", "в таблице нет строки",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Ч1"),
        (b"PK\x03\x04 no zip at all", "Ч1"),
        ("ФИО;№;Ч1\nИванов;1;1".encode(), "не найдена строка с заголовками Ч1, Ч2"),
        ("№;Ч1;Ч2;Ч3;П1;П2;П3;М1;М2;Д1;Р1;Р2;Р3;Р4\n".encode(), "нет колонки «ФИО», «Итог. балл»"),
        ("№;№;ФИО;Ч1;Ч2;Ч3;П1;П2;П3;М1;М2;Д1;Р1;Р2;Р3;Р4;Итог\n".encode(), "колонка «№» стоит дважды"),
    ],
)
def test_what_is_no_table_of_scores_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(content)
    with pytest.raises(Rejected, match="Ничего не записано") as refused:
        reading.read(path)
    assert said in str(refused.value)


def test_the_same_form_is_the_same_file() -> None:
    assert written() == written()
