"""Which finished recordings still await their manifest, and which of them are being published.

Used by the recorder's thread alone.
"""

from collections.abc import Callable, Container, Sequence

import msgspec
from msgspec.structs import replace

from exam import manifest
from exam.manifest import Manifest
from exam.names import Kind
from station import tally
from station.audibility.case import Case
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import of_marks, of_steps
from station.config import Config
from station.publishing import Draft, Publisher, draft_of_part, draft_of_take, unmeasured
from station.session import Day, Rules, Take
from station.session.day import Rehearsal
from station.tape import SUFFIX


class Due:
    """Submits each recording once; what failed, again when `retry` is called."""

    def __init__(self, publisher: Publisher, rules: Rules, config: Config) -> None:
        self._publisher, self._rules, self._config, self._station = publisher, rules, config, config.station
        self._left_out = tally.left_out(config.exam.recording)
        self._submitted: set[str] = set()
        self._failed: set[str] = set()
        self._lost: frozenset[str] = frozenset()

    @property
    def has_failed(self) -> bool:
        """Whether a recording awaits another try."""
        return bool(self._failed)

    def of(self, day: Day) -> tuple[str, ...]:
        """Stems of finished recordings without a manifest."""
        stems = (*day.unpublished(), *(stem for stem in day.published if stem in self._lost))
        return tuple(stem for stem in stems if tally.kind_of(day, stem) is not self._left_out)

    def submit(self, day: Day, is_filling: Callable[[Take], bool]) -> None:
        """Hand over what is due; not yet a take that `is_filling`."""
        for stem in self.of(day):
            take = day.takes.get(stem)
            if stem in self._submitted or (take is not None and is_filling(take)):
                continue
            self._publisher.submit(self._draft(day, stem))
            self._submitted.add(stem)

    def moved(self, day: Day, taken: Container[str]) -> None:
        """The day goes on in a folder with the names `taken`: what is being published begins anew there, and what was
        published but did not get there is published again."""
        self._submitted.clear()
        self._lost = frozenset(stem for stem in day.published if stem + manifest.SUFFIX not in taken)

    def published(self, stem: str) -> None:
        self._failed.discard(stem)
        self._lost -= {stem}

    def failed(self, stem: str) -> None:
        self._failed.add(stem)

    def retry(self) -> None:
        """What failed is submitted once more."""
        self._submitted -= self._failed

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
