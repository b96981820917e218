"""The journal: what happened, one event a line, appended and synced before anything is answered.

Written by the recorder's thread alone; read at start-up, by `verify` and by whoever needs the day's meaning.
"""

import contextlib
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
from exam.language import say
from station.recent import Recent
from station.session.events import AnyEvent, Event

FILE = "journal.jsonl"

_RESERVE_BYTES = 1 << 17
_KEPT_BYTES = 1 << 20  # the last hours' lines
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


class Damage(Struct, frozen=True):
    """Events `first_lost` to `last_lost` are not readable at line `line` (counted from 1) or are missing before it.

    `last_lost` is None at the journal's end, where nothing tells how many there were.
    """

    line: int
    first_lost: int
    last_lost: int | None
    text: str


class _Envelope(Struct, frozen=True):
    seq: int
    wall: datetime
    monotonic_ns: int
    boot_id: str


class Journal:
    """The day's journal, open for appending. Raises OSError as the disk does.

    `recent`: its last lines, should it have to go on in another folder. `size`: bytes of its file; `until`: when the
    last event was noted, None before the first.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Open or create the journal of `folder`, going on after its last whole line."""
        self._clock = clock
        self._boot_id = boot_id()
        self._seq, self.until = 0, None
        for entry in read(folder):
            self._seq, self.until = entry.seq, entry.wall
        self.recent = Recent(_KEPT_BYTES)
        self._open(folder)

    def _open(self, folder: Path) -> None:
        self._descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        durable.sync(folder)
        _end_torn_line(self._descriptor)
        self.size = os.fstat(self._descriptor).st_size
        self._reserved = 0
        self._reserve()

    def go_on_in(self, folder: Path) -> None:
        """Append from now on to the journal of `folder`, which has all the lines of this one."""
        left = self._descriptor
        self._open(folder)
        with contextlib.suppress(OSError):
            os.close(left)

    def append(self, events: Sequence[Event]) -> tuple[Entry, ...]:
        """Write events down, durably, in one write and one sync."""
        entries = tuple(
            Entry(self._seq + count, self._clock.now(), self._clock.monotonic_ns(), self._boot_id, event)
            for count, event in enumerate(events, start=1)
        )
        lines = b"".join(_line(entry) for entry in entries)
        _write_all(self._descriptor, lines)
        os.fdatasync(self._descriptor)
        self._seq += len(entries)
        self.until = entries[-1].wall if entries else self.until
        self.size += len(lines)
        self.recent.add(lines)
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


def others(folder: Path) -> list[str]:
    """Journals of the room's other computers, in a folder where their days were merged into one."""
    return sorted(path.name for path in folder.glob("journal_*.jsonl"))


def read(folder: Path, file: str = FILE) -> Iterator[Entry]:
    """The entries of a folder's journal, oldest first; none if there is no journal.

    A line torn by a crash was never answered: it is passed over, and the next event took its number. Raises
    Rejected, naming file and line, for a line that is whole but wrong.
    """
    last_seq, unread = 0, None
    lines = _lines(folder / file)
    for number, entry in _parsed(lines):
        if not isinstance(entry, Entry):
            unread = unread or _broken(folder / file, number, entry)
            continue
        if unread and entry.seq != last_seq + 1:
            raise unread
        last_seq, unread = entry.seq, None
        yield entry
    if unread and not _is_torn(lines):
        raise unread


def salvage(folder: Path) -> tuple[tuple[Entry, ...], tuple[Damage, ...]]:
    """Every entry that can be read, oldest first, however the journal is damaged; and what is missing.

    An entry whose number was there already is left out and told of. Raises OSError as the disk does.
    """
    entries: list[Entry] = []
    damages: list[Damage] = []
    last_seq, unread = 0, 0
    lines = _lines(folder / FILE)
    for number, entry in _parsed(lines):
        if not isinstance(entry, Entry):
            unread = unread or number
        elif entry.seq <= last_seq:
            text = say(f"событие {entry.seq} повторяется или не на месте", f"event {entry.seq} is repeated or moved")
            damages.append(Damage(number, entry.seq, entry.seq, text))
        else:
            if entry.seq > last_seq + 1:
                damages.append(_lost(unread or number, last_seq + 1, entry.seq - 1))
            entries.append(entry)
            last_seq, unread = entry.seq, 0
    if unread and not _is_torn(lines):
        damages.append(_lost(unread, last_seq + 1, None))
    return tuple(entries), tuple(damages)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []


def _parsed(lines: Sequence[bytes]) -> Iterator[tuple[int, Entry | Exception]]:
    """Line numbers from 1, each with its entry or with what is wrong."""
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                yield number, parse(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                yield number, error


def _is_torn(lines: Sequence[bytes]) -> bool:
    """Whether the end is what a crash leaves: half a line, or one that was ended by the next start."""
    return bool(lines[-1]) or not lines[-2].endswith(b"}")


def _lost(line: int, first: int, last: int | None) -> Damage:
    if last is None:
        text = say(f"строка {line} и дальше не читаются", f"line {line} and what follows cannot be read")
    else:
        text = say(f"строка {line}: события {first}–{last} пропали", f"line {line}: events {first} to {last} are lost")
    return Damage(line, first, last, text)


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
