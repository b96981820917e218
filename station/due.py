"""Which finished recordings still await their manifest, and which of them are being published; and when the room's
record is due, which follows them.

Used by the recorder's thread alone.
"""

from collections.abc import Callable, Container, Sequence

import msgspec
from msgspec.structs import replace

from exam import manifest
from exam.manifest import Manifest
from exam.names import Kind
from exam.roomday import RoomDay
from station import journal as journals
from station import roomrecord, tally
from station.audibility.case import Case
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import of_marks, of_steps
from station.config import Config
from station.journal import Journal
from station.messages import RECORD
from station.publishing import Draft, Publisher, draft_of_part, draft_of_take, unmeasured
from station.roomrecord import room_day_of, say_the_same
from station.session import Day, Rules, Take
from station.session.day import Rehearsal
from station.tape import SUFFIX


class Due:
    """Submits each recording once, and the record whenever it says something else; what failed, again when `retry` is
    called."""

    def __init__(self, publisher: Publisher, rules: Rules, config: Config, journal: Journal) -> None:
        """`journal`: the day's, which always knows all that the day does."""
        self._publisher, self._rules, self._config, self._station = publisher, rules, config, config.station
        self._journal = journal
        self._looked_at: Day | None = None
        self._told: RoomDay | None = None
        self._is_telling = False
        self._left_out = tally.left_out(config.exam.recording)
        self._submitted: set[str] = set()
        self._failed: set[str] = set()
        self._lost: frozenset[str] = frozenset()

    @property
    def has_failed(self) -> bool:
        """Whether a recording, or the record, awaits another try."""
        return bool(self._failed)

    @property
    def is_telling(self) -> bool:
        """Whether the record is being published."""
        return self._is_telling

    def of(self, day: Day) -> tuple[str, ...]:
        """Stems of finished recordings without a manifest."""
        stems = (*day.unpublished(), *(stem for stem in day.published if stem in self._lost))
        return tuple(stem for stem in stems if tally.kind_of(day, stem) is not self._left_out)

    def submit(self, day: Day, is_filling: Callable[[Take], bool]) -> None:
        """Hand over what is due; not yet a take that `is_filling`. The record goes once nothing is waited for."""
        due = self.of(day)
        for stem in due:
            take = day.takes.get(stem)
            if stem in self._submitted or (take is not None and is_filling(take)):
                continue
            self._publisher.submit(self._draft(day, stem))
            self._submitted.add(stem)
        if day is self._looked_at or not self._failed.issuperset(due) or self._journal.until is None:
            return
        self._looked_at = day
        if roomrecord.is_over(day, self._journal.until, self._rules):
            self.tell(day)

    def tell(self, day: Day) -> bool:
        """Hand over the record of a day that was opened; whether there is anything new in it."""
        if day.opened_at is None or self._journal.until is None:
            return False
        record = room_day_of(day, self._rules, self._config, self._journal.until)
        if self._told is not None and say_the_same(self._told, record):
            return False
        draft = roomrecord.Draft(record, self._rules.numbers_after, journals.FILE, self._journal.size)
        self._publisher.submit(draft)
        self._told, self._is_telling = record, True
        return True

    def moved(self, day: Day, taken: Container[str]) -> None:
        """The day goes on in a folder with the names `taken`: what is being published begins anew there, and what was
        published but did not get there is published again."""
        self._submitted.clear()
        self._looked_at = self._told = None
        self._lost = frozenset(stem for stem in day.published if stem + manifest.SUFFIX not in taken)

    def published(self, stem: str) -> None:
        self._is_telling = self._is_telling and stem != RECORD
        self._failed.discard(stem)
        self._lost -= {stem}

    def failed(self, stem: str) -> None:
        self._failed.add(stem)
        self._is_telling = self._is_telling and stem != RECORD

    def retry(self) -> None:
        """What failed is submitted once more."""
        self._submitted -= self._failed
        if RECORD in self._failed:
            self._looked_at = self._told = None

    def _draft(self, day: Day, stem: str) -> Draft:
        if stem in day.takes:
            return self._with_case(day, draft_of_take(day, day.takes[stem], self._rules, self._station))
        rehearsal = day.rehearsal_of(stem)
        if rehearsal is not None:
            draft = draft_of_rehearsal(rehearsal, self._rules, self._station)
            case = case_of(rehearsal, self._rules.sample_rate, self._config.quality, self._config.seats)
            return replace(draft, case=case)
        part = next(part for part in day.parts if part.file == stem + SUFFIX)
        return draft_of_part(part, self._rules, self._station)

    def _with_case(self, day: Day, draft: Draft) -> Draft:
        """A take that nobody listened to while it was recorded is judged when it is published."""
        told, person = draft.manifest, draft.manifest.participant
        known = self._rules.roster.get(person.number) if person is not None else None
        frames = sum(span.frames for span in told.spans)
        case = Case(
            timeline=of_marks(told.marks, frames, self._rules.sample_rate, known.tasks if known else ()),
            gaps=told.gaps,
            seats=self._config.seats,
            thresholds=self._config.quality,
            drift_ppm=_drift_of(day, told),
        )
        return replace(draft, case=case)


def _drift_of(day: Day, told: Manifest) -> float | None:
    """Of the part in which the take ended."""
    last = told.spans[-1].stream if told.spans else None
    return next((part.drift_ppm for part in day.parts if part.file == last), None)


def draft_of_rehearsal(rehearsal: Rehearsal, rules: Rules, station: str) -> Draft:
    """What a test recording's manifest tells."""
    verdict = rehearsal.verdict
    return Draft(
        Manifest(
            kind=Kind.REHEARSAL,
            exam_date=rules.exam_date,
            room=rules.room,
            school=rules.school,
            station=station,
            started_at=rehearsal.started_at,
            ended_at=rehearsal.ended_at or rehearsal.started_at,
            audio=unmeasured(rehearsal.stem),
            gaps=rehearsal.gaps,
            steps=rehearsal.steps,
            verdict=msgspec.to_builtins(verdict) if verdict is not None else None,
            flags=flags_of(rehearsal),
            size=0,
            sha256="",
        ),
        rehearsal.stem,
    )


def flags_of(rehearsal: Rehearsal) -> tuple[str, ...]:
    """What a test recording's manifest says of its end, when something came between."""
    return () if rehearsal.ending in {None, "done"} else (f"ended_by_{rehearsal.ending}",)


def case_of(rehearsal: Rehearsal, sample_rate: int, thresholds: Thresholds, seats: Sequence[str]) -> Case | None:
    """What a test recording is judged by; None where it was not made to its end."""
    if rehearsal.ending != "done":
        return None
    if rehearsal.quick:  # who has little more than five seconds cannot speak for five
        thresholds = replace(thresholds, active_rehearsal_s=thresholds.active_rehearsal_s / 2)
    timeline = of_steps(rehearsal.steps, sample_rate)
    return Case(timeline=timeline, gaps=rehearsal.gaps, seats=tuple(seats), thresholds=thresholds)
