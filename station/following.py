"""One folder made equal to another, turn by turn: what one look at both finds to copy. Knows no threads.

Used by the mirror. Tapes and journal are brought level every turn; finished files, which may take long, are copied
in pieces between turns, a manifest after its recording, and once the day is settled everything is compared.
"""

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from exam import durable, manifest, roomday
from exam.audio import AudioFormat
from exam.errors import ExamError, Rejected
from exam.language import say
from station import copying, disks, journal
from station.copying import Differs, Guard, NoTape, Steps
from station.messages import DiskStatus
from station.publishing import FRAGMENTS, set_aside
from station.tape import SUFFIX

_SCAN_S = 1.0
_SYNC_S = 1.0
_MEASURE_S = 10.0
_WORK_S = 0.1  # between two looks at what grows
_PIECE = 8 << 20  # of one file, before the others have their turn

_PUBLISHED = (manifest.SUFFIX, ".mp3", ".flac", ".m4a")
"""What bears its name only once it is whole; anything else is taken for finished when it was seen twice alike."""

_Seen = tuple[int, int, int]
"""What changes whenever a file does: inode, size, time of change."""

_log = logging.getLogger(__name__)


class Following:
    """`target` on its way to equal `source`; `guard` is held around every change there.

    `taken`: the names seen in it. `disk`: its space. `differing`: what was not equal when a settled day was
    compared, None before.
    """

    def __init__(self, source: Path, target: Path, shape: AudioFormat, guard: Guard, scan_s: float = _SCAN_S) -> None:
        self._source, self._target, self._shape, self._guard, self._scan_s = source, target, shape, guard, scan_s
        self._place: tuple[int, int] | None = None
        self.taken: frozenset[str] = frozenset()
        self.disk: DiskStatus | None = None
        self.differing: tuple[str, ...] | None = None
        self._forget()

    @property
    def error(self) -> str:
        """The first file's trouble; empty when there is none."""
        return next(iter(self._errors.values()), "")

    @property
    def is_busy(self) -> bool:
        """Whether finished files are still to be copied."""
        return self._task is not None or bool(self._pending)

    def turn(self, *, is_settled: bool = False) -> bool:
        """Look once at both folders and do a little; whether all that grows is level then.

        `is_settled`: the day is closed and published. Raises OSError or Rejected when there is no folder to copy to.
        """
        self._arrive()
        self._scan()
        levels = [self._bring_level(name, seen) for name, seen in self._looked_at().items()]
        self._is_level = all(levels) and not self._errors.keys() & set(self._growing)
        self._sync()
        if not is_settled:
            self.differing = None
        self._work(is_settled=is_settled)
        return self._is_level

    def _forget(self) -> None:
        """Whatever was known of the target may be otherwise now."""
        self.taken, self.disk, self.differing = frozenset(), None, None
        self._is_level = False
        self._growing: tuple[str, ...] = ()
        self._level: dict[str, _Seen] = {}
        self._foreign: dict[str, _Seen] = {}
        self._unsynced: set[str] = set()
        self._finished: dict[str, _Seen] = {}
        self._done: dict[str, _Seen] = {}
        self._pending: list[str] = []
        self._errors: dict[str, str] = {}
        self._task: Steps | None = None
        self._scanned_at = self._measured_at = self._synced_at = float("-inf")
        self._scanned_ns = 0

    def _arrive(self) -> None:
        """Make sure that the target is there, on a disk of its own, and the one seen before."""
        try:
            there = self._target.stat()
        except FileNotFoundError:
            self._place = None
            disks.check_separate(self._source, self._target)
            with self._guard():
                durable.make_folder(self._target)
            there = self._target.stat()
        if (there.st_dev, there.st_ino) != self._place:
            disks.check_separate(self._source, self._target)
            self._forget()
            self._place = (there.st_dev, there.st_ino)
        if time.monotonic() - self._measured_at >= _MEASURE_S:
            self._measured_at = time.monotonic()
            self.disk = disks.disk_status(self._target, self._shape)

    def _scan(self) -> None:
        """List both folders, once a second or when the source has another name."""
        now, changed_ns = time.monotonic(), self._source.stat().st_mtime_ns
        if now - self._scanned_at < self._scan_s and changed_ns == self._scanned_ns:
            return
        self._scanned_at, self._scanned_ns = now, changed_ns
        self.taken = frozenset(path.name for path in self._target.iterdir())
        before, files = self._finished, _files(self._source)
        growing = [name for name, seen in files.items() if copying.grows(name) and self._foreign.get(name) != seen]
        self._growing = tuple(sorted(growing, key=lambda name: name != journal.FILE))
        self._finished = {name: seen for name, seen in files.items() if name not in growing}
        self._pending = [
            name
            for name, seen in self._finished.items()
            if seen != self._done.get(name) and (name.endswith(_PUBLISHED) or before.get(name) == seen)
        ]
        self._errors = {name: error for name, error in self._errors.items() if name in files}

    # -- what grows ----------------------------------------------------------------------------------------

    def _looked_at(self) -> Mapping[str, _Seen]:
        """What grows, the journal first, and how far: no tape is copied further than the copied journal tells."""
        found: dict[str, _Seen] = {}
        for name in self._growing:
            try:
                found[name] = _seen((self._source / name).stat())
            except FileNotFoundError:  # renamed since it was listed
                continue
            except OSError as error:
                self._errors[name] = str(error)
        return found

    def _bring_level(self, name: str, seen: _Seen) -> bool:
        if self._level.get(name) == seen:
            self._errors.pop(name, None)
            return True
        until = None if name == journal.FILE else seen[1]
        try:
            copied = copying.bring_level(self._source / name, self._target / name, _PIECE, self._guard, until=until)
        except NoTape:
            self._foreign[name] = seen
        except Differs:
            self._part_ways(name)
            return False
        except OSError as error:
            if not (self._source / name).exists():  # renamed since it was listed
                return True
            self._errors[name] = str(error)
            return False
        else:
            self._errors.pop(name, None)
            self._unsynced.add(name)
            if copied.size == seen[1]:
                self._level[name] = seen
            return not copied.missing
        return True

    def _part_ways(self, name: str) -> None:
        """A copy made here may be of sound that was held and has found its place since; any other is kept."""
        with self._guard():
            if self._level.pop(name, None) is not None and name.endswith(SUFFIX):
                with contextlib.suppress(Differs):
                    copying.cut_back(self._source / name, self._target / name)
                    return
            kept = set_aside(self._target / name)
        _log.warning("%s: %s -> %s", self._target, name, kept)

    def _sync(self) -> None:
        """Once a second what was appended is made to survive a power cut."""
        if not self._unsynced or time.monotonic() - self._synced_at < _SYNC_S:
            return
        self._synced_at = time.monotonic()
        for name in tuple(self._unsynced):
            durable.sync(self._target / name)
        self._unsynced.clear()

    # -- what is finished ----------------------------------------------------------------------------------

    def _work(self, *, is_settled: bool) -> None:
        """Go on with what takes long, for a moment."""
        if self._task is None and self._pending:
            self._task, self._pending = self._copied(self._pending), []
        elif self._task is None and is_settled and self._is_level and self.differing is None and not self._errors:
            self._task = self._compared()
        until = time.monotonic() + _WORK_S
        for _ in self._task or ():
            if time.monotonic() > until:
                return
        self._task = None

    def _copied(self, names: Sequence[str]) -> Steps:
        """Manifests come after their recordings, the room's record after those."""
        for name in sorted(names, key=lambda name: (_is_manifest(name), roomday.is_room_day(name))):
            seen = self._finished.get(name)
            if _is_manifest(name) and not self._is_level:
                continue  # its recording may be on its way; the next look finds it again
            try:
                yield from self._recording(name) if _is_manifest(name) else self._file(name)
            except (OSError, ExamError) as error:
                if (self._source / name).exists():
                    self._errors[name] = str(error)
            else:
                self._errors.pop(name, None)
                if seen is not None:
                    self._done[name] = seen

    def _file(self, name: str) -> Steps:
        """A file of another size is another; what is within is proved with its manifest, or when all is compared."""
        target = self._target / name
        if not target.exists() or target.stat().st_size != (self._source / name).stat().st_size:
            yield from self._copy(name)

    def _copy(self, name: str) -> Steps:
        target = self._target / name
        with self._guard():
            durable.make_folder(target.parent)
        yield from copying.copy_whole(self._source / name, target, self._guard)

    def _recording(self, name: str) -> Steps:
        """A manifest, once the files it tells of are proved to be in the target; or the room's record."""
        source, target = self._source / name, self._target / name
        if target.exists() and source.read_bytes() == target.read_bytes():
            return
        if roomday.is_room_day(name):
            yield from self._copy(name)
            return
        try:
            told = manifest.load(source)
        except Rejected:  # another's file, or one of ours that is broken: `verify` tells; here it is bytes
            yield from self._file(name)
            return
        for file, sha256 in [(told.audio.file, told.sha256), *((copy.file, copy.sha256) for copy in told.deliveries)]:
            yield from self._proved(file, sha256)
        yield from self._copy(name)

    def _proved(self, file: str, sha256: str) -> Steps:
        """The file is in the target, read back with this SHA-256."""
        target = self._target / file
        if target.exists() and (yield from copying.hash_of(target)) == sha256:
            return
        yield from self._copy(file)
        if (yield from copying.hash_of(target)) != sha256:
            raise Rejected(f"{file}: копия не равна описанию записи", f"{file}: the copy is not what its manifest says")

    def _compared(self) -> Steps:
        """Every file against its copy; one that is not equal is copied anew, the unequal one kept aside."""
        began = _files(self._source)
        differing: list[str] = []
        for name in began:
            try:
                if (yield from copying.are_equal(self._source / name, self._target / name)):
                    continue
                _log.warning(
                    "%s: %s", self._target / name, say("копия не равна, снимается заново", "not equal: copied anew")
                )
                yield from self._copy(name)
                if not (yield from copying.are_equal(self._source / name, self._target / name)):
                    differing.append(name)
            except OSError:
                differing.append(name)
        if _files(self._source) == began:
            self.differing = tuple(differing)
            _log.log(
                logging.WARNING if differing else logging.INFO,
                "%s: %s",
                self._target,
                ", ".join(differing) or say("вторая копия равна первой", "the copies are equal"),
            )


def _files(folder: Path) -> dict[str, _Seen]:
    """The files of a day's folder, fragments included, by name within it; unfinished and locking ones left out."""
    found: dict[str, _Seen] = {}
    for path in (*folder.iterdir(), *_fragments(folder)):
        if path.name.startswith("."):
            continue
        try:
            there = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(there.st_mode):
            found[str(path.relative_to(folder))] = _seen(there)
    return found


def _fragments(folder: Path) -> Iterator[Path]:
    aside = folder / FRAGMENTS
    return aside.iterdir() if aside.is_dir() else iter(())


def _is_manifest(name: str) -> bool:
    return name.endswith(manifest.SUFFIX)


def _seen(there: os.stat_result) -> _Seen:
    return there.st_ino, there.st_size, there.st_mtime_ns
