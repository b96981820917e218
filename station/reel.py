"""The day's stream across its parts: begins them, turns to the next when a file can grow no further, stops in order
when no disk takes any more, and knows when each frame was heard. Used by the recorder's thread alone.

What happened comes back as events, to be written down by the recorder before anything is answered.
"""

import errno
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from exam.audio import AudioFormat
from exam.clock import NS_PER_S, Clock, boot_id
from station.recovery import Tail
from station.session import Day, Rules, State
from station.session import events as happened
from station.session.events import Event
from station.tape import SUFFIX
from station.taping import Taping

_ANCHOR_EVERY_NS = 60 * NS_PER_S
_SETTLED_AFTER_NS = NS_PER_S  # until then a run's first blocks may still be late
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}

_log = logging.getLogger(__name__)


class Reel:
    """`taping` is the part being written, None while there is none; `failure` why, when a disk is the reason."""

    def __init__(self, folder: Path, rules: Rules, shape: AudioFormat, clock: Clock, tail: Tail | None) -> None:
        """`tail`: where the stream left off, when it goes on after a short outage."""
        self._folder, self._rules, self._shape, self._clock, self._tail = folder, rules, shape, clock, tail
        self._anchor_due_ns = 0
        self._ends_at: int | None = None
        self.taping: Taping | None = None
        self.failure: OSError | None = None

    def next_part(self, day: Day, taken: frozenset[str]) -> str:
        """The file name of the part that would begin now."""
        part = self._rules.numbers_after + 1 + len(day.parts)
        while any(name.startswith(self._rules.stream_stem(part) + ".") for name in taken):
            part += 1
        return self._rules.stream_stem(part) + SUFFIX

    def begin(self, part: str) -> None:
        """Create the part's file, unless the tape has turned to it already."""
        if self.taping is not None and self.taping.file == part:
            return
        if self._tail is not None and not self._tail.is_recent(self._clock.monotonic_ns()):
            self._tail = None
        start_ns = self._tail.at_ns if self._tail is not None else self._clock.monotonic_ns()
        self.taping = Taping(self._folder / part, self._shape, start_ns)
        self._anchor_due_ns, self._ends_at = 0, None
        self.failure = None

    def go_on(self) -> Sequence[Event]:
        """After a short outage the new part begins with the outage as a gap."""
        tail, self._tail = self._tail, None
        return self.taping.lose_device("outage") if self.taping is not None and tail is not None else ()

    def taped(self, day: Day, act: Callable[[Taping], Sequence[Event]]) -> Sequence[Event]:
        """Do it with the tape; should the disk refuse, find a way on and do it there."""
        if self.taping is None:
            return ()
        try:
            return act(self.taping)
        except OSError as error:
            _log.warning("%s: %s", self.taping.file, error)
            return [*self._outlast(self.taping, day, error), *self.taped(day, act)]

    def tend(self, day: Day, now_ns: int) -> Sequence[Event]:
        """While the device is away time goes on; now and then note which frame is heard when."""
        return [*self.taped(day, lambda taping: taping.fill(now_ns)), *self._anchor(now_ns)]

    def end_after(self, frame: int) -> None:
        """The day is over: seal once the stream has this frame."""
        if self.taping is not None:
            self._ends_at = frame

    @property
    def is_over(self) -> bool:
        return self.taping is not None and self._ends_at is not None and self.taping.frames >= self._ends_at

    def seal(self, ending: happened.Ending) -> Sequence[Event]:
        """End the part."""
        if self.taping is None:
            return ()
        taping, self.taping, self._ends_at = self.taping, None, None
        losses = taping.seal()
        return [*losses, happened.StreamEnded(stream=taping.file, frame=taping.frames, ending=ending)]

    def _outlast(self, taping: Taping, day: Day, error: OSError) -> Sequence[Event]:
        if error.errno == errno.EFBIG and taping.frames:  # a file that takes nothing at all is no way on
            try:
                return self._turn(taping, day, "file_limit")
            except OSError as another:
                error = another
        return self._stop(taping, day, error)

    def _turn(self, taping: Taping, day: Day, ending: happened.Ending) -> Sequence[Event]:
        """The stream goes on in a new part, at the very next frame."""
        old, length = taping.file, taping.frames
        part = self.next_part(day, frozenset(path.name for path in self._folder.iterdir()))
        losses = taping.turn(self._folder / part)
        self._anchor_due_ns = 0
        if self._ends_at is not None:
            self._ends_at -= length
        end = happened.StreamEnded(stream=old, frame=length, ending=ending)
        return [*losses, end, happened.StreamStarted(stream=part), *taping.told()]

    def _stop(self, taping: Taping, day: Day, error: OSError) -> Sequence[Event]:
        """No disk takes any more: end in order what is recorded; the day stays open until there is space."""
        self.taping, self.failure = None, error
        self._tail = self._tail_of(taping)
        ending: happened.Ending = "disk_full" if error.errno in _NO_SPACE else "disk_failed"
        end: dict[str, Any] = {"stream": taping.file, "frame": taping.frames, "ending": ending, "at": self._tail.at}
        try:
            events = taping.seal()
        except OSError:
            events = taping.told()
        if day.state in {State.RECORDING, State.PAUSED}:
            events.append(happened.TakeStopped(**end))
        return [*events, happened.StreamEnded(**end)]

    def _tail_of(self, taping: Taping) -> Tail:
        at_ns = taping.time_of(taping.frames)
        ago_ns = self._clock.monotonic_ns() - at_ns
        return Tail(self._clock.now() - timedelta(microseconds=ago_ns // 1000), at_ns)

    def _anchor(self, now_ns: int) -> Sequence[Event]:
        """A restart places its gap by the last anchor."""
        if self.taping is None or not self.taping.is_heard or now_ns < self._anchor_due_ns:
            return ()
        self._anchor_due_ns = now_ns + (_ANCHOR_EVERY_NS if self._anchor_due_ns else _SETTLED_AFTER_NS)
        heard = self._tail_of(self.taping)
        here: dict[str, Any] = {"stream": self.taping.file, "frame": self.taping.frames}
        return [happened.Anchored(at=heard.at, at_ns=heard.at_ns, boot=boot_id(), **here)]
