"""Which finished recordings still await their manifest, and which of them are being published.

Used by the recorder's thread alone.
"""

from collections.abc import Callable, Container

from exam import manifest
from exam.names import Kind
from station.config import Recording
from station.publishing import Draft, Publisher, draft_of_part, draft_of_take
from station.session import Day, Rules, Take
from station.tape import SUFFIX


class Due:
    """Submits each recording once; what failed, again when `retry` is called."""

    def __init__(self, publisher: Publisher, rules: Rules, station: str, recording: Recording) -> None:
        """`recording`: what the school chose to keep; a stream nobody asked for stays here as the safety copy."""
        self._publisher, self._rules, self._station = publisher, rules, station
        self._left_out = {"stream": Kind.PARTICIPANT, "personal": Kind.STREAM}.get(recording)
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
        kinds = {stem: Kind.PARTICIPANT if stem in day.takes else Kind.STREAM for stem in stems}
        return tuple(stem for stem, kind in kinds.items() if kind is not self._left_out)

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
            return draft_of_take(day, day.takes[stem], self._rules, self._station)
        part = next(part for part in day.parts if part.file == stem + SUFFIX)
        return draft_of_part(part, self._rules, self._station)
