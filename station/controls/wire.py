"""What the daemon and the controls' process say to each other: one JSON object a line."""

from msgspec import Struct

from station.controls.pedals import Pedal
from station.session.commands import Button, Gesture
from station.session.day import State

PULSE_S = 2.0
"""The process says something at least so often."""


class Setting(Struct, frozen=True):
    """What to listen to: the pedal, and codes of keyboard keys with what they do."""

    pedal: Pedal | None = None
    keys: dict[int, Button] = {}


class Told(Struct, frozen=True):
    """To the process: the room's state."""

    state: State


class Pressed(Struct, frozen=True, tag="pressed"):
    """From the process: a gesture, and when it was meant, on the steady clock."""

    button: Button
    gesture: Gesture
    at_ns: int


class Seen(Struct, frozen=True, tag="seen"):
    """From the process, on each change and every `PULSE_S`: whether all of the pedal is there, whether it is held."""

    present: bool
    holding: bool = False


Said = Pressed | Seen
