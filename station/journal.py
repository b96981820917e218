"""The journal: what happened, one event a line, appended and synced before anything is answered.

Written by the recorder's thread alone; read at start-up, by `verify` and by whoever needs the day's meaning.
"""

import ctypes
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from exam import durable
from exam.clock import Clock, boot_id
from exam.errors import Rejected
from station.session.events import AnyEvent, Event

FILE = "journal.jsonl"

_RESERVE_BYTES = 1 << 17
_MSDOS_SUPER_MAGIC = 0x4D44
_KEEP_SIZE = 1
_LIBC = ctypes.CDLL(None)


class Entry(Struct, frozen=True):
    """A line: the event and when it was written down."""

    seq: int
    wall: datetime
    monotonic_ns: int
    boot_id: str
    event: Event


class _Envelope(Struct, frozen=True):
    seq: int
    wall: datetime
    monotonic_ns: int
    boot_id: str


class Journal:
    """The day's journal, open for appending. Raises OSError as the disk does."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Open or create the journal of `folder`, going on after its last whole line."""
        path = folder / FILE
        self._clock = clock
        self._boot_id = boot_id()
        self._seq = max((entry.seq for entry in read(folder)), default=0)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        durable.sync_folder(folder)
        _end_torn_line(self._descriptor)
        self._reserved = 0
        self._reserve()

    def append(self, events: Sequence[Event]) -> tuple[Entry, ...]:
        """Write events down, durably, in one write and one sync."""
        entries = tuple(
            Entry(self._seq + count, self._clock.now(), self._clock.monotonic_ns(), self._boot_id, event)
            for count, event in enumerate(events, start=1)
        )
        _write_all(self._descriptor, b"".join(_line(entry) for entry in entries))
        os.fdatasync(self._descriptor)
        self._seq += len(entries)
        self._reserve()
        return entries

    def _reserve(self) -> None:
        """Hold space ahead, where the file system can: how a full disk ended a take must still be written down."""
        if not _keeps_a_reserve(self._descriptor):
            return
        size = os.fstat(self._descriptor).st_size
        if size + _RESERVE_BYTES // 2 > self._reserved:
            self._reserved = size + _RESERVE_BYTES
            _LIBC.fallocate(self._descriptor, _KEEP_SIZE, ctypes.c_longlong(size), ctypes.c_longlong(_RESERVE_BYTES))

    def close(self) -> None:
        os.close(self._descriptor)


def _keeps_a_reserve(descriptor: int) -> bool:
    """Not vfat: after a power cut it finds the file longer than its size says, and turns read-only over it."""
    told = (ctypes.c_long * 64)()
    return _LIBC.fstatfs(descriptor, told) == 0 and told[0] != _MSDOS_SUPER_MAGIC


def read(folder: Path) -> Iterator[Entry]:
    """The entries of a folder's journal, oldest first; none if there is no journal.

    A line torn by a crash was never answered: it is passed over, and the next event took its number. Raises
    Rejected, naming file and line, for a line that is whole but wrong.
    """
    path = folder / FILE
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    last_seq, unread = 0, None
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entry = parse(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            unread = unread or _broken(path, number, error)
            continue
        if unread and entry.seq != last_seq + 1:
            raise unread
        last_seq, unread = entry.seq, None
        yield entry
    if unread and not lines[-1] and lines[-2].endswith(b"}"):
        raise unread


def parse(line: bytes) -> Entry:
    """One line's entry. Raises msgspec.DecodeError."""
    envelope = msgspec.json.decode(line, type=_Envelope)
    event = msgspec.json.decode(line, type=AnyEvent)
    return Entry(envelope.seq, envelope.wall, envelope.monotonic_ns, envelope.boot_id, event)


def _line(entry: Entry) -> bytes:
    header: dict[str, Any] = {"seq": entry.seq, **msgspec.to_builtins(entry.event)}
    header |= {"wall": entry.wall, "monotonic_ns": entry.monotonic_ns, "boot_id": entry.boot_id}
    return msgspec.json.encode(header) + b"\n"


def _broken(path: Path, number: int, error: Exception) -> Rejected:
    return Rejected(
        f"Журнал {path}: строка {number} испорчена ({error}). Записи целы. Чтобы продолжить сегодня, переименуйте "
        "журнал и запустите станцию: общая запись пойдёт в новый файл, прежние файлы останутся.",
        f"Journal {path}: line {number} is broken ({error}). The recordings are untouched. To go on today, rename the "
        "journal and start the station: the stream goes on in a new file, the old files stay.",
        code="bad_journal",
    )


def _write_all(descriptor: int, data: bytes) -> None:
    """A disk that fills up takes a part without a word; the next write raises."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def _end_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
