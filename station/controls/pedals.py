"""Which pedals there are, which one was learnt, and the file that tells it. Knows no devices.

Written by `station learn-pedal` alone, beside the configuration it belongs to: 265.toml has 265.pedal.json.
"""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated

import msgspec
from msgspec import Meta, Struct

from exam import durable, settings
from exam.errors import ConfigError, Rejected
from exam.settings import wrong
from station.session.commands import Button

KNOWN = {
    "3553:b001": "PCsensor FootSwitch",
    "0c45:7403": "PCsensor FootSwitch",
    "0c45:7404": "PCsensor FootSwitch",
    "413d:2107": "PCsensor FootSwitch",
    "1a86:e026": "PCsensor FootSwitch",
    "05f3:00ff": "VEC Infinity",
}
"""USB vendor:product of pedals. Many say that they are whole keyboards; which ones are none, nothing else tells."""
ORDER: tuple[Button, ...] = ("main", "pause", "stop")
"""What the buttons of a pedal do, in the order in which they are pressed when it is learnt."""

_Identity = Annotated[str, Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
_TRIES, _AGAIN_S = 5, 0.05
_OPEN_TO_ALL = 0o644  # whoever learnt it, the daemon's user reads it; it is no secret


class Learnt(Struct, frozen=True, forbid_unknown_fields=True):
    """A button of a pedal: the device's vendor:product and the code of the key it sends."""

    button: Button
    device: _Identity
    code: Annotated[int, Meta(ge=1, le=767)]


class Pedal(Struct, frozen=True, forbid_unknown_fields=True):
    """What was learnt: one, two or three buttons, of one pedal or several."""

    buttons: Annotated[tuple[Learnt, ...], Meta(min_length=1, max_length=3)]

    @property
    def devices(self) -> frozenset[str]:
        """vendor:product of each device it consists of."""
        return frozenset(learnt.device for learnt in self.buttons)


def file_of(config: Path) -> Path:
    """Where it is kept that a pedal was learnt for the room of this configuration file."""
    return config.with_suffix(".pedal.json")


def load(path: Path) -> Pedal | None:
    """The pedal that was learnt, None where none was. Raises ConfigError naming file and key."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=dict)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: файл педали не читается: {error}. Научите заново: station learn-pedal.",
            f"{path}: the pedal's file cannot be read: {error}. Learn it again: station learn-pedal.",
        ) from error
    pedal = settings.convert(path, document, Pedal)
    for told in ([learnt.button for learnt in pedal.buttons], [(each.device, each.code) for each in pedal.buttons]):
        if len(set(told)) < len(told):
            raise wrong(path, "buttons", "кнопка указана дважды", "a button is there twice")
    return pedal


def save(path: Path, pedal: Pedal) -> None:
    """Keep it, durably. Raises OSError as the disk does."""
    durable.rewrite(path, msgspec.json.format(msgspec.json.encode(pedal)) + b"\n", mode=_OPEN_TO_ALL)


def rule(device: str, group: str) -> str:
    """The udev rule that gives this device, and no other, to a group, and takes it from the desktop."""
    vendor, product = device.split(":")
    return (
        f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}", '
        f'GROUP="{group}", MODE="0640", ENV{{LIBINPUT_IGNORE_DEVICE}}="1"'
    )


@contextlib.contextmanager
def learning(config: Path) -> Iterator[None]:
    """While a pedal is learnt for this room its daemon lets go of the one it holds. Raises Rejected when one is
    already being learnt. Ends with the process that learns, however that ends."""
    with config.open("rb") as file:
        if not any(_is_taken(file) for _ in range(_TRIES)):
            raise Rejected(
                "Педаль этой аудитории уже учат в другом окне. Закончите там.",
                "This room's pedal is being learnt in another window. Finish there.",
                code="busy",
            )
        yield


def _is_taken(file: IO[bytes]) -> bool:
    """Take the lock; the daemon, asking whether it is taken, holds it for a moment, too."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_AGAIN_S)
        return False
    return True


def is_being_learnt(config: Path) -> bool:
    """Whether somebody learns a pedal for this room just now."""
    try:
        with config.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
