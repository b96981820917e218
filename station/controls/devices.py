"""Input devices as the kernel shows them: what is plugged in, and the keys that go down and up.

The one adapter for evdev and udev. A device is opened for reading only, and only if it is one we are to listen to.
"""

import fcntl
import os
import struct
import time
from collections.abc import Sequence
from typing import Any, Self

import evdev
import pyudev
from evdev import ecodes
from msgspec import Struct

from exam.clock import NS_PER_S, steady_ns
from exam.errors import Transient

_SET_CLOCK = 0x400445A0  # EVIOCSCLOCKID of linux/input.h
_NS_PER_MS = 1_000_000
_LETTERS = frozenset({*range(ecodes.KEY_Q, ecodes.KEY_P + 1), ecodes.KEY_A, ecodes.KEY_Z, ecodes.KEY_SPACE})
_BUILT_IN = {0x11, 0x19}  # BUS_I8042 and BUS_HOST of linux/input.h: a laptop's own keyboard, its buttons
_MOUSE = frozenset({ecodes.BTN_LEFT})


class Node(Struct, frozen=True):
    """A device's file that can send keys. `device`: vendor:product; `stamp`: differs once it was plugged in again or
    given to others."""

    path: str
    device: str
    name: str
    bus: int
    keys: frozenset[int]
    stamp: tuple[int, int]

    @property
    def is_readable(self) -> bool:
        return os.access(self.path, os.R_OK)

    @property
    def is_built_in(self) -> bool:
        return self.bus in _BUILT_IN

    @property
    def is_ordinary(self) -> bool:
        """Whether it says that it is a whole keyboard or a mouse."""
        return self.keys >= _LETTERS or self.keys >= _MOUSE


class Stroke(Struct, frozen=True):
    """A key went down (1), up (0), or is still down (2), at `at` ms of the steady clock."""

    code: int
    value: int
    at: int


def steady_ms() -> int:
    """The clock of strokes."""
    return steady_ns() // _NS_PER_MS


def code_of(name: str) -> int | None:
    """The code of a key by evdev's name of it, say KEY_F9; None where there is no such key."""
    code = ecodes.ecodes.get(name)
    return code if code in ecodes.keys and name.startswith(("KEY_", "BTN_")) else None


def name_of(code: int) -> str:
    """What evdev calls a key."""
    names = ecodes.keys.get(code, str(code))
    return names if isinstance(names, str) else names[0]


class Plugs:
    """What is plugged in, and a descriptor that tells when that may have changed."""

    def __init__(self) -> None:
        self._udev = pyudev.Context()
        self._changes = pyudev.Monitor.from_netlink(self._udev)
        self._changes.filter_by("input")
        self._changes.start()

    def fileno(self) -> int:
        return int(self._changes.fileno())

    def forget(self) -> None:
        """The changes told so far have been heeded."""
        try:
            while self._changes.poll(0) is not None:
                pass
        except OSError:  # more came than it could hold
            return

    def nodes(self) -> Sequence[Node]:
        """Every device's file that can send keys, ours to read or not."""
        found = []
        for device in self._udev.list_devices(subsystem="input"):
            if device.device_node is not None and device.sys_name.startswith("event"):
                node = _node(device)
                if node is not None and node.keys:
                    found.append(node)
        return sorted(found, key=lambda node: node.path)


def _node(device: Any) -> Node | None:
    """None when it is being unplugged just now."""
    parent = device.parent
    try:
        about = parent.properties if parent is not None else {}
        bus, vendor, product, _ = (int(word, 16) for word in about["PRODUCT"].split("/"))
        name = about.get("NAME", "").strip('"')
        status = os.stat(device.device_node)  # noqa: PTH116 - a path of udev's
        return Node(
            path=device.device_node,
            device=f"{vendor:04x}:{product:04x}",
            name=name,
            bus=bus,
            keys=_codes(about.get("KEY", "0")),
            stamp=(status.st_ino, status.st_ctime_ns),
        )
    except (KeyError, ValueError, OSError):
        return None


def _codes(bitmap: str) -> frozenset[int]:
    """Bits of the kernel's words of 64, the highest first."""
    bits = 0
    for word in bitmap.split():
        bits = bits << 64 | int(word, 16)
    return frozenset(code for code in range(bits.bit_length()) if bits >> code & 1)


class Listened:
    """A device that is listened to. `grabs`: nobody else hears it, so that its letters are typed nowhere.

    Raises Transient when it cannot be had, or is unplugged: it may come back.
    """

    def __init__(self, node: Node, *, grabs: bool) -> None:
        self.node = node
        try:
            self._device = evdev.InputDevice(node.path, readonly=True)
        except (OSError, SystemError) as error:  # evdev's SystemError: unplugged while being opened
            raise _lost(node, error) from error
        try:
            if grabs:
                self._device.grab()
        except OSError as error:
            self._device.close()
            raise _lost(node, error) from error
        self._is_steady = self._set_clock()

    def fileno(self) -> int:
        return self._device.fd

    def read(self) -> tuple[Sequence[Stroke], bool]:
        """The strokes that have come; whether some before them were lost."""
        try:
            events = list(self._device.read())
        except BlockingIOError:
            return [], False
        except OSError as error:
            raise _lost(self.node, error) from error
        is_torn = any(event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED for event in events)
        return [
            Stroke(event.code, event.value, self._at(event)) for event in events if event.type == ecodes.EV_KEY
        ], is_torn

    def resting(self) -> Sequence[int]:
        """Codes of the keys that are down now."""
        try:
            return list(self._device.active_keys())
        except OSError as error:
            raise _lost(self.node, error) from error

    def close(self) -> None:
        self._device.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _set_clock(self) -> bool:
        """Its events in the time of our clock; else in wall time, as long as nobody asks."""
        try:
            fcntl.ioctl(self._device.fd, _SET_CLOCK, struct.pack("i", time.CLOCK_BOOTTIME))
        except OSError:
            return False
        return True

    def _at(self, event: Any) -> int:
        at_ns = event.sec * NS_PER_S + event.usec * 1000
        offset_ns = 0 if self._is_steady else steady_ns() - time.time_ns()
        return int(at_ns + offset_ns) // _NS_PER_MS


def _lost(node: Node, error: Exception) -> Transient:
    return Transient(f"{node.name} ({node.path}): {error}", f"{node.name} ({node.path}): {error}", code="no_device")
