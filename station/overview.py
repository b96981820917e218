"""Status: what is true at one instant, and how it becomes what people and programs read."""

import sys
from datetime import datetime
from typing import Any, NamedTuple

from exam.audio import AudioFormat, FrameSpan, frame_within
from station import levels
from station.messages import (
    Alarm,
    DiskStatus,
    MarkStatus,
    ParticipantStatus,
    PedalStatus,
    RehearsalStatus,
    RehearsalStep,
    Status,
    StreamStatus,
    TakeInHand,
    TakeStatus,
    VerdictStatus,
)
from station.session import Day, Rules, State, Take
from station.tape import SUFFIX


class Snapshot(NamedTuple):
    """All that a Status is made of: cheap to take ten times a second, made into words when somebody asks.

    `heard`: the latest blocks, as bytes.
    """

    day: Day
    stream: StreamStatus | None
    heard: tuple[bytes, ...]
    alarms: tuple[Alarm, ...]
    disk: tuple[DiskStatus, ...]
    publishing: tuple[str, ...]
    participants: tuple[ParticipantStatus, ...]
    rehearsing: RehearsalStep | None = None

    def told(self) -> tuple[Any, ...]:
        """Whatever does not change by itself: while this stays equal there is nothing new to be told."""
        stream = self.stream and (self.stream.file, len(self.stream.gaps), *(gap.open for gap in self.stream.gaps[-1:]))
        step = self.rehearsing and (self.rehearsing.step, self.rehearsing.listening)
        disks = tuple((disk.folder, disk.is_equal) for disk in self.disk)
        alarms = tuple((alarm.code, alarm.severity, alarm.since, alarm.seat) for alarm in self.alarms)
        return self.day, stream, alarms, disks, self.publishing, step

    def status(self, shape: AudioFormat, version: int, now: datetime, pedal: PedalStatus | None) -> Status:
        """The room at that instant."""
        take = self.day.take
        return Status(
            state=self.day.state,
            version=version,
            now=now,
            chosen=self.day.choice,
            in_hand=_in_hand(self.day, take, self.stream, shape) if take else None,
            pedal=pedal,
            participant=take.participant if take else None,
            take=take.stem if take else None,
            verdict=take.verdict if take else None,
            stream=self.stream,
            levels=levels.measure(self.heard, shape.channels),
            alarms=self.alarms,
            disk=self.disk,
            publishing=self.publishing,
            participants=self.participants,
            rehearsal=_rehearsal(self.day, self.rehearsing),
        )


def participants(day: Day, rules: Rules) -> tuple[ParticipantStatus, ...]:
    """Everyone on the roster, with outcome and takes that count."""
    return tuple(
        ParticipantStatus(
            number,
            person.full_name,
            str(day.outcomes[number].outcome) if number in day.outcomes else None,
            _takes(day, number, rules),
        )
        for number, person in rules.roster.items()
    )


def _rehearsal(day: Day, running: RehearsalStep | None) -> RehearsalStatus | None:
    """The last test recording, even one that was not finished."""
    if not day.rehearsals:
        return None
    last = day.rehearsals[-1]
    return RehearsalStatus(
        file=last.stem + SUFFIX,
        at=last.started_at,
        quick=last.quick,
        ending=last.ending,
        published=last.stem in day.published,
        grade=last.grade,
        verdict=last.verdict,
        accepted_by=last.accepted_by,
        running=running if last.ending is None else None,
    )


def _in_hand(day: Day, take: Take, stream: StreamStatus | None, shape: AudioFormat) -> TakeInHand:
    heard = stream.frames if stream is not None else 0
    in_spans = sum(span.frames for span in take.spans)
    frames = in_spans + (max(0, heard - take.open_from.frame) if take.open_from is not None else 0)
    ended = take.end
    paused = None
    if day.state is State.PAUSED and ended is not None:
        paused = heard - ended.frame if stream is not None and ended.stream == stream.file else heard
    return TakeInHand(
        take=take.stem,
        number=take.number,
        participant=take.participant,
        variant=take.variant,
        started_at=take.started_at,
        seconds=_seconds(frames - take.lead, shape),
        seconds_in_all=_seconds(frames, shape),
        paused_s=None if paused is None else _seconds(paused, shape),
        marks=tuple(MarkStatus(task, _seconds(at - take.lead, shape)) for task, at in _marks(take)),
        opinion=take.opinion,
        listened=take.listened,
    )


def _marks(take: Take) -> list[tuple[int, int]]:
    """Each marked task and the frame of the take where it begins."""
    spans = take.spans
    if take.open_from is not None:  # it holds every mark behind the last span, however long it becomes
        spans = (*spans, FrameSpan(take.open_from.stream, take.open_from.frame, sys.maxsize))
    return [(task, frame_within(spans, place.stream, place.frame)) for task, place in take.marks]


def _seconds(frames: int, shape: AudioFormat) -> float:
    return round(max(0, frames) / shape.sample_rate, 2)


def _takes(day: Day, number: int, rules: Rules) -> tuple[TakeStatus, ...]:
    accepted = day.accepted(number)
    return tuple(
        TakeStatus(
            take=take.number,
            file=take.stem + SUFFIX,
            accepted=take is accepted,
            published=take.stem in day.published,
            verdict=VerdictStatus(take.verdict.grade, take.verdict.reasons) if take.verdict else None,
            variant=take.variant,
            decision=take.decision,
            opinion=take.opinion,
            listened=take.listened,
            started_at=take.started_at,
            ended_at=take.ended_at,
            seconds=round(sum(span.frames for span in take.spans) / rules.sample_rate, 2),
            source=take.source,
            flags=take.flags,
        )
        for take in day.takes_of(number)
    )
