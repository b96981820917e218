"""What the capture child says to the station over a pipe: packets of a fixed header and a body.

OPENED begins a run and names what was opened; BLOCK carries frames; LOST tells that there is no sound and why, and is
repeated while the child waits, so that a child that hangs is told from one that waits.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_HEADER = struct.Struct("<BBHIQqI")
MAX_BODY = 1 << 22


class Kind(IntEnum):
    OPENED = 1
    BLOCK = 2
    LOST = 3


class Packet(NamedTuple):
    """`first_frame` counts captured frames of the run; the block and `beyond` more were there at `monotonic_ns`."""

    kind: Kind
    overflow: bool
    first_frame: int
    monotonic_ns: int
    beyond: int
    body: bytes


def pack_opened(name: str) -> bytes:
    """OPENED as bytes: the device's name, or the identity of what the sound server gave."""
    return _pack(Kind.OPENED, name.encode())


def pack_block(sound: bytes, first_frame: int, monotonic_ns: int, beyond: int, overflow: bool) -> bytes:  # noqa: FBT001
    """BLOCK as bytes."""
    return _HEADER.pack(Kind.BLOCK, overflow, 0, len(sound), first_frame, monotonic_ns, beyond) + sound


def pack_lost(code: str, text: str) -> bytes:
    """LOST as bytes: the alarm's code and a text for a person."""
    return _pack(Kind.LOST, f"{code}\n{text}".encode())


def _pack(kind: Kind, body: bytes) -> bytes:
    return _HEADER.pack(kind, 0, 0, len(body), 0, 0, 0) + body


def loss(packet: Packet) -> tuple[str, str]:
    """Code and text of a LOST packet."""
    code, _, text = packet.body.decode(errors="replace").partition("\n")
    return code, text


class Unpacker:
    """Packets out of whatever pieces the pipe gives."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Packet]:
        """The packets that `piece` completes. Raises ValueError on nonsense."""
        data, at = self._rest + piece, 0
        while len(data) - at >= _HEADER.size:
            kind, overflow, _, length, first_frame, monotonic_ns, beyond = _HEADER.unpack_from(data, at)
            if length > MAX_BODY:
                raise ValueError(f"packet of {length} bytes")
            end = at + _HEADER.size + length
            if end > len(data):
                break
            yield Packet(Kind(kind), bool(overflow), first_frame, monotonic_ns, beyond, data[at + _HEADER.size : end])
            at = end
        self._rest = data[at:]
