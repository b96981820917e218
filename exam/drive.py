"""Where a day is carried to: the folder on a drive, what its file system can hold, and whether it is still there.

A drive that was pulled out leaves its folder behind, empty and on the system's own disk: so the device is compared
before anything is written.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from exam import durable, oswords
from exam.copying import NotTheSame
from exam.errors import Rejected
from exam.mounts import TABLE, Mount, largest_file, mounts, over

_CLUSTER = 64 << 10
"""What a file may take beyond its size."""
_SYSFS = Path("/sys")
_ROOTS = ("/media/", "/run/media/", "/mnt/")
"""Below these drives are mounted, whatever they are."""
_GONE = {errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTCONN, errno.ESTALE, errno.ENOTDIR,
         errno.ESHUTDOWN, errno.ENOMEDIUM}  # fmt: skip


class Drive(Struct, frozen=True):
    """`path`: the folder a person named; `folder`: the day's in it. `largest`: bytes a file may have, None: any."""

    path: Path
    folder: Path
    device: int
    kind: str
    largest: int | None

    @property
    def free_bytes(self) -> int:
        space = os.statvfs(self.path)
        return space.f_bavail * space.f_frsize

    def fits(self, size: int) -> bool:
        """Whether its file system can hold a file of so many bytes."""
        return self.largest is None or size <= self.largest

    def is_there(self) -> bool:
        """Whether it is still the same device."""
        try:
            return self.path.stat().st_dev == self.device
        except OSError:
            return False

    def check_there(self) -> None:
        """Raises Rejected when it was pulled out."""
        if not self.is_there():
            raise gone(self.path)

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Whatever the drive refuses within is told as what it means. Raises Rejected."""
        self.check_there()
        try:
            yield
        except NotTheSame:
            raise _broken(self.path) from None
        except OSError as error:
            raise self.refused(error) from error

    def prepare(self) -> None:
        """Make the day's folder, free of what an earlier call left unfinished. Raises Rejected."""
        with self.refusals():
            durable.make_folder(self.folder)
            for unfinished in self.folder.glob(f"{durable.TEMPORARY_PREFIX}*"):
                unfinished.unlink()

    def check_room(self, sizes: Iterable[int]) -> None:
        """Raises Rejected, before anything is copied, when files of these sizes find no room."""
        needed = sum(size + _CLUSTER for size in sizes)
        short = needed - self.free_bytes
        if short > 0:
            raise Rejected(
                f"На накопителе {self.path} не хватит места: нужно {gb(needed)} ГБ, свободно {gb(self.free_bytes)} ГБ. "
                "Освободите ещё "
                f"{gb(short)} ГБ или возьмите другой. Ничего не скопировано.",
                f"Not enough room at {self.path}: {gb(needed)} GB are needed, {gb(self.free_bytes)} GB are free. Free "
                f"{gb(short)} GB more or take another drive. Nothing was copied.",
                code="drive_full",
            )

    def refused(self, error: OSError) -> Rejected:
        """What the drive's own refusal means."""
        if error.errno in durable.NO_SPACE:
            return Rejected(
                f"Накопитель {self.path} заполнен. Скопированное до этого проверено и цело; освободите место или "
                "возьмите другой и повторите: готовые файлы заново не копируются.",
                f"The drive {self.path} is full. What was copied before is proved and whole; free space or take "
                "another and repeat: finished files are not copied again.",
                code="drive_full",
            )
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM} and self.is_there():
            return Rejected(
                f"На {self.path} нельзя писать ({oswords.ru(error)}): снимите защиту от записи или проверьте права.",
                f"{self.path} cannot be written to ({error.strerror}): lift its write protection or check the rights.",
                code="read_only",
            )
        if error.errno in _GONE or not self.is_there():
            return gone(self.path)
        return Rejected(
            f"Накопитель {self.path} отказал: {oswords.ru(error)}. Записи на компьютере целы. Повторите или возьмите "
            "другой.",
            f"The drive {self.path} failed: {error.strerror}. The recordings on the computer are whole. Repeat, or "
            "take another.",
            code="drive_failed",
        )


def opened(path: Path, name: str, recordings: Iterable[Path]) -> Drive:
    """The drive at `path`, for a day's folder called `name`; nothing is written yet.

    `recordings`: folders it must not lie in. Raises Rejected.
    """
    try:
        real = path.resolve(strict=True)
        device = real.stat().st_dev
    except OSError as error:
        raise Rejected(
            f"Папки {path} нет. Вставьте накопитель и укажите, где он открыт (например, /media/…).",
            f"There is no folder {path}. Plug the drive in and name where it is mounted (for example /media/…).",
            code="no_folder",
        ) from error
    if not real.is_dir():
        raise Rejected(
            f"{path} — не папка. Укажите папку накопителя.", f"{path} is no folder. Name the drive's.", code="no_folder"
        )
    for ours in recordings:
        inside = ours.resolve()
        if real == inside or inside in real.parents:
            raise _within_ours(path)
    mount = over(real)
    kind = mount.kind if mount else ""
    return Drive(real, real / name, device, kind, largest_file(kind))


@contextmanager
def held(drive: Drive) -> Iterator[None]:
    """One at a time copies to a drive. Raises Rejected when another does."""
    descriptor = os.open(drive.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some network and FUSE file systems know no locks
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Rejected(
                    f"На {drive.path} уже идёт копирование. Дождитесь его конца.",
                    f"Something is being copied to {drive.path} already. Wait for its end.",
                    code="busy",
                ) from None
        yield
    finally:
        os.close(descriptor)


def gone(path: Path) -> Rejected:
    """What is said when the drive was pulled out."""
    return Rejected(
        f"Накопитель {path} отключился. Записи на компьютере целы. Вставьте его и повторите: скопированное до этого "
        "проверено и заново не копируется.",
        f"The drive {path} is gone. The recordings on the computer are whole. Plug it in and repeat: what was copied "
        "before is proved and is not copied again.",
        code="drive_gone",
    )


def _broken(path: Path) -> Rejected:
    return Rejected(
        f"Накопитель {path} возвращает не то, что на него записано: он неисправен. Возьмите другой; записи на "
        "компьютере целы.",
        f"The drive {path} gives back other bytes than it was given: it is broken. Take another; the recordings on the "
        "computer are whole.",
        code="bad_drive",
    )


def gb(size: float) -> str:
    """Gigabytes with one decimal; less than a tenth is shown as that."""
    return f"{max(size, 1e8 if size > 0 else 0) / 1e9:.1f}"


def removable(sysfs: Path = _SYSFS, table: Path = TABLE) -> list[Mount]:
    """Drives somebody plugged in and opened: on a removable or USB device, or mounted where drives are."""
    last = {mount.path: mount for mount in mounts(table)}
    return [mount for mount in last.values() if _is_plugged(mount, sysfs)]


def _is_plugged(mount: Mount, sysfs: Path) -> bool:
    if mount.path.startswith(_ROOTS):
        return True
    if (
        mount.path == "/"
        or mount.path.startswith(("/boot", "/etc", "/usr", "/var"))
        or not mount.source.startswith("/")
    ):
        return False
    block = (sysfs / "dev" / "block" / mount.device).resolve()
    flags = [disk / "removable" for disk in (block, block.parent)]
    is_removable = any(flag.exists() and flag.read_text().strip() == "1" for flag in flags)
    return is_removable or "/usb" in str(block)


def _within_ours(path: Path) -> Rejected:
    return Rejected(
        f"{path} — папка самих записей. Укажите папку накопителя.",
        f"{path} is where the recordings are. Name the drive's folder.",
        code="own_folder",
    )
