"""Files carried into a folder or onto a drive with proof: proved while read, read back from there, then given a name.

Nothing that bears a name is written over, but a page of our own. A call that was cut short is repeated and goes on.
"""

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from exam import durable, fixity, oswords
from exam.errors import Rejected
from sync import naming
from sync.source import Source

_CREATED = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_CLUSTER = 64 << 10
"""What a file may take beyond its size."""


class Load(Struct, frozen=True):
    """A file to carry: what it must be, and how it is to be called there."""

    path: Path
    name: str
    size: int
    sha256: str


class Carried(Struct, frozen=True):
    """A file that is there now under `name`; `is_new`: by this call."""

    load: Load
    name: str
    is_new: bool


class _NotTheSame(Exception):
    """The drive gives back other bytes than it was given."""


class Folder:
    """`path` below `root`, which a person named: it must be there, lest a drive's empty place be filled."""

    def __init__(self, root: Path, name: str, forbidden: Iterable[Path]) -> None:
        """`forbidden`: our own folders. Raises Rejected when it is none, or lies among them."""
        try:
            self._root = root.resolve(strict=True)
            self._device = self._root.stat().st_dev
        except OSError as error:
            raise _no_folder(root) from error
        if not self._root.is_dir():
            raise _no_folder(root)
        for ours in forbidden:
            if self._root.is_relative_to(ours.resolve()):
                raise Rejected(
                    f"{root} — служебная папка самих записей. Укажите папку или накопитель для эксперта.",
                    f"{root} is where recordings are kept. Name a folder or drive for the expert.",
                    code="own_folder",
                )
        self.path = self._root / name

    def prepare(self, loads: Iterable[Load]) -> None:
        """Make the folder, free of what an earlier call left unfinished. Raises Rejected where there is no room."""
        with self._refusals():
            durable.make_folder(self.path)
            for unfinished in self.path.glob(f"{durable.TEMPORARY_PREFIX}*"):
                unfinished.unlink()
            space = os.statvfs(self.path)
            new = [load.size + _CLUSTER for load in loads if not (self.path / load.name).exists()]
            short = sum(new) - space.f_bavail * space.f_frsize
        if short > 0:
            raise Rejected(
                f"В {self._root} не хватает места: освободите ещё {short / 1e6:.0f} МБ. Ничего не скопировано.",
                f"Not enough room in {self._root}: free {short / 1e6:.0f} MB more. Nothing was copied.",
                code="drive_full",
            )

    def carry(self, load: Load) -> Carried:
        """Raises Rejected: the file here is not what it should be, or the drive refuses."""
        for name in naming.candidates(load.name, load.sha256):
            target = self.path / name
            with self._refusals():
                if not os.path.lexists(target):
                    self._write(target, lambda file: _copied(load, file), load.sha256)
                    return Carried(load, name, is_new=True)
                if _is(target, load.sha256, load.size):
                    return Carried(load, name, is_new=False)
        raise AssertionError("a name with the whole SHA-256 is taken by other content")

    def put_page(self, name: str, content: bytes, ours: Callable[[str], bool]) -> str:
        """Write our page `name`; where something that is not `ours` (by its SHA-256) bears the name, beside it.

        Its name is returned. Raises Rejected as the drive refuses.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        for candidate in naming.candidates(name, sha256):
            target = self.path / candidate
            with self._refusals():
                there = _sha256_of(target)
                if there == sha256:
                    return candidate
                if there is None or ours(there):
                    self._write(target, lambda file: durable.write_all(file, content), sha256, again=there is not None)
                    return candidate
        raise AssertionError("a name with the whole SHA-256 is taken by other content")

    def names(self) -> list[str]:
        """What lies there."""
        with self._refusals():
            return sorted(each.name for each in self.path.iterdir())

    def _write(self, target: Path, fill: Callable[[int], None], sha256: str, *, again: bool = False) -> None:
        temporary = durable.temporary_in(self.path)
        try:
            descriptor = os.open(temporary, _CREATED, 0o644)
            try:
                fill(descriptor)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if _read_back(temporary) != sha256:
                raise _NotTheSame
            if again:
                temporary.replace(target)
                durable.sync(self.path)
            else:
                durable.move_without_replacing(temporary, target)
        except BaseException:
            with suppress(OSError):  # the drive may be gone, and the file with it
                temporary.unlink(missing_ok=True)
            raise

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Whatever the drive refuses within is told as what it means. Raises Rejected."""
        try:
            if self._root.stat().st_dev != self._device:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            yield
        except _NotTheSame:
            raise Rejected(
                f"{self._root} возвращает не то, что записано: накопитель неисправен. Возьмите другой; записи целы.",
                f"{self._root} gives back other bytes than it was given: the drive is broken. Take another; the "
                "recordings are whole.",
                code="bad_drive",
            ) from None
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> Rejected:
        if error.errno in durable.NO_SPACE:
            ru, en, code = "закончилось место", "the disk is full", "drive_full"
        elif error.errno in {errno.EROFS, errno.EACCES, errno.EPERM}:
            ru, en, code = "нет права писать", "it cannot be written to", "read_only"
        else:
            ru = f"накопитель отключён или неисправен ({oswords.ru(error)})"
            en, code = f"the drive is gone or broken ({error.strerror})", "drive_failed"
        return Rejected(
            f"{self._root}: {ru}. Записи в Штабе целы; скопированное до этого проверено. Устраните и повторите: "
            "готовые файлы заново не копируются.",
            f"{self._root}: {en}. The recordings here are whole; what was copied before is proved. Mend that and "
            "repeat: finished files are not copied again.",
            code=code,
        )


def _copied(load: Load, descriptor: int) -> None:
    with Source(load.path, load.size, load.sha256) as source:
        for block in source.blocks(0, load.size):
            durable.write_all(descriptor, block)


def _read_back(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in fixity.read_back(path):
        digest.update(piece)
    return digest.hexdigest()


def _is(path: Path, sha256: str, size: int) -> bool:
    return not path.is_symlink() and path.stat().st_size == size and _read_back(path) == sha256


def _sha256_of(path: Path) -> str | None:
    """None when nothing bears the name; empty for what is no file of ours."""
    if not os.path.lexists(path):
        return None
    return _read_back(path) if path.is_file() and not path.is_symlink() else ""


def _no_folder(root: Path) -> Rejected:
    return Rejected(
        f"Папки {root} нет. Вставьте накопитель и укажите, где он открыт, или создайте папку.",
        f"There is no folder {root}. Plug the drive in and name where it is mounted, or make the folder.",
        code="no_folder",
    )
