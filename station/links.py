"""The hash chain of a stream part: a link for every 10 seconds of its bytes. Pure.

A head speaks for every frame before it: head 0 is the SHA-256 of the file's name and format, each later one the
SHA-256 of the head before it and of its block's own SHA-256. Every block holds exactly 10 s but the last, which is
always shorter and empty if need be: so the head of a part's end is never that of a boundary within a longer one.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from msgspec import Struct

from exam.audio import AudioFormat

BLOCK_S = 10
HEAD_DIGITS = 64
"""A head or a block's hash, in hexadecimal digits."""

_DOMAIN = "exam-station hash chain 1"
_LINE = re.compile(rb"(\d{1,15}) ([0-9a-f]{64}) ([0-9a-f]{64})\n")


class Link(Struct, frozen=True):
    """One block: `frames` from the part's beginning to the block's end, the block's SHA-256, the head after it."""

    frames: int
    block: str
    head: str


def block_frames(shape: AudioFormat) -> int:
    """Frames of a whole block."""
    return BLOCK_S * shape.sample_rate


def count(frames: int, shape: AudioFormat) -> int:
    """Links of an ended part of that many frames."""
    return frames // block_frames(shape) + 1


def origin(file: str, shape: AudioFormat) -> str:
    """Head 0 of the stream file `file` (a name without a folder)."""
    name = unicodedata.normalize("NFC", file)
    stated = f"{_DOMAIN}\n{name}\npcm 16 bit, {shape.sample_rate} Hz, channels: {shape.channels}\n"
    return hashlib.sha256(stated.encode()).hexdigest()


def following(head: str, frames: int, block: str) -> Link:
    """The link after `head`."""
    return Link(frames, block, hashlib.sha256(bytes.fromhex(head) + bytes.fromhex(block)).hexdigest())


def chained(head: str, blocks: Iterable[Link]) -> list[Link]:
    """The same blocks linked anew, beginning at `head`."""
    links: list[Link] = []
    for block in blocks:
        links.append(following(links[-1].head if links else head, block.frames, block.block))
    return links


def sound(head: str, links: Sequence[Link], shape: AudioFormat) -> int:
    """How many of `links`, from the first, follow from `head` and stand at the frames where they must."""
    whole = block_frames(shape)
    for number, (link, right) in enumerate(zip(links, chained(head, links), strict=True)):
        is_short = number * whole <= link.frames < (number + 1) * whole
        if link != right or not (link.frames == (number + 1) * whole or (is_short and number == len(links) - 1)):
            return number
    return len(links)


def has_ended(links: Sequence[Link], shape: AudioFormat) -> bool:
    """Whether the last link is that of a part's end."""
    return bool(links) and links[-1].frames < len(links) * block_frames(shape)


def written(link: Link) -> bytes:
    """The link as a line of a chain file."""
    return f"{link.frames} {link.block} {link.head}\n".encode()


def read(content: bytes) -> tuple[list[Link], int]:
    """The links of a chain file's content up to its first line that is none, and how many bytes they take."""
    links: list[Link] = []
    position = 0
    while found := _LINE.match(content, position):
        links.append(Link(int(found[1]), found[2].decode(), found[3].decode()))
        position = found.end()
    return links, position


def is_torn(rest: bytes) -> bool:
    """Whether what follows the last line read holds no further line: a crash tore it, nobody wrote it so."""
    return _LINE.search(rest) is None
