"""Status: what is true at one instant, and how it becomes what people and programs read."""

from typing import NamedTuple

from station import levels
from station.messages import (
    Alarm,
    DiskStatus,
    ParticipantStatus,
    RehearsalStatus,
    RehearsalStep,
    Status,
    StreamStatus,
    TakeStatus,
    VerdictStatus,
)
from station.session import Day, Rules
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

    def status(self, channels: int) -> Status:
        """The room at that instant."""
        take = self.day.take
        return Status(
            state=self.day.state,
            participant=take.participant if take else None,
            take=take.stem if take else None,
            verdict=take.verdict if take else None,
            stream=self.stream,
            levels=levels.measure(self.heard, channels),
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
            _takes(day, number),
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


def _takes(day: Day, number: int) -> tuple[TakeStatus, ...]:
    accepted = day.accepted(number)
    return tuple(
        TakeStatus(
            take.number,
            take.stem + SUFFIX,
            take is accepted,
            take.stem in day.published,
            VerdictStatus(take.verdict.grade, take.verdict.reasons) if take.verdict else None,
        )
        for take in day.takes_of(number)
    )
