"""Finds finished recordings and rooms' records. Reads the watched folders, never writes there.

A recording counts once its manifest exists. At the headquarters the folder is the hub's, where a file whose name was
taken lies under a name marked with its digest.

`scan` is the truth; `Watch` only hints when it may be worth scanning sooner. Called by `sync.agent`, `sync.report`.
"""

import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

from exam import fixity, manifest, oswords, roomday
from exam.durable import TEMPORARY_PREFIX
from exam.errors import ExamError, Rejected
from exam.names import Kind
from sync import naming
from sync.life import Wake
from sync.plan import Found, Item, ItemKind, Key, Reason, Row, Told
from sync.states import DONE

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_SIZE = 2**63 - 1  # of a file, and of a number in the ledger
_MOST_BYTES = 64 * 1024 * 1024  # of a manifest, which is read whole: a stream's with ten thousand gaps has 4 MiB
COPIED_NS = 30_000_000_000
"""A file that has not yet the size its manifest says and was touched this lately is still being copied: a flash drive
or a slow share may rest for many seconds."""
WRITTEN_NS = 2_000_000_000
"""A manifest that makes no sense and was touched this lately is still being written: it is small."""
Known = Callable[[str], Told | None]
"""What the manifest at a place said when it was last read; None where nobody knows."""
_KINDS: dict[Kind, ItemKind] = {Kind.STREAM: "stream", Kind.PARTICIPANT: "participant"}


class Scan(NamedTuple):
    """What lies there now, each recording before its manifest; `done`: what lies there and needs nothing more.

    `places` of all manifests; `read`: what those say that had to be read.
    """

    found: list[Found]
    done: set[Key]
    places: set[str]
    read: dict[str, Told]


def nothing_known(_place: str) -> None:
    """Every manifest is to be read."""


def scan(
    folders: Iterable[Path], *,
    streams: bool, known: Known = nothing_known, rows: Mapping[Key, Row] | None = None,
) -> Scan:  # fmt: skip
    """Everything to deliver below the watched folders. A manifest that is as `known` of its place is not read again;
    what is done according to `rows` is only named.

    What cannot be read becomes a Found with a problem; nothing is raised, everything else goes on.
    """
    look = _Look(streams=streams, known=known, rows=rows or {})
    for folder in folders:
        look.into(folder)
    return Scan(list(look.found.values()), look.done, look.places, look.read)


class Watch:
    """Sets `wake` when something below the folders changes. Only a hint: where it cannot watch, it stays silent."""

    def __init__(self, folders: Iterable[Path], wake: Wake) -> None:
        self._missing = list(folders)
        self._wake = wake
        self._observer: Any = None

    def look(self) -> None:
        """Begin to watch folders that have appeared since."""
        for folder in [folder for folder in self._missing if folder.is_dir()]:
            if self._begin(folder):
                self._missing.remove(folder)

    def close(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def _begin(self, folder: Path) -> bool:
        from watchdog.events import (  # noqa: PLC0415 - only `run` watches
            EVENT_TYPE_CREATED,
            EVENT_TYPE_MOVED,
            FileSystemEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer  # noqa: PLC0415

        wake = self._wake

        class Hint(FileSystemEventHandler):
            def dispatch(self, event: FileSystemEvent) -> None:
                # Only a name that appears: reading manifests makes events too, and must not cause reading them again.
                path = os.fsdecode(event.dest_path or event.src_path)
                if event.event_type in {EVENT_TYPE_CREATED, EVENT_TYPE_MOVED} and path.endswith(manifest.SUFFIX):
                    wake.set()

        try:
            if self._observer is None:
                self._observer = Observer()
                self._observer.start()
            self._observer.schedule(Hint(), str(folder), recursive=True)
        except OSError:  # no inotify watches left: the rescans find everything all the same
            return False
        return True


class _Look:
    """One scan under way."""

    def __init__(self, *, streams: bool, known: Known, rows: Mapping[Key, Row]) -> None:
        self._streams, self._known, self._rows = streams, known, rows
        self._now_ns = time.time_ns()
        self.found: dict[Key, Found] = {}
        self.done: set[Key] = set()
        self.places: set[str] = set()
        self.read: dict[str, Told] = {}

    def into(self, folder: Path) -> None:
        try:
            days = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
        except OSError as error:
            self._note(_unreadable(folder, str(folder), "folder", error))
            return
        for day in days:
            try:
                names, there = _names_in(folder / day)
            except OSError as error:
                self._note(_unreadable(folder / day, _shown(day), "folder", error))
                continue
            for name in names:
                self._look_at(folder / day, name, there)

    def _look_at(self, day: Path, name: str, there: AbstractSet[str]) -> None:
        path, shown = f"{day}/{name}", _shown(f"{day.name}/{name}")
        kind: ItemKind = "room" if roomday.is_room_day(name) else "manifest"
        if shown != f"{day.name}/{name}":
            self._note(_problem(shown, kind, path, Reason("имя файла не в UTF-8", "the file name is not UTF-8")))
            return
        known = self._known(path)  # a ledger that fails stops the scan, and is no fault of the manifest
        try:
            told = self._told(path, known)
        except ExamError as error:
            settled = not self._is_fresh(_touched_ns(Path(path)), WRITTEN_NS)
            self._note(_problem(shown, kind, path, Reason(error.ru, error.en), settled=settled))
            return
        except OSError as error:
            self._note(_unreadable(Path(path), shown, kind, error))
            return
        self.places.add(path)
        if told.kind is None or (told.kind == "stream" and not self._streams):
            return
        item = Item(shown, kind, told.sha256, told.size)
        if told.kind == "room":
            self._note(Found(item=item, file=path, fingerprint=told.fingerprint))
            return
        recording = self._recording(told, told.kind, day, there)
        self._note(recording)
        self._note(Found(item=item, file=path, fingerprint=told.fingerprint, after=recording.item.key))

    def _told(self, path: str, known: Told | None) -> Told:
        fingerprint = fingerprint_of(path)
        if known is not None and known.fingerprint == fingerprint:
            return known
        told = self.read[path] = _read(Path(path), fingerprint)
        return told

    def _recording(self, told: Told, kind: ItemKind, day: Path, there: AbstractSet[str]) -> Found:
        """The file to deliver: the encoded copy, or the master where there is none."""
        size, sha256 = told.file_size, told.file_sha256
        if not 0 <= size <= _MAX_SIZE or not _SHA256.fullmatch(sha256):
            reason = Reason("размер или SHA-256 в описании не годятся", "size or SHA-256 in the manifest make no sense")
            return _problem(f"{day.name}/{told.file}", kind, f"{day}/{told.file}", reason)
        name = _lies_as(told, there)
        file, shown = f"{day}/{name}", f"{day.name}/{name}"
        item = Item(shown, kind, sha256, size)
        problem, touched_ns = _unlike(file, size)
        settled = problem is None or not self._is_fresh(touched_ns, COPIED_NS)
        return Found(
            item=item, file=file, fingerprint=fingerprint_of(file), problem=problem, changed=problem is not None,
            settled=settled,
        )  # fmt: skip

    def _is_fresh(self, touched_ns: int, within_ns: int) -> bool:
        """Also what was touched since the scan began; but no time far ahead, which a clock that was set has left."""
        return abs(self._now_ns - touched_ns) < within_ns

    def _note(self, one: Found) -> None:
        row = self._rows.get(one.item.key)
        if row is not None and row.present and row.state in DONE:
            self.done.add(row.key)  # tens of thousands of them: nothing more of them is kept in memory
        else:
            known = self.found.get(one.item.key)
            if known is None or (known.problem is not None and one.problem is None):  # whole in another folder
                self.found[one.item.key] = one


def _read(path: Path, fingerprint: str) -> Told:
    """Raises ExamError, OSError."""
    check_file(path)
    if roomday.is_room_day(path.name):
        roomday.load(path)
        digest, size = fixity.sha256_of(path), path.lstat().st_size
        return Told(
            fingerprint=fingerprint, sha256=digest, size=size,
            kind="room", file=path.name, file_sha256=digest, file_size=size,
        )  # fmt: skip
    return _read_manifest(path, fingerprint)


def _read_manifest(path: Path, fingerprint: str) -> Told:
    told = manifest.load(path)
    copy = told.deliveries[0] if told.deliveries else None
    name, size, sha256 = (copy.file, copy.size, copy.sha256) if copy else (told.audio.file, told.size, told.sha256)
    return Told(
        fingerprint=fingerprint, sha256=fixity.sha256_of(path), size=path.lstat().st_size,
        kind=_KINDS.get(told.kind), file=name, file_sha256=sha256, file_size=size,
    )  # fmt: skip


def _names_in(day: Path) -> tuple[list[str], set[str]]:
    """Names of manifests in order, and whatever bears a mark; of ten thousand files no other name is kept. OSError."""
    manifests, marked = [], set()
    with os.scandir(day) as entries:
        for entry in entries:
            if entry.name.endswith(manifest.SUFFIX) and not entry.name.startswith(TEMPORARY_PREFIX):
                manifests.append(entry.name)
            if naming.MARK in entry.name:
                marked.add(entry.name)
    return sorted(manifests), marked


def _lies_as(told: Told, there: AbstractSet[str]) -> str:
    """The name under which the recording lies: two computers of one room may have given two recordings one name, and
    then the mark, not the name, says which is which."""
    marked = list(naming.candidates(told.file, told.file_sha256))[1:]
    return next((name for name in marked if name in there), told.file)


def check_file(path: Path) -> None:
    """Raise Rejected for what must not even be opened: a pipe waits for ever, a device never ends."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
        raise Rejected(
            f"Описание записи {path.name} — не обычный файл или слишком велико. Запись цела, "
            "описание нужно восстановить.",
            f"Manifest {path.name} is no regular file, or too large. The recording is untouched; restore the manifest.",
            code="bad_manifest",
        )


def _unlike(file: str, size: int) -> tuple[Reason | None, int]:
    """What can be seen of a wrong file without reading it, and when it was last touched (ns)."""
    try:
        status = os.lstat(file)
    except OSError as error:
        reason = Reason(f"файл записи не найден: {oswords.ru(error)}", f"the recording is not there: {error.strerror}")
        return reason, _touched_ns(Path(file).parent)
    if not stat.S_ISREG(status.st_mode):
        return Reason("это не обычный файл", "not a regular file"), 0
    if status.st_size == size:
        return None, 0
    return Reason(
        f"размер файла {status.st_size}, а в описании {size}: файл изменён; восстановите его из копии",
        f"the file has {status.st_size} bytes, its manifest says {size}: it was changed; restore it from a copy",
    ), _touched_ns(Path(file))


def _touched_ns(place: Path) -> int:
    """When it was last written to or renamed; 0 when it is not there."""
    try:
        status = place.lstat()
    except OSError:
        return 0
    return max(status.st_mtime_ns, status.st_ctime_ns)


def fingerprint_of(file: str | Path) -> str:
    """Changes whenever the file does; empty while it is not there."""
    try:
        status = os.lstat(file)
    except OSError:
        return ""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _unreadable(path: Path, shown: str, kind: ItemKind, error: OSError) -> Found:
    reason = Reason(f"не читается: {oswords.ru(error)}; проверьте", f"cannot be read: {error.strerror}; check it")
    return _problem(shown, kind, str(path), reason)


def _problem(shown: str, kind: ItemKind, path: str, reason: Reason, *, settled: bool = True) -> Found:
    item = Item(shown, kind, "", 0)
    return Found(item=item, file=path, fingerprint=fingerprint_of(path), problem=reason, settled=settled)


def _shown(name: str) -> str:
    """A name fit to be printed and stored, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
