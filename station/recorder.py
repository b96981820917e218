"""THE thread: it alone owns the session and the open tapes. Everything else sends it messages and reads Status.

Blocks and commands come through one inbox, so there is one total order. For a block: the stream's tape first,
then the participant's. For a command: decide, create the files it needs, journal, evolve, act, answer.
"""

import errno
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from exam.clock import NS_PER_S, CorrectedClock
from exam.errors import ExamError, Rejected
from exam.language import say
from station import disks, messages, mishaps, overview
from station.alarms import Alarms
from station.attention import Attention
from station.clockwatch import ClockWatch
from station.config import Config
from station.due import Due
from station.hearing import Hearing
from station.inbox import Inbox, Source
from station.journal import Entry, Journal
from station.listener import Listener
from station.messages import Block, Message, Request, Status
from station.mirror import Mirror
from station.overview import Snapshot
from station.publishing import Publisher, adopt, published_events, set_aside
from station.recovery import Tail, correction_of
from station.reel import Reel
from station.rehearsing import Rehearsing
from station.session import Day, Moment, Rules, State, Take, decide, evolve, meant
from station.session import commands as ask
from station.session import events as happened
from station.session.events import Event
from station.space import Space
from station.systemd import Progress
from station.tape import SUFFIX
from station.taping import Taping
from station.window import Window

_TICK_S = 0.5
_TEND_EVERY_NS = NS_PER_S // 2  # with the sound system's delay and the sync itself, a power cut takes less than 1 s
_DISK_EVERY_NS = 10 * NS_PER_S
_RETRY_NS = 60 * NS_PER_S

_log = logging.getLogger(__name__)


class Recorder:
    """Records a room's day. Built and started by the service; its `window` may be looked through by any thread."""

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
        clock: CorrectedClock,
        tail: Tail | None = None,
        mirror: Mirror | None = None,
        listener: Listener | None = None,
    ) -> None:
        """`tail`: where the stream left off, when it goes on after a short outage. `mirror`: it knows the folder."""
        self._rules, self._day = rules, day
        self._journal, self._inbox, self._clock = journal, inbox, clock
        self._source, self._stopping = source, False
        self._shape, self._publisher, self._has_mirror = config.capture.shape, publisher, mirror is not None
        self._keeps_takes = config.exam.recording != "stream"
        self._due = Due(publisher, rules, config, journal)
        self._reel = Reel(config.day_folder, rules, self._shape, clock, journal=journal, mirror=mirror, tail=tail)
        self._folder = self._reel.folder
        self._alarms, self._clockwatch = Alarms(), ClockWatch()
        self._hearing = Hearing(config.capture.device, self._shape, self._alarms, clock, config.seats)
        self._attention = Attention(rules, self._alarms, listener)
        self._rehearsing = Rehearsing(self._shape, self._alarms, clock, rules.exam_date, config.quality)
        self._clock.correction = correction_of(day)
        now = clock.monotonic_ns()
        self._tended_ns = self._turned_ns = self._retried_ns = now
        self._disk_ns = now - _DISK_EVERY_NS
        self._space = Space(config.storage, self._shape, mirror, self._alarms, clock, takes=self._keeps_takes)
        self._participants = overview.participants(day, rules)
        self._failure: ExamError | None = None
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        self._publishing = self._due.of(day)
        self.window = Window(self._shape, clock, self._glance())

    @property
    def _taping(self) -> Taping | None:
        return self._reel.taping

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Seal the stream part in order and end the thread; the day stays open."""
        self._inbox.post(messages.Stop())
        self._thread.join()

    @property
    def status(self) -> Status:
        """The room now; may be asked from any thread."""
        return self.window.status

    @property
    def progress(self) -> Progress:
        """How far thread and tape have come; may be asked from any thread."""
        stream = self.window.stream
        return Progress(self._turned_ns, stream.file, stream.frames) if stream else Progress(self._turned_ns)

    def join(self, timeout_s: float) -> None:
        """Wait a while for the thread's end. Raises the failure that ended it, if one did."""
        self._thread.join(timeout_s)
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        try:
            if self._has_mirror:
                self._due.moved(self._day, self._reel.taken())
            self._go_on()
            while not self._stopping:
                for message in self._inbox.next(_TICK_S, self._source):
                    self._handle(message)
                self._turn()
                self.window.show(self._glance())
            self._carry_out(self._rehearsing.end("shutdown"))
            self._told_first(lambda: self._reel.seal(self._day, "shutdown"))
        except OSError as error:
            self._failure = disks.refused(error)
        except Exception as error:  # noqa: BLE001 - an edge: a silent end of this thread would be a day without recording
            _log.exception("the recorder's thread ends")
            self._failure = mishaps.of_the_station(error)

    def _go_on(self) -> None:
        """What the last run of the station left: an open day goes on in a new part, finished takes are published."""
        if self._day.state is not State.CLOSED:
            self._carry_out([happened.StreamStarted(stream=self._reel.next_part(self._day, self._reel.taken()))])
            self._carry_out(self._reel.go_on())
            self._go_on_with_take()
        self._due.submit(self._day, self._is_unfinished)

    def _go_on_with_take(self) -> None:
        """The take in hand gets a tape of its own again: what it held before, then what comes. The torn one is kept."""
        take = self._day.take
        if self._taping is None or take is None or not self._keeps_takes:
            return
        tape = self._folder / (take.tape + SUFFIX)
        try:
            if tape.exists():
                set_aside(tape)
            self._taping.begin_take(tape, take.spans)
            if take.open_from is not None:
                self._taping.begin_span(take.tape, take.open_from.frame)
        except (OSError, Rejected) as error:  # the take is cut from the stream when it is published
            self._alarms.raise_("disk_failed", self._clock.now(), str(error))

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
            case messages.Heard():
                self._hearing.hear_alarms(message)
            case messages.Judged():
                self._carry_out(self._attention.judged(self._day, message))
            case messages.Published() | messages.RecordPublished():
                self._carry_out(published_events(self._day, message))
                self._due.published(message.stem)
                if not self._due.has_failed:
                    self._alarms.clear("not_published")
            case messages.PublishingFailed():
                self._due.failed(message.stem)
                self._alarms.raise_("not_published", self._clock.now(), message.text)

    def _take_block(self, block: Block) -> None:
        self._told_first(lambda: self._reel.taped(self._day, lambda taping: taping.take_block(block)))
        self._carry_out(self._rehearsing.take_block(block))
        is_paused = self._day.state is State.PAUSED and self._taping is not None
        self._hearing.take_block(block, self._taping.frames if self._taping is not None and is_paused else None)
        if self._publishing:  # this block may have completed a take
            self._due.submit(self._day, self._is_unfinished)

    def _lose_device(self, lost: messages.CaptureLost) -> None:
        self._hearing.lose(lost)
        if lost.code != "device_stalled":
            self._told_first(lambda: self._reel.taped(self._day, lambda taping: taping.lose_device()))
            self._carry_out(self._rehearsing.end("device_lost"))

    # -- commands ------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        try:
            command = meant(self._day.state, request.command)
            if isinstance(command, ask.Open | ask.Start) and self._day.state is State.CLOSED:
                self._prepare_opening()
            elif isinstance(command, ask.Start | ask.Resume) and self._reel.failure is not None:
                raise disks.nowhere_to_record(self._folder)
            elif isinstance(command, ask.Rehearse):
                self._hearing.check("проба не начата", "the test recording does not begin")
            events = decide(self._day, command, self._moment(request.pressed_ns), self._rules)
            over = self._hearing.end_pause(self._day, events, self._taping.file if self._taping else None)
            self._carry_out([*self._rehearsing.ended_by(command), *over, *events])
        except ExamError as error:
            request.settle(error)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: a mistake of ours in a command must not end the recording
            _log.exception("%r", request.command)
            request.settle(mishaps.in_command(error))
        else:
            self.window.show(self._glance())
            request.settle(self.status)

    def _prepare_opening(self) -> None:
        self._hearing.check("день не открыт", "the day is not opened")
        self._space.watch(self._folder)
        self._space.check_opening(self._day)
        self._told_first(lambda: self._reel.seal(self._day, "close"))

    def _moment(self, at_ns: int) -> Moment:
        taken = self._reel.taken()
        if self._taping is not None:
            return Moment(self._clock.now(), self._taping.file, self._taping.frame_at(at_ns), taken)
        return Moment(self._clock.now(), self._reel.next_part(self._day, taken), 0, taken)

    def _carry_out(self, events: Sequence[Event]) -> None:
        """Create the files the events need, write the events down, then let them change the day."""
        if not events:
            return
        for event in events:
            if type(event) in self._files:
                self._files[type(event)](self, event)
        for entry in self._write_down(events):
            self._day = evolve(self._day, entry.event, entry.wall)
            if type(entry.event) in self._acts:
                self._acts[type(entry.event)](self, entry.event)
        if self._folder != self._reel.folder:
            self._move()
            self._go_on_with_take()
        self._participants = overview.participants(self._day, self._rules)
        self._rehearsing.watch(self._day)
        self._publishing = self._due.of(self._day)
        self._due.submit(self._day, self._is_unfinished)

    def _told_first(self, act: Callable[[], Sequence[Event]]) -> None:
        """Do it, again and again until it has nothing more to tell: that is written down before it goes on."""
        while events := act():
            self._hearing.note(events)
            self._carry_out(events)

    def _write_down(self, events: Sequence[Event]) -> Sequence[Entry]:
        """In the other folder's journal, where this one's disk fails; then the stream goes on there, too."""
        try:
            return self._journal.append(events)
        except OSError as error:
            return self._journal.append([*events, *self._reel.leave_disk(self._day, error)])

    def _move(self) -> None:
        """The disk failed and the day goes on in the mirror's folder: so does all that belongs to it."""
        left, self._folder = self._folder, self._reel.folder
        on = say(f"запись продолжается на втором диске, {self._folder}", f"recording goes on at {self._folder}")
        self._alarms.raise_("disk_failed", self._clock.now(), f"{left}; {on}")
        self._carry_out(self._rehearsing.end("disk_failed"))
        self._publisher.move(self._folder)
        self._due.moved(self._day, self._reel.taken())

    def _begin_take(self, event: happened.TakeStarted) -> None:
        if self._taping is None or not self._keeps_takes:
            return
        try:
            self._taping.begin_take(self._folder / (event.stem + SUFFIX))
        except OSError as error:  # the stream has it all; the take is cut from it when it is published
            self._alarms.raise_("disk_failed", self._clock.now(), str(error))

    def _adopt(self, event: happened.TakeAdded) -> None:
        if event.temporary:
            adopt(self._folder, event)

    def _begin_span(self, event: Event) -> None:
        if self._taping is not None and self._day.take is not None:
            self._taping.begin_span(self._day.take.tape, event.frame)

    def _end_span(self, event: Event) -> None:
        if self._taping is not None and self._day.take is not None:
            self._taping.end_span(self._day.take.tape, event.frame)

    def _release(self, event: happened.TakeDecided | happened.TakeCancelled) -> None:
        if self._taping is not None:
            self._taping.release(self._day.takes[event.stem].tape)

    def _correct_clock(self, event: Event) -> None:
        self._clock.correction = correction_of(self._day)
        if isinstance(event, happened.ClockCorrected):
            self._alarms.clear("clock_step")

    _files: ClassVar[Mapping[type[Event], Callable[..., None]]] = {
        happened.StreamStarted: lambda self, event: self._reel.begin(str(event.stream), self._day),
        happened.TakeStarted: _begin_take,
        happened.TakeAdded: _adopt,
        happened.RehearsalBegan: lambda self, event: self._rehearsing.begin(self._folder, event),
    }
    _acts: ClassVar[Mapping[type[Event], Callable[..., None]]] = {
        happened.TakeStarted: _begin_span,
        happened.TakePaused: _end_span,
        happened.TakeResumed: _begin_span,
        happened.TakeStopped: _end_span,
        happened.TakeContinued: _begin_span,
        happened.TakeDecided: _release,
        happened.TakeCancelled: _release,
        happened.DayClosed: lambda self, event: self._reel.end_after(event.frame + self._rules.post_roll),
        happened.ClockCorrected: _correct_clock,
        happened.ClockStepped: _correct_clock,
    }

    # -- between messages ----------------------------------------------------------------------------------

    def _watch_clocks(self) -> None:
        """A clock that was set while recording, a machine that slept: neither changes a duration; both are told."""
        change = self._clockwatch.tick(self._clock.read())
        if change.suspended_s:
            _log.warning(say("компьютер спал %.1f с", "the computer slept for %.1f s"), change.suspended_s)
        if change.stepped_s and self._day.state is not State.CLOSED:
            self._carry_out([happened.ClockStepped(seconds=round(change.stepped_s, 3))])
            self._alarms.raise_("clock_step", self._clock.now(), f"{change.stepped_s:+.0f}")

    def _turn(self) -> None:
        """After each awakening; what need not be done ten times a second waits for its half second."""
        self._turned_ns = now = self._clock.monotonic_ns()
        if now - self._tended_ns >= _TEND_EVERY_NS:
            self._tended_ns = now
            self._tend(now)
        if self._reel.is_over:
            self._told_first(lambda: self._reel.seal(self._day, "close"))

    def _tend(self, now: int) -> None:
        self._watch_clocks()
        for lost in self._source.tend():
            self._lose_device(lost)
        self._hearing.tend(now)
        self._carry_out(self._attention.look(self._day, self.window.stream, self._reel))
        self._carry_out(self._reel.tend(self._day, now))
        self._told_first(lambda: self._reel.taped(self._day, lambda taping: taping.sync()))
        if self._reel.failure is not None and not self._alarms.stands("disk_failed"):
            self._alarms.raise_("disk_failed", self._clock.now(), str(self._reel.failure))
        self._due.submit(self._day, self._is_unfinished)
        if now - self._retried_ns > _RETRY_NS:
            self._retried_ns = now
            self._due.retry()
        is_busy = self._taping is not None or self._publishing or self._due.is_telling
        is_done = self._day.state is State.CLOSED and not is_busy
        self._space.watch_copy(is_done=is_done, is_stopped=self._reel.failure is not None)
        if now - self._disk_ns >= _DISK_EVERY_NS:
            self._disk_ns = now
            self._space.watch(self._folder)
            self._rehearsing.watch(self._day)
            if self._taping is not None:
                self._space.watch_chain(self._taping.chain.fault)
            self._return_to_disk()

    def _is_unfinished(self, take: Take) -> bool:
        """Whether sound or verdict of an ended take are still to come."""
        is_filling = self._taping is not None and self._taping.is_filling(take.tape, take.spans)
        return is_filling or self._attention.awaits(take.stem)

    def _return_to_disk(self) -> None:
        """The day that stopped for want of a disk goes on as soon as there is one."""
        if self._taping is not None or self._day.state is State.CLOSED:
            return
        try:
            if not self._space.has_room():
                if not self._space.has_room_elsewhere():
                    return
                self._reel.leave_disk(self._day, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
                self._move()
            self._due.retry()
            self._go_on()
        except OSError as error:
            self._alarms.raise_("disk_failed", self._clock.now(), str(error))
        else:
            self._alarms.clear("disk_failed")

    def _glance(self) -> Snapshot:
        stream = self._taping.glance() if self._taping else None
        told = self._alarms.standing(), self._space.disks, self._publishing, self._participants
        return Snapshot(self._day, stream, self._hearing.heard, *told, self._rehearsing.step)
