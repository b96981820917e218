"""A table of scores read from XLSX or CSV: where its headings are, which cells stand under them.

Any table that has the columns of form С-1 will do, whatever their order.
"""

from collections.abc import Sequence
from pathlib import Path

from exam import tabular
from exam.errors import Rejected
from exam.tabular import Row
from sync.papers import scoring
from sync.papers.criteria import CRITERIA
from sync.papers.scoring import COMPUTED, REQUIRED, Table

_WORDS = ("ч1", "фио")
_HEADING_WITHIN = 40
_BEGINNINGS = {
    scoring.NAME: ("фио", "фамилия"),
    scoring.ROOM: ("№ каб",),
    scoring.VARIANT: ("№ вар",),
    scoring.TOTAL: ("итог",),
    scoring.VERDICT: ("отметка",),
}
_NUMBERS = {"№", "№ п/п"}
_LIKE_CYRILLIC = str.maketrans("MPЗ", "МР3")
"""Latin letters, and the letter З for a 3, as they get typed; the source itself has «ПЗ»."""


def read(path: Path) -> Table:
    """The scores in a file as text. Raises Rejected when it is no such table, naming the columns that lack."""
    try:
        rows = list(tabular.rows(path, _WORDS, uncomputed=COMPUTED))
    except tabular.Unreadable as error:
        raise _refused(path, error.ru, error.en) from error
    at = next((at for at, (_, cells) in enumerate(rows[:_HEADING_WITHIN]) if _is_heading(cells)), None)
    if at is None:
        names = ", ".join(each.name for each in CRITERIA)
        raise _refused(path, f"не найдена строка с заголовками {names}", f"no line of headings {names}")
    columns = _columns(path, rows[at - 1] if at else None, rows[at])
    return Table(columns, rows[at + 1 :])


def _criterion(text: str) -> str:
    name = text.translate(_LIKE_CYRILLIC)
    return name if any(name == each.name for each in CRITERIA) else ""


def _is_heading(cells: Sequence[str]) -> bool:
    return len({_criterion(cell) for cell in cells} - {""}) == len(CRITERIA)


def _columns(path: Path, above: Row | None, heading: Row) -> dict[str, int]:
    """Criteria stand in the heading's last line, the other words there or in the line above it."""
    columns: dict[str, int] = {}
    for cells in (heading[1], above[1] if above else ()):
        for at, text in enumerate(cells):
            name = _named(text)
            if name in columns and cells is heading[1]:
                line = heading[0]
                raise _refused(path, f"строка {line}: колонка «{text}» стоит дважды", f"line {line}: “{text}” twice")
            if name:
                columns.setdefault(name, at)
    missing = ", ".join(f"«{name}»" for name in REQUIRED if name not in columns)
    if missing:
        raise _refused(path, f"нет колонки {missing}", f"no column {missing}")
    return columns


def _named(text: str) -> str:
    plain = " ".join(text.casefold().split())
    if plain in _NUMBERS:
        return scoring.NUMBER
    begun = (name for name, words in _BEGINNINGS.items() if plain.startswith(words))
    return next(begun, "") or _criterion(text)


def _refused(path: Path, ru: str, en: str) -> Rejected:
    return Rejected(
        f"Баллы {path}: {ru}. Ничего не записано; исправьте и сохраните файл.",
        f"Scores {path}: {en}. Nothing was noted; mend and save the file.",
        code="bad_scores",
    )
