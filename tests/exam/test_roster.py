"""Rosters as schools have them: every encoding and table program, and each mistake told with its line."""

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from exam import roster, tabular
from exam.errors import ConfigError
from exam.roster import Participant

RUSSIAN = "№;Фамилия;Имя;Отчество;Класс;Аудитория;+30 мин\n1;Иванов;Иван;Ильич;9А;265;\n2;Ёлкина;Зоя;;9Б;265;да\n"
IVANOV = Participant(1, "Иванов", "Иван", "Ильич", "9А", "265")
YOLKINA = Participant(2, "Ёлкина", "Зоя", "", "9Б", "265", extended=True)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "список.csv"


def refusal(path: Path) -> str:
    """What a person reads, in Russian; it always names the file."""
    with pytest.raises(ConfigError) as refused:
        roster.load(path)
    assert str(path) in refused.value.ru
    assert refused.value.code == "bad_roster"
    return refused.value.ru


def refusal_of(path: Path, lines: str) -> str:
    path.write_text(lines, encoding="utf-8")
    return refusal(path)


def write_xlsx(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_as_table_programs_save_it(csv_file: Path, encoding: str, delimiter: str, newline: str) -> None:
    csv_file.write_bytes(RUSSIAN.replace(";", delimiter).replace("\n", newline).encode(encoding))
    assert roster.load(csv_file) == {1: IVANOV, 2: YOLKINA}


def test_english_headings_and_optional_columns(csv_file: Path) -> None:
    csv_file.write_text(
        'number,surname,first_name,scheme,tasks\n7,Иванов,Иван,1,"1, 3,4"\n8,Ким,-,,\n', encoding="utf-8"
    )
    assert roster.load(csv_file) == {
        7: Participant(7, "Иванов", "Иван", scheme=1, tasks=(1, 3, 4)),
        8: Participant(8, "Ким", "-"),
    }


def test_xlsx_with_excels_numbers(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "список.xlsx",
        [
            ["№", "Фамилия", "Имя", "Отчество", "Класс", "Аудитория", "+30 мин", "Телефон"],
            [1.0, "Иванов", "Иван", "Ильич", "9А", 265.0, None, "-"],
            [None] * 8,
            [2, " Ёлкина\u00a0", "Зоя", None, "9Б", "265", True],
        ],
    )
    assert roster.load(path) == {1: IVANOV, 2: YOLKINA}


def test_blank_lines_spaces_and_loose_marks(csv_file: Path) -> None:
    csv_file.write_text("\n ; ;\n№;ФАМИЛИЯ;Имя\n\n 1 ;Иванов\u00a0\u00a0 Ли; И\u0306ога\n;;\n", encoding="utf-8")
    assert roster.load(csv_file) == {1: Participant(1, "Иванов Ли", "Йога")}


def test_every_wrong_line_is_told_at_once(csv_file: Path) -> None:
    text = refusal_of(
        csv_file,
        "№;Фамилия;Имя;+30 мин;Схема;Задания;Класс\n"
        "1;Иванов;Иван\n"
        "1;Петров;Пётр\n"
        "x;Ким;Ли\n"
        "4;;Ли\n"
        "5;Ким;\n"
        "6;Ким;Ли;может быть\n"
        "7;Ким;Ли;;3\n"
        "8;Ким;Ли;;;1 5\n"
        "9;К\u200bим;Ли\n"
        "10;Ким;Ли;;;;9\u202eА\n",
    )
    for words in (
        "строка 3: номер 1 уже занят",
        "строка 4: № «x» — не целое",
        "строка 5: «Фамилия» не заполнено",
        "строка 6: «Имя» не заполнено",
        "строка 7: «+30 мин»: «может быть»",
        "строка 8: схема «3»",
        "строка 9: задания «1 5»",
        "строка 10: «Фамилия» содержит непечатаемый",
        "строка 11: «Класс» содержит непечатаемый",
    ):
        assert words in text
    assert text.endswith("Исправьте и сохраните файл.")


def test_many_wrong_lines_are_counted(csv_file: Path) -> None:
    assert "; и ещё 20." in refusal_of(csv_file, "№;Фамилия;Имя\n" + ";Ким;Ли\n" * 30)


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "1e3", "²", "٣", "1000000", "9" * 5000])
def test_numbers_that_are_none(csv_file: Path, number: str) -> None:
    assert "строка 2: №" in refusal_of(csv_file, f"№;Фамилия;Имя\n{number};Ким;Ли\n")


@pytest.mark.parametrize("name", ["...", "_", "12", "?"])
def test_a_name_has_letters(csv_file: Path, name: str) -> None:
    assert f"строка 2: «Фамилия»: «{name}» — нет ни одной буквы" in refusal_of(
        csv_file, f"№;Фамилия;Имя\n1;{name};Ли\n"
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("Фамилия;Имя\n", "строка 1: нет колонки «№»"),
        ("\n\nФамилия\n", "строка 3: нет колонки «№», «Имя»"),
        ("№;Фамилия;Имя;фамилия\n", "строка 1: колонка «фамилия» стоит дважды"),
        ("№;Фамилия;Имя\n", "нет ни одного участника"),
        ("", "не найдена колонка «Фамилия»"),
        ('№;Фамилия;Имя\n1;Ким;"Ли\n' + "x" * 200_000, "строка 2: таблица испорчена"),
        ('№;Фамилия;Имя\n1;Ким;"Ли\nЛи"\n;Ким;Ли\n', "строка 4: №"),
    ],
)
def test_tables_that_are_no_roster(csv_file: Path, lines: str, words: str) -> None:
    assert words in refusal_of(csv_file, lines)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "koi8-r", "cp866", "maccyrillic"])
def test_other_encodings_are_named_as_the_cause(csv_file: Path, encoding: str) -> None:
    csv_file.write_bytes(RUSSIAN.replace("№", "номер").encode(encoding))
    assert "кодировка не UTF-8 и не Windows-1251; сохраните таблицу как «CSV UTF-8»" in refusal(csv_file)


def test_a_missing_or_huge_file(tmp_path: Path) -> None:
    assert "файл не читается" in refusal(tmp_path / "none.csv")
    assert "файл не читается" in refusal(tmp_path), "a folder"
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(tabular.MAX_BYTES + 1)
    assert "больше 16 МБ" in refusal(huge)


def damaged_xlsx(path: Path, part: str, content: bytes) -> Path:
    """A real table with one of its parts replaced."""
    whole = io.BytesIO(write_xlsx(path, [["№", "Фамилия", "Имя"], [1, "Ким", "Ли"]]).read_bytes())
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, content if name == part else source.read(name))
    return path


def test_what_only_looks_like_xlsx(tmp_path: Path) -> None:
    path = tmp_path / "список.xlsx"
    path.write_text(RUSSIAN, encoding="utf-8")
    assert "это не таблица XLSX" in refusal(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    assert "это не таблица XLSX" in refusal(path)


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize("content", [b"", b"<worksheet", b"\0\1\2", b"<a/>"])
def test_damaged_xlsx_is_refused_or_read_never_a_crash(tmp_path: Path, part: str, content: bytes) -> None:
    path = damaged_xlsx(tmp_path / "список.xlsx", part, content)
    try:
        assert set(roster.load(path)) == {1}
    except ConfigError as refused:
        assert str(path) in refused.ru  # noqa: PT017 - either outcome is right, a crash is not


def test_a_truncated_xlsx_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "список.xlsx", [["№", "Фамилия", "Имя"], [1, "Ким", "Ли"]])
    path.write_bytes(path.read_bytes()[:-100])
    assert "это не таблица XLSX" in refusal(path)


def test_the_language_of_a_refusal_is_the_readers(csv_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    csv_file.write_text("№;Фамилия;Имя\nx;Ким;Ли\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2: number “x” is not a positive whole number"):
        roster.load(csv_file)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_two_thousand_lines_take_no_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"список.{suffix}"
    rows: list[list[Any]] = [[number, "Иванов", "Иван", "Ильич", "9А"] for number in range(1, 2001)]
    heading = ["№", "Фамилия", "Имя", "Отчество", "Класс"]
    if suffix == "xlsx":
        write_xlsx(path, [heading, *rows])
    else:
        path.write_text("\n".join(";".join(map(str, row)) for row in [heading, *rows]), encoding="utf-8")
    began = time.process_time()
    assert len(roster.load(path)) == 2000
    assert time.process_time() - began < 2
