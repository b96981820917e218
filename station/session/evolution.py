"""What each event changes: the next day from a day and an event. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from exam.audio import FrameSpan, Gap
from exam.manifest import Listened
from station.session import events as happened
from station.session.day import Anchor, Choice, Day, OutcomeNote, Place, Rehearsal, State, StreamPart, Take, next_state
from station.session.events import Event

_TURNS = {"file_limit", "disk_full", "disk_failed"}


def evolve(day: Day, event: Event, wall: datetime) -> Day:
    """The day after `event`, which happened at `wall`. Raises ValueError where the table forbids it."""
    state = next_state(day.state, event)
    if state is None:
        raise ValueError(f"{type(event).__name__} cannot happen while {day.state}")
    change = _CHANGES.get(type(event))
    return replace(change(day, event, wall) if change else day, state=state)


def joined(day: Day, other: Day) -> Day:
    """The day of a room whose computers recorded it in turn; `day` is the one in hand."""
    return replace(
        day,
        parts=day.parts + other.parts,
        takes={**day.takes, **other.takes},
        outcomes={**other.outcomes, **day.outcomes},
        published={**day.published, **other.published},
        rehearsals=day.rehearsals + other.rehearsals,
    )


def _stream_started(day: Day, event: happened.StreamStarted, wall: datetime) -> Day:
    """A take being recorded goes on in the new part, and so does what the one before left of spans that had ended."""
    part = StreamPart(_place(event).stream, event.at or wall)
    is_open = {day.current} if day.state is State.RECORDING else ()
    takes = {stem: _gone_on(take, part.file, is_open=stem in is_open) for stem, take in day.takes.items()}
    return replace(day, parts=(*day.parts, part), takes=takes)


def _gone_on(take: Take, file: str, *, is_open: bool) -> Take:
    spans = (replace(span, stream=file) for span in take.ahead)
    open_from = Place(file, take.opens_ahead) if is_open else take.open_from
    return replace(take, spans=(*take.spans, *spans), open_from=open_from, ahead=(), opens_ahead=0)


def _stream_ended(day: Day, event: happened.StreamEnded, wall: datetime) -> Day:
    """A span being recorded ends with the part; spans and gaps that were to end after it end there, too: the journal
    is on the disk before the sound is. Where the stream goes on at the very next frame, so do spans."""
    gaps = tuple(
        replace(gap, frames=min(gap.end, event.frame) - gap.first_frame)
        for gap in day.parts[-1].gaps
        if gap.first_frame < event.frame
    )
    day = _of_last_part(day, frames=event.frame, ended_at=event.at or wall, gaps=gaps, open_gap=None, head=event.head)
    file = day.parts[-1].file
    goes_on = event.ending in _TURNS and event.at is None  # else it ended because no disk took any more
    takes = {stem: _ended(take, file, event.frame, goes_on=goes_on) for stem, take in day.takes.items()}
    return replace(day, takes=takes)


def _ended(take: Take, file: str, end: int, *, goes_on: bool) -> Take:
    ended = _within(_span_closed(take, end), file, end)
    if not goes_on:
        return ended
    ahead = tuple(
        FrameSpan("", max(0, span.first_frame - end), span.end - max(end, span.first_frame))
        for span in take.spans
        if span.stream == file and span.end > end
    )
    opens_ahead = max(0, take.open_from.frame - end) if take.open_from is not None else 0
    return replace(ended, ahead=ahead, opens_ahead=opens_ahead)


def _anchored(day: Day, event: happened.Anchored, _wall: datetime) -> Day:
    anchor = Anchor(event.frame, event.at, event.at_ns, event.boot)
    part = day.parts[-1]
    drift = part.drift_ppm if event.drift_ppm is None else event.drift_ppm
    return _of_last_part(day, anchors=(*part.anchors, anchor), drift_ppm=drift)


def _gap_began(day: Day, event: happened.GapBegan, _wall: datetime) -> Day:
    return _of_last_part(day, open_gap=Gap(event.frame, 0, event.reason))


def _gap(day: Day, event: happened.GapFound, _wall: datetime) -> Day:
    gaps = (Gap(event.frame, event.frames, event.reason),) if event.frames else ()
    return _of_last_part(day, gaps=(*day.parts[-1].gaps, *gaps), open_gap=None)


def _chosen(day: Day, event: happened.Chosen, _wall: datetime) -> Day:
    if event.participant is None:
        return replace(day, choice=None)
    choice = Choice(event.participant, event.variant, event.other_room, event.document_checked)
    return replace(day, choice=choice)


def _opened(day: Day, event: happened.DayOpened, wall: datetime) -> Day:
    return day if day.opened_at is not None else replace(day, opened_at=event.at or wall)


def _closed(day: Day, event: happened.DayClosed, wall: datetime) -> Day:
    return replace(day, choice=None, closed_at=event.at or wall)


def _take_started(day: Day, event: happened.TakeStarted, wall: datetime) -> Day:
    take = Take(
        stem=event.stem,
        tape=event.stem,
        participant=event.participant,
        number=event.take,
        variant=event.variant,
        started_at=event.at or wall,
        open_from=_place(event),
        lead=event.lead,
    )
    return replace(_with(day, take), current=take.stem, choice=None)


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
    """What was said of the take so far, by us or by whoever listened, says nothing of what follows."""
    return _with(day, replace(_current(day), open_from=_place(event), verdict=None, listened=None, opinion=None))


def _heard(day: Day, event: happened.TakeHeard, _wall: datetime) -> Day:
    listened: Listened = "declined" if event.opinion == "declined" else event.seconds
    return _with(day, replace(day.takes[event.stem], listened=listened, opinion=event.opinion))


def _decided(day: Day, event: happened.TakeDecided, _wall: datetime) -> Day:
    take = day.takes[event.stem]
    listened = take.listened if event.listened is None else event.listened
    take = replace(take, decision=event.decision, listened=listened)
    return replace(_with(day, take), current=None)


def _cancelled(day: Day, event: happened.TakeCancelled, _wall: datetime) -> Day:
    return replace(_with(day, replace(day.takes[event.stem], cancelled=True)), current=None)


def _outcome(day: Day, event: happened.OutcomeSet, wall: datetime) -> Day:
    others = {number: note for number, note in day.outcomes.items() if number != event.participant}
    if event.outcome is not None:
        others[event.participant] = OutcomeNote(event.outcome, event.at, event.note, event.noted_at or wall)
    return replace(day, outcomes=others)


def _reassigned(day: Day, event: happened.TakeReassigned, _wall: datetime) -> Day:
    change = {"participant": event.participant, "number": event.take}
    return _renamed(day, event.stem, event.new_stem, change)


def _corrected(day: Day, event: happened.TakeCorrected, _wall: datetime) -> Day:
    change = {"variant": event.variant, "number": event.take}
    return _renamed(day, event.stem, event.new_stem, change)


def _take_added(day: Day, event: happened.TakeAdded, _wall: datetime) -> Day:
    take = Take(
        stem=event.stem,
        tape=event.stem,
        participant=event.participant,
        number=event.take,
        variant=event.variant,
        started_at=event.started_at,
        ended_at=event.ended_at,
        spans=event.spans,
        marks=tuple((mark.task, _place_within(event.spans, mark.frame)) for mark in event.marks),
        decision=event.decision,
        listened=event.listened,
        opinion=event.opinion,
        flags=event.flags,
        source=event.source,
        replaces=event.replaces,
    )
    return _with(day, take)


def _place_within(spans: Sequence[FrameSpan], frame: int) -> Place:
    """Where in the stream the frame `frame` of the spans' concatenation is."""
    for span in spans:
        if frame < span.frames:
            return Place(span.stream, span.first_frame + frame)
        frame -= span.frames
    return Place(spans[-1].stream, spans[-1].end)


def _speech_in_pause(day: Day, event: happened.SpeechInPause, _wall: datetime) -> Day:
    take = day.takes[event.stem]
    flags = take.flags if "speech_in_pause" in take.flags else (*take.flags, "speech_in_pause")
    return _with(day, replace(take, flags=flags))


def _judged(day: Day, event: happened.TakeJudged, _wall: datetime) -> Day:
    return _with(day, replace(day.takes[event.stem], verdict=event.verdict))


def _clock_stepped(day: Day, event: happened.ClockStepped, _wall: datetime) -> Day:
    """Once a person has said what time it is, their time goes on whatever the computer's clock does."""
    return replace(day, clock_correction_s=day.clock_correction_s and day.clock_correction_s - event.seconds)


def _clock_corrected(day: Day, event: happened.ClockCorrected, _wall: datetime) -> Day:
    """What was noted by the wrong clock moves along; what was published by it, or told by a close, stays as it was."""
    by = timedelta(seconds=event.seconds)
    parts = tuple(part if part.stem in day.published else _moved_part(part, by) for part in day.parts)
    takes = {stem: take if stem in day.published else _moved(take, by) for stem, take in day.takes.items()}
    rehearsals = tuple(each if each.stem in day.published else _moved(each, by) for each in day.rehearsals)
    day = replace(day, parts=parts, takes=takes, rehearsals=rehearsals)
    if day.closed_at is None:
        day = replace(day, opened_at=day.opened_at and day.opened_at + by, outcomes=_moved_notes(day, by))
    return replace(day, clock_correction_s=day.clock_correction_s + event.seconds)


def _moved_notes(day: Day, by: timedelta) -> dict[int, OutcomeNote]:
    return {
        number: replace(note, noted_at=note.noted_at and note.noted_at + by) for number, note in day.outcomes.items()
    }


def _published(day: Day, event: happened.RecordingPublished, _wall: datetime) -> Day:
    return replace(day, published={**day.published, event.stem: (event.sha256, event.manifest_sha256)})


def _manifest_lost(day: Day, event: happened.ManifestLost, _wall: datetime) -> Day:
    return replace(day, published={stem: told for stem, told in day.published.items() if stem != event.stem})


def _rehearsal_began(day: Day, event: happened.RehearsalBegan, wall: datetime) -> Day:
    return replace(day, rehearsals=(*day.rehearsals, Rehearsal(event.stem, event.at or wall, event.quick)))


def _rehearsal_ended(day: Day, event: happened.RehearsalEnded, wall: datetime) -> Day:
    told = {"ending": event.ending, "frames": event.frames, "steps": event.steps, "gaps": event.gaps}
    return _with_rehearsal(day, event.stem, ended_at=event.at or wall, **told)


def _rehearsal_judged(day: Day, event: happened.RehearsalJudged, _wall: datetime) -> Day:
    return _with_rehearsal(day, event.stem, verdict=event.verdict)


def _rehearsal_accepted(day: Day, event: happened.RehearsalAccepted, _wall: datetime) -> Day:
    return _with_rehearsal(day, event.stem, accepted_by=event.by)


def _with_rehearsal(day: Day, stem: str, **change: Any) -> Day:
    if day.rehearsal_of(stem) is None:
        raise ValueError(f"no rehearsal {stem}")
    return replace(
        day, rehearsals=tuple(replace(each, **change) if each.stem == stem else each for each in day.rehearsals)
    )


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


def _moved(noted: Take | StreamPart | Rehearsal, by: timedelta) -> Any:
    ended_at = noted.ended_at + by if noted.ended_at else None
    return replace(noted, started_at=noted.started_at + by, ended_at=ended_at)


def _moved_part(part: StreamPart, by: timedelta) -> StreamPart:
    anchors = tuple(replace(anchor, at=anchor.at + by) for anchor in part.anchors)
    moved: StreamPart = replace(_moved(part, by), anchors=anchors)
    return moved


def _of_last_part(day: Day, **change: Any) -> Day:
    return replace(day, parts=(*day.parts[:-1], replace(day.parts[-1], **change)))


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
    happened.DayOpened: _opened,
    happened.DayClosed: _closed,
    happened.StreamStarted: _stream_started,
    happened.StreamEnded: _stream_ended,
    happened.Anchored: _anchored,
    happened.GapBegan: _gap_began,
    happened.GapFound: _gap,
    happened.Chosen: _chosen,
    happened.TakeStarted: _take_started,
    happened.TaskMarked: _task_marked,
    happened.TakePaused: _span_ended,
    happened.TakeStopped: _span_ended,
    happened.TakeResumed: _span_began,
    happened.TakeContinued: _span_began,
    happened.TakeHeard: _heard,
    happened.TakeDecided: _decided,
    happened.TakeCancelled: _cancelled,
    happened.OutcomeSet: _outcome,
    happened.TakeReassigned: _reassigned,
    happened.TakeCorrected: _corrected,
    happened.TakeAdded: _take_added,
    happened.SpeechInPause: _speech_in_pause,
    happened.TakeJudged: _judged,
    happened.ClockStepped: _clock_stepped,
    happened.ClockCorrected: _clock_corrected,
    happened.RecordingPublished: _published,
    happened.ManifestLost: _manifest_lost,
    happened.RehearsalBegan: _rehearsal_began,
    happened.RehearsalEnded: _rehearsal_ended,
    happened.RehearsalJudged: _rehearsal_judged,
    happened.RehearsalAccepted: _rehearsal_accepted,
}
