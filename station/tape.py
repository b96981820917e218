"""A tape: an open, crash-safe WAV file whose header is right at every moment; RF64 once it outgrows WAV.

The header takes 80 bytes: RIFF, a JUNK chunk reserved for RF64's sizes, fmt, data (EBU Tech 3306). Data are
written first, then the whole header in one write: a reader never sees frames that are not there, and a kill
loses at most the block being written. Written by the recorder's thread alone; `TapeReader` reads from anywhere.
"""

import errno
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from exam import durable
from exam.audio import AudioFormat
from exam.errors import Rejected
from station.recent import Recent

HEADER_BYTES = 80
SUFFIX = ".wav"
HELD_AT_MOST_S = 15.0
"""Of sound whose place is not certain yet, at a tape's end."""

_PCM = 1
_MAX_32 = 0xFFFF_FFFF
_DS64_BYTES = 28
_HEADER = struct.Struct("<4sI4s 4sIQQQI 4sIHHIIHH 4sI")
_SILENCE_CHUNK = bytes(1 << 14)


def header(shape: AudioFormat, data_bytes: int) -> bytes:
    """The 80 bytes before `data_bytes` bytes of audio: WAV with a JUNK chunk, or RF64 when WAV cannot count them."""
    riff_bytes = HEADER_BYTES - 8 + data_bytes
    frame_bytes = shape.frame_bytes
    fmt = (b"fmt ", 16, _PCM, shape.channels, shape.sample_rate, shape.sample_rate * frame_bytes, frame_bytes, 16)
    if riff_bytes <= _MAX_32:
        return _HEADER.pack(b"RIFF", riff_bytes, b"WAVE", b"JUNK", _DS64_BYTES, 0, 0, 0, 0, *fmt, b"data", data_bytes)
    sizes = (riff_bytes, data_bytes, data_bytes // frame_bytes, 0)
    return _HEADER.pack(b"RF64", _MAX_32, b"WAVE", b"ds64", _DS64_BYTES, *sizes, *fmt, b"data", _MAX_32)


def counted(head: bytes) -> tuple[AudioFormat, int] | None:
    """Format and bytes of audio as a header of ours counts them; None when it is torn or not ours."""
    if len(head) != HEADER_BYTES:
        return None
    riff, _, _, _, _, _, in_ds64, _, _, _, _, _, channels, rate, _, _, _, _, in_data = _HEADER.unpack(head)
    shape, data_bytes = AudioFormat(rate, channels), in_ds64 if riff == b"RF64" else in_data
    try:
        return (shape, data_bytes) if head == header(shape, data_bytes) else None
    except (struct.error, ZeroDivisionError):
        return None


class Tape:
    """A file being recorded. Raises OSError as the disk does; what was written before stays playable."""

    def __init__(self, path: Path, shape: AudioFormat, recent: Recent | None = None) -> None:
        """Create the file; FileExistsError when the name is taken, nothing is overwritten.

        `recent` is told what is appended.
        """
        self.path, self.shape, self._recent = path, shape, recent
        self.frames = self._data_bytes = self._held_bytes = 0
        self._frame_bytes = shape.frame_bytes
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            _write_at(self._descriptor, header(shape, 0), 0)
            # Name and header outlive a power cut before anything is said of the file: no journal names an empty one.
            os.fsync(self._descriptor)
            durable.sync(path.parent)
        except OSError:  # ours, just made and empty: it must not take a name from the next try
            os.close(self._descriptor)
            path.unlink()
            raise

    def append(self, data: bytes | memoryview) -> None:
        """Write whole frames at the end, then the header that counts them."""
        self._write_behind(self._data_bytes, data)
        self._data_bytes += len(data)
        self._held_bytes = max(0, self._held_bytes - len(data))
        self.frames = self._data_bytes // self._frame_bytes
        if self._recent is not None:
            self._recent.add(bytes(data))

    @property
    def is_holding(self) -> bool:
        """Whether there is something behind the frames that count."""
        return self._held_bytes > 0

    def hold(self, data: bytes, gap: int = 0) -> None:
        """Write whole frames whose place is not certain yet where they seem to belong, `gap` frames behind the last.

        They do not count, except for who finds the file after a kill; what is appended in the end replaces them.
        """
        behind = self._data_bytes + self._held_bytes + gap * self._frame_bytes
        self._write_behind(behind, data)
        self._held_bytes = behind + len(data) - self._data_bytes

    def _write_behind(self, data_bytes: int, data: bytes | memoryview) -> None:
        """Audio, then the header: it never counts less than before, as a reader may have seen it."""
        _write_at(self._descriptor, data, HEADER_BYTES + data_bytes)
        counted_bytes = max(data_bytes + len(data), self._data_bytes + self._held_bytes)
        os.pwrite(self._descriptor, header(self.shape, counted_bytes), 0)

    def append_silence(self, frames: int) -> None:
        """Write `frames` frames of digital silence."""
        left = frames * self.shape.frame_bytes
        step = len(_SILENCE_CHUNK) // self.shape.frame_bytes * self.shape.frame_bytes
        while left > 0:
            self.append(_SILENCE_CHUNK[: min(left, step)])
            left -= step

    def read(self, first_frame: int, frames: int) -> bytes:
        """Frames already written, as bytes."""
        return _read_at(self._descriptor, self.shape, first_frame, frames)

    def sync(self) -> None:
        """Make everything appended survive a power cut. FileNotFoundError when its name is gone: none would find it."""
        os.fdatasync(self._descriptor)
        if not os.path.samestat(os.fstat(self._descriptor), self.path.stat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))

    @property
    def size(self) -> int:
        """Bytes of the file that count, header included."""
        return HEADER_BYTES + self._data_bytes

    def cut(self) -> None:
        """Cut off what was held or a failed write left behind the counted frames: after a kill it would count, too."""
        if self._held_bytes:
            os.pwrite(self._descriptor, header(self.shape, self._data_bytes), 0)
            self._held_bytes = 0
        os.ftruncate(self._descriptor, self.size)

    def close(self) -> None:
        """Cut, sync and let go; the file is finished."""
        try:
            self.cut()
            os.fsync(self._descriptor)
        finally:
            os.close(self._descriptor)


class TapeReader:
    """A recording on disk, finished or growing. Raises Rejected when it is not one of our masters."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._head = os.pread(self._descriptor, HEADER_BYTES, 0)
            self.shape = _parse(self._head, path)
            self.frames = self.grown()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._descriptor)

    def grown(self) -> int:
        """Frames that are in the file now, those that are held included."""
        return (os.fstat(self._descriptor).st_size - HEADER_BYTES) // self.shape.frame_bytes

    @property
    def is_whole(self) -> bool:
        """Whether header and size agree to the byte, as they do in every finished file."""
        data_bytes = os.fstat(self._descriptor).st_size - HEADER_BYTES
        return data_bytes % self.shape.frame_bytes == 0 and self._head == header(self.shape, data_bytes)

    def read(self, first_frame: int, frames: int) -> bytes:
        """Frames as bytes, fewer at the end of the file."""
        return _read_at(self._descriptor, self.shape, first_frame, frames)

    def blocks(self, first_frame: int, frames: int, block_frames: int = 1 << 18) -> Iterator[bytes]:
        """The frames in blocks, so that an hours-long file is never held whole."""
        end = first_frame + frames
        for start in range(first_frame, end, block_frames):
            yield self.read(start, min(block_frames, end - start))


def seal(path: Path) -> int:
    """Make the header of a crashed file agree with its bytes, and both survive a power cut; frames in it.

    Audio is left as it is; a torn last frame is cut off. Raises Rejected when the file is not one of our masters.
    """
    with TapeReader(path) as reader:
        shape, frames, is_whole = reader.shape, reader.frames, reader.is_whole
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if not is_whole:
            os.ftruncate(descriptor, HEADER_BYTES + frames * shape.frame_bytes)
            os.pwrite(descriptor, header(shape, frames * shape.frame_bytes), 0)
        os.fsync(descriptor)  # a whole one, too: a kill leaves its last second in the kernel's memory only
    finally:
        os.close(descriptor)
    return frames


def extend(path: Path, blocks: Iterable[bytes]) -> None:
    """Append whole frames to a sealed file: those that another file kept of the same recording."""
    with TapeReader(path) as reader:
        shape, frames = reader.shape, reader.frames
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = HEADER_BYTES + frames * shape.frame_bytes
        for block in blocks:
            _write_at(descriptor, block, size)
            size += len(block)
        os.fsync(descriptor)
        os.pwrite(descriptor, header(shape, size - HEADER_BYTES), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(head: bytes, path: Path) -> AudioFormat:
    if len(head) == HEADER_BYTES:
        riff, _, wave, _, _, _, _, _, _, fmt, _, codec, channels, rate, _, _, bits, data, _ = _HEADER.unpack(head)
        ours = (wave, fmt, codec, bits, data) == (b"WAVE", b"fmt ", _PCM, 16, b"data")
        if ours and riff in {b"RIFF", b"RF64"} and channels > 0 and rate > 0:
            return AudioFormat(rate, channels)
    raise Rejected(
        f"Файл {path.name} — не запись этой станции: заголовок другой. Файл не тронут.",
        f"{path.name} is not a recording of this station: foreign header. Left untouched.",
        code="foreign_file",
    )


def _write_at(descriptor: int, data: bytes | memoryview, offset: int) -> None:
    written = os.pwrite(descriptor, data, offset)
    while written < len(data):
        written += os.pwrite(descriptor, memoryview(data)[written:], offset + written)


def _read_at(descriptor: int, shape: AudioFormat, first_frame: int, frames: int) -> bytes:
    return os.pread(descriptor, frames * shape.frame_bytes, HEADER_BYTES + first_frame * shape.frame_bytes)
