"""The school's roster: who takes the exam, read from CSV or XLSX as schools have it.

A wrong roster is refused whole, the day before, with every line that is wrong.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from exam import tabular
from exam.errors import ConfigError
from exam.language import say
from exam.regulation import ALL_TASKS

MAX_NUMBER = 999_999
_NUMBER_DIGITS = 20  # int() itself refuses thousands of digits
_SHOWN_PROBLEMS = 10


class Participant(Struct, frozen=True):
    """One line of the roster. `number` is unique in the school; `patronymic`, `class_name`, `room` may be empty.

    `extended`: +30 minutes (ОВЗ, disabled). `scheme` overrides the day's. `tasks`: those the participant takes.
    """

    number: int
    surname: str
    first_name: str
    patronymic: str = ""
    class_name: str = ""
    room: str = ""
    extended: bool = False
    scheme: int | None = None
    tasks: tuple[int, ...] = ALL_TASKS

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.surname, self.first_name, self.patronymic) if part)


Roster = Mapping[int, Participant]
"""Participants by number, in the order of the list."""

_HEADINGS = {
    "number": "number", "№": "number", "номер": "number",
    "surname": "surname", "фамилия": "surname",
    "first_name": "first_name", "имя": "first_name",
    "patronymic": "patronymic", "отчество": "patronymic",
    "class": "class_name", "класс": "class_name",
    "room": "room", "аудитория": "room",
    "extended": "extended", "+30 мин": "extended",
    "scheme": "scheme", "схема": "scheme",
    "tasks": "tasks", "задания": "tasks",
}  # fmt: skip
_WORDS = ("фамилия", "surname")
_REQUIRED = {"number": "№", "surname": "Фамилия", "first_name": "Имя"}
_YES = {"1", "да", "yes", "true", "+", "+30", "30"}
_NO = {"", "0", "нет", "no", "false", "-"}


class _Wrong(Exception):
    """One cell is wrong; carries the two texts."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(say(ru, en))


def load(path: Path) -> Roster:
    """Read a roster. Raises ConfigError naming the file and each wrong line."""
    try:
        return _loaded(path)
    except tabular.Unreadable as error:
        raise _refused(path, [str(error)]) from error


def _loaded(path: Path) -> Roster:
    rows = tabular.rows(path, _WORDS)
    try:
        heading_line, heading = next(rows)
    except StopIteration:
        raise _refused(path, [say("файл пуст", "the file is empty")]) from None
    columns = _columns(path, heading, heading_line)
    roster: dict[int, Participant] = {}
    problems: list[str] = []
    for line, row in rows:
        try:
            person = _participant(columns, row)
            if person.number in roster:
                raise _Wrong(f"номер {person.number} уже занят", f"number {person.number} is already taken")
            roster[person.number] = person
        except _Wrong as wrong:
            problems.append(say(f"строка {line}: {wrong}", f"line {line}: {wrong}"))
    if not roster and not problems:
        problems.append(say("нет ни одного участника", "no participant in it"))
    if problems:
        raise _refused(path, problems)
    return roster


def _columns(path: Path, heading: Sequence[str], line: int) -> Mapping[str, int]:
    columns: dict[str, int] = {}
    for position, text in enumerate(heading):
        field = _HEADINGS.get(text.casefold())
        if field in columns:
            twice = say(f"колонка «{text}» стоит дважды", f"column “{text}” stands twice")
            raise _refused(path, [say("строка", "line") + f" {line}: {twice}"])
        if field:
            columns[field] = position
    missing = [russian for field, russian in _REQUIRED.items() if field not in columns]
    if missing:
        names = ", ".join(f"«{name}»" for name in missing)
        raise _refused(path, [say(f"строка {line}: нет колонки {names}", f"line {line}: no column {names}")])
    return columns


def _participant(columns: Mapping[str, int], row: Sequence[str]) -> Participant:
    def cell(field: str) -> str:
        position = columns.get(field)
        return row[position] if position is not None and position < len(row) else ""

    return Participant(
        number=_number(cell("number")),
        surname=_name(cell("surname"), "Фамилия"),
        first_name=_name(cell("first_name"), "Имя"),
        patronymic=_printable(cell("patronymic"), "Отчество"),
        class_name=_printable(cell("class_name"), "Класс"),
        room=_printable(cell("room"), "Аудитория"),
        extended=_extended(cell("extended")),
        scheme=_scheme(cell("scheme")),
        tasks=_tasks(cell("tasks")),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS) or not 0 < int(text) <= MAX_NUMBER:
        raise _Wrong(f"№ «{text}» — не целое положительное число", f"number “{text}” is not a positive whole number")
    return int(text)


def _name(text: str, heading: str) -> str:
    if not text:
        raise _Wrong(
            f"«{heading}» не заполнено (если имени нет, поставьте «-»)",
            f"“{heading}” is empty (write “-” if none)",
        )
    if text != "-" and not any(letter.isalpha() for letter in text):
        raise _Wrong(f"«{heading}»: «{text}» — нет ни одной буквы", f"“{heading}”: “{text}” holds no letter")
    return _printable(text, heading)


def _printable(text: str, heading: str) -> str:
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cn", "Co", "Cs"} for letter in text):
        raise _Wrong(f"«{heading}» содержит непечатаемый знак", f"“{heading}” holds an unprintable character")
    return text


def _extended(text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise _Wrong(f"«+30 мин»: «{text}» — ожидается «да» или пусто", f"“extended”: “{text}”: expected yes or empty")
    return text.casefold() in _YES


def _scheme(text: str) -> int | None:
    if text not in {"", "1", "2"}:
        raise _Wrong(f"схема «{text}» — ожидается 1 или 2", f"scheme “{text}”: expected 1 or 2")
    return int(text) if text else None


def _tasks(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").split()
    if any(word not in {str(task) for task in ALL_TASKS} for word in words):
        raise _Wrong(f"задания «{text}» — ожидаются номера 1–4", f"tasks “{text}”: expected numbers 1–4")
    return tuple(sorted({int(word) for word in words})) or ALL_TASKS


def _refused(path: Path, problems: Sequence[str]) -> ConfigError:
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    if more > 0:
        shown += say(f"; и ещё {more}", f"; and {more} more")
    return ConfigError(
        f"Список участников {path}: {shown}. Исправьте и сохраните файл.",
        f"Roster {path}: {shown}. Mend and save the file.",
        code="bad_roster",
    )
