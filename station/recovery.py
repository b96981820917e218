"""What start-up finds after a crash or a stop, and how the day goes on from it. Nothing is deleted.

A crashed file is sealed: its header made to agree with its bytes. After a short outage the take in hand goes on in
the next part of the stream; after a longer one it ends as interrupted.
"""

import contextlib
import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from exam import manifest
from exam.audio import AudioFormat, Gap
from exam.clock import NS_PER_S, Clock, boot_id
from exam.errors import Rejected
from station import chain, script
from station import journal as journals
from station.journal import Journal
from station.publishing import set_aside
from station.session import Day, State, StreamPart, evolve
from station.session import events as happened
from station.session.day import Anchor
from station.session.events import Event
from station.tape import HELD_AT_MOST_S, SUFFIX, TapeReader, extend, seal

_GOES_ON_WITHIN_NS = 600 * NS_PER_S

_log = logging.getLogger(__name__)


class Tail(Struct, frozen=True):
    """The end of the stream before an outage: wall time and, as today's steady clock counts, nanoseconds."""

    at: datetime
    at_ns: int

    def is_recent(self, now_ns: int) -> bool:
        """Whether the stream goes on from here, the outage being a gap in it."""
        return now_ns - self.at_ns <= _GOES_ON_WITHIN_NS


def replay(folder: Path, file: str = journals.FILE) -> Day:
    """The day as its journal tells it. Raises Rejected where a line is broken or cannot follow the ones before."""
    day = Day()
    for entry in journals.read(folder, file):
        try:
            day = evolve(day, entry.event, entry.wall)
        except (ValueError, LookupError) as error:
            raise Rejected(
                f"Журнал {folder / file}: событие {entry.seq} не может идти за прежними ({error}). Записи целы.",
                f"Journal {folder / file}: event {entry.seq} cannot follow those before it ({error}). "
                "The recordings are untouched.",
                code="bad_journal",
            ) from error
    return day


def correction_of(day: Day) -> timedelta:
    """What a person had added to the computer's clock."""
    return timedelta(seconds=day.clock_correction_s)


def recover(
    folder: Path, day: Day, journal: Journal, shape: AudioFormat, clock: Clock, *, goes_on: bool = True
) -> tuple[Day, Tail | None]:
    """Seal what a crash left open and write down what it means.

    The day to go on with and, where the stream is to go on after a short outage, where it left off. Without `goes_on`
    nothing goes on: a take in hand ends.
    """
    day = _written(day, journal, [*_lost_manifests(folder, day), *_cut_short(folder, day)])
    part = day.parts[-1] if day.parts else None
    if part is None:
        return day, None
    for ended in day.parts:
        if ended.frames is not None and ended.stem not in day.published:  # a full disk may lack the end of its chain
            head_of(folder / ended.file)
    length = _sealed(folder, day, part) if part.frames is None else part.frames
    tail = _tail(part, length, shape, clock)
    goes_on = goes_on and day.state is not State.CLOSED and tail.is_recent(clock.monotonic_ns())
    goes_on = goes_on and _shape_of(folder / part.file) in {shape, None}
    head = head_of(folder / part.file) if part.frames is None else part.head
    gap = _ended_gap(folder / part.file, part.open_gap, length) if part.open_gap and part.frames is None else None
    events = _loose_ends(day, part, length, tail, head, gap=gap, goes_on=goes_on)
    return _written(day, journal, events), tail if goes_on else None


def _written(day: Day, journal: Journal, events: Sequence[Event]) -> Day:
    for entry in journal.append(events) if events else ():
        day = evolve(day, entry.event, entry.wall)
    return day


def _lost_manifests(folder: Path, day: Day) -> list[Event]:
    """Those that a disk lost or tore: torn ones are set aside, so that all can be published again."""
    lost: list[Event] = []
    for stem in day.published:
        path = folder / (stem + manifest.SUFFIX)
        try:
            if not manifest.is_torn(path):
                continue
            set_aside(path)
        except FileNotFoundError:
            pass
        except OSError as error:  # one that cannot be read must not keep the day from going on
            _log.warning("%s: %s", path, error)
            continue
        lost.append(happened.ManifestLost(stem=stem))
    return lost


def _cut_short(folder: Path, day: Day) -> list[Event]:
    """A test recording that was being made: it is what there is of it."""
    rehearsal = day.rehearsal
    if rehearsal is None:
        return []
    path = folder / (rehearsal.stem + SUFFIX)
    try:
        frames, shape = _sealed_frames(path), _shape_of(path)
    except OSError as error:  # no reason to keep the day from going on
        _log.warning("%s: %s", path, error)
        frames, shape = 0, None
    if not frames or shape is None:
        return [happened.RehearsalEnded(stem=rehearsal.stem, ending="crash", frames=0)]
    steps = script.steps(script.parts_of(quick=rehearsal.quick), frames, shape)
    ended_at = rehearsal.started_at + timedelta(seconds=shape.seconds(frames))
    return [happened.RehearsalEnded(stem=rehearsal.stem, ending="crash", frames=frames, steps=steps, at=ended_at)]


def _loose_ends(
    day: Day, part: StreamPart, length: int, tail: Tail, head: str | None, *, gap: Gap | None, goes_on: bool
) -> list[Event]:
    """What the crash left unsaid. `gap`: the one that it left open. Pure."""
    events: list[Event] = []
    place: dict[str, Any] = {"stream": part.file, "frame": length}
    if gap is not None:
        events.append(happened.GapFound(stream=part.file, frame=gap.first_frame, frames=gap.frames, reason=gap.reason))
    if day.take is not None and not goes_on:
        if day.state in {State.RECORDING, State.PAUSED}:
            events.append(happened.TakeStopped(ending="crash", at=tail.at, **place))
            events.append(happened.TakeDecided(stem=day.take.stem, decision="interrupted", **place))
        else:
            events.append(happened.TakeDecided(stem=day.take.stem, decision="unreviewed", **place))
    if part.frames is None:
        events.append(happened.StreamEnded(ending="crash", at=tail.at, head=head, **place))
    return events


def _ended_gap(path: Path, gap: Gap, length: int) -> Gap:
    """A gap without an end reaches to the first sound: some may have been held behind it, its place not certain yet."""
    try:
        with TapeReader(path) as tape:
            first = min(length, max(gap.first_frame, length - tape.shape.frames(HELD_AT_MOST_S)))
            sound = len(tape.read(first, length - first).lstrip(b"\0"))
            end = length - math.ceil(sound / tape.shape.frame_bytes)
    except (OSError, Rejected):
        end = length
    return structs.replace(gap, frames=max(0, end - gap.first_frame))


def _tail(part: StreamPart, length: int, shape: AudioFormat, clock: Clock) -> Tail:
    """When the part's last frame was heard: counted in frames from its last anchor, else from its beginning."""
    now, now_ns = clock.now(), clock.monotonic_ns()
    here = boot_id()
    anchor = part.anchors[-1] if part.anchors else Anchor(0, part.started_at, 0, "")
    heard_ns = (length - anchor.frame) * NS_PER_S // shape.sample_rate
    if anchor.boot == here:
        ago_ns = now_ns - (anchor.at_ns + heard_ns)
    else:  # the steady clock began anew with the machine
        ago_ns = round((now - anchor.at).total_seconds() * NS_PER_S) - heard_ns
    return Tail(now - timedelta(microseconds=max(0, ago_ns) // 1000), now_ns - max(0, ago_ns))


def _sealed(folder: Path, day: Day, part: StreamPart) -> int:
    """Frames of the crashed part, sealed; the take in hand completes it where its tape outlived the stream's."""
    frames = _sealed_frames(folder / part.file)
    take = day.take
    if take is None or take.open_from is None or take.open_from.stream != part.file:
        return frames
    tape = folder / (take.tape + SUFFIX)
    position = frames - take.open_from.frame + sum(span.frames for span in take.spans)
    # A stream that ends before the span begins lacks something that the take's tape has not either.
    if frames and frames >= take.open_from.frame and _sealed_frames(tape) > position:
        # A full disk, or a file that can grow no longer, keeps nobody from going on: the rest stays in the torn tape.
        with TapeReader(tape) as outlived, contextlib.suppress(OSError):
            extend(folder / part.file, outlived.blocks(position, outlived.frames - position))
        return _sealed_frames(folder / part.file)
    return frames


def _sealed_frames(path: Path) -> int:
    """Frames in a file, once sealed; 0 when it has not even our header or is not there."""
    try:
        return seal(path)
    except (FileNotFoundError, Rejected):
        return 0


def head_of(path: Path) -> str | None:
    """The head of the sealed part's chain, completed; None when the disk refuses or there is no sound."""
    try:
        return chain.complete(path)
    except (OSError, Rejected):
        return None


def _shape_of(path: Path) -> AudioFormat | None:
    try:
        with TapeReader(path) as tape:
            return tape.shape
    except (OSError, Rejected):
        return None
