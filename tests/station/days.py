"""A room for tests: the real recorder, tapes, journal and publisher; only clock and microphone are made up.

Blocks and presses carry their times, so the same script gives the same frames on every machine.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np

from exam import names, roomday
from exam.audio import AudioFormat
from exam.clock import NS_PER_S, CorrectedClock, Reading
from exam.roomday import RoomDay
from exam.roster import Participant
from station import recovery
from station.audibility.case import Case
from station.config import Capture, Config, Delivery, DeliveryFormat, Exam, Recording, School, Storage
from station.config import Room as RoomSection
from station.inbox import Inbox, Source
from station.journal import Journal
from station.messages import Block, CaptureLost, Message, Published, RecordPublished, Request, Status
from station.publishing import Publisher, Report
from station.recorder import Recorder
from station.session import Day, Rules
from station.session import commands as ask
from station.session.commands import Command
from station.tape import HEADER_BYTES

RATE = 8000
SHAPE = AudioFormat(RATE, 1)
BLOCK = RATE // 10
PRE_ROLL = 2 * BLOCK
POST_ROLL = BLOCK // 4
DAY = date(2026, 2, 11)
ZONE = ZoneInfo("Asia/Tomsk")
MORNING = datetime(2026, 2, 11, 9, 0, tzinfo=ZONE)
STREAM = "11.02.2026_265_701020_поток_01"
IVANOV = "11.02.2026_265_701020_Иванов И"
PETROVA = "11.02.2026_265_701020_Петрова А"
ROSTER = {
    person.number: person
    for person in (
        Participant(1, "Иванов", "Иван", "Иванович", "9А", "265"),
        Participant(2, "Петрова", "Анна", "", "9А", "265"),
        Participant(3, "Сидоров", "Олег", "", "9Б", "300"),
        Participant(4, "Яковлева", "Яна"),
    )
}
_SOUND = np.random.default_rng(7).integers(-9000, 9000, RATE * 60, dtype=np.int16)
_PATIENCE_S = 30.0
_POLL_S = 0.02


def rules_for(pre_roll: int = PRE_ROLL, post_roll: int = POST_ROLL) -> Rules:
    labels = names.labels(ROSTER.values())
    return Rules(DAY, "265", "701020", ROSTER, labels, pre_roll=pre_roll, post_roll=post_roll, sample_rate=RATE)


def sound(first_frame: int, frames: int) -> bytes:
    """What the microphone hears: noise that differs everywhere within a minute."""
    return _SOUND[np.arange(first_frame, first_frame + frames) % len(_SOUND)].tobytes()


def manifests_in(folder: Path) -> list[Path]:
    """Manifests of a day's folder, the room's records left out."""
    return sorted(path for path in folder.glob("*.json") if not roomday.is_room_day(path.name))


def audio_of(path: Path) -> bytes:
    """A master's frames, as bytes."""
    return path.read_bytes()[HEADER_BYTES:]


def alarms_of(status: Status) -> list[str]:
    """Codes of the alarms that stand, but that this room was never tested."""
    return [alarm.code for alarm in status.alarms if alarm.code != "rehearsal_missing"]


class StillClock:
    """A clock that goes only when told."""

    def __init__(self, wall: datetime = MORNING) -> None:
        self.wall, self.ns = wall, 1_000 * NS_PER_S

    def now(self) -> datetime:
        return self.wall

    def monotonic_ns(self) -> int:
        return self.ns

    def read(self) -> Reading:
        return Reading(self.ns, self.ns, round(self.wall.timestamp() * 1e9))

    def advance(self, seconds: float) -> None:
        self.ns += round(seconds * NS_PER_S)
        self.wall += timedelta(seconds=seconds)


class StepInbox(Inbox):
    """The recorder turns only when something was posted, and it is known when it has done with that."""

    def __init__(self) -> None:
        super().__init__()
        self._turn, self._waits = threading.Condition(), False

    def post(self, *messages: Message) -> None:
        """Several at once are handled in one turn."""
        with self._turn:
            self._waits = False
            self._posted.extend(messages[:-1])
            super().post(messages[-1])

    def next(self, timeout_s: float, source: Source) -> Sequence[Message]:
        with self._turn:
            self._waits = not self._posted
            self._turn.notify_all()
        return super().next(max(timeout_s, _PATIENCE_S), source)

    def settle(self, is_alive: Callable[[], bool]) -> None:
        """Wait until all that was posted has been handled and the house kept, or the recorder is no more."""
        with self._turn:
            while not self._waits and is_alive():
                self._turn.wait(_POLL_S)


class NoSource:
    """Sound is posted to the inbox by the script instead."""

    def fileno(self) -> int:
        return -1

    def receive(self) -> tuple[()]:
        return ()

    def tend(self) -> tuple[()]:
        return ()


def config_for(folder: Path, delivery: DeliveryFormat = "wav", recording: Recording = "both") -> Config:
    """A room whose day lies below `folder`."""
    return Config(
        school=School(code="701020", time_zone="Asia/Tomsk"),
        exam=Exam(date=DAY, recording=recording),
        room=RoomSection(number="265"),
        capture=Capture(device="test", sample_rate=RATE, pre_roll_s=PRE_ROLL / RATE),
        storage=Storage(folder=str(folder)),
        delivery=Delivery(format=delivery),
        path=folder / "station.toml",
    )


class Unjudging(Publisher):
    """Publishes takes without a verdict: they are noise here, and judging each in a process of its own takes long."""

    def _judge(self, master: Path, case: Case) -> dict[str, Any] | None:
        return super()._judge(master, case) if case.timeline.basis == "rehearsal" else None


class Room:
    """One room from daemon start to stop. `heard`: how many frames the microphone has delivered in this run."""

    def __init__(self, folder: Path, delivery: DeliveryFormat = "wav", recording: Recording = "both") -> None:
        self.config = config_for(folder, delivery, recording)
        self.folder = self.config.day_folder
        self.rules = rules_for()
        self.clock = StillClock()
        self.run = self.heard = 0
        self.reports: queue.Queue[Report] = queue.Queue()
        self.records: queue.Queue[Report] = queue.Queue()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def day(self) -> Day:
        """The day as the journal tells it."""
        return recovery.replay(self.folder)

    def start(self) -> None:
        """What the service does, without a microphone and a socket."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.papers_clock = CorrectedClock(self.clock)
        self.journal = Journal(self.folder, self.papers_clock)
        day, tail = recovery.recover(self.folder, recovery.replay(self.folder), self.journal, SHAPE, self.papers_clock)
        self.inbox: Inbox = StepInbox()
        self.publisher = self._new_publisher()
        self.recorder = Recorder(
            self.config,
            self.rules,
            day,
            journal=self.journal,
            publisher=self.publisher,
            inbox=self.inbox,
            source=NoSource(),
            clock=self.papers_clock,
            tail=tail,
        )
        self.run, self.heard = self.run + 1, 0
        self.publisher.start()
        self.recorder.start()

    def stop(self) -> None:
        self.recorder.stop()
        self.publisher.stop()
        self.journal.close()
        self.inbox.close()

    def _new_publisher(self) -> Publisher:
        return Unjudging(self.folder, self.config.delivery.format, self._report)

    def _report(self, report: Report) -> None:
        self.inbox.post(report)
        (self.records if isinstance(report, RecordPublished) else self.reports).put(report)

    def published(self, count: int) -> list[Report]:
        """The next `count` reports of the publisher on recordings."""
        return [self.reports.get(timeout=_PATIENCE_S) for _ in range(count)]

    def told(self) -> RoomDay:
        """The next record of the room that the publisher reports."""
        report = self.records.get(timeout=_PATIENCE_S)
        assert isinstance(report, RecordPublished), report
        return roomday.load(self.folder / report.file)

    def hear(self, blocks: int = 1) -> None:
        """Time passes and the microphone delivers."""
        for _ in range(blocks):
            self.clock.advance(BLOCK / RATE)
            data = sound(self.run * 1000 + self.heard, BLOCK)
            self.inbox.post(Block(self.run, self.heard, self.clock.ns, overflow=False, data=data))
            self.heard += BLOCK
            self.handled()

    def drop(self, blocks: int = 1) -> None:
        """Blocks that never reach the recorder."""
        self.clock.advance(blocks * BLOCK / RATE)
        self.heard += blocks * BLOCK

    def lose(self, seconds: float) -> None:
        """The microphone is pulled out for a while."""
        self.inbox.post(CaptureLost(self.run, "unplugged"))
        self.handled()
        self.clock.advance(seconds)
        self.run, self.heard = self.run + 1, 0

    def handled(self) -> None:
        """Wait until the recorder has taken everything posted so far: by a press that is refused."""
        assert self._press(ask.Correct(take="none", variant="", reason="")).exception(_PATIENCE_S) is not None

    def do(self, command: Command) -> Status:
        """Press; the answer, or the refusal raised."""
        return self._press(command).result(_PATIENCE_S)

    def _press(self, command: Command) -> Future[Status]:
        answer: Future[Status] = Future()
        self.inbox.post(Request(command, self.clock.ns, answer))
        self.inbox.settle(self.recorder._thread.is_alive)
        return answer


def play_day(room: Room) -> None:
    """Two participants: a pause, marks, a lost microphone, dropped blocks; closed; 3 recordings and the room's record
    published."""
    room.hear(3)
    room.do(ask.Open())
    room.hear(5)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(4)
    room.do(ask.MarkTask(task=1))
    room.drop(2)
    room.hear(2)
    room.do(ask.Pause())
    room.hear(5)
    room.do(ask.Resume())
    room.hear(4)
    room.do(ask.Stop())
    room.hear(2)
    room.do(ask.Accept(listened=2.5))
    room.do(ask.Start(participant=2, variant="7"))
    room.hear(3)
    room.lose(1.0)
    room.hear(3)
    room.do(ask.Stop())
    room.hear(2)
    room.do(ask.Close())
    room.hear(2)
    for report in room.published(3):
        assert isinstance(report, Published), report
    room.told()


Entries = list[dict[str, Any]]
"""Journal lines as plain JSON."""
