"""Every file below the watched folders, with what it must hold and what would have to be proved. Reads only.

A recording's files stand on two contents: what was delivered of it, and its manifest, which names the others by their
SHA-256. Any other file stands on its own. Links are told, never followed.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam import fixity, manifest, roomday
from exam.errors import ExamError
from exam.manifest import Manifest
from sync.config import Config
from sync.naming import candidates, is_part
from sync.plan import Reason
from sync.retention.judging import Content, Lying

_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})_")
_MANIFEST_AT_MOST = 32 << 20
_HASHED_AT_MOST = 256 << 20
_LINK = Reason("это ссылка, а не файл", "a link, not a file")
_ODD = Reason("это не обычный файл", "not a regular file")
_UNFINISHED = Reason("недописанный файл", "an unfinished file")
_CHANGED = Reason("не тот, что в описании записи", "not what its manifest says")
_UNKNOWN = Reason(
    "ни одно описание записи о нём не говорит: такие файлы не отправляются",
    "no manifest speaks of it: such files are not delivered",
)
_NOT_UTF8 = Reason("имя файла не в UTF-8", "the file name is not UTF-8")


class _Claim(Struct, frozen=True):
    """What a manifest says of a file."""

    sha256: str
    size: int
    exam_date: date
    needs: tuple[Content, ...]


def files(config: Config) -> Iterator[Lying]:
    """Each file, folder by folder. What cannot be read has a problem; nothing is raised for it."""
    for root in dict.fromkeys((*config.recordings, config.scans)):
        for place, folders, names in os.walk(root, followlinks=False):
            folders.sort()
            folder = Path(place)
            claims = _claims(folder, names)
            links = [each for each in folders if (folder / each).is_symlink()]
            for name in sorted([*names, *links]):
                yield _lying(root, folder / name, claims.get(name))


def _lying(root: Path, path: Path, claim: _Claim | None) -> Lying:
    shown = _shown(str(path.relative_to(root)))
    try:
        status = path.lstat()
    except OSError as error:
        return Lying(folder=str(root), path=shown, size=0, dated=date.max, problem=_unreadable(error))
    dated = claim.exam_date if claim else _date_of(path, root) or _day(status.st_mtime)
    needs = claim.needs if claim else ()
    base = Lying(folder=str(root), path=shown, size=status.st_size, dated=dated, needs=needs)
    if problem := _odd(path, status, shown):
        return replace(base, problem=problem)
    if claim is None:
        return _alone(base, path)
    problem = None if status.st_size == claim.size else _CHANGED
    return replace(base, sha256=claim.sha256, problem=problem)


def _alone(base: Lying, path: Path) -> Lying:
    """A file no manifest speaks of: it stands for itself."""
    if base.size > _HASHED_AT_MOST:
        return replace(base, problem=_UNKNOWN)
    try:
        sha256 = fixity.sha256_of(path)
    except OSError as error:
        return replace(base, problem=_unreadable(error))
    return replace(base, sha256=sha256, needs=(Content(sha256, base.size, path.name),))


def _odd(path: Path, status: os.stat_result, shown: str) -> Reason | None:
    if not shown.endswith(path.name):
        return _NOT_UTF8
    if stat.S_ISLNK(status.st_mode):
        return _LINK
    if not stat.S_ISREG(status.st_mode):
        return _ODD
    return _UNFINISHED if is_part(path.name) else None


def _claims(folder: Path, names: list[str]) -> dict[str, _Claim]:
    """What the manifests in `folder` say of each file there, themselves included."""
    found: dict[str, _Claim] = {}
    there = set(names)
    for name in sorted(names):
        if name.endswith(manifest.SUFFIX) and not roomday.is_room_day(name) and not is_part(name):
            found.update(_claimed(folder / name, there))
    return found


def _claimed(path: Path, there: set[str]) -> Mapping[str, _Claim]:
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MANIFEST_AT_MOST:
            return {}
        told, sha256 = manifest.load(path), fixity.sha256_of(path)
    except (ExamError, OSError):
        return {}
    needs = (_delivered(told), Content(sha256, status.st_size, path.name))
    claims = {path.name: _Claim(sha256, status.st_size, told.exam_date, needs)}
    contents = [(told.audio.file, told.sha256, told.size)]
    contents += [(copy.file, copy.sha256, copy.size) for copy in told.deliveries]
    for name, digest, size in contents:
        # Of two recordings that share a name the mark, not the name, says which is which.
        if best := [each for each in candidates(name, digest) if each in there]:
            claims[best[-1]] = _Claim(digest, size, told.exam_date, needs)
    return claims


def _delivered(told: Manifest) -> Content:
    """What travels of a recording: the encoded copy, or the master where there is none."""
    if told.deliveries:
        copy = told.deliveries[0]
        return Content(copy.sha256, copy.size, copy.file)
    return Content(told.sha256, told.size, told.audio.file)


def _date_of(path: Path, root: Path) -> date | None:
    """The exam's day, by the day folder."""
    found = _DATED.match(path.relative_to(root).parts[0])
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _day(seconds: float) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _unreadable(error: OSError) -> Reason:
    return Reason(f"не читается: {error.strerror}", f"cannot be read: {error.strerror}")


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
