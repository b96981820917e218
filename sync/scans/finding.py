"""The files below the folder of scans: which there are, which nobody writes to any more. Reads names, opens nothing."""

import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from exam import oswords
from sync.scans.model import MAX_MEGABYTES, File, Trouble

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""What a terminal or a log would obey."""
_BAD = re.compile(_CONTROL.pattern + "|[\ud800-\udfff]")
"""The same, and what is not UTF-8."""
SETTLES_NS = 2_000_000_000
"""A file that was touched this lately is still being written: nothing else tells when a scan is whole."""
MAX_DEPTH = 6
MAX_FILES = 5000
_IGNORED = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart")
_PASSED_OVER = (".", "~$")


class Candidate(Struct, frozen=True):
    """A file that may be a scan. `file`: its path below the folder; `fingerprint` changes when the file does."""

    file: str
    size: int
    fingerprint: str
    is_settled: bool


class Found(Struct, frozen=True):
    """What lies there: files to be opened, and what is wrong without opening it."""

    candidates: tuple[Candidate, ...]
    wrong: tuple[File, ...]


def find(folder: Path) -> Found:
    """Everything below the folder. Raises nothing: what cannot be read is told."""
    now_ns = time.time_ns()
    candidates: list[Candidate] = []
    wrong: list[File] = []
    for place in _walk(folder, "", wrong):
        if len(candidates) + len(wrong) >= MAX_FILES:
            wrong.append(File("", "", 0, Trouble("too_many_files", str(MAX_FILES))))
            break
        one = _candidate(folder, place, now_ns)
        if isinstance(one, Candidate):
            candidates.append(one)
        elif one is not None:
            wrong.append(one)
    return Found(tuple(candidates), tuple(wrong))


def fingerprint(status: os.stat_result) -> str:
    """Changes whenever the file does."""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _walk(folder: Path, below: str, wrong: list[File], depth: int = 0) -> Iterator[str]:
    if depth > MAX_DEPTH:
        wrong.append(_wrong(below, "too_deep"))
        return
    try:
        with os.scandir(folder / below) as entries:
            listed = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError as error:
        is_missing = not below and isinstance(error, FileNotFoundError)
        code = "no_folder" if is_missing else "no_access" if below else "folder_closed"
        wrong.append(_wrong(below, code, oswords.shown(error)))
        return
    for name, is_folder in listed:
        if name.startswith(_PASSED_OVER) or name.casefold() in _IGNORED or name.casefold().endswith(_UNFINISHED):
            continue
        place = f"{below}/{name}" if below else name
        if is_folder:
            yield from _walk(folder, place, wrong, depth + 1)
        else:
            yield place


def _candidate(folder: Path, place: str, now_ns: int) -> Candidate | File | None:
    if _BAD.search(place):
        return _wrong(_CONTROL.sub("?", place), "bad_name")
    try:
        status = os.lstat(folder / place)
    except FileNotFoundError:  # taken away meanwhile
        return None
    except OSError as error:
        return _wrong(place, "no_access", oswords.shown(error))
    if not stat.S_ISREG(status.st_mode):
        return _wrong(place, "not_a_file")
    if status.st_size > MAX_MEGABYTES * 1_000_000:
        return _wrong(place, "too_large", str(status.st_size // 1_000_000), status.st_size)
    # Also what was touched since this look began; no time far ahead, which a clock that was set has left.
    is_settled = abs(now_ns - max(status.st_mtime_ns, status.st_ctime_ns)) >= SETTLES_NS
    return Candidate(place, status.st_size, fingerprint(status), is_settled)


def _wrong(place: str, code: str, told: str = "", size: int = 0) -> File:
    shown = place.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return File(shown, "", size, Trouble(code, told))
