"""What the capture child says to the station over a pipe: packets of a fixed header and a body.

The first packet of a run is OPENED with the device's name; BLOCK carries frames; FAILED a text for a person.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
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


class Unpacker:
    """Packets out of whatever pieces the pipe gives."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> Iterator[Packet]:
        """The packets that `piece` completes. Raises ValueError on nonsense."""
        data, at = self._rest + piece, 0
        while len(data) - at >= _HEADER.size:
            kind, overflow, _, length, first_frame, monotonic_ns = _HEADER.unpack_from(data, at)
            if length > MAX_BODY:
                raise ValueError(f"packet of {length} bytes")
            end = at + _HEADER.size + length
            if end > len(data):
                break
            yield Packet(Kind(kind), bool(overflow), first_frame, monotonic_ns, data[at + _HEADER.size : end])
            at = end
        self._rest = data[at:]
