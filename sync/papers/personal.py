"""What only acts and form С-1 need of a participant: identity document, birth date, category of ОВЗ.

Read from a table that is kept at the headquarters, for its owner's eyes alone; it never travels. No text here repeats
what stands in its cells, so that none of it reaches a log.
"""

import stat
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct

from exam import oswords, tabular
from exam.errors import ConfigError
from exam.language import say
from exam.roster import Participant
from sync.papers import criteria
from sync.papers.criteria import GENERAL, Category

MAX_SERIES, MAX_DOCUMENT = 10, 12
_SHOWN_PROBLEMS = 10
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO

_HEADINGS = {
    "№": "number", "№ участника": "number", "number": "number",
    "фамилия": "surname", "surname": "surname",
    "серия": "series", "серия документа": "series", "series": "series",
    "номер": "document", "номер документа": "document", "document": "document",
    "дата рождения": "born", "birth date": "born",
    "овз": "category", "категория": "category", "категория овз": "category", "category": "category",
}  # fmt: skip
_WORDS = ("фамилия", "surname")
_REQUIRED = {"number": "№", "surname": "Фамилия"}


class Personal(Struct, frozen=True, kw_only=True):
    """What is known of one participant; empty where nothing was told."""

    series: str = ""
    document: str = ""
    born: date | None = None
    category: Category = GENERAL
    has_category: bool = False

    def __repr__(self) -> str:
        return "Personal(…)"


UNKNOWN = Personal()


class _Wrong(Exception):
    """One cell is wrong; carries the words, never the cell's content."""


def load(path: Path | None, people: Iterable[Participant]) -> Mapping[int, Personal]:
    """By the participants' numbers; whoever is not among `people` is passed over. None: nothing is told of anybody.

    Raises ConfigError naming file and lines: it can be read by others, a surname is not the roster's, a cell is wrong.
    """
    if path is None:
        return {}
    _check_private(path)
    try:
        return _read(path, {person.number: person for person in people})
    except tabular.Unreadable as error:
        raise _refused(path, [str(error)]) from error


def _check_private(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _refused(path, [say("файл не читается", "cannot be read") + f": {oswords.shown(error)}"]) from error
    if mode & _FOR_OTHERS:
        raise ConfigError(
            f"Персональные данные {path}: файл открыт другим пользователям и не прочитан. "
            f"Закройте его: chmod 600 {path}",
            f"Personal data {path}: the file is open to other users and was not read. Close it: chmod 600 {path}",
            code="not_private",
        )


def _read(path: Path, people: Mapping[int, Participant]) -> Mapping[int, Personal]:
    rows = tabular.rows(path, _WORDS)
    line, heading = next(rows, (1, ()))
    columns = _columns(path, heading, line)
    found: dict[int, Personal] = {}
    problems: list[str] = []
    for line, row in rows:
        cells = {field: row[at] if at < len(row) else "" for field, at in columns.items()}
        try:
            number = _number(cells["number"])
            if number in found:
                raise _Wrong(say(f"номер {number} стоит дважды", f"number {number} stands twice"))
            if number in people:
                found[number] = _personal(cells, people[number])
        except _Wrong as wrong:
            problems.append(say(f"строка {line}: {wrong}", f"line {line}: {wrong}"))
    if problems:
        raise _refused(path, problems)
    return found


def _columns(path: Path, heading: Sequence[str], line: int) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, text in enumerate(heading):
        field = _HEADINGS.get(text.casefold())
        if field is not None:
            if field in columns:
                raise _refused(path, [say(f"строка {line}: колонка «{text}» стоит дважды", f"“{text}” stands twice")])
            columns[field] = at
    missing = ", ".join(f"«{name}»" for field, name in _REQUIRED.items() if field not in columns)
    if missing:
        raise _refused(path, [say(f"строка {line}: нет колонки {missing}", f"line {line}: no column {missing}")])
    return columns


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):  # noqa: PLR2004 - as many as roster.MAX_NUMBER has
        raise _Wrong(say("«№» — не номер из списка участников", "“№” is no number of the roster"))
    return int(text)


def _personal(cells: Mapping[str, str], person: Participant) -> Personal:
    if cells["surname"].casefold() != person.surname.casefold():
        raise _Wrong(
            say(
                f"фамилия не та, что в списке участников под № {person.number}",
                f"the surname is not that of number {person.number} in the roster",
            )
        )
    text = cells.get("category", "")
    category = criteria.category(text)
    if category is None:
        raise _Wrong(
            say("«Категория ОВЗ»: ожидается одно из: ", "“category”: expected one of: ")
            + criteria.known()
            + say("; при сопутствующем заболевании «ОДА + …»", "; with an accompanying illness “ОДА + …”")
        )
    return Personal(
        series=_short(cells.get("series", ""), "Серия", MAX_SERIES),
        document=_short(cells.get("document", ""), "Номер документа", MAX_DOCUMENT),
        born=_date(cells.get("born", "")),
        category=category,
        has_category=bool(text),
    )


def _short(text: str, heading: str, most: int) -> str:
    joined = "".join(text.split())
    if len(joined) > most or not joined.isprintable():
        raise _Wrong(say(f"«{heading}»: больше {most} знаков", f"“{heading}”: more than {most} characters"))
    return joined


def _date(text: str) -> date | None:
    """As a person writes it, or as a table's date cell reads."""
    if not text:
        return None
    for pattern in ("%d.%m.%Y", "%Y-%m-%d", "%Y-%m-%d 00:00:00"):
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day, no moment
        except ValueError:
            continue
    raise _Wrong(say("«Дата рождения»: ожидается ДД.ММ.ГГГГ", "“birth date”: expected DD.MM.YYYY"))


def _refused(path: Path, problems: Sequence[str]) -> ConfigError:
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS]) + (say(f"; и ещё {more}", f"; and {more} more") if more > 0 else "")
    return ConfigError(
        f"Персональные данные {path}: {shown}. Исправьте и сохраните файл.",
        f"Personal data {path}: {shown}. Mend and save the file.",
        code="bad_personal",
    )
