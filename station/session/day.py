"""The day as the journal tells it: state, takes, outcomes; and the table of what may happen in which state.

Pure. A day is immutable; `evolve` gives the next one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from exam.audio import FrameSpan, Gap
from exam.manifest import Decision, Listened
from exam.regulation import Outcome
from station.session import events as happened
from station.session.events import Event


class State(StrEnum):
    """What the room is doing; the words of `station status`."""

    CLOSED = "closed"
    IDLE = "idle"
    RECORDING = "recording"
    PAUSED = "paused"
    REVIEW = "review"


class Place(Struct, frozen=True):
    """A frame of a stream file."""

    stream: str
    frame: int


class Anchor(Struct, frozen=True):
    """A frame of a stream part and when it was heard: wall time, and the steady clock of the boot `boot`."""

    frame: int
    at: datetime
    at_ns: int
    boot: str


class StreamPart(Struct, frozen=True):
    """One file of the day's stream. `frames` is None while it grows; `open_gap`: a gap whose end is not known yet.

    `head`: of its whole hash chain, if known.
    """

    file: str
    started_at: datetime
    frames: int | None = None
    ended_at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    open_gap: Gap | None = None
    anchors: tuple[Anchor, ...] = ()
    head: str | None = None


class Take(Struct, frozen=True):
    """One attempt of one participant.

    `stem` is its name, `tape` the stem under which its audio was recorded: they differ after a reassignment,
    which `replaces` another name. `open_from`: where the span being recorded began.
    """

    stem: str
    tape: str
    participant: int
    number: int
    variant: str | None
    started_at: datetime
    ended_at: datetime | None = None
    spans: tuple[FrameSpan, ...] = ()
    open_from: Place | None = None
    marks: tuple[tuple[int, Place], ...] = ()
    decision: Decision | None = None
    listened: Listened = None
    cancelled: bool = False
    superseded: bool = False
    replaces: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def end(self) -> Place | None:
        """The first frame after the take, once a span of it has ended."""
        return Place(self.spans[-1].stream, self.spans[-1].end) if self.spans else None

    @property
    def counts(self) -> bool:
        """Whether the participant really worked in this take."""
        return not (self.cancelled or self.superseded)

    @property
    def is_publishable(self) -> bool:
        """Whether a manifest of it is due: it counts, has left its review and holds sound."""
        return self.counts and self.decision is not None and any(span.frames for span in self.spans)


class OutcomeNote(Struct, frozen=True):
    """A participant's outcome, with the time of day a person gave and a note."""

    outcome: Outcome
    at: str | None
    note: str


class Day(Struct, frozen=True):
    """Everything the journal knows of a room's day.

    `current`: the stem of the take in hand. `published`: by stem, the SHA-256 of the master and of the manifest.
    `clock_correction_s`: what a person had added to the computer's clock.
    """

    state: State = State.CLOSED
    parts: tuple[StreamPart, ...] = ()
    takes: Mapping[str, Take] = {}
    current: str | None = None
    outcomes: Mapping[int, OutcomeNote] = {}
    published: Mapping[str, tuple[str, str]] = {}
    clock_correction_s: float = 0.0

    @property
    def take(self) -> Take | None:
        """The take being recorded, paused or reviewed."""
        return self.takes[self.current] if self.current is not None else None

    def takes_of(self, participant: int) -> tuple[Take, ...]:
        """This participant's takes that count, in order."""
        return tuple(take for take in self.takes.values() if take.participant == participant and take.counts)

    def accepted(self, participant: int) -> Take | None:
        """The one accepted take: the latest, should a person have accepted two."""
        accepted = [take for take in self.takes_of(participant) if take.decision == "accepted"]
        return accepted[-1] if accepted else None

    def unpublished(self) -> tuple[str, ...]:
        """Stems of takes and ended stream parts that hold sound and whose manifest is still due."""
        takes = [take.stem for take in self.takes.values() if take.is_publishable]
        parts = [_stem(part) for part in self.parts if part.frames]
        return tuple(stem for stem in takes + parts if stem not in self.published)


TRANSITIONS: Mapping[tuple[State, type[Event]], State] = {
    (State.CLOSED, happened.DayOpened): State.IDLE,
    (State.IDLE, happened.TakeStarted): State.RECORDING,
    (State.IDLE, happened.DayClosed): State.CLOSED,
    (State.RECORDING, happened.TaskMarked): State.RECORDING,
    (State.RECORDING, happened.TakePaused): State.PAUSED,
    (State.RECORDING, happened.TakeStopped): State.REVIEW,
    (State.PAUSED, happened.TakeResumed): State.RECORDING,
    (State.PAUSED, happened.TakeStopped): State.REVIEW,
    (State.REVIEW, happened.TakeContinued): State.RECORDING,
    (State.REVIEW, happened.TakeDecided): State.IDLE,
    (State.REVIEW, happened.TakeCancelled): State.IDLE,
}
"""Which event may happen in which state, and the state after it. Events of the whole day, below, may
happen in any state and change none."""

DAY_EVENTS: frozenset[type[Event]] = frozenset(
    {
        happened.StreamStarted,
        happened.StreamEnded,
        happened.ChainHead,
        happened.Anchored,
        happened.GapBegan,
        happened.GapFound,
        happened.OverflowSeen,
        happened.OutcomeSet,
        happened.TakeReassigned,
        happened.TakeCorrected,
        happened.TakeCut,
        happened.ClockCorrected,
        happened.ClockStepped,
        happened.RecordingPublished,
    }
)


def next_state(state: State, event: Event) -> State | None:
    """The state after `event`, or None where it may not happen."""
    return state if type(event) in DAY_EVENTS else TRANSITIONS.get((state, type(event)))


def evolve(day: Day, event: Event, wall: datetime) -> Day:
    """The day after `event`, which happened at `wall`. Raises ValueError where the table forbids it."""
    state = next_state(day.state, event)
    if state is None:
        raise ValueError(f"{type(event).__name__} cannot happen while {day.state}")
    change = _CHANGES.get(type(event))
    return replace(change(day, event, wall) if change else day, state=state)


def _stream_started(day: Day, event: happened.StreamStarted, wall: datetime) -> Day:
    """A take being recorded goes on at the new part's first frame."""
    day = replace(day, parts=(*day.parts, StreamPart(_place(event).stream, wall)))
    if day.state is State.RECORDING and day.take is not None:
        return _with(day, replace(day.take, open_from=_place(event)))
    return day


def _stream_ended(day: Day, event: happened.StreamEnded, wall: datetime) -> Day:
    """A span being recorded ends with the part; spans that were to end after it end there, too."""
    day = _of_last_part(day, frames=event.frame, ended_at=event.at or wall, open_gap=None, head=event.head)
    file = day.parts[-1].file
    takes = {stem: _within(_span_closed(take, event.frame), file, event.frame) for stem, take in day.takes.items()}
    return replace(day, takes=takes)


def _anchored(day: Day, event: happened.Anchored, _wall: datetime) -> Day:
    anchor = Anchor(event.frame, event.at, event.at_ns, event.boot)
    return _of_last_part(day, anchors=(*day.parts[-1].anchors, anchor))


def _gap_began(day: Day, event: happened.GapBegan, _wall: datetime) -> Day:
    return _of_last_part(day, open_gap=Gap(event.frame, 0, event.reason))


def _gap(day: Day, event: happened.GapFound, _wall: datetime) -> Day:
    gaps = (Gap(event.frame, event.frames, event.reason),) if event.frames else ()
    return _of_last_part(day, gaps=(*day.parts[-1].gaps, *gaps), open_gap=None)


def _take_started(day: Day, event: happened.TakeStarted, wall: datetime) -> Day:
    take = Take(
        stem=event.stem,
        tape=event.stem,
        participant=event.participant,
        number=event.take,
        variant=event.variant,
        started_at=wall,
        open_from=_place(event),
    )
    return replace(_with(day, take), current=take.stem)


def _task_marked(day: Day, event: happened.TaskMarked, _wall: datetime) -> Day:
    take = _current(day)
    return _with(day, replace(take, marks=(*take.marks, (event.task, _place(event)))))


def _span_ended(day: Day, event: happened.TakePaused | happened.TakeStopped, wall: datetime) -> Day:
    take = _current(day)
    flags = take.flags
    if isinstance(event, happened.TakeStopped) and event.ending not in {"operator", "cancel"}:
        flags = (*flags, f"ended_by_{event.ending}")
    ended_at = getattr(event, "at", None) or wall
    return _with(day, replace(_span_closed(take, event.frame), ended_at=ended_at, flags=flags))


def _span_began(day: Day, event: happened.TakeResumed | happened.TakeContinued, _wall: datetime) -> Day:
    return _with(day, replace(_current(day), open_from=_place(event)))


def _decided(day: Day, event: happened.TakeDecided, _wall: datetime) -> Day:
    take = replace(day.takes[event.stem], decision=event.decision, listened=event.listened)
    return replace(_with(day, take), current=None)


def _cancelled(day: Day, event: happened.TakeCancelled, _wall: datetime) -> Day:
    return replace(_with(day, replace(day.takes[event.stem], cancelled=True)), current=None)


def _outcome(day: Day, event: happened.OutcomeSet, _wall: datetime) -> Day:
    others = {number: note for number, note in day.outcomes.items() if number != event.participant}
    if event.outcome is not None:
        others[event.participant] = OutcomeNote(event.outcome, event.at, event.note)
    return replace(day, outcomes=others)


def _reassigned(day: Day, event: happened.TakeReassigned, _wall: datetime) -> Day:
    change = {"participant": event.participant, "number": event.take}
    return _renamed(day, event.stem, event.new_stem, change)


def _corrected(day: Day, event: happened.TakeCorrected, _wall: datetime) -> Day:
    change = {"variant": event.variant, "number": event.take}
    return _renamed(day, event.stem, event.new_stem, change)


def _cut(day: Day, event: happened.TakeCut, _wall: datetime) -> Day:
    take = Take(
        stem=event.stem,
        tape=event.stem,
        participant=event.participant,
        number=event.take,
        variant=event.variant,
        started_at=event.started_at,
        ended_at=event.ended_at,
        spans=event.spans,
        decision=event.decision,
        flags=("recut",),
    )
    return _with(day, take)


def _clock_corrected(day: Day, event: happened.ClockCorrected, _wall: datetime) -> Day:
    """What was noted by the wrong clock moves along; what was published by it stays as it was told."""
    by = timedelta(seconds=event.seconds)
    parts = tuple(part if _stem(part) in day.published else _moved_part(part, by) for part in day.parts)
    takes = {stem: take if stem in day.published else _moved(take, by) for stem, take in day.takes.items()}
    return replace(day, parts=parts, takes=takes, clock_correction_s=day.clock_correction_s + event.seconds)


def _published(day: Day, event: happened.RecordingPublished, _wall: datetime) -> Day:
    return replace(day, published={**day.published, event.stem: (event.sha256, event.manifest_sha256)})


def _renamed(day: Day, stem: str, new_stem: str, change: dict[str, Any]) -> Day:
    """The take goes on as `new_stem`; under its old name it stays on record, superseded."""
    take = day.takes[stem]
    if new_stem == stem:
        return _with(day, replace(take, **change))
    successor = replace(take, stem=new_stem, replaces=stem, **change)
    takes = {**day.takes, stem: replace(take, superseded=True, open_from=None), new_stem: successor}
    return replace(day, takes=takes, current=new_stem if day.current == stem else day.current)


def _span_closed(take: Take, end: int) -> Take:
    """The take without an open span: what was being recorded ends before the frame `end`."""
    if take.open_from is None:
        return take
    return replace(take, spans=(*take.spans, _span(take.open_from, end)), open_from=None)


def _moved(noted: Take | StreamPart, by: timedelta) -> Any:
    ended_at = noted.ended_at + by if noted.ended_at else None
    return replace(noted, started_at=noted.started_at + by, ended_at=ended_at)


def _moved_part(part: StreamPart, by: timedelta) -> StreamPart:
    anchors = tuple(replace(anchor, at=anchor.at + by) for anchor in part.anchors)
    moved: StreamPart = replace(_moved(part, by), anchors=anchors)
    return moved


def _of_last_part(day: Day, **change: Any) -> Day:
    return replace(day, parts=(*day.parts[:-1], replace(day.parts[-1], **change)))


def _stem(part: StreamPart) -> str:
    return part.file.removesuffix(".wav")


def _within(take: Take, stream: str, frames: int) -> Take:
    """The take with no span reaching past the stream's end, should it have ended early."""
    spans = tuple(
        replace(span, frames=max(0, min(span.end, frames) - span.first_frame)) if span.stream == stream else span
        for span in take.spans
    )
    return replace(take, spans=spans) if spans != take.spans else take


def _with(day: Day, take: Take) -> Day:
    return replace(day, takes={**day.takes, take.stem: take})


def _current(day: Day) -> Take:
    if day.take is None:
        raise ValueError("no take in hand")
    return day.take


def _place(event: Event) -> Place:
    if event.stream is None:
        raise ValueError(f"{type(event).__name__} without a stream")
    return Place(event.stream, event.frame)


def _span(first: Place, end: int) -> FrameSpan:
    return FrameSpan(first.stream, first.frame, max(0, end - first.frame))


_CHANGES: Mapping[type[Event], Callable[[Day, Any, datetime], Day]] = {
    happened.StreamStarted: _stream_started,
    happened.StreamEnded: _stream_ended,
    happened.Anchored: _anchored,
    happened.GapBegan: _gap_began,
    happened.GapFound: _gap,
    happened.TakeStarted: _take_started,
    happened.TaskMarked: _task_marked,
    happened.TakePaused: _span_ended,
    happened.TakeStopped: _span_ended,
    happened.TakeResumed: _span_began,
    happened.TakeContinued: _span_began,
    happened.TakeDecided: _decided,
    happened.TakeCancelled: _cancelled,
    happened.OutcomeSet: _outcome,
    happened.TakeReassigned: _reassigned,
    happened.TakeCorrected: _corrected,
    happened.TakeCut: _cut,
    happened.ClockCorrected: _clock_corrected,
    happened.RecordingPublished: _published,
}
