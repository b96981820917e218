"""What is to be delivered: the rooms' recordings, and the released packages with their papers.

Called wherever `sync.watch` was asked alone: by the agent, by handing over, by the report. Reads only.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from exam import oswords
from exam.durable import TEMPORARY_PREFIX
from exam.errors import Rejected
from sync import watch
from sync.config import Config
from sync.plan import Found, Item, Key, Reason, Row
from sync.school import package
from sync.school.package import Package
from sync.school.released import FOLDER, Released
from sync.states import DONE
from sync.watch import Known, Scan, fingerprint_of, nothing_known

_EDITED = Reason(
    "опись изменена после передачи и не отправляется: передайте комплект ещё раз, выйдет следующая версия",
    "the manifest was edited after the release and is not sent: release again, that makes the next version",
)


def scan(config: Config, *, streams: bool, known: Known = nothing_known, rows: Mapping[Key, Row] | None = None) -> Scan:
    """As `watch.scan`, and after the recordings every released package: its papers, then its manifest."""
    seen = watch.scan(config.recordings, streams=streams, known=known, rows=rows)
    for one in _released(config.state):
        row = (rows or {}).get(one.item.key)
        if row is not None and row.present and row.state in DONE:
            seen.done.add(row.key)
        else:
            seen.found.append(one)
    return seen


def watched(config: Config) -> list[Path]:
    """The folders in which something to deliver may appear."""
    return [*config.watched, config.imported, config.state / FOLDER]


def _released(state: Path) -> Iterator[Found]:
    """A package counts once its manifest is there; a paper that several versions hold is one item."""
    given: set[Key] = set()
    released = Released(state)
    for path in sorted((state / FOLDER).glob(f"*_{package.WORD}/*.json")):
        if path.name.startswith(TEMPORARY_PREFIX) or not package.is_package(path.name):
            continue
        for one in _of_version(path, released):
            if one.item.key not in given:
                given.add(one.item.key)
                yield one


def _of_version(path: Path, released: Released) -> Iterator[Found]:
    shown = f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
        told = package.read(content, path.name)
    except Rejected as error:
        yield _refused(path, shown, Reason(error.ru, error.en))
        return
    except OSError as error:
        yield _refused(path, shown, Reason(f"не читается: {oswords.ru(error)}", f"cannot be read: {error.strerror}"))
        return
    sha256 = package.digest(content)
    successor = released.successor_of(told.exam_date, told.version)
    if not released.is_whole(sha256):
        if successor is None:
            yield _refused(path, shown, _EDITED)
        return
    papers = _papers(path.parent, told)
    # What a version promised that another has replaced may never be whole any more: it follows that one, as history.
    yield from papers if successor is None else (one for one in papers if one.problem is None)
    needs = frozenset([successor] if successor is not None else (one.sha256 for one in told.files))
    item = Item(shown, "package", sha256, len(content))
    yield Found(item=item, file=str(path), fingerprint=fingerprint_of(path), needs=needs)


def _papers(folder: Path, told: Package) -> Iterator[Found]:
    for one in told.files:
        day, _, name = one.path.rpartition("/")
        if day == folder.name:
            yield _paper(folder / name, Item(one.path, "paper", one.sha256, one.size))


def _paper(file: Path, item: Item) -> Found:
    fingerprint = fingerprint_of(file)
    if file.is_file() and file.stat().st_size == item.size:
        return Found(item=item, file=str(file), fingerprint=fingerprint)
    gone = Reason("скана, вошедшего в комплект, нет на месте", "a scan of the released package is gone")
    return Found(item=item, file=str(file), fingerprint=fingerprint, problem=gone, changed=True)


def _refused(path: Path, shown: str, reason: Reason) -> Found:
    return Found(item=Item(shown, "package", "", 0), file=str(path), fingerprint=fingerprint_of(path), problem=reason)
