"""The test recording being made: its tape, written from the stream's very blocks, and the alarm that none is good.

Used by the recorder's thread alone. Never in the exam's way: the stream knows nothing of it, whatever its disk does
ends the test recording alone, and so does every command that begins or ends something.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from exam import oswords
from exam.audio import AudioFormat, Gap
from exam.clock import Clock
from exam.errors import Rejected
from exam.language import say
from station import disks, script
from station.alarms import Alarms
from station.audibility.thresholds import Thresholds
from station.messages import Block, RehearsalStep
from station.session import Day
from station.session import commands as ask
from station.session.commands import Command
from station.session.events import Event, RehearsalBegan, RehearsalEnded, RehearsalEnding
from station.session.rehearsals import lack
from station.tape import SUFFIX, Tape

_ENDED_BY: Mapping[type[Command], RehearsalEnding] = {
    ask.Open: "open",
    ask.Start: "start",
    ask.Close: "close",
    ask.CancelRehearsal: "cancel",
}

_DEFAULTS = Thresholds()
_LEFT_HOURS = 1.0

_log = logging.getLogger(__name__)


class _Making(Struct):
    """`run` and `next_frame`: where the microphone's next block is to go on; None before the first."""

    stem: str
    parts: tuple[script.Part, ...]
    frames: int
    tape: Tape
    run: int | None = None
    next_frame: int = 0
    gaps: tuple[Gap, ...] = ()


class Rehearsing:
    """At most one test recording at a time. What happens to it comes back as events, to be written down."""

    def __init__(
        self, shape: AudioFormat, alarms: Alarms, clock: Clock, exam_date: date, thresholds: Thresholds = _DEFAULTS
    ) -> None:
        self._shape, self._alarms, self._clock = shape, alarms, clock
        self._exam_date, self._valid_days = exam_date, thresholds.rehearsal_valid_days
        self._making: _Making | None = None

    @property
    def step(self) -> RehearsalStep | None:
        """What is to be done in the room now; None while no test recording runs."""
        made = self._making
        return script.at(made.parts, made.tape.frames, self._shape) if made is not None else None

    def begin(self, folder: Path, event: RehearsalBegan) -> None:
        """Create its tape; the next block is its first. Raises Rejected when the disk refuses, or has little left: the
        last hour is the exam's."""
        parts = script.parts_of(quick=event.quick)
        if disks.disk_status(folder, self._shape).hours_left < _LEFT_HOURS:
            raise Rejected(
                f"Проба не начата: на диске папки {folder} осталось меньше часа записи, оно для экзамена. Освободите "
                "место.",
                f"The test recording does not begin: less than an hour of recording is left at {folder}, and that is "
                "the exam's. Free some space.",
                code="disk_low",
            )
        try:
            tape = Tape(folder / (event.stem + SUFFIX), self._shape)
        except OSError as error:
            raise Rejected(
                f"Проба не начата: {oswords.ru(error)} ({folder}). Проверьте место на диске и права на папку.",
                f"The test recording cannot begin: {error.strerror} ({folder}). Check disk space and rights.",
                code="disk_failed",
            ) from error
        self._making = _Making(event.stem, parts, self._shape.frames(script.length_s(parts)), tape)

    def take_block(self, block: Block) -> Sequence[Event]:
        made = self._making
        if made is None:
            return ()
        if made.run not in {None, block.run}:
            return self.end("device_lost")
        try:
            _append(made, block)
        except OSError as error:
            _log.warning("%s: %s", made.tape.path, error)
            return self.end("disk_failed")
        return self.end("done") if made.tape.frames == made.frames else ()

    def end(self, ending: RehearsalEnding) -> Sequence[Event]:
        """Whatever there is of it is kept; on a disk that failed, without being spoken of any further."""
        made, self._making = self._making, None
        if made is None:
            return ()
        try:
            made.tape.close()
        except OSError as error:
            _log.warning("%s: %s", made.tape.path, error)
            ending = "disk_failed"
        frames = made.tape.frames if ending != "disk_failed" else 0
        steps = script.steps(made.parts, frames, self._shape)
        gaps = made.gaps if frames else ()
        return [RehearsalEnded(stem=made.stem, ending=ending, frames=frames, steps=steps, gaps=gaps)]

    def ended_by(self, command: Command) -> Sequence[Event]:
        """A command that begins or ends something ends the test recording."""
        ending = _ENDED_BY.get(type(command))
        return self.end(ending) if ending is not None else ()

    def watch(self, day: Day) -> None:
        """Tell that the room has no good test recording, and why; or take it back."""
        now = self._clock.now()
        lacks = lack(day, now.date(), self._exam_date, self._valid_days)
        if lacks is None:
            self._alarms.clear("rehearsal_missing")
            return
        why = {
            "none": say("звук в этой аудитории ещё не проверяли", "the sound of this room was never tested"),
            "old": say("последняя проба звука слишком давняя", "the last sound test is too old"),
            "failed": say("последняя проба звука не удалась", "the last sound test failed"),
        }
        self._alarms.raise_("rehearsal_missing", now, why[lacks])


def _append(made: _Making, block: Block) -> None:
    """The block after what was lost before it, no further than the script."""
    frame_bytes = made.tape.shape.frame_bytes
    lost = max(0, block.first_frame - made.next_frame) if made.run is not None else 0
    lost = min(lost, made.frames - made.tape.frames)
    if lost:
        made.gaps = (*made.gaps, Gap(made.tape.frames, lost, "dropped"))
        made.tape.append_silence(lost)
    room = (made.frames - made.tape.frames) * frame_bytes
    made.tape.append(block.data[:room])
    made.run, made.next_frame = block.run, block.first_frame + len(block.data) // frame_bytes
