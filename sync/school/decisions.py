"""What the organizer decided at the headquarters about a day: told once, kept for good, never changed.

Owns `headquarters.jsonl` in the state folder. `station-sync package …` and the office's pages add to it; `gathering`
reads it. What is taken back is said anew, so that everybody sees who said what when.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct

from exam.errors import Rejected
from exam.regulation import Outcome
from sync.lines import Lines
from sync.school.model import Given, Said

FILE = "headquarters.jsonl"
_LETTERS_AT_MOST = 500


class Told(Struct, frozen=True, tag_field="event", tag="outcome"):
    """An outcome told at the headquarters (the usher reports the absent there); None takes it back."""

    exam_date: date
    participant: int
    outcome: Outcome | None
    at: str | None
    note: str
    by: str
    noted_at: datetime


class Chosen(Struct, frozen=True, tag_field="event", tag="chosen"):
    """The take that stands for a participant, by somebody who listened to it."""

    exam_date: date
    participant: int
    stem: str
    by: str
    reason: str
    noted_at: datetime


class Settled(Struct, frozen=True, tag_field="event", tag="settled"):
    """Somebody answers for a room that did not close its day, or from which nothing will come any more."""

    exam_date: date
    room: str
    by: str
    reason: str
    noted_at: datetime


class PapersGiven(Struct, frozen=True, tag_field="event", tag="papers_given"):
    """The papers of the day were handed over on paper: who gave them to whom."""

    exam_date: date
    by: str
    to: str
    note: str
    noted_at: datetime


Decision = Told | Chosen | Settled | PapersGiven


class Decisions(Struct, frozen=True):
    """What holds of one day. `outcomes`: None where a word was taken back."""

    outcomes: Mapping[int, Said | None] = {}
    chosen: Mapping[int, str] = {}
    settled: Mapping[str, str] = {}
    papers_given: tuple[Given, ...] = ()


class Headquarters:
    """The organizer's decisions in one state folder."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[Decision] = Lines(state / FILE, Decision)

    def of(self, exam_date: date) -> Decisions:
        """What holds of this day. Raises OSError."""
        return summed(one for one in self._lines.read()[0] if one.exam_date == exam_date)

    def add(self, decision: Decision) -> None:
        """Keep a decision durably. Raises Rejected for one that says nothing, OSError as the disk does."""
        self._lines.append(_sensible(decision))


def summed(decisions: Iterable[Decision]) -> Decisions:
    """What the decisions of one day come to."""
    outcomes: dict[int, Said | None] = {}
    chosen: dict[int, str] = {}
    settled: dict[str, str] = {}
    given: list[Given] = []
    for one in decisions:
        match one:
            case Told(participant=number, outcome=outcome, at=at, note=note, by=by):
                outcomes[number] = None if outcome is None else Said(outcome, at, note, by)
            case Chosen(participant=number, stem=stem):
                chosen[number] = stem
            case Settled(room=room, by=by, reason=reason):
                settled[room] = f"{by}: {reason}"
            case PapersGiven(by=by, to=to, note=note, noted_at=noted_at):
                given.append(Given(by, to, note, noted_at))
    return Decisions(outcomes, chosen, settled, tuple(given))


def _sensible(decision: Decision) -> Decision:
    if not decision.by.strip():
        raise Rejected(
            "Не сказано, кто решил: впишите фамилию и инициалы (--by).",
            "Nobody is named who decided this: give a name (--by).",
            code="no_name",
        )
    words = (getattr(decision, name, "") or "" for name in ("by", "to", "note", "reason"))
    if any(len(word) > _LETTERS_AT_MOST or "\n" in word for word in words):
        raise Rejected(
            f"Слишком длинно: одна строка, не больше {_LETTERS_AT_MOST} знаков.",
            f"Too long: one line of at most {_LETTERS_AT_MOST} characters.",
            code="too_long",
        )
    return decision
