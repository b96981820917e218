"""What the capture child says to the station over a pipe: packets of a fixed header and a body.

The first packet of a run is OPENED with the device's name; BLOCK carries frames; FAILED a text for a person.
"""

import struct
from enum import IntEnum
from io import RawIOBase
from typing import NamedTuple

_HEADER = struct.Struct("<BBHIQq")
MAX_BODY = 1 << 22


class Kind(IntEnum):
    OPENED = 1
    BLOCK = 2
    FAILED = 3


class Packet(NamedTuple):
    """`first_frame` counts captured frames of the run; `monotonic_ns`: when PortAudio delivered the block."""

    kind: Kind
    overflow: bool
    first_frame: int
    monotonic_ns: int
    body: bytes


def pack(
    kind: Kind, body: bytes = b"", *, first_frame: int = 0, monotonic_ns: int = 0, overflow: bool = False
) -> bytes:
    """A packet as bytes."""
    return _HEADER.pack(kind, overflow, 0, len(body), first_frame, monotonic_ns) + body


def receive(pipe: RawIOBase) -> Packet | None:
    """The next packet of an unbuffered pipe; None at its end, also amid a packet. Raises ValueError on nonsense."""
    head = _read_exactly(pipe, _HEADER.size)
    if head is None:
        return None
    kind, overflow, _, length, first_frame, monotonic_ns = _HEADER.unpack(head)
    if length > MAX_BODY:
        raise ValueError(f"packet of {length} bytes")
    body = _read_exactly(pipe, length)
    return None if body is None else Packet(Kind(kind), bool(overflow), first_frame, monotonic_ns, body)


def _read_exactly(pipe: RawIOBase, length: int) -> bytes | None:
    parts = []
    while length:
        part = pipe.read(length)
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
