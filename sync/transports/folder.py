"""A folder as a target: a flash drive, a network share. Built by `building`.

A drive that was taken out leaves the folder it was mounted on behind, empty and on this computer's own disk: writing
there would fill that disk and deliver nothing. So the folder is never made here; and where it once lay on a file
system mounted for it (a small file in the agent's state remembers the mount point), one must be mounted again before
anything is touched. Below /media, /run/media and /mnt that holds from the first time on. While a file is written the
folder must stay on one device.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from exam import durable, fixity, mounts, oswords
from exam.errors import ExamError, Fatal, Rejected, Transient
from sync import naming
from sync.source import Source
from sync.transports import Moved
from sync.transports.shelf import unlawful

_DRIVES = (Path("/media"), Path("/run/media"), Path("/mnt"))
_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ECONNABORTED, errno.ESTALE, errno.ESHUTDOWN,
         errno.ENOMEDIUM, errno.EHOSTDOWN}  # fmt: skip
_FILE_MODE, _FOLDER_MODE = 0o640, 0o750


class Drive:
    """Shelf over `folder`, which must be there. `memory`: the file that remembers where it is mounted."""

    appends = True

    def __init__(self, folder: Path, memory: Path) -> None:
        self._folder, self._memory = folder, memory

    def size(self, name: str) -> int | None:
        with self._refusals(name):
            try:
                return (self._folder / name).stat().st_size
            except FileNotFoundError:
                self._device()
                return None

    def write(self, name: str, source: Source, offset: int, moved: Moved) -> None:
        with self._refusals(name):
            device, path = self._device(), self._folder / name
            self._check_room(name, source.size, offset)
            self._make(path.parent)
            mode = os.O_WRONLY | os.O_CLOEXEC | (0 if offset else os.O_CREAT | os.O_TRUNC)
            with os.fdopen(os.open(path, mode, _FILE_MODE), "wb", buffering=0) as file:
                os.lseek(file.fileno(), offset, os.SEEK_SET)
                for block in source.blocks(offset, source.size):
                    self._check_same(device, file)
                    durable.write_all(file.fileno(), block)
                    offset += len(block)
                    moved(offset)
                os.fsync(file.fileno())
            durable.sync(path.parent)

    def read(self, name: str, offset: int) -> Iterator[memoryview]:
        with self._refusals(name):
            self._device()
            try:
                yield from fixity.read_back(self._folder / name, offset)
            except (FileNotFoundError, IsADirectoryError):
                self._device()
            except PermissionError:
                if naming.is_part(name):
                    raise

    def publish(self, part: str, name: str) -> bool:
        with self._refusals(name):
            self._device()
            try:
                durable.move_without_replacing(self._folder / part, self._folder / name)
            except FileExistsError:
                return False
            except OSError as error:
                # exFAT through FUSE says of a name it cannot hold that there is no such file.
                nameless = error.errno == errno.ENOENT and (self._folder / part).exists()
                if nameless or error.errno == errno.EINVAL:
                    raise _bad_name(name) from error
                raise
            return True

    def remove(self, name: str) -> None:
        with self._refusals(name):
            self._device()
            (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held."""

    def _make(self, folder: Path) -> None:
        """The folders below the target's own, which is not made."""
        inside = folder.relative_to(self._folder)
        for part in reversed([inside, *inside.parents][:-1]):
            made = self._folder / part
            if not made.is_dir():
                made.mkdir(_FOLDER_MODE)
                durable.sync(made.parent)

    def _check_room(self, name: str, size: int, offset: int) -> None:
        """Before a file is begun that would only fill what smaller ones still find room in."""
        mount = mounts.over(self._folder.resolve())
        limit = mounts.largest_file(mount.kind) if mount else None
        if limit is not None and size > limit:
            raise _too_large(name)
        space = os.statvfs(self._folder)
        if space.f_bavail * space.f_frsize < size - offset:
            raise self._full()

    def _device(self) -> int:
        """Which device the folder is on. Raises Transient when what belongs there is not mounted."""
        try:
            device = self._folder.stat().st_dev
            mounted = self._folder.is_dir() and self._is_mounted()
        except OSError as error:
            raise self._gone() from error
        if not mounted:
            raise self._gone()
        return device

    def _check_same(self, device: int, file: FileIO) -> None:
        """What is being written lies where the folder lay, and still does. Raises Transient, OSError."""
        if {os.fstat(file.fileno()).st_dev, self._folder.stat().st_dev} != {device}:
            raise self._gone()

    def _is_mounted(self) -> bool:
        real = self._folder.resolve(strict=True)
        point = next(place for place in (real, *real.parents) if place.is_mount())
        expected = self._remembered(real)
        if not point.is_relative_to(expected):
            return False
        if point != expected:
            durable.make_folder(self._memory.parent, mode=0o700)
            durable.rewrite(self._memory, os.fsencode(point), mode=0o600)
        return True

    def _remembered(self, real: Path) -> Path:
        """At or below which place a file system must be mounted."""
        known = [place for place in _DRIVES if real.is_relative_to(place)]
        with suppress(FileNotFoundError):
            known.append(Path(os.fsdecode(self._memory.read_bytes())))
        return max((place for place in known if real.is_relative_to(place)), key=_depth, default=Path("/"))

    @contextmanager
    def _refusals(self, name: str) -> Iterator[None]:
        """Whatever the drive refuses within is told as what it means."""
        try:
            yield
        except OSError as error:
            raise self._meaning(name, error) from error

    def _meaning(self, name: str, error: OSError) -> ExamError:
        number = error.errno
        if number in _GONE:
            return self._gone()
        try:
            self._device()
        except Transient as gone:
            return gone
        if number in durable.NO_SPACE:
            return self._full()
        if number == errno.EROFS:
            return self._read_only()
        if number in {errno.EACCES, errno.EPERM}:
            return self._forbidden()
        return _of_this_file(name, number) or self._failed(error)

    def _gone(self) -> Transient:
        return Transient(
            f"Накопитель или сетевая папка {self._folder} не подключены; записи целы. Подключите, отправка продолжится "
            "сама.",
            f"The drive or network share {self._folder} is not there; the recordings are safe. Connect it, sending "
            "will go on by itself.",
            code="target_gone",
        )

    def _full(self) -> Transient:
        return Transient(
            f"На носителе {self._folder} кончилось место; записи целы. Освободите место, отправка продолжится сама.",
            f"No space is left at {self._folder}; the recordings are safe. Free some, sending will go on by itself.",
            code="target_full",
        )

    def _read_only(self) -> Transient:
        return Transient(
            f"Носитель {self._folder} закрыт для записи; записи целы. Снимите защиту или замените носитель: отправка "
            "продолжится сама.",
            f"{self._folder} is write-protected; the recordings are safe. Lift the protection or replace the drive: "
            "sending will go on by itself.",
            code="target_read_only",
        )

    def _failed(self, error: OSError) -> Transient:
        return Transient(
            f"Носитель {self._folder} отказал или вынут ({oswords.ru(error)}); записи целы, отправка повторится сама. "
            "Если он подключён и отказывает снова, замените его.",
            f"{self._folder} failed or was pulled out ({error.strerror}); the recordings are safe, sending will be "
            "tried again. If it is there and fails again, replace it.",
            code="target_failed",
        )

    def _forbidden(self) -> Fatal:
        return Fatal(
            f"В папку {self._folder} нельзя писать: нет прав. Записи целы; разрешите запись пользователю, под которым "
            "работает отправка.",
            f"{self._folder} may not be written to. The recordings are safe; give the user that sending runs as the "
            "right to write.",
            code="forbidden",
        )


def _depth(place: Path) -> int:
    return len(place.parts)


def _of_this_file(name: str, number: int | None) -> Rejected | None:
    if number == errno.EFBIG:
        return _too_large(name)
    return _bad_name(name) if number in {errno.ENAMETOOLONG, errno.EILSEQ} else None


def _bad_name(name: str) -> Rejected:
    return unlawful(name, "файловая система носителя такого имени не допускает", "its file system allows no such name")


def _too_large(name: str) -> Rejected:
    file = name.rpartition("/")[2]
    return Rejected(
        f"Файл {file} больше 4 ГБ: носитель в формате FAT32 таких не держит. Файл здесь цел; отформатируйте носитель "
        "в exFAT или передайте файл иначе.",
        f"{file} is larger than 4 GB, which a drive formatted as FAT32 cannot hold. The file here is safe; format the "
        "drive as exFAT, or hand the file over in another way.",
        code="too_large",
    )
