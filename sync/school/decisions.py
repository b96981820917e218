"""What the organizer decided at the headquarters about a day: told once, kept for good, never changed.

Owns `headquarters.jsonl` in the state folder. `station-sync package …` and the office's pages add to it; `gathering`
reads it. What is taken back is said anew, so that everybody sees who said what when.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

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
    """The take that stands for a participant, by somebody who listened to it. `started_at`: of takes of one name."""

    exam_date: date
    participant: int
    stem: str
    by: str
    reason: str
    noted_at: datetime
    started_at: datetime | None = None


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
    """What holds of one day. `outcomes`: None where a word was taken back; `torn`: lines that cannot be read."""

    outcomes: Mapping[int, Said | None] = {}
    chosen: Mapping[int, str] = {}
    chosen_at: Mapping[int, datetime] = {}
    settled: Mapping[str, str] = {}
    papers_given: tuple[Given, ...] = ()
    torn: tuple[int, ...] = ()


class Headquarters:
    """The organizer's decisions in one state folder."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[Decision] = Lines(state / FILE, Decision)

    def of(self, exam_date: date) -> Decisions:
        """What holds of this day. Raises OSError."""
        told, torn = self._lines.read()
        return replace(summed(one for one in told if one.exam_date == exam_date), torn=tuple(torn))

    def add(self, decision: Decision) -> None:
        """Keep a decision durably. Raises Rejected for one that says nothing, OSError as the disk does."""
        self._lines.append(_sensible(decision))


def summed(decisions: Iterable[Decision]) -> Decisions:
    """What the decisions of one day come to."""
    outcomes: dict[int, Said | None] = {}
    chosen: dict[int, str] = {}
    chosen_at: dict[int, datetime] = {}
    settled: dict[str, str] = {}
    given: list[Given] = []
    for one in decisions:
        match one:
            case Told(participant=number, outcome=outcome, at=at, note=note, by=by):
                outcomes[number] = None if outcome is None else Said(outcome, at, note, by)
            case Chosen(participant=number, stem=stem, started_at=started_at):
                chosen[number] = stem
                chosen_at.pop(number, None)
                chosen_at |= {} if started_at is None else {number: started_at}
            case Settled(room=room, by=by, reason=reason):
                settled[room] = f"{by}: {reason}"
            case PapersGiven(by=by, to=to, note=note, noted_at=noted_at):
                given.append(Given(by, to, note, noted_at))
    return Decisions(outcomes, chosen, chosen_at, settled, tuple(given))


def _sensible(decision: Decision) -> Decision:
    check_name(decision.by)
    if isinstance(decision, Chosen | Settled) and not decision.reason.strip():
        raise Rejected("Не сказано, почему: впишите причину (--reason).", "No reason is given (--reason).",
                       code="no_reason")  # fmt: skip
    check_words(*(getattr(decision, name, "") or "" for name in ("to", "note", "reason")))
    return decision


def check_name(by: str) -> None:
    """Raises Rejected unless somebody is named."""
    if not by.strip():
        raise Rejected(
            "Не сказано, кто решил: впишите фамилию и инициалы (--by).",
            "Nobody is named who decided this: give a name (--by).",
            code="no_name",
        )
    check_words(by)


def check_words(*words: str) -> None:
    """Raises Rejected for what is no single line of a person's words."""
    if any(len(word) > _LETTERS_AT_MOST or any(letter < " " for letter in word) for word in words):
        raise Rejected(
            f"Слишком длинно: одна строка, не больше {_LETTERS_AT_MOST} знаков.",
            f"Too long: one line of at most {_LETTERS_AT_MOST} characters.",
            code="too_long",
        )
