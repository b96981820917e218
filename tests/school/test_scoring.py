"""Scores as people type them: what is wrong is named by its cell, all at once; what is right adds up."""

import pytest
from paper_day import EARLY, IVANOV, REMOVED, TWICE, WRITTEN, line, paper_day, row, scores

from exam.roster import Participant
from sync.papers import scoring
from sync.papers.criteria import CATEGORIES, CRITERIA
from sync.papers.personal import Personal
from sync.papers.scoring import Table

DAY = paper_day()
NAMES = {each.person.number: each.person.full_name for each in DAY.rows}


def wrong(table: Table, personal: dict[int, Personal] | None = None) -> list[str]:
    checked = scoring.check(DAY, table, personal or {})
    assert not (checked.scores and checked.problems)
    return [f"{place}: {reason.ru}" for place, reason in scoring.shown(checked.problems)]


def of(number: int, marks: str, **more: str) -> list[str]:
    return line(number, NAMES[number], marks, **{"total": "=", **more})


def test_right_scores_come_to_sums_and_verdicts() -> None:
    checked = scoring.check(DAY, scores(), {})
    assert checked.problems == ()
    assert {number: (one.total, one.passed) for number, one in checked.scores.items()} == {
        IVANOV: (20, True), TWICE: (9, False), WRITTEN: (13, True),
    }  # fmt: skip
    assert [checked.scores[WRITTEN].shown(name) for name in ("Ч1", "П1", "Р4")] == ["1", "-", "1"]


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ("2 1 1 2 1 1 2 1 3 2 2 2 1", "E2 (Ч1, Иванов Иван Иванович): «2» — ожидается число от 0 до 1 или «-»"),
        ("1 1 1 2 1 1 2 2 3 2 2 2 1", "L2 (М2, Иванов Иван Иванович): «2» — ожидается число от 0 до 1 или «-»"),
        ("1 1 1 2 1 1 2 1 4 2 2 2 1", "M2 (Д1, Иванов Иван Иванович): «4» — ожидается число от 0 до 3 или «-»"),
        ("1 1 1 2 1 1 2 1 3 2 2 2 2", "Q2 (Р4, Иванов Иван Иванович): «2» — ожидается число от 0 до 1"),
        ("1 1 1 2 1 1 2 1 3 2 - 2 1", "O2 (Р2, Иванов Иван Иванович): прочерк здесь не ставится, только балл"),
        ("1 1 1 _ 1 1 2 1 3 2 2 2 1", "H2 (П1, Иванов Иван Иванович): балл не вписан"),
        ("1 1 1 2 1 1 два 1 3 2 2 2 1", "K2 (М1, Иванов Иван Иванович): «два» — ожидается число от 0 до 2 или «-»"),
        ("1 1 1 2 1 1 2 1 -1 2 2 2 1", "M2 (Д1, Иванов Иван Иванович): «-1» — ожидается число от 0 до 3 или «-»"),
        ("1 1 1 1,5 1 1 2 1 3 2 2 2 1", "H2 (П1, Иванов Иван Иванович): «1,5» — ожидается число от 0 до 2 или «-»"),
        ("1 1 1 ² 1 1 2 1 3 2 2 2 1", "H2 (П1, Иванов Иван Иванович): «²» — ожидается число от 0 до 2 или «-»"),
    ],
)
def test_a_wrong_mark_is_named_by_its_cell(marks: str, said: str) -> None:
    assert wrong(scores(of(IVANOV, marks))) == [said]


def test_every_maximum_is_accepted_and_one_more_is_not() -> None:
    for at, each in enumerate(CRITERIA):
        marks = [str(one.most) for one in CRITERIA]
        assert wrong(scores(of(IVANOV, " ".join(marks)))) == []
        marks[at] = str(each.most + 1)
        assert len(wrong(scores(of(IVANOV, " ".join(marks))))) == 1


def test_one_task_not_attempted_leaves_speech_alone_two_make_it_nothing() -> None:
    assert wrong(scores(of(IVANOV, "- - - 2 1 1 2 1 3 2 2 2 1"))) == []
    found = wrong(scores(of(IVANOV, "- - - 2 1 1 2 1 – 2 0 2 1")))
    assert [each.split(")")[0] for each in found] == [
        f"{cell} ({name}, Иванов Иван Иванович" for cell, name in (("N2", "Р1"), ("P2", "Р3"), ("Q2", "Р4"))
    ]
    assert "не приступал к заданиям: 2" in found[0]
    assert wrong(scores(of(IVANOV, "- - - 2 1 1 2 1 - 0 0 0 0"))) == []


def test_a_dash_stands_for_a_whole_task() -> None:
    assert wrong(scores(of(IVANOV, "1 - 1 2 1 1 2 1 3 2 2 2 1"))) == [
        "F2 (Ч2, Иванов Иван Иванович): прочерк — когда к заданию 1 не приступали; тогда он стоит по всем его критериям"
    ]


@pytest.mark.parametrize("total", ["19", "21", "020x", "много", "2 0"])
def test_a_sum_that_does_not_add_up_is_refused(total: str) -> None:
    assert wrong(scores(of(IVANOV, "1 1 1 2 1 1 2 1 3 2 2 2 1", total=total))) == [
        f"R2 (Итог. балл, Иванов Иван Иванович): стоит «{total}», а по баллам 20"
    ]


def test_a_sum_that_lacks_is_refused_and_a_formula_counts_by_itself() -> None:
    assert wrong(scores(of(IVANOV, "1 1 1 2 1 1 2 1 3 2 2 2 1", total=""))) == [
        "R2 (Итог. балл, Иванов Иван Иванович): сумма не вписана: по баллам 20"
    ]
    assert wrong(scores(of(IVANOV, "0 0 0 0 0 0 0 0 0 0 0 0 0", total="0"))) == []


def test_zachet_goes_by_the_threshold() -> None:
    nine = "1 1 0 1 1 0 1 1 1 0 1 0 1"
    assert wrong(scores(of(IVANOV, nine, verdict="зачёт"))) == [
        "S2 (Отметка о зачёте, Иванов Иван Иванович): набрано 9, зачет от 10: ожидается «незачет»"
    ]
    assert wrong(scores(of(IVANOV, nine.replace("0", "1", 1), verdict="Зачет"))) == []
    assert wrong(scores(of(IVANOV, nine, verdict="нет"))) == [
        "S2 (Отметка о зачёте, Иванов Иван Иванович): ожидается «зачет» или «незачет»"
    ]


@pytest.mark.parametrize(
    ("word", "marks", "total", "passes"),
    [
        ("глухие", "_ _ _ 2 1 1 1 0 0 _ _ _ _", 5, True),
        ("слабослышащие", "- - - 2 1 1 0 0 0 _ _ _ _", 4, False),
        ("слепые (брайль)", "1 _ 1 2 1 1 2 1 0 0 0 0 0", 9, True),
        ("слепые (без брайля)", "_ _ _ _ _ _ 2 1 3 0 0 0 _", 6, True),
        ("слабовидящие", "1 _ 1 2 1 1 2 0 0 0 0 0 0", 8, False),
        ("тнр", "_ _ _ 2 1 1 1 0 0 _ _ _ _", 5, True),
        ("ода", "1 1 1 2 1 1 2 0 0 0 0 0 0", 9, False),
        ("рас", "1 _ _ _ _ _ 2 0 0 _ _ _ _", 3, True),
        ("зпр", "1 _ _ 2 1 1 0 0 0 _ _ _ _", 5, True),
        ("иные", "1 1 1 2 1 1 2 1 0 0 0 0 0", 10, True),
    ],
)
def test_a_category_has_its_own_criteria_and_threshold(word: str, marks: str, total: int, *, passes: bool) -> None:
    personal = {IVANOV: Personal(category=CATEGORIES[word], has_category=True)}
    checked = scoring.check(DAY, scores(of(IVANOV, marks)), personal)
    assert checked.problems == ()
    assert (checked.scores[IVANOV].total, checked.scores[IVANOV].passed) == (total, passes)


def test_a_criterion_that_does_not_apply_is_refused_without_naming_the_illness() -> None:
    personal = {IVANOV: Personal(category=CATEGORIES["слепые (без брайля)"], has_category=True)}
    found = wrong(scores(of(IVANOV, "1 _ _ _ _ _ 2 1 3 0 0 0 0")), personal)
    assert [each.split(")")[0] for each in found] == ["E2 (Ч1, Иванов Иван Иванович", "Q2 (Р4, Иванов Иван Иванович"]
    assert "слеп" not in " ".join(found).casefold()


def test_tasks_that_a_category_does_not_take_are_not_left_unattempted() -> None:
    """Blind without Braille takes tasks 3 and 4 alone: only both dashed make speech nothing."""
    personal = {IVANOV: Personal(category=CATEGORIES["слепые (без брайля)"], has_category=True)}
    assert wrong(scores(of(IVANOV, "- - - - - - - - 3 2 2 2 _")), personal) == []
    assert len(wrong(scores(of(IVANOV, "- - - - - - - - - 2 2 2 _")), personal)) == 3


@pytest.mark.parametrize(
    ("number", "why"), [(2, "«Неявка»"), (EARLY, "«Неявка»"), (7, "«Неявка»"), (REMOVED, "удалён")]
)
def test_who_is_not_marked_gets_no_mark(number: int, why: str) -> None:
    found = wrong(scores(of(number, "1 _ _ _ _ _ _ _ _ _ _ _ _", total="1", verdict="незачет")))
    assert [each.split(" ")[0][0] for each in found] == ["E", "R", "S"]
    assert all(why in each for each in found)


def test_copies_of_the_journal_are_held_against_it() -> None:
    good = "1 1 1 2 1 1 2 1 3 2 2 2 1"
    found = wrong(scores(of(IVANOV, good, room="266", variant="4"), of(EARLY, "", total="", room="265")))
    assert found == [
        "C2 (№ каб., Иванов Иван Иванович): по журналу 265",
        "D2 (№ вар., Иванов Иван Иванович): по журналу 3",
        "C4 (№ каб., Волков Пётр Ильич): по журналу здесь «Неявка»",
    ]
    assert wrong(scores(of(IVANOV, good, room="неявка")))[0].endswith("по журналу участник был")


def test_tables_of_other_people_are_refused() -> None:
    table = scores(line(IVANOV, "Петров Иван 7777 888888"), line(99, "Чужой Иван 7777 888888"))
    found = wrong(table)
    assert found == [
        "B2 (ФИО, Иванов Иван Иванович): в списке под № 1: Иванов Иван Иванович",
        "A9 (№): № 99 нет в списке",
    ]
    assert "888888" not in " ".join(found)


def test_a_line_that_lacks_or_stands_twice_is_named() -> None:
    table = scores()
    again = (19, table.lines[1][1])
    found = wrong(Table(table.columns, [*table.lines[1:], again, (20, ["", "", "", "", "1"])]))
    assert found == [
        "A19 (№): № 2 стоит дважды",
        "A20 (№): нет номера участника",
        "Иванов Иван Иванович, № 1: в таблице нет строки",
    ]


def test_who_takes_not_all_tasks_needs_a_category() -> None:
    day = paper_day(row(Participant(1, "Иванов", "Иван", tasks=(1, 3, 4))))
    table = Table(scores().columns, [(2, line(1, "Иванов Иван"))])
    (problem,) = scoring.check(day, table, {}).problems
    assert problem.cell == "B2"
    assert "категории" in problem.reason.ru


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = wrong(scores(of(IVANOV, "9 1 1 2 1 1 2 1 9 2 2 2 1"), of(TWICE, "1 1 0 1 1 0 1 1 1 0 1 0 1", total="8")))
    assert [each.split(" ")[0] for each in found] == ["E2", "M2", "R6"]


def test_every_difference_between_two_experts_is_named() -> None:
    first = scoring.check(DAY, scores(), {}).scores
    other = scoring.check(DAY, scores(of(IVANOV, "1 1 1 - - - 2 0 3 2 2 2 1")), {}).scores
    found = [(one.number, one.criterion, one.first, one.second) for one in scoring.compare(DAY, first, other)]
    assert found == [(1, "П1", "2", "-"), (1, "П2", "1", "-"), (1, "П3", "1", "-"), (1, "М2", "1", "0")]
    assert scoring.compare(DAY, first, first) == []
