"""What was seen of a room that is to be ready: the words between looking and deciding."""

from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct

from station.audibility.findings import Grade

State = Literal["ok", "warn", "bad", "off"]
"""`off`: there is none, and there need not be."""


class Light(Struct, frozen=True):
    """One thing that must be right. `code` names it for programs; `advice` is empty where there is nothing to do."""

    code: str
    state: State
    text: str
    advice: str = ""


class Roster(Struct, frozen=True):
    """`here`: of this room; `namesakes`: what tells those apart whose names begin alike."""

    people: int = 0
    here: int = 0
    namesakes: tuple[str, ...] = ()
    error: str = ""


class Microphone(Struct, frozen=True):
    """`wanted`: as configured. `name`: that of the device that is meant, empty where it is absent. `hears`: whether a
    running daemon has sound of it; None without one. `error`: why not, in words."""

    wanted: str
    name: str = ""
    hears: bool | None = None
    error: str = ""


class Rehearsed(Struct, frozen=True):
    """The last test recording that counts."""

    at: datetime
    grade: Grade | None = None
    accepted_by: str | None = None


class Disk(Struct, frozen=True):
    """`needed`: bytes that a day takes. `error`: the folder cannot be written to, in words."""

    folder: str
    free: int
    needed: int
    hours_left: float
    is_copy: bool = False
    error: str = ""


class Clock(Struct, frozen=True):
    """`is_kept`: by the network's time, None where nothing tells. `known`: the latest moment that is surely past.
    `zone`: the school's; `local_offset`: of the computer's own zone."""

    now: datetime
    known: datetime
    is_kept: bool | None
    zone: str
    local_offset: timedelta


class Delivery(Struct, frozen=True):
    """What the agent says: `delivered` of `files`. `error`: it cannot be asked, in words."""

    files: int = 0
    delivered: int = 0
    error: str = ""


class Facts(Struct, frozen=True):
    """All that was seen. None: there is none, or (of `pedal`) none was learnt. `page`: why it does not answer, empty
    when it does. `sleep`: why it cannot be kept off, empty when it can."""

    config: str
    exam_date: date
    valid_days: int
    roster: Roster
    microphone: Microphone
    rehearsed: Rehearsed | None
    disks: tuple[Disk, ...]
    clock: Clock
    daemon: bool
    sleep: str
    page: str | None = None
    pedal: bool | None = None
    delivery: Delivery | None = None
