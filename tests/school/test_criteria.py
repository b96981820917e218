"""The tables of criteria and categories agree with themselves and with the source."""

import pytest

from sync.papers import criteria
from sync.papers.criteria import CATEGORIES, CRITERIA, GENERAL

SOURCE = {
    "глухие": ("П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3)", 10, 5),
    "слабослышащие": ("П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3)", 10, 5),
    "слепые (брайль)": (
        "Ч1(1), Ч3(1), П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3), Р1(2), Р2(2), Р3(2), Р4(1)", 19, 9),
    "слепые (без брайля)": ("М1(2), М2(1), Д1(3), Р1(2), Р2(2), Р3(2)", 12, 6),
    "слабовидящие": (
        "Ч1(1), Ч3(1), П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3), Р1(2), Р2(2), Р3(2), Р4(1)", 19, 9),
    "тнр": ("П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3)", 10, 5),
    "ода": (
        "Ч1(1), Ч2(1), Ч3(1), П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3), Р1(2), Р2(2), Р3(2), Р4(1)", 20, 10),
    "рас": ("Ч1(1), М1(2), М2(1), Д1(3)", 7, 3),
    "зпр": ("Ч1(1), П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3)", 11, 5),
    "иные": (
        "Ч1(1), Ч2(1), Ч3(1), П1(2), П2(1), П3(1), М1(2), М2(1), Д1(3), Р1(2), Р2(2), Р3(2), Р4(1)", 20, 10),
}  # fmt: skip
"""Copied from appendix 9."""


@pytest.mark.parametrize("word", SOURCE)
def test_a_category_is_marked_as_appendix_9_says(word: str) -> None:
    listed, most, passes = SOURCE[word]
    found = CATEGORIES[word]
    mine = ", ".join(f"{each.name}({each.most})" for each in CRITERIA if found.has(each))
    assert (mine, found.most, found.passes) == (listed, most, passes)
    assert sum(each.most for each in CRITERIA if found.has(each)) == found.most


def test_no_category_is_left_out() -> None:
    assert set(CATEGORIES) == set(SOURCE)


def test_the_whole_work_is_20_and_passes_with_10() -> None:
    assert (sum(each.most for each in CRITERIA), GENERAL.most, GENERAL.passes) == (20, 20, 10)
    assert all(GENERAL.has(each) for each in CRITERIA)


def test_an_accompanying_illness_decides() -> None:
    found = criteria.category("  ОДА +  тнр ")
    assert found is not None
    assert (found.label, found.criteria, found.passes) == ("ОДА + ТНР", CATEGORIES["тнр"].criteria, 5)


@pytest.mark.parametrize("word", ["ТНР + ОДА", "ОДА + ОДА", "ОДА +", "слепые", "9"])
def test_an_unknown_word_is_no_category(word: str) -> None:
    assert criteria.category(word) is None


def test_no_word_is_everybody() -> None:
    assert criteria.category(" ") is GENERAL
