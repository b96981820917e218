"""What an answer is marked by: criteria, their maxima, categories of ОВЗ with theirs. Tables of the source; pure.

Sources: S2 appendix 6 (criteria, tables 1-5), appendix 9 (categories), 8.6.
"""

from collections.abc import Mapping

from msgspec import Struct


class Criterion(Struct, frozen=True):
    """`task`: 1-4, or None for the correctness of speech, which is marked over all tasks."""

    name: str
    task: int | None
    most: int


CRITERIA = (
    Criterion("Ч1", 1, 1), Criterion("Ч2", 1, 1), Criterion("Ч3", 1, 1),
    Criterion("П1", 2, 2), Criterion("П2", 2, 1), Criterion("П3", 2, 1),
    Criterion("М1", 3, 2), Criterion("М2", 3, 1),
    Criterion("Д1", 4, 3),
    Criterion("Р1", None, 2), Criterion("Р2", None, 2), Criterion("Р3", None, 2), Criterion("Р4", None, 1),
)  # fmt: skip
"""In the order of form С-1."""


class Category(Struct, frozen=True):
    """Who is marked by which criteria. `most`: their maxima together; `passes`: the least that is «зачёт»."""

    label: str
    criteria: frozenset[str]
    most: int
    passes: int

    def has(self, criterion: Criterion) -> bool:
        return criterion.name in self.criteria


def _category(label: str, names: str, most: int, passes: int) -> Category:
    return Category(label, frozenset(names.split()), most, passes)


_ALL = "Ч1 Ч2 Ч3 П1 П2 П3 М1 М2 Д1 Р1 Р2 Р3 Р4"
_UNREAD = "П1 П2 П3 М1 М2 Д1"
_SEEING = "Ч1 Ч3 П1 П2 П3 М1 М2 Д1 Р1 Р2 Р3 Р4"

GENERAL = _category("", _ALL, 20, 10)
"""Everybody of whom no category is known."""

CATEGORIES: Mapping[str, Category] = {
    "глухие": _category("глухие", _UNREAD, 10, 5),
    "слабослышащие": _category("слабослышащие", _UNREAD, 10, 5),
    "слепые (брайль)": _category("слепые (Брайль)", _SEEING, 19, 9),
    "слепые (без брайля)": _category("слепые (без Брайля)", "М1 М2 Д1 Р1 Р2 Р3", 12, 6),
    "слабовидящие": _category("слабовидящие", _SEEING, 19, 9),
    "тнр": _category("ТНР", _UNREAD, 10, 5),
    "ода": _category("ОДА", _ALL, 20, 10),
    "рас": _category("РАС", "Ч1 М1 М2 Д1", 7, 3),
    "зпр": _category("ЗПР", "Ч1 П1 П2 П3 М1 М2 Д1", 11, 5),
    "иные": _category("иные", _ALL, 20, 10),
}
"""By the word that stands in the personal file, in small letters. «Глухие» are also the late-deafened, «слепые» the
late-blinded."""

_MUSCULOSKELETAL = "ода"


def category(text: str) -> Category | None:
    """The category a person wrote, None when there is no such. «ОДА + ТНР»: marked by the accompanying illness
    (appendix 9)."""
    first, plus, second = (part.strip() for part in " ".join(text.casefold().split()).partition("+"))
    if not plus:
        return GENERAL if not first else CATEGORIES.get(first)
    accompanying = CATEGORIES.get(second)
    if first != _MUSCULOSKELETAL or accompanying is None or second == _MUSCULOSKELETAL:
        return None
    label = f"{CATEGORIES[_MUSCULOSKELETAL].label} + {accompanying.label}"
    return Category(label, accompanying.criteria, accompanying.most, accompanying.passes)


def known() -> str:
    """The words a category may be called by, for a message."""
    return ", ".join(each.label for each in CATEGORIES.values())
