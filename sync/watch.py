"""Finds finished recordings: a recording counts once its manifest exists. Reads `recordings`, never writes there.

`scan` is the truth; `Watch` only hints when it may be worth scanning sooner. Called by `sync.agent`, `sync.report`.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exam import fixity, manifest
from exam.durable import TEMPORARY_PREFIX
from exam.errors import ExamError
from exam.manifest import Manifest
from exam.names import Kind
from sync.life import Wake
from sync.plan import Found, Item, ItemKind, Key, Reason

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_SIZE = 2**63 - 1  # of a file, and of a number in the ledger
_KINDS: dict[Kind, ItemKind] = {Kind.STREAM: "stream", Kind.PARTICIPANT: "participant"}


def scan(folders: Iterable[Path], *, streams: bool) -> list[Found]:
    """Everything to deliver below the watched folders, each recording before its manifest.

    What cannot be read becomes a Found with a problem; nothing is raised, everything else goes on.
    """
    found: dict[Key, Found] = {}
    for folder in folders:
        for one in _in_recordings(folder, streams=streams):
            found.setdefault(one.item.key, one)
    return list(found.values())


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


def _in_recordings(folder: Path, *, streams: bool) -> Iterator[Found]:
    try:
        days = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        yield _unreadable(folder, str(folder), "folder", error)
        return
    for day in days:
        try:
            names = sorted(entry for entry in day.iterdir() if entry.name.endswith(manifest.SUFFIX))
        except OSError as error:
            yield _unreadable(day, _shown(day.name), "folder", error)
            continue
        for path in names:
            if not path.name.startswith(TEMPORARY_PREFIX):
                yield from _of_manifest(path, streams=streams)


def _of_manifest(path: Path, *, streams: bool) -> Iterator[Found]:
    shown = _shown(f"{path.parent.name}/{path.name}")
    try:
        told = manifest.load(path)
        content = fixity.sha256_of(path)
        status = path.lstat()
    except ExamError as error:
        yield _problem(shown, "manifest", path, Reason(error.ru, error.en))
        return
    except OSError as error:
        yield _unreadable(path, shown, "manifest", error)
        return
    if shown != f"{path.parent.name}/{path.name}":
        yield _problem(shown, "manifest", path, Reason("имя файла не в UTF-8", "the file name is not UTF-8"))
        return
    if told.kind not in _KINDS or (told.kind is Kind.STREAM and not streams):
        return
    recording = _recording(told, path.parent)
    yield recording
    item = Item(shown, "manifest", content, status.st_size)
    yield Found(item=item, file=str(path), fingerprint=_fingerprint(path), after=recording.item.key)


def _recording(told: Manifest, day: Path) -> Found:
    """The file to deliver: the encoded copy, or the master where there is none."""
    copy = told.deliveries[0] if told.deliveries else None
    name, size, sha256 = (copy.file, copy.size, copy.sha256) if copy else (told.audio.file, told.size, told.sha256)
    shown = f"{day.name}/{name}"
    if not 0 <= size <= _MAX_SIZE or not _SHA256.fullmatch(sha256):
        reason = Reason("размер или SHA-256 в описании не годятся", "size or SHA-256 in the manifest make no sense")
        return _problem(shown, _KINDS[told.kind], day / name, reason)
    item = Item(shown, _KINDS[told.kind], sha256, size)
    return Found(
        item=item, file=str(day / name), fingerprint=_fingerprint(day / name), problem=_unlike(day / name, size)
    )


def _unlike(file: Path, size: int) -> Reason | None:
    """What can be seen of a wrong file without reading it."""
    try:
        status = file.lstat()
    except OSError as error:
        return Reason(f"файл записи не найден: {error.strerror}", f"the recording is not there: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return Reason("это не обычный файл", "not a regular file")
    if status.st_size != size:
        return Reason(
            f"размер файла {status.st_size}, а в описании {size}: файл изменён; восстановите его из копии",
            f"the file has {status.st_size} bytes, its manifest says {size}: it was changed; restore it from a copy",
        )
    return None


def _fingerprint(file: Path) -> str:
    """Changes whenever the file does; empty while it is not there."""
    try:
        status = file.lstat()
    except OSError:
        return ""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _unreadable(path: Path, shown: str, kind: ItemKind, error: OSError) -> Found:
    reason = Reason(f"не читается: {error.strerror}; проверьте", f"cannot be read: {error.strerror}; check it")
    return _problem(shown, kind, path, reason)


def _problem(shown: str, kind: ItemKind, path: Path, reason: Reason) -> Found:
    return Found(item=Item(shown, kind, "", 0), file=str(path), fingerprint=_fingerprint(path), problem=reason)


def _shown(name: str) -> str:
    """A name fit to be printed and stored, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
