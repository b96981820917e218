"""What the rooms' computers tell: this one, asked as its own room's headquarters, and those the exchange here hears.

Where the exchange's folder is needs no setting: the headquarters watches what the exchange stores for the school.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from sync import roomlook
from sync.config import Config
from sync.exchange.rooms import RoomStanding, rooms
from sync.exchange.yard import Yard
from sync.office.rooms import Light, RoomState, Word
from sync.plan import Reason
from sync.roomlook import Look, RoomFile
from sync.roomword import Delivery, Ready, RoomWord

_READY_EVERY_S = 300.0
_QUIET_STATES = frozenset({"closed", "idle"})
_REHEARSAL = "rehearsal"
_LACKING = frozenset({"warn", "bad"})


class Hearing:
    """The words on one exam date. One thread at a time asks."""

    def __init__(self, config: Config, exam_date: date) -> None:
        self._config, self._exam_date = config, exam_date
        files = roomlook.room_files(config.file.absolute().parent)
        self._own = [_Own(config, file) for file in files if file.exam_date in {None, exam_date}]

    def words(self) -> list[Word]:
        """The last of each computer; of this one, what it says itself. Raises ExamError when the exchange is broken."""
        own = [one.word() for one in self._own]
        known = {(word.room, word.station) for word in own}
        return own + [word for word in self._heard() if (word.room, word.station) not in known]

    def _heard(self) -> Iterator[Word]:
        now = datetime.now(UTC)
        for folder in exchanges(self._config):
            for one in rooms(folder):
                if one.school == self._config.school and one.word.exam_date in {None, self._exam_date}:
                    yield _of(one, now, self._config)


def exchanges(config: Config) -> list[Path]:
    """The exchanges whose store for this school is watched: their folders."""
    found = [path.parent.parent for path in config.recordings if path.name == config.school]
    return [folder for folder in dict.fromkeys(found) if Yard(folder).database.is_file()]


class _Own:
    """A room whose station runs on this computer."""

    def __init__(self, config: Config, file: RoomFile) -> None:
        self._config, self._file = config, file
        self._look = Look(file, config.recordings)
        self._ready: tuple[float, Ready] | None = None
        self._stream: tuple[str, int] = ("", 0)

    def word(self) -> Word:
        said = roomlook.word(self._file, self._look, Delivery(), lambda: datetime.now(self._config.zone))
        said = msgspec.structs.replace(said, ready=self._readiness(said))
        return _told(said, said.said_at, grew=self._grew(said))

    def _readiness(self, said: RoomWord) -> Ready | None:
        is_quiet = said.station is None or said.station.state in _QUIET_STATES
        if is_quiet and (self._ready is None or time.monotonic() - self._ready[0] >= _READY_EVERY_S):
            found = self._look.ready(said.said_at)
            if found is not None:
                self._ready = time.monotonic(), found
        return self._ready[1] if self._ready else None

    def _grew(self, said: RoomWord) -> bool | None:
        stream = said.station.stream if said.station else None
        if stream is None:
            return None
        file, before = self._stream
        self._stream = stream.file, stream.bytes
        return stream.bytes > before if stream.file == file else stream.bytes > 0


def _of(one: RoomStanding, now: datetime, config: Config) -> Word:
    heard_at = one.received_at.astimezone(config.zone)
    grew = one.growing if one.word.station and one.word.station.stream else None
    return _told(
        one.word, heard_at, grew=grew, is_late=one.is_silent(now), off_s=one.clock_off_s or 0.0, before=one.ready_before
    )


def _told(
    said: RoomWord, heard_at: datetime, *, grew: bool | None, is_late: bool = False, off_s: float = 0.0,
    before: Ready | None = None,
) -> Word:  # fmt: skip
    station, ready = said.station, said.ready or before
    state: RoomState = station.state if station else "unknown"
    alarms = [alarm.text for alarm in station.alarms] if station else [said.silent]
    return Word(
        room=said.room,
        station=said.computer,
        state=state,
        heard_at=heard_at,
        is_late=is_late,
        size=station.stream.bytes if station and station.stream else None,
        grew=grew,
        rehearsed=_rehearsed((said.ready, before)),
        readiness=_lights(ready) if ready and state in _QUIET_STATES else (),
        alarms=tuple(Reason(text, text) for text in alarms if text),
        clock_off_s=off_s,
        done=station.done if station else 0,
        expected=station.expected if station else 0,
    )


def _rehearsed(told: Sequence[Ready | None]) -> bool | None:
    """Whether a test recording passed; None where nobody says."""
    states = [light.state for ready in told if ready for light in ready.lights if light.code == _REHEARSAL]
    return any(state not in {"bad", "off"} for state in states) if states else None


def _lights(ready: Ready) -> tuple[Light, ...]:
    """What is not as it should be; the test recording is told by itself."""
    return tuple(
        Light(light.code, light.text) for light in ready.lights if light.state in _LACKING and light.code != _REHEARSAL
    )
