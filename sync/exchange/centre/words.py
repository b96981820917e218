"""The words of the centre's view: what came of a school's day, and how it stands beside the school's own. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from exam.manifest import Person
from exam.regulation import Outcome
from sync.plan import Reason
from sync.school.model import Cell, Fault, Mark, Stage

OUTCOMES: Mapping[Outcome | None, str] = {
    None: "нет",
    Outcome.ABSENT: "неявка",
    Outcome.EARLY_END: "завершил досрочно",
    Outcome.REMOVED: "удалён",
    Outcome.WRITTEN: "письменная форма",
    Outcome.EXTRA_DATE: "дополнительный срок",
}
DECISIONS: Mapping[str | None, str] = {
    "accepted": "принята",
    "rejected": "отклонена",
    "unreviewed": "не прослушана",
    "interrupted": "прервана",
    "early_end": "завершил досрочно",
    "removed": "удалён",
    None: "без решения",
}


class Arrived(Struct, frozen=True):
    """A file that is here: its SHA-256 was recomputed from the stored bytes. `place`: as the register has it."""

    folder: str
    name: str
    sha256: str
    size: int
    stored_at: datetime
    receipt_id: str
    place: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"


class SetAside(Struct, frozen=True):
    """A file that was refused after it had come: in quarantine, with the reason told to the school."""

    folder: str
    name: str
    size: int
    reason: Reason

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"


class Oddity(Struct, frozen=True):
    """A file that came whole and cannot be used as what its name says, or that contradicts another. `file`: its path.

    Codes: broken damaged foreign_school other_date two_of_one_version no_previous too_many.
    """

    code: str
    reason: Reason
    file: str


class Pair(Struct, frozen=True):
    """One square of the matrix: what the school's package says (None: no package), and what is found here."""

    school: Cell | None
    centre: Cell
    agrees: bool


class TakeHere(Struct, frozen=True, kw_only=True):
    """A take that counts. `here`: its sound is here; `stands`: it is the one that stands for the participant."""

    room: str
    station: str
    stem: str
    number: int
    variant: str | None
    started_at: datetime
    decision: str | None
    here: bool
    stands: bool


class CentreRow(Struct, frozen=True, kw_only=True):
    """One participant. `rooms`: where they were recorded, else expected. `notes`: what a person should know."""

    person: Person
    rooms: tuple[str, ...]
    outcome: Outcome | None
    variant: str | None
    takes: tuple[TakeHere, ...]
    cells: Mapping[Stage, Pair]
    notes: tuple[Reason, ...] = ()

    @property
    def full_name(self) -> str:
        person = self.person
        return " ".join(part for part in (person.surname, person.first_name, person.patronymic) if part)

    @property
    def is_agreed(self) -> bool:
        return all(pair.agrees for pair in self.cells.values())

    def is_yes(self, stage: Stage) -> bool:
        return self.cells[stage].centre.mark is Mark.YES


class Version(Struct, frozen=True, kw_only=True):
    """A package's manifest that is here. `stands`: the one that counts."""

    file: Arrived
    school_name: str
    version: int
    previous: str | None
    released_at: datetime
    by: str
    incomplete: str | None
    stands: bool


class Standing(StrEnum):
    """How a school's day stands at the centre."""

    NOTHING = "nothing"  # not a file of it came
    ARRIVING = "arriving"  # files, no package yet
    LACKING = "lacking"  # released, and not everything it names is here
    DISAGREES = "disagrees"  # everything is here, and says something else than the package
    INCOMPLETE = "incomplete"  # everything is here; the organizer released it although faults stand
    COMPLETE = "complete"


class CentreDay(Struct, frozen=True, kw_only=True):
    """A school's day as the centre has it. `missing`: paths the package names that are not here; `faults`: what the
    school itself says is wrong; `is_whole`: False when there was more than is looked at."""

    school: str
    school_name: str
    exam_date: date
    rooms: tuple[str, ...]
    rows: tuple[CentreRow, ...]
    versions: tuple[Version, ...]
    missing: tuple[str, ...]
    faults: tuple[Fault, ...]
    files: tuple[Arrived, ...]
    set_aside: tuple[SetAside, ...]
    oddities: tuple[Oddity, ...]

    @property
    def package(self) -> Version | None:
        """The version that stands."""
        return next((one for one in self.versions if one.stands), None)

    @property
    def standing(self) -> Standing:
        if not self.files and not self.set_aside:
            return Standing.NOTHING
        if self.package is None:
            return Standing.ARRIVING
        if self.missing:
            return Standing.LACKING
        if any(not row.is_agreed for row in self.rows) or any(one.code in CONTRADICTS for one in self.oddities):
            return Standing.DISAGREES
        return Standing.INCOMPLETE if self.faults or self.package.incomplete else Standing.COMPLETE


CONTRADICTS = frozenset({"damaged", "two_of_one_version"})
"""Oddities with which a day is not complete, whatever else is right."""


class Summary(Struct, frozen=True, kw_only=True):
    """A school's day in one line of the overview. Counts of participants, but `files`, `refused`, `oddities`; `size` in
    bytes; `received`: all that belongs to them is here."""

    school: str
    school_name: str
    exam_date: date
    standing: Standing
    rooms: int = 0
    expected: int = 0
    recorded: int = 0
    accepted: int = 0
    scanned: int = 0
    received: int = 0
    disagreeing: int = 0
    version: int | None = None
    released_at: datetime | None = None
    files: int = 0
    size: int = 0
    missing: int = 0
    refused: int = 0
    oddities: int = 0
    last_arrival: datetime | None = None


def summary_of(day: CentreDay) -> Summary:
    """The day's line."""
    package = day.package

    def count(stage: Stage) -> int:
        return sum(row.is_yes(stage) for row in day.rows)

    return Summary(
        school=day.school,
        school_name=day.school_name,
        exam_date=day.exam_date,
        standing=day.standing,
        rooms=len(day.rooms),
        expected=count(Stage.EXPECTED),
        recorded=count(Stage.RECORDED),
        accepted=count(Stage.ACCEPTED),
        scanned=count(Stage.SCANNED),
        received=count(Stage.ACKNOWLEDGED),
        disagreeing=sum(not row.is_agreed for row in day.rows),
        version=package.version if package else None,
        released_at=package.released_at if package else None,
        files=len(day.files),
        size=sum(file.size for file in day.files),
        missing=len(day.missing),
        refused=len(day.set_aside),
        oddities=len(day.oddities),
        last_arrival=max((file.stored_at for file in day.files), default=None),
    )
