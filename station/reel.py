"""The day's stream across its parts: begins them, turns to the next when a file can grow no further, goes on in the
mirror's folder when the disk fails, stops in order when no disk takes any more, and knows when each frame was heard.
Used by the recorder's thread alone.

What happened comes back as events, to be written down by the recorder before anything is answered or taped.
"""

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from exam import durable
from exam.audio import AudioFormat
from exam.clock import NS_PER_S, Clock, boot_id
from exam.language import say
from station import journal as journals
from station.journal import Journal
from station.mirror import Ending, Mirror
from station.recovery import Tail
from station.session import Day, Rules, State
from station.session import events as happened
from station.session.events import Event
from station.sides import finished_tapes
from station.tape import SUFFIX
from station.taping import Taping

_ANCHOR_EVERY_NS = 60 * NS_PER_S
_HEAD_EVERY_NS = 60 * NS_PER_S
_SETTLED_AFTER_NS = NS_PER_S  # until then a run's first blocks may still be late
_COPYABLE_BYTES = (4 << 30) - (64 << 20)  # a flash drive may end files at 4 GiB where the first disk does not

_log = logging.getLogger(__name__)


class Reel:
    """`taping` is the part being written, None while there is none; `failure` why, when a disk is the reason."""

    def __init__(
        self,
        folder: Path,
        rules: Rules,
        shape: AudioFormat,
        clock: Clock,
        *,
        journal: Journal,
        mirror: Mirror | None,
        tail: Tail | None,
    ) -> None:
        """`tail`: where the stream left off, when it goes on after a short outage."""
        self._folder, self._rules, self._shape, self._clock, self._tail = folder, rules, shape, clock, tail
        self._journal, self._mirror = journal, mirror
        self._anchor_due_ns = self._head_due_ns = 0
        self._ends_at: int | None = None
        self._begun: set[str] = set()
        self._is_barren = False
        self.taping: Taping | None = None
        self.failure: OSError | None = None

    @property
    def folder(self) -> Path:
        """The day's folder: where everything is recorded now."""
        return self._mirror.day if self._mirror else self._folder

    def taken(self) -> frozenset[str]:
        """File names that exist, in either folder. A disk that fails says so when it is written to."""
        names = self._mirror.taken if self._mirror else frozenset()
        with contextlib.suppress(OSError):
            names |= {path.name for path in self.folder.iterdir()}
        return names

    def next_part(self, day: Day, taken: frozenset[str]) -> str:
        """The file name of the part that would begin now."""
        part = self._rules.numbers_after + 1 + len(day.parts)
        while any(name.startswith(self._rules.stream_stem(part) + ".") for name in taken):
            part += 1
        return self._rules.stream_stem(part) + SUFFIX

    def begin(self, part: str, day: Day) -> None:
        """Create the part's file, unless the tape has turned to it already."""
        if part in self._begun:
            return
        if self._tail is not None and not self._tail.is_recent(self._clock.monotonic_ns()):
            self._tail = None
        start_ns = self._tail.at_ns if self._tail is not None else self._clock.monotonic_ns()
        try:
            self.taping = self._new_tape(part, start_ns)
        except FileExistsError:
            raise
        except OSError as error:
            self.leave_disk(day, error)
            self.taping = self._new_tape(part, start_ns)
        self._begun.add(part)
        self._anchor_due_ns, self._ends_at = 0, None
        self.failure = None

    def _new_tape(self, part: str, start_ns: int) -> Taping:
        return Taping(self.folder / part, self._shape, start_ns, self._first_heard, keeps=self._mirror is not None)

    def go_on(self) -> Sequence[Event]:
        """After a short outage the new part begins with the outage as a gap, where the part before ended."""
        tail, self._tail = self._tail, None
        if self.taping is None or tail is None:
            return ()
        return [self._anchored(self.taping.file, 0, tail.at_ns), *self.taping.lose_device("outage")]

    def taped(self, day: Day, act: Callable[[Taping], Sequence[Event]]) -> Sequence[Event]:
        """Do it with the tape; should the disk refuse, find a way on. To be repeated until nothing comes back."""
        if self.taping is None:
            return ()
        try:
            return act(self.taping)
        except OSError as error:
            _log.warning("%s: %s", self.taping.file, error)
            return self._outlast(self.taping, day, error)

    def tend(self, day: Day, now_ns: int) -> Sequence[Event]:
        """While the device is away time goes on; now and then note which frame is heard when, and the chain's head."""
        filled = self.taped(day, lambda taping: self._fill(taping, now_ns))
        return [*filled, *self._anchor(now_ns), *self._head(now_ns)]

    def _fill(self, taping: Taping, now_ns: int) -> Sequence[Event]:
        if self._mirror is not None and taping.size > _COPYABLE_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        return taping.fill(now_ns)

    def end_after(self, frame: int) -> None:
        """The day is over: seal once the stream has this frame."""
        if self.taping is not None:
            self._ends_at = frame

    @property
    def is_over(self) -> bool:
        return self.taping is not None and self._ends_at is not None and self.taping.frames >= self._ends_at

    def seal(self, day: Day, ending: happened.Ending) -> Sequence[Event]:
        """End the part; should its disk refuse even that, it ends in the mirror's folder. Repeated as `taped` is."""
        if flushed := self.taped(day, lambda taping: taping.flush()):
            return flushed
        if self.taping is None:
            return ()
        taping, self.taping, self._ends_at = self.taping, None, None
        try:
            losses = taping.seal()
        except OSError as error:
            losses = taping.told()
            self._leave(day, error, taping)
        end = happened.StreamEnded(stream=taping.file, frame=taping.frames, ending=ending, head=taping.chain.whole)
        return [*losses, end]

    def _outlast(self, taping: Taping, day: Day, error: OSError) -> Sequence[Event]:
        if error.errno == errno.EFBIG and (taping.frames or not self._is_barren):
            self._is_barren = not taping.frames  # twice in turn a file that takes nothing at all: that is no way on
            try:
                return self._turn(taping, day, "file_limit")
            except OSError as another:
                error = another
        try:
            return self.leave_disk(day, error)
        except OSError as another:
            if another is not error:
                _log.warning("%s", another)
            return self._stop(taping, day, error)

    def leave_disk(self, day: Day, error: OSError) -> Sequence[Event]:
        """The day goes on in the mirror's folder. Raises `error` without one, OSError when that disk fails, too."""
        return self._leave(day, error, self.taping)

    def _leave(self, day: Day, error: OSError, taping: Taping | None) -> Sequence[Event]:
        """`taping`: the part that the failing disk has, whether it goes on or has just ended."""
        if self._mirror is None:
            raise error
        endings = [Ending(journals.FILE, self._journal.size, self._journal.recent)]
        if taping is not None:
            endings.append(Ending(taping.file, taping.size, taping.recent, self._shape))
        events: Sequence[Event] = ()
        with self._mirror.taking_over(endings, finished_tapes(day, self._shape)) as folder:
            self._journal.go_on_in(folder)
            if self.taping is not None:
                self.taping.leave_takes()
                events = self._turned(self.taping, day, error, folder)
        _log.warning("%s", say(f"{error}; день продолжается в {folder}", f"{error}; the day goes on in {folder}"))
        return events

    def _turned(self, taping: Taping, day: Day, error: OSError, folder: Path) -> Sequence[Event]:
        try:
            return self._turn(taping, day, _ending(error), folder)
        except OSError:
            self._journal.go_on_in(self.folder)
            raise

    def _turn(self, taping: Taping, day: Day, ending: happened.Ending, folder: Path | None = None) -> Sequence[Event]:
        """The stream goes on in a new part, at the very next frame; in another `folder`, if one is given."""
        old, length, chain = taping.file, taping.frames, taping.chain
        part = self.next_part(day, self.taken())
        losses = taping.turn((folder or self.folder) / part)
        self._begun.add(part)
        self._anchor_due_ns = 0
        if self._ends_at is not None:
            self._ends_at -= length
        end = happened.StreamEnded(stream=old, frame=length, ending=ending, head=chain.whole)
        begun = [happened.StreamStarted(stream=part), *taping.told()]
        return [*losses, end, *begun, *self._anchor(self._clock.monotonic_ns())]

    def _stop(self, taping: Taping, day: Day, error: OSError) -> Sequence[Event]:
        """No disk takes any more: end in order what is recorded; the day stays open until there is space."""
        self.taping, self.failure = None, error
        try:
            events = taping.seal()
        except OSError:
            events = taping.told()
        self._tail = self._tail_of(taping)
        end: dict[str, Any] = {"stream": taping.file, "frame": taping.frames, "ending": _ending(error)}
        end["at"] = self._tail.at
        if day.state in {State.RECORDING, State.PAUSED}:
            events.append(happened.TakeStopped(**end))
        return [*events, happened.StreamEnded(head=taping.chain.whole, **end)]

    def _tail_of(self, taping: Taping) -> Tail:
        at_ns = taping.time_of(taping.frames)
        return Tail(self._wall_at(at_ns), at_ns)

    def _wall_at(self, at_ns: int) -> datetime:
        return self._clock.now() - timedelta(microseconds=(self._clock.monotonic_ns() - at_ns) // 1000)

    def _anchored(self, stream: str, frame: int, at_ns: int, drift_ppm: float | None = None) -> Event:
        at = self._wall_at(at_ns)
        return happened.Anchored(stream=stream, frame=frame, at=at, at_ns=at_ns, boot=boot_id(), drift_ppm=drift_ppm)

    def _first_heard(self, stream: str, frame: int, at_ns: int) -> Event:
        self._anchor_due_ns = self._clock.monotonic_ns() + _SETTLED_AFTER_NS
        return self._anchored(stream, frame, at_ns)

    def _anchor(self, now_ns: int) -> Sequence[Event]:
        """A restart places its gap by the last anchor."""
        if self.taping is None or not self.taping.is_timed or now_ns < self._anchor_due_ns:
            return ()
        self._anchor_due_ns = now_ns + (_ANCHOR_EVERY_NS if self._anchor_due_ns else _SETTLED_AFTER_NS)
        taping, frames = self.taping, self.taping.frames
        return [self._anchored(taping.file, frames, taping.time_of(frames), taping.drift_ppm)]

    def _head(self, now_ns: int) -> Sequence[Event]:
        """What was recorded until now is written down where it can be printed from."""
        if self.taping is None or not self.taping.chain.frames or now_ns < self._head_due_ns:
            return ()
        self._head_due_ns = now_ns + _HEAD_EVERY_NS
        chain = self.taping.chain
        return [happened.ChainHead(stream=self.taping.file, frame=chain.frames, head=chain.head)]


def _ending(error: OSError) -> happened.Ending:
    return "disk_full" if error.errno in durable.NO_SPACE else "disk_failed"
