"""Re-hashing what is stored: every byte read from where it lies, past any cache, and held against its receipt.

`check` is for the command line; `Checks` does it in the background for the pages, one at a time, and keeps what came of
it in `centre/checks.jsonl`.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam import oswords
from exam.errors import ExamError
from sync.exchange.centre.collecting import date_of
from sync.exchange.centre.shelves import Shelves
from sync.exchange.register import Register, Upload
from sync.exchange.storing import KeepOn
from sync.exchange.yard import Yard
from sync.lines import Lines
from sync.plan import Reason

FILE = "centre/checks.jsonl"
MOST_TOLD = 100
"""Faults kept of one check; their number is kept in any case."""
_AT_A_TIME = 10_000
Uploads = Callable[[], Iterator[Upload]]
"""Stored files, told again from the first whenever asked."""
_LOG = logging.getLogger(__name__)
_LOST = Reason("файла в хранилище нет", "the file is not in the store")
_CHANGED = Reason("файл испорчен: SHA-256 другой", "the file is damaged: its SHA-256 differs")


class Scope(Struct, frozen=True):
    """What is checked or exported: everything, or one school's, or one day's."""

    school: str | None = None
    exam_date: date | None = None

    def uploads(self, register: Register, schools: Sequence[str]) -> Uploads:
        """The stored files within; a few of them are in memory at a time."""
        codes = schools if self.school is None else [self.school]

        def found() -> Iterator[Upload]:
            for code in codes:
                for upload in _of_school(register, code):
                    if self.exam_date is None or date_of(folder_of(upload)) == self.exam_date:
                        yield upload

        return found


class Wrong(Struct, frozen=True):
    """A stored file that is not what was received. `place`: as the register has it."""

    place: str
    reason: Reason


class Check(Struct, frozen=True, kw_only=True, tag_field="event", tag="check"):
    """One check. `files`, `size` (bytes): what was found right; `wrong`: at most MOST_TOLD of `faults`; `ended_at`
    None: under way; `stopped`: not all was looked at."""

    school: str | None
    exam_date: date | None
    began_at: datetime
    ended_at: datetime | None = None
    total_files: int = 0
    total_size: int = 0
    files: int = 0
    size: int = 0
    faults: int = 0
    wrong: tuple[Wrong, ...] = ()
    stopped: bool = False
    by: str = ""


class _Stopping(Exception):
    """Somebody ended the check, or the server stops."""


def total(uploads: Uploads) -> tuple[int, int]:
    """How many files, and how many bytes together."""
    files = size = 0
    for upload in uploads():
        files, size = files + 1, size + upload.length
    return files, size


def begun(scope: Scope, by: str) -> Check:
    """A check of `scope` that has looked at nothing yet."""
    return Check(school=scope.school, exam_date=scope.exam_date, began_at=datetime.now(UTC), by=by)


def folder_of(upload: Upload) -> str:
    """The folder a stored file lies in."""
    return (upload.place or "").rpartition("/")[0].rpartition("/")[2]


def check(shelves: Shelves, uploads: Uploads, began: Check, *, told: Callable[[Check], None], keep_on: KeepOn) -> Check:
    """Re-hash `uploads`, telling how far it is after each. Raises what `keep_on` raises; a store that is away or a disk
    that fails makes the file wrong, with that as its reason."""
    files, size = total(uploads)
    now = replace(began, total_files=files, total_size=size)
    told(now)
    for upload in uploads():
        keep_on()
        wrong = _wrong(shelves, upload, keep_on)
        if wrong is None:
            now = replace(now, files=now.files + 1, size=now.size + upload.length)
        else:
            listed = (*now.wrong, Wrong(upload.place or "", wrong))[:MOST_TOLD]
            now = replace(now, faults=now.faults + 1, wrong=listed)
        told(now)
    return replace(now, ended_at=datetime.now(UTC))


class Checks:
    """In the background, one at a time."""

    def __init__(self, yard: Yard, register: Register, shelves: Shelves, schools: Callable[[], list[str]]) -> None:
        self._register, self._shelves, self._schools = register, shelves, schools
        self._lines: Lines[Check] = Lines(Path(yard.folder) / FILE, Check)
        self._thread = ThreadPoolExecutor(1, "checking")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._running: Future[None] | None = None
        self._now: Check | None = None

    @property
    def under_way(self) -> Check | None:
        """How far the running one is."""
        return self._now

    def begin(self, scope: Scope, by: str) -> bool:
        """Start one; False when one runs."""
        with self._lock:
            if self._running is not None and not self._running.done():
                return False
            self._stopping.clear()
            self._now = now = begun(scope, by)
            self._running = self._thread.submit(self._run, scope, now)
            return True

    def stop(self) -> None:
        """End the running one between two blocks."""
        self._stopping.set()

    def close(self) -> None:
        self.stop()
        self._thread.shutdown(cancel_futures=True)

    def past(self) -> list[Check]:
        """Those that ended, the latest first. Raises OSError."""
        return self._lines.read()[0][::-1]

    def _run(self, scope: Scope, began: Check) -> None:
        ended: Check | None = None
        try:
            uploads = scope.uploads(self._register, self._schools())
            ended = check(self._shelves, uploads, began, told=self._tell, keep_on=self._keep_on)
        except _Stopping:
            ended = replace(self._now or began, ended_at=datetime.now(UTC), stopped=True)
        except ExamError as error:
            _LOG.error("the check ended: %s", error)
        finally:
            if ended is not None:
                self._lines.append(ended)
            self._now = None

    def _tell(self, now: Check) -> None:
        self._now = now

    def _keep_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopping


def _of_school(register: Register, code: str) -> Iterator[Upload]:
    skip = 0
    while some := register.stored_of(code, _AT_A_TIME, skip):
        yield from some
        skip += len(some)


def _wrong(shelves: Shelves, upload: Upload, keep_on: KeepOn) -> Reason | None:
    digest = hashlib.sha256()
    try:
        for piece in shelves.pieces(upload.place or ""):
            keep_on()
            digest.update(piece)
    except FileNotFoundError:
        return _LOST
    except OSError as error:
        return Reason(f"файл не читается: {oswords.ru(error)}", f"the file cannot be read: {error.strerror}")
    except ExamError as error:
        return Reason(error.ru, error.en)
    return None if digest.hexdigest() == upload.sha256 else _CHANGED
