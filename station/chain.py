"""The chain file beside a stream part: its links, one a line, appended while the part grows.

Used by the recorder's thread and by recovery. A line is written only after its frames are safe on disk, so that
after a power cut the file never speaks of sound that was lost; whatever then contradicts the audio was changed
later, is left as it is and named by `verify`.
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from exam import durable
from exam.audio import AudioFormat
from station import links
from station.links import Link
from station.tape import SUFFIX as TAPE_SUFFIX
from station.tape import TapeReader

SUFFIX = ".chain"

_PIECE_FRAMES = 1 << 14  # what fits into the processor's first cache is hashed soonest


class Frames(Protocol):
    """A tape, open or finished, as far as it is hashed."""

    @property
    def path(self) -> Path: ...
    @property
    def shape(self) -> AudioFormat: ...
    @property
    def frames(self) -> int: ...
    def read(self, first_frame: int, frames: int) -> bytes: ...


def path_of(stream: Path) -> Path:
    """Where the chain of a stream part is kept. Stems contain dots: only the known suffix is cut."""
    return stream.with_name(stream.name.removesuffix(TAPE_SUFFIX) + SUFFIX)


class Chain:
    """The chain of a part being recorded. It never raises: a disk that refuses is `fault`, and tried again.

    `head`: 64 hexadecimal digits that stand for the first `frames` frames; `whole`: the head of the whole part, once
    it has ended.
    """

    def __init__(self, stream: Path, shape: AudioFormat) -> None:
        """The file is made when the first line is due."""
        self.head, self.frames = links.origin(stream.name, shape), 0
        self.whole: str | None = None
        self.fault: OSError | None = None
        self._path = path_of(stream)
        self._block = links.block_frames(shape)
        self._digest, self._hashed = hashlib.sha256(), 0
        self._unwritten, self._written = b"", 0
        self._descriptor: int | None = None

    def sync(self, stream: Frames) -> None:
        """`stream` has just been synced: hash what it has gained since and write the finished links down, durably."""
        self._advance(stream)
        self._write()

    def end(self, stream: Frames) -> None:
        """The part has ended and is synced: add its last, shorter block and let go of the file."""
        self._advance(stream)
        if self._hashed == stream.frames:
            self._link()
            self.whole = self.head
        self._write()
        if self._descriptor is not None:
            os.close(self._descriptor)

    def _advance(self, stream: Frames) -> None:
        try:
            while self._hashed < stream.frames:
                end = min(stream.frames, self.frames + self._block)
                for piece in _pieces(stream, self._hashed, end):
                    self._digest.update(piece)
                    self._hashed += len(piece) // stream.shape.frame_bytes
                if self._hashed == self.frames + self._block:
                    self._link()
        except OSError as error:
            self.fault = error

    def _link(self) -> None:
        link = links.following(self.head, self._hashed, self._digest.hexdigest())
        self.head, self.frames = link.head, link.frames
        self._unwritten += links.written(link)
        self._digest = hashlib.sha256()

    def _write(self) -> None:
        if not self._unwritten:
            return
        try:
            descriptor = self._open()
            while self._unwritten:
                taken = os.pwrite(descriptor, self._unwritten, self._written)
                self._written += taken
                self._unwritten = self._unwritten[taken:]
            os.fdatasync(descriptor)
            self.fault = None
        except OSError as error:
            self.fault = error

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            durable.sync(self._path.parent)
        return self._descriptor


def hash_of(stream: Frames, first_frame: int, end: int) -> str:
    """SHA-256 of the bytes of some frames. Raises OSError when the file is shorter."""
    digest = hashlib.sha256()
    for piece in _pieces(stream, first_frame, end):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(stream: Frames, first_frame: int, end: int) -> Iterator[bytes]:
    while first_frame < end:
        piece = stream.read(first_frame, min(end - first_frame, _PIECE_FRAMES))
        if not piece:
            raise OSError(errno.EIO, "the stream's file has become shorter", str(stream.path))
        yield piece
        first_frame += len(piece) // stream.shape.frame_bytes


def links_of(stream: Frames, known: Sequence[Link] = ()) -> list[Link]:
    """The links of a finished stream as its audio gives them. `known`: those believed already, from the first.

    Raises OSError as the disk does.
    """
    whole = links.block_frames(stream.shape)
    found = list(known)
    while not links.has_ended(found, stream.shape):
        first = len(found) * whole
        end = min(first + whole, stream.frames)
        head = found[-1].head if found else links.origin(stream.path.name, stream.shape)
        found.append(links.following(head, end, hash_of(stream, first, end)))
    return found


def complete(stream: Path) -> str:
    """The chain of a sealed stream file brought to its end, after a crash; the head of the whole part.

    Lines there are believed as far as they follow from each other and the audio is long enough; a torn line is
    cut off. A chain file that contradicts itself or the audio's length is evidence: it is left alone, and the
    head is that of the audio. Raises OSError as the disk does, Rejected when `stream` is none of ours.
    """
    path = path_of(stream)
    content = path.read_bytes() if path.exists() else b""
    known, whole_bytes = links.read(content)
    with TapeReader(stream) as audio:
        if not _goes_on(known, content[whole_bytes:], audio):
            return links_of(audio)[-1].head
        found = links_of(audio, known)
    lines = b"".join(links.written(link) for link in found[len(known) :])
    _append(path, None if whole_bytes == len(content) else whole_bytes, lines)
    return found[-1].head


def _goes_on(known: Sequence[Link], rest: bytes, audio: TapeReader) -> bool:
    """Whether a chain file that holds `known` and then `rest` is to be completed for `audio`."""
    reaches = known[-1].frames if known else 0
    is_sound = links.sound(links.origin(audio.path.name, audio.shape), known, audio.shape) == len(known)
    fits = reaches == audio.frames if links.has_ended(known, audio.shape) else reaches <= audio.frames
    return is_sound and fits and links.is_torn(rest)


def _append(path: Path, torn_at: int | None, lines: bytes) -> None:
    """Synced even if there are none: a kill leaves a file's end in the kernel's memory only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        if torn_at is not None:
            os.ftruncate(descriptor, torn_at)
        position = os.fstat(descriptor).st_size
        while lines:
            taken = os.pwrite(descriptor, lines, position)
            position, lines = position + taken, lines[taken:]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    durable.sync(path.parent)
