"""What `decide` is told beside the day: the room's rules and the moment of a command. Pure."""

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from exam.names import Kind, RecordingName
from exam.roster import Roster
from station.session.day import Day


class Rules(Struct, frozen=True):
    """What the room knows before the day begins. `pre_roll`, `post_roll`: frames; `sample_rate`: frames a second.

    `station`: which computer of the room this is, when one replaced another during the day.
    """

    exam_date: date
    room: str
    school: str
    roster: Roster
    labels: Mapping[int, str]
    pre_roll: int
    post_roll: int
    sample_rate: int
    station: int = 1

    @property
    def numbers_after(self) -> int:
        """Where counting begins: a room's second computer counts from 201, so that two folders never clash."""
        return 0 if self.station == 1 else 100 * self.station

    def stem(self, participant: int, take: int) -> str:
        """The name of a participant's recording."""
        label = self.labels[participant]
        return RecordingName(self.exam_date, self.room, self.school, Kind.PARTICIPANT, label, take).stem

    def stream_stem(self, part: int) -> str:
        """The name of a part of the day's stream."""
        return RecordingName(self.exam_date, self.room, self.school, Kind.STREAM, number=part).stem

    def rehearsal_stem(self, number: int) -> str:
        """The name of a test recording."""
        return RecordingName(self.exam_date, self.room, self.school, Kind.REHEARSAL, number=number).stem


class Moment(Struct, frozen=True):
    """When and where a command arrives.

    `frame`: what is being heard now, in frames of the stream file `stream`; while the day is closed, the file
    that would begin, and 0.
    `taken`: file names that exist already, in any of the day's folders.
    """

    wall: datetime
    stream: str
    frame: int
    taken: frozenset[str] = frozenset()


def free_take(day: Day, rules: Rules, taken: frozenset[str], participant: int) -> tuple[int, str]:
    """The next take number of a participant whose name no file bears yet, and that name."""
    numbers = [take.number for take in day.takes.values() if take.participant == participant]
    number = max(numbers, default=rules.numbers_after) + 1
    while any(name.startswith(rules.stem(participant, number) + ".") for name in taken):
        number += 1
    return number, rules.stem(participant, number)


def free_rehearsal(day: Day, rules: Rules, taken: frozenset[str]) -> str:
    """The next test recording's name that no file bears yet."""
    number = rules.numbers_after + len(day.rehearsals) + 1
    while any(name.startswith(rules.rehearsal_stem(number) + ".") for name in taken):
        number += 1
    return rules.rehearsal_stem(number)
