"""A room with a mirror: as `days.Room`, started the way the service does it with a second folder on another disk."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from days import SHAPE, NoSource, Room, Unjudging
from msgspec.structs import replace

from exam.clock import CorrectedClock
from station import recovery, sides
from station.inbox import Inbox
from station.journal import Journal
from station.messages import Status
from station.mirror import Mirror
from station.recorder import Recorder
from station.session import commands as ask

OTHER_DISK = Path("/dev/shm")  # noqa: S108 - a disk that every Linux has, and not the one of /tmp
PATIENCE_S = 30.0


@contextmanager
def other_disk() -> Iterator[Path]:
    """A folder on another disk than temporary files are on."""
    folder = Path(tempfile.mkdtemp(dir=OTHER_DISK))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class TickingInbox(Inbox):
    """The recorder turns by itself, too: it must notice what the mirror's thread has come to."""

    def settle(self, is_alive: Callable[[], bool]) -> None:
        """Nothing to wait for: each answer is waited for by itself."""


class MirroredRoom(Room):
    """`first`: the day's folder on the first disk, `second` on the other, `folder` the one that is the day's now."""

    def __init__(self, folder: Path, second: Path) -> None:
        super().__init__(folder)
        self.config = replace(self.config, storage=replace(self.config.storage, second_folder=str(second)))
        self.first, self.second = self.config.day_folder, self.config.second_day_folder or folder

    def start(self) -> None:
        places = sides.usable(sides.choose(self.first, self.second))
        so_far = recovery.replay(places.day)
        sides.fetch(places, so_far)
        self.papers_clock = CorrectedClock(self.clock)
        self.journal = Journal(places.day, self.papers_clock)
        day, tail = recovery.recover(places.day, so_far, self.journal, SHAPE, self.papers_clock)
        self.mirror = Mirror(places.day, self.other(places), SHAPE, sides.finished_tapes(day, SHAPE))
        self.inbox = TickingInbox()
        self.publisher = Unjudging(places.day, self.config.delivery.format, self._report)
        parts = {"journal": self.journal, "publisher": self.publisher, "inbox": self.inbox, "source": NoSource()}
        self.recorder = Recorder(
            self.config,
            self.rules,
            day,
            clock=self.papers_clock,
            tail=tail,
            mirror=self.mirror,
            **parts,  # type: ignore[arg-type]
        )
        self.run, self.heard = self.run + 1, 0
        self.publisher.start()
        self.mirror.start()
        self.recorder.start()

    def other(self, places: sides.Sides) -> Path:
        assert places.other is not None
        self.folder = places.day
        return places.other

    def stop(self) -> None:
        super().stop()
        self.mirror.stop()
        self.folder = self.mirror.day

    def status(self) -> Status:
        """The room now, alarms up to date: a second of sound later."""
        self.hear(11)
        return self.recorder.status

    def alarm(self, code: str) -> str:
        """The text of a standing alarm, or nothing."""
        return next((alarm.text for alarm in self.status().alarms if alarm.code == code), "")

    def until(self, true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < deadline, "not within the time allowed"
            time.sleep(0.02)

    def is_level(self) -> bool:
        """Whether every tape and the journal are the same in both folders."""
        return contents(self.mirror.day, growing=True) == contents(self.other_side, growing=True)

    def is_equal(self) -> bool:
        """Whether the closed day was compared and found equal in both."""
        return self.mirror.disk is not None and bool(self.mirror.disk.is_equal)

    @property
    def other_side(self) -> Path:
        return self.second if self.mirror.day == self.first else self.first

    def close(self) -> None:
        """End the day; wait until it is published, copied and compared."""
        self.do(ask.Close())
        self.hear(2)
        self.until(lambda: self.status().publishing == () and self.is_equal())


def contents(folder: Path, *, growing: bool = False) -> dict[str, bytes]:
    """A day's files by name; only tapes and journal if asked."""
    patterns = ("*.wav", "journal.jsonl") if growing else ("*.*", "обрывки/*.*")
    files = {path for pattern in patterns for path in folder.glob(pattern)}
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if not path.name.startswith(".")}
