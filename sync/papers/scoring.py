"""Scores as they were typed in: what is wrong with them, what they come to, where two experts differ. Pure.

Sources: S2 appendix 6 (criteria, two or more tasks not attempted), appendix 9 (categories), 9.4 («Неявка»), the
expert's instruction («-» for a task that was not attempted, never for the correctness of speech). Inferred: a task that
a category does not take is no task left unattempted; whoever was removed is not marked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from exam.regulation import ALL_TASKS, Outcome
from exam.tabular import place
from sync.papers.criteria import CRITERIA, Category, Criterion
from sync.papers.personal import UNKNOWN, Personal
from sync.plan import Reason
from sync.school.model import Row, SchoolDay

DASH = "-"
_DASHES = {"-", "–", "—", "−", "‒"}
COMPUTED = "="
"""Stands for a formula that no program has computed yet."""

NUMBER, NAME, ROOM, VARIANT, TOTAL, VERDICT = "№", "ФИО", "№ каб.", "№ вар.", "Итог. балл", "Отметка о зачёте"
REQUIRED = (NUMBER, NAME, *(each.name for each in CRITERIA), TOTAL)
NO_SHOW = "Неявка"
NO_SHOWS = {Outcome.ABSENT, Outcome.EARLY_END, Outcome.EXTRA_DATE}
"""«Неявка» in form С-1: the absent, and whoever ended early with a valid reason (9.4); on an extra date only with that
act, too (7.8)."""
_PASSED, _FAILED = "зачет", "незачет"


class Table(Struct, frozen=True):
    """A table of scores as text. `columns`: where each heading stands, from 0; `lines`: number in the file, cells."""

    columns: Mapping[str, int]
    lines: Sequence[tuple[int, Sequence[str]]]


class Problem(Struct, frozen=True):
    """`cell`: as the table calls it (K7); `what`: the column's heading and whose it is."""

    cell: str
    what: str
    reason: Reason


class Score(Struct, frozen=True):
    """One participant's marks by criterion; None: the task was not attempted. Only criteria that apply."""

    number: int
    marks: Mapping[str, int | None]
    total: int
    passed: bool

    def shown(self, name: str) -> str:
        """The mark as it stands in the form."""
        if name not in self.marks:
            return ""
        mark = self.marks[name]
        return DASH if mark is None else str(mark)


class Checked(Struct, frozen=True):
    """`scores` by participant, in the order of the day; none while there is a problem."""

    scores: Mapping[int, Score]
    problems: tuple[Problem, ...]


class Difference(Struct, frozen=True):
    """Where two experts differ about one participant: the criterion, and each one's mark."""

    number: int
    name: str
    criterion: str
    first: str
    second: str


def is_marked(row: Row) -> bool:
    """Whether an expert's marks are due for this participant."""
    return row.said is None or (row.said.outcome not in NO_SHOWS and row.said.outcome is not Outcome.REMOVED)


def check(day: SchoolDay, table: Table, personal: Mapping[int, Personal]) -> Checked:
    """Every cell of the table against the criteria, the participant's category and the journal."""
    problems: list[Problem] = []
    found: dict[int, Score] = {}
    lines: set[int] = set()
    for line, cells in table.lines:
        one = _Line(table.columns, line, cells)
        row = _row(day, one, lines, problems)
        if row is not None:
            score = _checked(row, one, personal.get(row.person.number, UNKNOWN), problems)
            if score is not None:
                found[row.person.number] = score
    for row in day.rows:
        if row.person.number not in lines and is_marked(row):
            who = f"{row.person.full_name}, № {row.person.number}"
            problems.append(Problem("", who, Reason("в таблице нет строки", "there is no line in the table")))
    if problems:
        return Checked({}, tuple(problems))
    return Checked({row.person.number: found[row.person.number] for row in day.rows if row.person.number in found}, ())


def compare(day: SchoolDay, first: Mapping[int, Score], second: Mapping[int, Score]) -> list[Difference]:
    """Every mark in which two experts differ, in the order of day and form."""
    return [
        Difference(number, row.person.full_name, each.name, one.shown(each.name), other.shown(each.name))
        for row in day.rows
        if (one := first.get(number := row.person.number)) and (other := second.get(number))
        for each in CRITERIA
        if one.shown(each.name) != other.shown(each.name)
    ]


class _Line:
    """One line of the table, and how its cells are called."""

    def __init__(self, columns: Mapping[str, int], line: int, cells: Sequence[str]) -> None:
        self._columns, self._line, self._cells = columns, line, cells
        self.who = ""  # until it is known: the name's cell may hold the number of a passport, too

    def text(self, name: str) -> str:
        at = self._columns.get(name)
        return self._cells[at] if at is not None and at < len(self._cells) else ""

    def wrong(self, name: str, ru: str, en: str) -> Problem:
        what = f"{name}, {self.who}" if self.who else name
        return Problem(place(self._columns.get(name, 0), self._line), what, Reason(ru, en))

    @property
    def has_marks(self) -> bool:
        return any(self.text(each.name) for each in CRITERIA)


def _row(day: SchoolDay, line: _Line, lines: set[int], problems: list[Problem]) -> Row | None:
    """Whose line it is; None for a line of other words (signatures), and for one that is wrong."""
    text = line.text(NUMBER)
    if not (text.isascii() and text.isdigit() and len(text) <= 6):  # noqa: PLR2004 - as many as roster.MAX_NUMBER has
        if line.has_marks:
            problems.append(line.wrong(NUMBER, "нет номера участника", "no participant's number"))
        return None
    number = int(text)
    row = day.row(number)
    if row is None:
        problems.append(line.wrong(NUMBER, f"№ {number} нет в списке", f"number {number} is not on the list"))
        return None
    if number in lines:
        problems.append(line.wrong(NUMBER, f"№ {number} стоит дважды", f"number {number} stands twice"))
        return None
    lines.add(number)
    line.who = full_name = row.person.full_name
    if not _plain(line.text(NAME)).startswith(_plain(full_name)):
        problems.append(line.wrong(NAME, f"в списке под № {number}: {full_name}", f"number {number} is {full_name}"))
        return None
    return row


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def _checked(row: Row, line: _Line, personal: Personal, problems: list[Problem]) -> Score | None:
    before = len(problems)
    if row.other_person is not None:
        ru = "в аудитории под этим номером был другой участник: верните список, с которым шёл экзамен"
        en = "the room knew somebody else by this number: put back the list the exam was held with"
        problems.append(line.wrong(NAME, ru, en))
    problems.extend(_unlike_journal(row, line))
    if not is_marked(row):
        problems.extend(_unwanted(row, line))
        return None
    if row.person.tasks != ALL_TASKS and not personal.has_category:
        problems.append(
            line.wrong(
                NAME,
                "участник выполняет не все задания, а категории ОВЗ в файле персональных данных нет: впишите её",
                "not all tasks are taken, and the personal file tells no category: write it there",
            )
        )
        return None
    marks = dict(_marks(line, personal.category, problems))
    if len(problems) == before:
        problems.extend(_of_tasks(line, personal.category, marks))
    total = sum(mark or 0 for mark in marks.values())
    if len(problems) == before:
        problems.extend(_of_sum(line, personal.category, total))
    return Score(row.person.number, marks, total, total >= personal.category.passes)


def _unlike_journal(row: Row, line: _Line) -> Iterator[Problem]:
    """What was copied from the journal, and no longer is what it says."""
    is_no_show = row.said is not None and row.said.outcome in NO_SHOWS
    room, variant = line.text(ROOM), line.text(VARIANT)
    if room and (_plain(room) == _plain(NO_SHOW)) != is_no_show:
        told = ("по журналу участник был", "by the journal the participant came")
        missed = (f"по журналу здесь «{NO_SHOW}»", f"by the journal it is «{NO_SHOW}»")
        yield line.wrong(ROOM, *(missed if is_no_show else told))
    take = row.take
    if take is None or is_no_show:
        return
    if room and _plain(room) != _plain(take.room):
        yield line.wrong(ROOM, f"по журналу {take.room}", f"by the journal {take.room}")
    if variant and take.variant and _plain(variant) != _plain(take.variant):
        yield line.wrong(VARIANT, f"по журналу {take.variant}", f"by the journal {take.variant}")


def _unwanted(row: Row, line: _Line) -> Iterator[Problem]:
    """Marks of somebody who is not marked."""
    removed = row.said is not None and row.said.outcome is Outcome.REMOVED
    ru = "участник удалён: баллы не ставятся" if removed else f"«{NO_SHOW}»: баллы не ставятся"
    en = "removed: not marked" if removed else "absent: not marked"
    for name in (*(each.name for each in CRITERIA), TOTAL):
        if line.text(name) not in {"", COMPUTED}:
            yield line.wrong(name, ru, en)
    if _plain(line.text(VERDICT)) in {_PASSED, _FAILED}:
        yield line.wrong(VERDICT, ru, en)


def _marks(line: _Line, category: Category, problems: list[Problem]) -> Iterator[tuple[str, int | None]]:
    for each in CRITERIA:
        text = line.text(each.name)
        if not category.has(each):
            if text and not (text in _DASHES and each.task):
                problems.append(
                    line.wrong(each.name, "этот критерий у участника не оценивается: оставьте пустым",
                               "this criterion does not apply to the participant: leave it empty")
                )  # fmt: skip
            continue
        if text in _DASHES and each.task:
            yield each.name, None
        elif text.isascii() and text.isdigit() and len(text) == 1 and int(text) <= each.most:
            yield each.name, int(text)
        else:
            problems.append(line.wrong(each.name, *_no_mark(text, each)))


def _no_mark(text: str, criterion: Criterion) -> tuple[str, str]:
    if not text:
        return "балл не вписан", "the mark lacks"
    if text in _DASHES:
        return "прочерк здесь не ставится, только балл", "no dash here, only a mark"
    most = criterion.most
    ru, en = f"«{text[:20]}» — ожидается число от 0 до {most}", f"“{text[:20]}”: expected 0 to {most}"
    return (f"{ru} или «-»", f"{en} or “-”") if criterion.task else (ru, en)


def _of_tasks(line: _Line, category: Category, marks: Mapping[str, int | None]) -> Iterator[Problem]:
    untried = 0
    for task in ALL_TASKS:
        mine = [each.name for each in CRITERIA if each.task == task and category.has(each)]
        dashed = [name for name in mine if marks[name] is None]
        if dashed and len(dashed) < len(mine):
            yield line.wrong(
                dashed[0],
                f"прочерк — когда к заданию {task} не приступали; тогда он стоит по всем его критериям",
                f"a dash says that task {task} was not attempted; then it stands in all its criteria",
            )
        untried += bool(mine) and len(dashed) == len(mine)
    for each in CRITERIA:
        if untried > 1 and each.task is None and marks.get(each.name):
            yield line.wrong(
                each.name, f"не приступал к заданиям: {untried}; по всем критериям Р ставится 0",
                f"{untried} tasks not attempted: every Р is 0",
            )  # fmt: skip


def _of_sum(line: _Line, category: Category, total: int) -> Iterator[Problem]:
    text, verdict = line.text(TOTAL), _plain(line.text(VERDICT))
    if not text:
        yield line.wrong(TOTAL, f"сумма не вписана: по баллам {total}", f"the sum lacks: the marks make {total}")
    elif text != COMPUTED and not (text.isascii() and text.isdigit() and text.lstrip("0") == str(total).lstrip("0")):
        yield line.wrong(
            TOTAL, f"стоит «{text[:20]}», а по баллам {total}", f"it says “{text[:20]}”, the marks make {total}"
        )
    if not verdict or verdict == COMPUTED:
        return
    passed, least = total >= category.passes, category.passes
    if verdict not in {_PASSED, _FAILED}:
        yield line.wrong(VERDICT, "ожидается «зачет» или «незачет»", "expected «зачет» or «незачет»")
    elif (verdict == _PASSED) != passed:
        right = _PASSED if passed else _FAILED
        yield line.wrong(
            VERDICT, f"набрано {total}, зачет от {least}: ожидается «{right}»",
            f"{total} points, {least} pass: expected «{right}»",
        )  # fmt: skip


def shown(problems: Iterable[Problem]) -> Iterator[tuple[str, Reason]]:
    """Each problem with the place it is named by: «K7 (М2, Иванов Иван)»."""
    for problem in problems:
        yield f"{problem.cell} ({problem.what})" if problem.cell else problem.what, problem.reason
