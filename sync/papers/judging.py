"""One expert's table, or two, with what the organizer decided: everything wrong at once, else the scores that stand.

Pure; for commands and pages.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath

from msgspec import Struct

from exam.errors import Rejected
from exam.language import say
from sync.papers import scoring, verdicts
from sync.papers.personal import Personal
from sync.papers.scoring import Checked, Difference, Problem, Score, Table
from sync.papers.verdicts import Settled, Which
from sync.school.model import SchoolDay


class File(Struct, frozen=True):
    """A table and what is wrong in it."""

    file: str
    problems: tuple[Problem, ...]


class Judged(Struct, frozen=True):
    """`differences`: every one between two experts; `open`: those about which nobody decided; `standing`: the scores
    that count, none while there is a problem; `read`: each expert's."""

    files: tuple[File, ...]
    differences: tuple[Difference, ...] = ()
    open: tuple[Difference, ...] = ()
    standing: Mapping[int, Score] = {}
    read: tuple[Mapping[int, Score], ...] = ()

    @property
    def has_problems(self) -> bool:
        return any(file.problems for file in self.files)

    @property
    def is_good(self) -> bool:
        """Whether the scores can be copied into the form."""
        return not self.has_problems and not self.open


def judge(
    day: SchoolDay, tables: Mapping[str, Table], personal: Mapping[int, Personal], decided: Sequence[Settled] = ()
) -> Judged:
    """`tables`: one expert's or two's, by the files they were read from."""
    checked: list[Checked] = [scoring.check(day, table, personal) for table in tables.values()]
    files = tuple(File(name, one.problems) for name, one in zip(tables, checked, strict=True))
    if any(one.problems for one in checked):
        return Judged(files)
    first, second = checked[0].scores, checked[-1].scores
    differences = scoring.compare(day, first, second)
    standing, still_open = verdicts.settle(first, second, differences, decided)
    read = tuple(one.scores for one in checked)
    return Judged(files, tuple(differences), tuple(still_open), standing, read)


def settled(
    day: SchoolDay, judged: Judged, number: int, counts: Which, *, by: str, reason: str, noted_at: datetime
) -> Settled:
    """The organizer's word on one participant's scores. Raises Rejected where there is nothing to decide."""
    if judged.has_problems:
        raise Rejected(
            "Не записано: в таблицах есть ошибки, исправьте их сначала (station-sync papers check).",
            "Not noted: the tables have errors, mend them first (station-sync papers check).",
            code="bad_scores",
        )
    if not any(one.number == number for one in judged.differences):
        raise Rejected(
            f"Не записано: по участнику № {number} эксперты не расходятся.",
            f"Not noted: the experts do not differ about number {number}.",
            code="nothing_to_settle",
        )
    first, second = (verdicts.marks_of(scores[number]) for scores in judged.read)
    return Settled(day.exam_date, number, first, second, counts, by, reason, noted_at)


def in_words(judged: Judged) -> Iterator[str]:
    """A line for each cell that is wrong, then for each difference that is open."""
    for file in judged.files:
        name = PurePath(file.file).name
        for place, reason in scoring.shown(file.problems):
            yield f"{name}: {place}: {say(reason.ru, reason.en)}"
    for one in judged.open:
        yield say(
            f"Эксперты разошлись: № {one.number} {one.name}, {one.criterion}: {one.first} и {one.second}. Решает "
            f"организатор: station-sync papers settle … --participant {one.number}",
            f"The experts differ: {one.number} {one.name}, {one.criterion}: {one.first} and {one.second}. Whose marks "
            f"count, the organizer decides: station-sync papers settle … --participant {one.number}",
        )
