"""What a room's computer tells the headquarters of itself, every few seconds: the words, bounded. Pure.

`sync.telling` sends it, the exchange at the headquarters keeps the last of each. No participant is named: numbers are
enough to see how far a room is. Texts of alarms are the station's own.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_BYTES = 64 * 1024
"""Of a word as JSON; many times what a room with every alarm takes."""
MAX_TEXT = 400
_MAX_LIGHTS, _MAX_ALARMS = 40, 40

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Count = Annotated[int, Meta(ge=0, lt=2**53)]
Moment = Annotated[datetime, Meta(tz=True)]

State = Literal["closed", "idle", "recording", "paused", "review"]
Delivering = Literal["nothing", "under_way", "done", "needs_human"]


class Light(Struct, frozen=True):
    """One thing that must be right; `text`: what to do or what was found, empty where it is as it should be."""

    code: Name
    state: Literal["ok", "warn", "bad", "off"]
    text: Text = ""


class Ready(Struct, frozen=True):
    """What `station ready` found at `at`. `ready`: nothing is red."""

    at: Moment
    ready: bool
    lights: Annotated[tuple[Light, ...], Meta(max_length=_MAX_LIGHTS)] = ()


class Alarm(Struct, frozen=True):
    code: Name
    severity: Name
    text: Text
    since: Moment


class Stream(Struct, frozen=True):
    """The common recording's open file. `bytes`: on disk, as a look at the file finds them."""

    file: Annotated[str, Meta(min_length=1, max_length=255)]
    bytes: Count
    seconds: Annotated[float, Meta(ge=0)] = 0.0


class Station(Struct, frozen=True, kw_only=True):
    """The recorder's state. `participant`: number of the one in hand; `done`: of the `expected` participants, those
    with an accepted recording or an outcome; `hours_left`: of the scarcest disk."""

    state: State
    participant: Count | None = None
    stream: Stream | None = None
    alarms: Annotated[tuple[Alarm, ...], Meta(max_length=_MAX_ALARMS)] = ()
    done: Count = 0
    expected: Count = 0
    hours_left: Annotated[float, Meta(ge=0)] | None = None


class Delivery(Struct, frozen=True, kw_only=True):
    """How far the room's agent is: `delivered` of `files`, `bytes_left` to be sent."""

    state: Delivering = "nothing"
    files: Count = 0
    delivered: Count = 0
    bytes_left: Count = 0


class RoomWord(Struct, frozen=True, kw_only=True):
    """One computer's word on its room. `said_at`: by its own clock. `station`: None while the recorder does not answer,
    and then `silent` says why."""

    room: Name
    computer: Name
    said_at: Moment
    exam_date: date | None = None
    station: Station | None = None
    silent: Text = ""
    ready: Ready | None = None
    delivery: Delivery = Delivery()
