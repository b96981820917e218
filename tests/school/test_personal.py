"""The personal file: read only when it is private, matched with the roster, its content in no message."""

from datetime import date
from pathlib import Path

import openpyxl
import pytest

from exam.errors import ConfigError
from exam.roster import Participant
from sync.papers import personal

PEOPLE = (Participant(1, "Иванов", "Иван"), Participant(2, "Ким", "Ян"))
HEADING = "№;Фамилия;Серия;Номер документа;Дата рождения;Категория ОВЗ"


def _file(folder: Path, *lines: str, mode: int = 0o600) -> Path:
    path = folder / "personal.csv"
    path.write_text("\n".join([HEADING, *lines]), encoding="utf-8")
    path.chmod(mode)
    return path


def test_what_is_told_is_known(tmp_path: Path) -> None:
    path = _file(tmp_path, "1;ИВАНОВ;69 19;123 456;01.02.2010;рас", "2;Ким;;;;", "9;Чужой;1;1;01.01.2010;")
    found = personal.load(path, PEOPLE)
    assert set(found) == {1, 2}
    assert (found[1].series, found[1].document, found[1].born) == ("6919", "123456", date(2010, 2, 1))
    assert (found[1].category.label, found[2].has_category) == ("РАС", False)


def test_a_date_cell_of_a_table_is_a_date(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    table = book.worksheets[0]
    table.append(["№", "Фамилия", "Дата рождения"])
    table.append([1, "Иванов", date(2010, 2, 1)])
    path = tmp_path / "personal.xlsx"
    book.save(path)
    path.chmod(0o600)
    assert personal.load(path, PEOPLE)[1].born == date(2010, 2, 1)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_open_to_others_is_not_read(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod 600") as refused:
        personal.load(_file(tmp_path, "1;Иванов;6919;123456;01.02.2010;", mode=mode), PEOPLE)
    assert refused.value.code == "not_private"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1;Петров;7777;888888;01.02.2010;", "строка 2: фамилия не та"),
        ("1;Иванов;7777;888888;31.02.2010;", "строка 2: «Дата рождения»"),
        ("1;Иванов;7777;888888;;тайное слово", "строка 2: «Категория ОВЗ»: ожидается одно из: глухие"),
        ("1;Иванов;77777777777;888888;;", "строка 2: «Серия»: больше 10"),
        ("один;Иванов;7777;888888;;", "строка 2: «№»"),
    ],
)
def test_what_is_wrong_is_named_without_repeating_it(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        personal.load(_file(tmp_path, line), PEOPLE)
    assert said in str(refused.value)
    for secret in ("7777", "888888", "31.02", "тайное"):
        assert secret not in str(refused.value)


def test_a_record_does_not_show_itself(tmp_path: Path) -> None:
    found = personal.load(_file(tmp_path, "1;Иванов;6919;123456;01.02.2010;рас"), PEOPLE)
    assert "123456" not in repr(found)


def test_a_number_told_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="номер 1 стоит дважды"):
        personal.load(_file(tmp_path, "1;Иванов;;;;", "1;Иванов;;;;"), PEOPLE)


def test_without_a_file_nothing_is_known() -> None:
    assert personal.load(None, PEOPLE) == {}
