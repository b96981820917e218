"""Which of two experts' scores counts for a participant: the organizer's word, kept for good.

Owns `papers.jsonl` in the state folder. A decision stands as long as neither expert's scores of that participant
change.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from exam.errors import Rejected
from sync.lines import Lines
from sync.papers.criteria import CRITERIA
from sync.papers.scoring import Difference, Score

FILE = "papers.jsonl"
_LETTERS_AT_MOST = 500

Which = Literal["first", "second"]


class Settled(Struct, frozen=True, tag_field="event", tag="score_settled"):
    """Of the scores `first` and `second` (a mark for each criterion, in the form's order) those of `counts` stand."""

    exam_date: date
    participant: int
    first: tuple[str, ...]
    second: tuple[str, ...]
    counts: Which
    by: str
    reason: str
    noted_at: datetime


class Verdicts:
    """The organizer's decisions about scores in one state folder."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[Settled] = Lines(state / FILE, Settled)

    def of(self, exam_date: date) -> Sequence[Settled]:
        """Decisions of this day in order. Raises OSError."""
        return [one for one in self._lines.read()[0] if one.exam_date == exam_date]

    def add(self, settled: Settled) -> None:
        """Keep a decision durably. Raises Rejected when nobody or nothing is named, OSError as the disk does."""
        for text, ru, en in ((settled.by, "кто решил (--by)", "who decided (--by)"),
                             (settled.reason, "почему (--reason)", "why (--reason)")):  # fmt: skip
            if not text.strip() or len(text) > _LETTERS_AT_MOST or "\n" in text:
                raise Rejected(
                    f"Не записано: одной строкой, до {_LETTERS_AT_MOST} знаков, назовите, {ru}.",
                    f"Not noted: tell in one line of at most {_LETTERS_AT_MOST} characters {en}.",
                    code="not_told",
                )
        self._lines.append(settled)


def marks_of(score: Score) -> tuple[str, ...]:
    """The scores of one participant as they are kept."""
    return tuple(score.shown(each.name) for each in CRITERIA)


def settle(
    first: Mapping[int, Score], second: Mapping[int, Score], differences: Iterable[Difference],
    decided: Iterable[Settled],
) -> tuple[dict[int, Score], list[Difference]]:  # fmt: skip
    """The scores that stand, and the differences about which nobody decided yet."""
    standing = dict(first)
    last = {one.participant: one for one in decided}
    open_ones: list[Difference] = []
    for one in differences:
        word = last.get(one.number)
        mine, other = first[one.number], second[one.number]
        if word is None or (word.first, word.second) != (marks_of(mine), marks_of(other)):
            open_ones.append(one)
        elif word.counts == "second":
            standing[one.number] = other
    return standing, open_ones
