"""A capture child that misbehaves as its device's name says. Started by tests in the place of the real one."""

import os
import sys
import time

import msgspec

from station.capture import wire
from station.capture.spec import Spec


def say(packet: bytes) -> None:
    os.write(1, packet)


def main() -> None:
    spec = msgspec.json.decode(sys.argv[1], type=Spec)
    for word in spec.device.split():
        match word:
            case "waits":
                say(wire.pack_lost("device_lost", "not there"))
            case "opens":
                say(wire.pack_opened(f"pulse:{spec.bound or 'first'}"))
            case "sounds":
                say(wire.pack_block(b"\1\0" * 480, 0, time.monotonic_ns(), 7, overflow=True))
            case "changes":
                say(wire.pack_lost("device_changed", "another"))
            case "hangs":
                time.sleep(600)


main()
