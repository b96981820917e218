"""THE thread: it alone owns the session and the open tapes. Everything else sends it messages and reads Status.

Blocks and commands come through one inbox, so there is one total order. For a block: the stream's tape first,
then the participant's. For a command: decide, create the files it needs, journal, evolve, act, answer.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import ClassVar

from exam.clock import NS_PER_S, Clock
from exam.errors import ExamError, Fatal, Rejected
from exam.language import say
from station import messages, overview
from station.alarms import Alarms
from station.config import Config
from station.due import Due
from station.inbox import Inbox, Source
from station.journal import Journal
from station.messages import Block, Message, Request, Status
from station.overview import Snapshot
from station.publishing import Publisher
from station.session import Day, Moment, Rules, State, decide, evolve
from station.session import commands as ask
from station.session import events as happened
from station.session.events import Event
from station.tape import SUFFIX
from station.taping import Taping

_TICK_S = 0.5
_SYNC_EVERY_NS = NS_PER_S // 2  # with the sound system's delay and the sync itself, a power cut takes less than 1 s
_DISK_EVERY_NS = 10 * NS_PER_S
_ABSENT_AFTER_NS = 3 * NS_PER_S
_CALM_NS = 60 * NS_PER_S
_LOW_HOURS = 2.0

_log = logging.getLogger(__name__)


class Recorder:
    """Records a room's day. Built and started by the service; `status` may be read from any thread."""

    def __init__(
        self,
        config: Config,
        rules: Rules,
        day: Day,
        *,
        journal: Journal,
        publisher: Publisher,
        inbox: Inbox,
        source: Source,
        clock: Clock,
    ) -> None:
        self._rules, self._day = rules, day
        self._journal, self._inbox, self._clock = journal, inbox, clock
        self._source, self._stopping = source, False
        self._folder, self._shape = config.day_folder, config.capture.shape
        self._keeps_takes = config.exam.recording != "stream"
        station = f"{config.school.code}-{config.room.number}"
        self._due = Due(publisher, rules, station, config.exam.recording)
        self._device = config.capture.device
        self._taping: Taping | None = None
        self._ends_at: int | None = None
        self._alarms, self._heard = Alarms(), b""
        now = clock.monotonic_ns()
        self._synced_ns = self._turned_ns = self._retried_ns = self._lost_ns = now
        self._last_block_ns = now - _ABSENT_AFTER_NS  # nothing was heard yet
        self._disk_ns = now - _DISK_EVERY_NS
        self._disk: tuple[messages.DiskStatus, ...] = ()
        self._participants = overview.participants(day, rules)
        self._failure: ExamError | None = None
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._publishing = self._due.of(day)
        self._snapshot = self._glance()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Seal the stream part in order and end the thread; the day stays open."""
        self._inbox.post(messages.Stop())
        self._thread.join()

    @property
    def status(self) -> Status:
        """The room now; may be asked from any thread."""
        return self._snapshot.status(self._shape.channels)

    @property
    def is_beating(self) -> bool:
        """Whether the thread has turned its loop within the last seconds."""
        return self._clock.monotonic_ns() - self._turned_ns < _ABSENT_AFTER_NS

    def join(self, timeout_s: float) -> None:
        """Wait a while for the thread's end. Raises the failure that ended it, if one did."""
        self._thread.join(timeout_s)
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            self._go_on()
            while not self._stopping:
                for message in self._inbox.next(_TICK_S, self._source):
                    self._handle(message)
                self._housekeep()
                self._snapshot = self._glance()
            self._seal("shutdown")
        except OSError as error:
            self._failure = Fatal(
                f"Запись на диск не удалась: {error}. Записанное до этого сохранено. Освободите место или "
                "замените диск и запустите станцию: она продолжит тот же день.",
                f"Writing to disk failed: {error}. What was recorded is safe. Free space or replace the disk and start "
                "the station: the day goes on.",
                code="disk_failed",
            )
        except Exception as error:  # noqa: BLE001 - an edge: a silent end of this thread would be a day without recording
            _log.exception("the recorder's thread ends")
            self._failure = Fatal(
                f"Внутренняя ошибка станции: {error!r}. Записанное сохранено; запустите её снова, день продолжится.",
                f"Internal error: {error!r}. What was recorded is safe; start the station again, the day goes on.",
                code="internal",
            )

    def _go_on(self) -> None:
        """What the last run of the station left: an open day goes on in a new part, finished takes are published."""
        if self._day.state is not State.CLOSED:
            part = self._moment(self._clock.monotonic_ns()).stream
            self._carry_out([happened.StreamStarted(stream=part)])
        self._submit_due()

    def _handle(self, message: Message) -> None:
        match message:
            case Block():
                self._take_block(message)
            case Request():
                self._answer(message)
            case messages.CaptureLost():
                self._lose_device(message)
            case messages.Stop():
                self._stopping = True
            case messages.Published():
                self._carry_out([_published(message)])
                self._due.published(message.stem)
                if not self._due.has_failed:
                    self._alarms.clear("not_published")
            case messages.PublishingFailed():
                self._due.failed(message.stem)
                self._alarms.raise_("not_published", self._clock.now(), message.text)

    def _take_block(self, block: Block) -> None:
        self._last_block_ns = self._clock.monotonic_ns()
        self._alarms.clear("device_lost")
        if self._taping is not None:
            losses = self._taping.take_block(block)
            if losses:
                self._note_losses(losses)
        self._heard = block.data

    def _note_losses(self, losses: Sequence[Event]) -> None:
        """What the microphone's absence took has its own alarm; the rest is the computer's fault."""
        if any(getattr(loss, "reason", "overflow") != "device_lost" for loss in losses):
            self._lost_ns = self._last_block_ns
            self._alarms.raise_("overflow", self._clock.now())
        self._carry_out(losses)

    def _lose_device(self, lost: messages.CaptureLost) -> None:
        self._alarms.raise_("device_lost", self._clock.now(), f"«{self._device}»: {lost.text}")
        if self._taping is not None:
            self._taping.lose_device()

    # -- commands ------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        try:
            if isinstance(request.command, ask.Open | ask.Start) and self._day.state is State.CLOSED:
                self._prepare_opening()
            self._carry_out(decide(self._day, request.command, self._moment(request.pressed_ns), self._rules))
        except ExamError as error:
            _settle(request.answer, error)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: a mistake of ours in a command must not end the recording
            _log.exception("%r", request.command)
            _settle(
                request.answer,
                Rejected(
                    f"Внутренняя ошибка при команде: {error!r}. Запись продолжается; состояние: station status.",
                    f"Internal error in a command: {error!r}. Recording goes on; see station status.",
                    code="internal",
                ),
            )
        else:
            self._snapshot = self._glance()
            _settle(request.answer, self.status)

    def _prepare_opening(self) -> None:
        if self._clock.monotonic_ns() - self._last_block_ns >= _ABSENT_AFTER_NS:
            raise Rejected(
                f"Микрофон «{self._device}» не даёт звука, день не открыт. Подключите его; список: station devices.",
                f"No sound from “{self._device}”: the day is not opened. Plug it in; see station devices.",
                code="device_lost",
            )
        self._seal("close")

    def _moment(self, at_ns: int) -> Moment:
        taken = frozenset(path.name for path in self._folder.iterdir())
        if self._taping is not None:
            return Moment(self._clock.now(), self._taping.file, self._taping.frame_at(at_ns), taken)
        part = 1 + len(self._day.parts)
        while any(name.startswith(self._rules.stream_stem(part) + ".") for name in taken):
            part += 1
        return Moment(self._clock.now(), self._rules.stream_stem(part) + SUFFIX, 0, taken)

    def _carry_out(self, events: Sequence[Event]) -> None:
        """Create the files the events need, write the events down, then let them change the day."""
        for event in events:
            if type(event) in self._files:
                self._files[type(event)](self, event)
        for entry in self._journal.append(events):
            self._day = evolve(self._day, entry.event, entry.wall)
            if type(entry.event) in self._acts:
                self._acts[type(entry.event)](self, entry.event)
        self._participants = overview.participants(self._day, self._rules)
        self._publishing = self._due.of(self._day)
        self._submit_due()

    def _begin_part(self, event: happened.StreamStarted) -> None:
        path = self._folder / str(event.stream)
        self._taping = Taping(path, self._shape, self._clock.monotonic_ns())

    def _begin_take(self, event: happened.TakeStarted) -> None:
        if self._taping is None or not self._keeps_takes:
            return
        try:
            self._taping.begin_take(self._folder / (event.stem + SUFFIX))
        except OSError as error:  # the stream has it all; the take is cut from it when it is published
            self._alarms.raise_("disk_failed", self._clock.now(), str(error))

    def _begin_span(self, event: Event) -> None:
        if self._taping is not None and self._day.take is not None:
            self._taping.begin_span(self._day.take.tape, event.frame)

    def _end_span(self, event: Event) -> None:
        if self._taping is not None and self._day.take is not None:
            self._taping.end_span(self._day.take.tape, event.frame)

    def _release(self, event: happened.TakeDecided | happened.TakeCancelled) -> None:
        if self._taping is not None:
            self._taping.release(self._day.takes[event.stem].tape)

    def _end_day(self, event: happened.DayClosed) -> None:
        self._ends_at = event.frame + self._rules.post_roll

    _files: ClassVar[Mapping[type[Event], Callable[..., None]]] = {
        happened.StreamStarted: _begin_part,
        happened.TakeStarted: _begin_take,
    }
    _acts: ClassVar[Mapping[type[Event], Callable[..., None]]] = {
        happened.TakeStarted: _begin_span,
        happened.TakePaused: _end_span,
        happened.TakeResumed: _begin_span,
        happened.TakeStopped: _end_span,
        happened.TakeContinued: _begin_span,
        happened.TakeDecided: _release,
        happened.TakeCancelled: _release,
        happened.DayClosed: _end_day,
    }

    # -- between messages ----------------------------------------------------------------------------------

    def _housekeep(self) -> None:
        self._turned_ns = now = self._clock.monotonic_ns()
        for lost in self._source.tend():
            self._lose_device(lost)
        if now - self._last_block_ns > 2 * _ABSENT_AFTER_NS and not self._alarms.stands("device_lost"):
            why = say("звук не поступает", "no sound comes")
            self._alarms.raise_("device_lost", self._clock.now(), f"«{self._device}»: {why}")
        if self._taping is not None:
            self._taping.fill(now)
            if self._ends_at is not None and self._taping.frames >= self._ends_at:
                self._seal("close")
        if now - self._synced_ns >= _SYNC_EVERY_NS:
            self._synced_ns = now
            if self._taping is not None:
                self._taping.sync()
            self._submit_due()
            self._calm(now)
        if now - self._disk_ns >= _DISK_EVERY_NS:
            self._disk_ns = now
            self._watch_disk()

    def _calm(self, now_ns: int) -> None:
        """Clear what has been over for a minute; try again what failed a minute ago."""
        if now_ns - self._lost_ns > _CALM_NS:
            self._alarms.clear("overflow")
        if now_ns - self._retried_ns > _CALM_NS:
            self._retried_ns = now_ns
            self._due.retry()

    def _seal(self, ending: happened.Ending) -> None:
        if self._taping is None:
            return
        taping, self._taping, self._ends_at = self._taping, None, None
        losses = taping.seal()
        end = happened.StreamEnded(stream=taping.file, frame=taping.frames, ending=ending)
        self._carry_out([*losses, end])

    def _submit_due(self) -> None:
        taping = self._taping
        self._due.submit(self._day, lambda tape: taping is not None and taping.is_filling(tape))

    def _watch_disk(self) -> None:
        self._disk = (overview.disk_status(self._folder, self._shape),)
        hours = min(disk.hours_left for disk in self._disk)
        if hours < _LOW_HOURS:
            left = say(f"хватит на {hours} ч", f"enough for {hours} h")
            self._alarms.raise_("disk_low", self._clock.now(), left)
        else:
            self._alarms.clear("disk_low")

    def _glance(self) -> Snapshot:
        stream = self._taping.glance() if self._taping else None
        return Snapshot(
            self._day, stream, self._heard, self._alarms.standing(), self._disk, self._publishing, self._participants
        )


def _published(report: messages.Published) -> happened.RecordingPublished:
    return happened.RecordingPublished(stem=report.stem, sha256=report.sha256, manifest_sha256=report.manifest_sha256)


def _settle(answer: "Future[Status]", result: Status | ExamError) -> None:
    """Put the answer where it is awaited; whoever asked may have gone."""
    try:
        if isinstance(result, Status):
            answer.set_result(result)
        else:
            answer.set_exception(result)
    except InvalidStateError:
        pass
