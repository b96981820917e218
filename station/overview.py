"""The participants' part of Status: rebuilt after each event, not for each block. Pure but for its memory."""

import os
from pathlib import Path

from exam.audio import AudioFormat
from station.messages import DiskStatus, ParticipantStatus, TakeStatus
from station.session import Day, Rules
from station.tape import SUFFIX

_S_PER_HOUR = 3600


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


def disk_status(folder: Path, shape: AudioFormat) -> DiskStatus:
    """Free space, and hours of recording it holds: the stream and a take beside it."""
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    bytes_per_hour = 2 * shape.sample_rate * shape.frame_bytes * _S_PER_HOUR
    return DiskStatus(str(folder), free, round(free / bytes_per_hour, 1))


def _takes(day: Day, number: int) -> tuple[TakeStatus, ...]:
    accepted = day.accepted(number)
    return tuple(
        TakeStatus(take.number, take.stem + SUFFIX, take is accepted, take.stem in day.published)
        for take in day.takes_of(number)
    )
