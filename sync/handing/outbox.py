"""The folder from which a person takes the ZIPs: what lies there, what may be put there, and what its disk refuses.

Called by `packing` and `giving`. Nothing that bears a name is written over or removed.
"""

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Literal

from exam import durable, oswords
from exam.errors import Fatal, Transient
from sync import naming
from sync.handing import archive
from sync.handing.archive import NotTheSame
from sync.handing.records import Packed

State = Literal["whole", "gone", "altered"]
Moved = Callable[[int], None]

_SPARE_BYTES = 1 << 20
"""Kept free beside a ZIP, for inventories."""
_RANDOM = re.compile(re.escape(durable.TEMPORARY_PREFIX) + r"[0-9a-f]{16}")


class Outbox:
    """`folder`, in which ZIPs of `school` are put."""

    def __init__(self, folder: Path, school: str) -> None:
        self._folder, self._school = folder, school
        self._seen: dict[str, tuple[object, State]] = {}

    @contextmanager
    def held(self, *, used: bool) -> Iterator[None]:
        """For this process alone, free of what an earlier life left unfinished in it.

        `used`: ZIPs were put there before, so the folder must be there; else it is made. Raises Transient, Fatal.
        """
        with self.refusals():
            if not used and self._folder.parent.is_dir():
                durable.make_folder(self._folder)
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def clear(self) -> None:
        """Remove unfinished files of ours."""
        ours = f"{durable.TEMPORARY_PREFIX}{self._school}_"
        with self.refusals():
            for path in self._folder.iterdir():
                if path.name.startswith(ours) or _RANDOM.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    def check_not_bare(self) -> None:
        """Raises Transient when nothing of ours is there any more: a drive that was pulled out leaves its folder."""
        with self.refusals():
            if any(path.name.startswith(f"{self._school}_") for path in self._folder.iterdir()):
                return
        raise Transient(
            f"В {self._folder} нет ни архивов, ни описи. Накопитель вынут — подключите его; архивы унесены и "
            "переданы — запишите: station-sync handed-over /ПАПКА/АРХИВ.zip …; удалены нарочно — "
            "station-sync pack --again.",
            f"{self._folder} holds neither archives nor an inventory. If a drive was pulled out, plug it in; if the "
            "archives were carried away and handed over, record it: station-sync handed-over /FOLDER/ARCHIVE.zip …; if "
            "they were deleted on purpose: station-sync pack --again.",
            code="outbox_bare",
        )

    def path(self, name: str) -> Path:
        return self._folder / name

    def part(self, name: str) -> Path:
        """Where the ZIP `name` is written: the same again after a restart, and nothing that opens as a ZIP."""
        return self._folder / f"{durable.TEMPORARY_PREFIX}{name.removesuffix('.zip')}"

    def free_name(self, day: date, known: Iterable[str]) -> str:
        """The next ZIP's name: after all that are there, and all that ever were (`known`)."""
        pattern = re.compile(rf"{re.escape(self._school)}_{day}_(\d+)\.zip", re.IGNORECASE)
        with self.refusals():
            names = [*known, *(path.name for path in self._folder.iterdir())]
        numbers = [int(found[1]) for name in names if (found := pattern.fullmatch(name))]
        return f"{self._school}_{day}_{max(numbers, default=0) + 1:02d}.zip"

    def check_room(self, size: int) -> None:
        """Raises Transient, before anything is written, when a ZIP of `size` bytes finds no room."""
        with self.refusals():
            space = os.statvfs(self._folder)
        short = size + _SPARE_BYTES - space.f_bavail * space.f_frsize
        if short > 0:
            raise Transient(
                f"В {self._folder} не хватает места для архива: освободите ещё {_megabytes(short)} МБ или укажите "
                "другую папку в [target] folder. Записи целы, готовые архивы тоже; упаковка продолжится сама.",
                f"Not enough room in {self._folder} for the archive: free {_megabytes(short)} MB more or name another "
                "folder in [target] folder. Recordings and finished archives are safe; packing goes on by itself.",
                code="outbox_full",
            )

    def state(self, packed: Packed, *, closely: bool = False) -> State:
        """Whether the ZIP lies there as it was packed. Read anew when it was touched since, or `closely`."""
        path = self.path(packed.zip)
        with self.refusals():
            try:
                status = path.lstat()
            except FileNotFoundError:
                self._folder.stat()  # the folder itself must not be what is gone
                return "gone"
            fingerprint = status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
            known = self._seen.get(packed.zip)
            if closely or known is None or known[0] != fingerprint:
                self._seen[packed.zip] = known = fingerprint, self._compared(path, packed)
        return known[1]

    def finish(self, packed: Packed) -> bool:
        """Give the ZIP its name when it lies there whole but for that; whether it did."""
        part = self.part(packed.zip)
        with self.refusals():
            if self._compared(part, packed) != "whole":
                return False
        return self.publish(packed)

    def publish(self, packed: Packed) -> bool:
        """Give the ZIP its name; False, and nothing under the name changed, when somebody took it."""
        with self.refusals():
            try:
                durable.move_without_replacing(self.part(packed.zip), self.path(packed.zip))
            except FileExistsError:
                self.part(packed.zip).unlink()
                return False
        return True

    def has(self, name: str, content: bytes) -> bool:
        """Whether `name` is exactly this."""
        with self.refusals():
            try:
                return self.path(name).read_bytes() == content
            except FileNotFoundError:
                return False

    def put(self, name: str, content: bytes, ours: Callable[[str], bool]) -> str | None:
        """Write `name` anew. What is there and not `ours` (by its SHA-256) is kept; the name it has now is returned.

        None when nothing had to give way.
        """
        path, aside = self.path(name), None
        with self.refusals():
            if path.exists():
                there = hashlib.sha256(path.read_bytes()).hexdigest()
                if not ours(there):
                    aside = self.path(naming.marked(name, there[:8]))
                    with suppress(FileExistsError):
                        durable.move_without_replacing(path, aside)
            durable.rewrite(path, content)
        return aside.name if aside else None

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Whatever the folder's disk refuses within is told as what it means. Raises Transient, Fatal."""
        try:
            yield
        except NotTheSame:
            raise Fatal(
                f"Диск с папкой {self._folder} возвращает не то, что на него записано: он неисправен. Записи целы; "
                "укажите папку на другом диске в [target] folder.",
                f"The disk of {self._folder} gives back other bytes than it was given: it is broken. Recordings are "
                "safe; name a folder on another disk in [target] folder.",
                code="bad_outbox",
            ) from None
        except OSError as error:
            raise self._refused(error) from error

    def _lock(self, descriptor: int) -> None:
        with suppress(OSError):  # some network and FUSE file systems know no locks
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Transient(
                    f"С папкой {self._folder} уже работает другая упаковка. Дождитесь её конца и повторите.",
                    f"Something else is packing into {self._folder}. Wait for its end and repeat.",
                    code="outbox_busy",
                ) from None

    def _compared(self, path: Path, packed: Packed) -> State:
        try:
            if path.is_symlink() or path.stat().st_size != packed.size:
                return "altered"
            return "whole" if archive.sha256_stored(path) == packed.sha256 else "altered"
        except FileNotFoundError:
            return "gone"

    def _refused(self, error: OSError) -> Transient:
        if error.errno in durable.NO_SPACE:
            ru, en, code = "закончилось место", "the disk is full", "outbox_full"
        elif error.errno == errno.EFBIG:
            ru = "диск не хранит таких больших файлов (FAT32 — до 4 ГБ); уменьшите zip_megabytes"
            en, code = "its disk holds no file that large (FAT32: 4 GB); lower zip_megabytes", "outbox_limit"
        elif error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            ru, en = "нет права писать", "it cannot be written to"
            code = "outbox_read_only"
        elif error.errno in {errno.ENOENT, errno.ENOTDIR} and not self._folder.is_dir():
            ru, en = "папки нет; подключите накопитель или создайте её", "there is no such folder; plug in or make it"
            code = "no_outbox"
        else:
            (ru, en), code = oswords.both(error), "outbox_failed"
        return Transient(
            f"Папка для архивов {self._folder}: {ru}. Записи целы, готовые архивы не тронуты; когда причина устранена, "
            "упаковка продолжится сама или по station-sync pack.",
            f"The folder for archives {self._folder}: {en}. Recordings are safe, finished archives untouched; once "
            "that is mended, packing goes on by itself or by station-sync pack.",
            code=code,
        )


def _megabytes(size: int) -> str:
    return f"{max(size / 1e6, 0.1):.1f}"
