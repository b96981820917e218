"""How this computer's rooms are, in the words of `sync.roomword`: what the station's own commands say, and how much of
the stream lies on the disk. Called by `sync.telling`; reads only.

The station knows nothing of it: `station status --json` and `station ready --json` are public commands.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from exam import names, oswords, roster, settings
from exam.errors import ExamError
from exam.language import say
from sync import ledger
from sync.model import ItemState
from sync.plan import Row, is_awaited
from sync.roomword import MAX_TEXT, Alarm, Delivering, Delivery, Light, Moment, Ready, RoomWord, State, Station, Stream
from sync.states import ARRIVED, DONE

STATION = (sys.executable, "-m", "station.cli")
_PATIENCE_S = 20.0
_ALARMS, _LIGHTS = 40, 40
_NAME_LETTERS = 80
_OF_WHO_ASKS = frozenset({"disk", "copy", "sleep"})
"""Lights that tell what the user who asks may do: of another user than the recorder's they say nothing."""
_WITH_NAMES = frozenset({"roster"})
"""Lights whose text may name participants."""


class RoomFile(Struct, frozen=True):
    """A station's settings, as far as they matter here. `recordings`: where it records."""

    path: Path
    room: str
    exam_date: date | None
    roster: Path | None
    recordings: Path | None


class _Take(Struct):
    accepted: bool


class _Participant(Struct):
    number: int
    outcome: str | None
    takes: tuple[_Take, ...]


class _Stream(Struct):
    file: str


class _Alarm(Struct):
    code: str
    severity: str
    text: str
    since: Moment


class _Disk(Struct):
    folder: str
    hours_left: float


class _Status(Struct):
    """Of `station status --json`, what is used."""

    state: State
    participant: int | None = None
    stream: _Stream | None = None
    alarms: tuple[_Alarm, ...] = ()
    disk: tuple[_Disk, ...] = ()
    participants: tuple[_Participant, ...] = ()


class _Light(Struct):
    code: str
    state: str
    text: str = ""
    advice: str = ""


class _Said(Struct):
    lights: tuple[_Light, ...]


def room_files(folder: Path) -> list[RoomFile]:
    """The settings of this computer's stations: files beside sync.toml that name a room. Those that cannot be read are
    passed over: they are the station's to complain about."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            told = settings.read(path)
        except ExamError:
            continue
        number, day = _value(told, "room", "number"), _value(told, "exam", "date")
        people, storage = _value(told, "room", "roster"), _value(told, "storage", "folder")
        if isinstance(number, str):
            found.append(
                RoomFile(
                    path, number, day if isinstance(day, date) else None,
                    folder / people if isinstance(people, str) else None,
                    folder / storage if isinstance(storage, str) else None,
                )
            )  # fmt: skip
    return found


def _value(told: Mapping[str, object], section: str, key: str) -> object:
    found = told.get(section)
    return found.get(key) if isinstance(found, dict) else None


class Look:
    """Looks at one room's station. `recordings`: the watched folders; `command`: how the station is called."""

    def __init__(self, room: RoomFile, recordings: Sequence[Path], command: Sequence[str] = STATION) -> None:
        self._room, self._recordings, self._command = room, recordings, list(command)
        self._expected: tuple[tuple[int, int], frozenset[int] | None] | None = None

    def station(self) -> tuple[Station | None, str]:
        """The recorder's state, or why there is none, in words. Never raises."""
        answer, silent = self._asked("status")
        try:
            status = msgspec.json.decode(answer, type=_Status)
        except msgspec.DecodeError:
            return None, silent or say("ответ станции непонятен", "the station's answer is unclear")
        return self._told(status), ""

    def ready(self, now: datetime) -> Ready | None:
        """What the station finds of its readiness; None when it cannot be asked. Never raises."""
        try:
            said = msgspec.json.decode(self._asked("ready")[0], type=_Said)
            lights = [_light(light) for light in said.lights if self._speaks_for_us(light.code)][:_LIGHTS]
        except msgspec.DecodeError:
            return None
        return Ready(now, not any(light.state == "bad" for light in lights), tuple(lights))

    def _asked(self, what: str) -> tuple[bytes, str]:
        """What the command printed, and what it complained of."""
        command = [*self._command, what, "--json", "--config", str(self._room.path)]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_PATIENCE_S, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return b"", say("станция не отвечает", "the station does not answer")
        except OSError as error:
            return b"", oswords.shown(error)
        return done.stdout, _cut(done.stderr.decode(errors="replace").strip().rsplit("\n", 1)[-1])

    def _told(self, status: _Status) -> Station:
        took_part = {one.number for one in status.participants if one.takes or one.outcome}
        done = {one.number for one in status.participants if one.outcome or any(take.accepted for take in one.takes)}
        expected = self._expected_here() or frozenset()
        return Station(
            state=status.state,
            participant=status.participant,
            stream=self._stream(status) if status.stream else None,
            alarms=tuple(
                Alarm(_name(one.code), _name(one.severity), _cut(one.text), one.since)
                for one in status.alarms[:_ALARMS]
            ),
            done=len(done),
            expected=len(expected | took_part),
            hours_left=max(min((disk.hours_left for disk in status.disk), default=0.0), 0.0) if status.disk else None,
        )

    def _stream(self, status: _Status) -> Stream | None:
        """The open stream as the disk has it: frames that were counted are not yet bytes that were kept."""
        file = status.stream.file if status.stream else ""
        folders = [*(Path(disk.folder) for disk in status.disk), *self._recordings]
        sizes = [_size(path) for folder in folders for path in _places(folder, file)]
        return Stream(file, max(sizes, default=0)) if file else None

    def _expected_here(self) -> frozenset[int] | None:
        """Whom the roster puts into this room, or into none at all; None when it cannot be read."""
        path = self._room.roster
        try:
            found = path.stat() if path else None
        except OSError:
            return None
        if path is None or found is None:
            return None
        mark = found.st_mtime_ns, found.st_size
        if self._expected is None or self._expected[0] != mark:
            self._expected = mark, _of_room(path, self._room.room)
        return self._expected[1]

    def _speaks_for_us(self, code: str) -> bool:
        return code not in _OF_WHO_ASKS or all(_is_ours(folder) for folder in self._recordings)


def delivery(state: Path) -> Delivery:
    """How far this computer's agent is, by its ledger. Raises ExamError when it cannot be read."""
    here = [row for row in ledger.read(state) if row.present or row.state not in DONE]
    left = [row for row in here if row.state is not ItemState.DELIVERED]
    to_send = sum(row.size - row.offset for row in left if row.stands not in ARRIVED)
    return Delivery(state=_delivering(here, left), files=len(here), delivered=len(here) - len(left), bytes_left=to_send)


def word(room: RoomFile, look: Look, of_agent: Delivery, now: Callable[[], datetime]) -> RoomWord:
    """All of it but readiness. `now`, with its offset, is asked last: a station may take its time."""
    station, silent = look.station()
    return RoomWord(
        room=_name(room.room), computer=_name(socket.gethostname()), said_at=now(), exam_date=room.exam_date,
        station=station, silent=silent, delivery=of_agent,
    )  # fmt: skip


def _delivering(here: Sequence[Row], left: Sequence[Row]) -> Delivering:
    if not left:
        return "done" if here else "nothing"
    return "under_way" if all(is_awaited(row) for row in left) else "needs_human"


def _of_room(path: Path, room: str) -> frozenset[int] | None:
    try:
        people = roster.load(path)
    except ExamError:
        return None
    here = frozenset(number for number, person in people.items() if person.room == room)
    return here or frozenset(number for number, person in people.items() if not person.room)


def _light(light: _Light) -> Light:
    is_told = light.state != "ok" and light.code not in _WITH_NAMES
    text = " → ".join(part for part in (light.text, light.advice) if part) if is_told else ""
    return msgspec.convert({"code": _name(light.code), "state": light.state, "text": _cut(text)}, Light)


def _places(folder: Path, file: str) -> list[Path]:
    """Where a stream of this name may lie below a storage or a watched folder."""
    try:
        name = names.parse(file.removesuffix(".wav"))
    except ExamError:
        return []
    return [folder / names.day_folder(name.exam_date, name.room) / file, folder / file]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_ours(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _name(text: str) -> str:
    return text[:_NAME_LETTERS] or "—"


def _cut(text: str) -> str:
    return text[:MAX_TEXT]
