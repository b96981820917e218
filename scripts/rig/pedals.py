"""Input devices that are not there: pedals and keyboards as udev and evdev show them, plugged and pressed at will.

By umockdev, which stands between a program and the kernel's devices. Events bear wall time, as a kernel's do that was
asked for no other clock. It lets everybody grab and read everything: who may, only the emulated machine shows.
"""

import json
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from rig.staged import Staged

KEY_A, KEY_B, KEY_C, KEY_F9, KEY_PLAYPAUSE, BTN_LEFT = 30, 48, 46, 67, 164, 0x110
_KEYBOARD = frozenset(range(1, 128)) - {84}
_MEDIA = frozenset({113, 114, 115, 163, KEY_PLAYPAUSE, 165, 166, 168, 208})
_EV_SYN, _EV_KEY, _EV_REP = 0, 1, 20
_USB, _I8042 = 3, 0x11
_BYTES_OF_BITS = 96  # python-evdev asks for so many
_BYTES_OF_NAME = 256
_PRELOAD = "libumockdev-preload.so.0"
_ONLY_CONTROLS = f"""
import os, sys

if sys.orig_argv[1:3] == ["-m", "station.controls"] and "LD_PRELOAD" not in os.environ:
    os.execve(sys.executable, sys.orig_argv, os.environ | {{"LD_PRELOAD": "{_PRELOAD}"}})
"""


@dataclass(frozen=True)
class Model:
    """A kind of device: vendor:product, and for each of its nodes the name and the keys it says it has."""

    device: str
    nodes: tuple[tuple[str, frozenset[int]], ...]
    bus: int = _USB


PCSENSOR = Model(
    "3553:b001",
    (
        ("PCsensor FootSwitch Keyboard", _KEYBOARD),
        ("PCsensor FootSwitch Mouse", frozenset(range(BTN_LEFT, BTN_LEFT + 5))),
        ("PCsensor FootSwitch", frozenset()),
    ),
)
"""One button; sends B."""
TRIPLE = Model(
    "1a86:e026",
    (("PCsensor FootSwitch Keyboard", _KEYBOARD), ("PCsensor FootSwitch", _MEDIA)),
)
"""Three buttons; send A, B, C."""
VEC = Model("05f3:00ff", (("VEC VEC USB Footpedal", frozenset({256, 257, 258})),))
"""Three buttons, no keyboard."""
OLYMPUS = Model("07b4:0218", (("OLYMPUS IMAGING CORP. RS-31H", _MEDIA),))
"""Media keys; not among the known pedals."""
USB_KEYBOARD = Model("046d:c31c", (("Logitech USB Keyboard", _KEYBOARD),))
LAPTOP = Model("0001:0001", (("AT Translated Set 2 keyboard", _KEYBOARD),), bus=_I8042)


@dataclass
class Plugged:
    """A device that is plugged in."""

    bed: "Bed"
    model: Model
    numbers: tuple[int, ...]

    def send(self, code: int, value: int, node: int = 0) -> None:
        """A key goes down (1), up (0) or repeats (2)."""
        now_ns = time.time_ns()
        seconds, rest = divmod(now_ns, 1_000_000_000)
        events = ((_EV_KEY, code, value), (_EV_SYN, 0, 0))
        packed = b"".join(struct.pack("llHHi", seconds, rest // 1000, *event) for event in events)
        self.bed.order(do="send", node=_node(self.numbers[node]), bytes=packed.hex())

    def press(self, code: int, seconds: float = 0.15) -> None:
        """Down, and up after so long."""
        self.send(code, 1)
        time.sleep(seconds)  # a foot needs its time
        self.send(code, 0)

    def unplug(self) -> None:
        paths = [path for number in self.numbers for path in (_event(number), _input(number))]
        self.bed.order(do="unplug", paths=[*paths, _usb(self.numbers[0])])


@dataclass
class Bed(Staged):
    """A computer's input devices, for programs started with its `environment`."""

    _PREFIX = "testbed-"
    _numbers: Iterator[int] = field(default_factory=lambda: count(5))

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a program see these devices and no others."""
        return {"UMOCKDEV_DIR": self._root, "LD_PRELOAD": _PRELOAD}

    @property
    def environment_of_daemon(self) -> Mapping[str, str]:
        """Likewise for the station's daemon, where only what hears the pedal is to see them: umockdev ends a program
        that looks for sound cards in vain (too many files it could not open)."""
        return {"UMOCKDEV_DIR": self._root, "PYTHONPATH": str(self._folder)}

    def plug(self, model: Model) -> Plugged:
        """Plug it in. It has other numbers each time, as it mostly has in life."""
        numbers = tuple(next(self._numbers) for _ in model.nodes)
        parts = [_usb_description(numbers[0], model)]
        ioctls = {}
        for number, (name, keys) in zip(numbers, model.nodes, strict=True):
            parts += _descriptions(number, model, name, keys)
            file = self._folder / f"event{number}.ioctl"
            file.write_text(_ioctls(number, model, name, keys))
            ioctls[_node(number)] = str(file)
        self.order(do="plug", description="".join(reversed(parts)), ioctls=ioctls)
        return Plugged(self, model, numbers)

    def order(self, **order: object) -> None:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the testbed has no pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(f"the testbed did not {order['do']}: {(self._folder / 'log').read_text()}")

    def _begin(self) -> None:
        (self._folder / "sitecustomize.py").write_text(_ONLY_CONTROLS)
        script = Path(__file__).parent / "guest" / "testbed.py"
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["umockdev-wrapper", "/usr/bin/python3", str(script)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env=os.environ | {"G_MESSAGES_DEBUG": ""},
            )  # fmt: skip
        if self._process.stdout is None:
            raise RuntimeError("the testbed has no pipes")
        self._root = self._process.stdout.readline().strip()
        if not self._root:
            raise RuntimeError((self._folder / "log").read_text())

    def _leave(self) -> None:
        if hasattr(self, "_process") and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def _usb(number: int) -> str:
    return f"/sys/devices/usb1/1-{number}"


def _input(number: int) -> str:
    return f"/sys/devices/input/input{number}"


def _event(number: int) -> str:
    return f"{_input(number)}/event{number}"


def _node(number: int) -> str:
    return f"/dev/input/event{number}"


def _usb_description(number: int, model: Model) -> str:
    vendor, product = model.device.split(":")
    return (
        f"P: /devices/usb1/1-{number}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        f"A: idVendor={vendor}\nA: idProduct={product}\n\n"
    )


def _descriptions(number: int, model: Model, name: str, keys: frozenset[int]) -> list[str]:
    vendor, product = (int(word, 16) for word in model.device.split(":"))
    return [
        f"P: {_input(number).removeprefix('/sys')}\nE: SUBSYSTEM=input\n"
        f'E: PRODUCT={model.bus:x}/{vendor:x}/{product:x}/111\nE: NAME="{name}"\nE: KEY={_words(keys)}\n'
        f"A: name={name}\n\n",
        f"P: {_event(number).removeprefix('/sys')}\nN: input/event{number}\nE: SUBSYSTEM=input\n"
        f"E: DEVNAME={_node(number)}\nE: MAJOR=13\nE: MINOR={64 + number}\nA: dev=13:{64 + number}\n\n",
    ]


def _words(keys: frozenset[int]) -> str:
    bits = sum(1 << key for key in keys)
    words = []
    while bits:
        words.append(f"{bits & (1 << 64) - 1:x}")
        bits >>= 64
    return " ".join(reversed(words)) or "0"


def _ioctls(number: int, model: Model, name: str, keys: frozenset[int]) -> str:
    """What the kernel answers, for exactly the buffers of python-evdev."""
    vendor, product = (int(word, 16) for word in model.device.split(":"))
    identity = struct.pack("<HHHH", model.bus, vendor, product, 0x111)
    types = {_EV_SYN, *([_EV_KEY, _EV_REP] if keys else [])}
    lines = [
        f"# DEVICE {_node(number)}",
        "EVIOCGVERSION 0 01000100",
        "EVIOCGEFFECTS 0 00000000",
        f"EVIOCGID 0 {_hex(identity, 8)}",
        f"EVIOCGNAME(0) {len(name) + 1} {_hex(name.encode(), _BYTES_OF_NAME)}",
        f"EVIOCGBIT(0) 4 {_hex(_bits(types), 4)}",
        f"EVIOCGBIT({_EV_KEY}) {_BYTES_OF_BITS} {_hex(_bits(keys), _BYTES_OF_BITS)}",
        f"EVIOCGBIT({_EV_REP}) {_BYTES_OF_BITS} {_hex(b'', _BYTES_OF_BITS)}",
        f"EVIOCGKEY(0) {_BYTES_OF_BITS} {_hex(b'', _BYTES_OF_BITS)}",
    ]
    return "\n".join(lines) + "\n"


def _bits(numbers: "set[int] | frozenset[int]") -> bytes:
    return sum(1 << number for number in numbers).to_bytes(_BYTES_OF_BITS, "little").rstrip(b"\0")


def _hex(content: bytes, length: int) -> str:
    return content.ljust(length, b"\0").hex().upper()
