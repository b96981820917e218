"""A day's folder while no daemon holds it: commands about its papers, recovery by hand. Used by the command line.

The same decisions, events and manifests as with the daemon; only nothing is recorded.
"""

import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from exam.audio import AudioFormat
from exam.clock import CorrectedClock
from exam.errors import Rejected
from station import recovery
from station.config import Config
from station.due import Due
from station.journal import Journal
from station.lock import locked
from station.messages import RECORD, PublishingFailed
from station.publishing import Publisher, Report, adopt, published_events
from station.rebuilding import replay_or_rebuild
from station.session import Day, Moment, Rules, decide, evolve
from station.session.commands import Command
from station.session.events import Event, TakeAdded
from station.tape import SUFFIX


class Rest:
    """The day at rest."""

    def __init__(
        self, folder: Path, config: Config, rules: Rules, *, day: Day, journal: Journal, clock: CorrectedClock
    ) -> None:
        self._folder, self._config, self._rules, self._journal, self._clock = folder, config, rules, journal, clock
        self.day = day
        clock.correction = recovery.correction_of(self.day)

    def recover(self) -> None:
        """Seal what a crash left open; a take in hand ends as interrupted."""
        shape: AudioFormat = self._config.capture.shape
        self.day, _ = recovery.recover(self._folder, self.day, self._journal, shape, self._clock, goes_on=False)

    def do(self, command: Command) -> Sequence[Event]:
        """Carry out a command that needs no microphone. Raises Rejected."""
        taken = frozenset(path.name for path in self._folder.iterdir())
        moment = Moment(
            self._clock.now(),
            self._rules.stream_stem(self._rules.numbers_after + len(self.day.parts) + 1) + SUFFIX,
            0,
            taken,
        )
        events = decide(self.day, command, moment, self._rules)
        self.note(events)
        return events

    def note(self, events: Sequence[Event]) -> None:
        """Write events down and let them change the day."""
        for event in events:
            if isinstance(event, TakeAdded) and event.temporary:
                adopt(self._folder, event)
        for entry in self._journal.append(events):
            self.day = evolve(self.day, entry.event, entry.wall)

    def publish(self, progress: Callable[[str], None]) -> None:
        """Hash, encode and publish what is due, `progress` being told each stem, then the room's record.

        Raises Rejected naming what failed.
        """
        reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        publisher = Publisher(
            self._folder, self._config.delivery.format, reports.put, is_mixed=self._config.delivery.voices == "mixed"
        )
        due = Due(publisher, self._rules, self._config, self._journal)
        awaited, failures = len(due.of(self.day)), list[str]()

        def hear(report: Report) -> None:
            if report.stem != RECORD:
                progress(report.stem)
            if isinstance(report, PublishingFailed):
                failures.append(report.text)
            else:
                self.note(published_events(self.day, report))

        due.submit(self.day, lambda _take: False)
        publisher.start()
        try:
            for _ in range(awaited):
                hear(reports.get())
            due.tell(self.day)
            if due.is_telling:
                hear(reports.get())
        finally:
            publisher.stop()
        if failures:
            raise Rejected("; ".join(failures), "; ".join(failures), code="not_published")


@contextmanager
def at_rest(folder: Path, config: Config, rules: Rules, clock: CorrectedClock) -> Iterator[Rest]:
    """The day of `folder`, held for this process alone. Raises Fatal when a daemon holds it."""
    with locked(folder):
        day = replay_or_rebuild(folder, rules, config.capture.shape, clock)
        journal = Journal(folder, clock)
        try:
            yield Rest(folder, config, rules, day=day, journal=journal, clock=clock)
        finally:
            journal.close()
