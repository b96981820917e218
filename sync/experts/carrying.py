"""Files carried into an expert's folder on a drive, with proof: proved while read, read back from there, then named.

Nothing that bears a name is written over, but a page of our own. A call that was cut short is repeated and goes on.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from exam import copying
from exam import drive as drives
from exam.copying import SourceFailed
from exam.errors import Rejected
from sync import naming


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


class Folder:
    """A folder below `root`, which a person named: it must be there, lest a drive's empty place be filled."""

    def __init__(self, root: Path, name: str, forbidden: Iterable[Path]) -> None:
        """`forbidden`: our own folders. Raises Rejected when `root` is no folder, or lies among them."""
        self._drive = drives.opened(root, name, forbidden)
        self.path = self._drive.folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """For this process alone. Raises Rejected while something else is being copied to the drive."""
        with drives.held(self._drive):
            yield

    def prepare(self, loads: Iterable[Load]) -> None:
        """Make the folder, free of what an earlier call left unfinished. Raises Rejected where there is no room."""
        self._drive.prepare()
        with self._drive.refusals():
            new = [load.size for load in loads if not (self.path / load.name).exists()]
        self._drive.check_room(new)

    def carry(self, load: Load) -> Carried:
        """Raises Rejected: the file here is not what it should be, or the drive refuses."""
        for name in naming.candidates(load.name, load.sha256):
            target = self.path / name
            with self._drive.refusals():
                if not os.path.lexists(target):
                    try:
                        copying.copy(load.path, target, load.sha256, _quietly)
                    except SourceFailed as error:
                        raise _changed(load, error) from error
                    return Carried(load, name, is_new=True)
                if _sha256_of(target) == load.sha256:
                    return Carried(load, name, is_new=False)
        raise AssertionError("a name with the whole SHA-256 is taken by other content")

    def put_page(self, name: str, content: bytes, ours: Callable[[str], bool]) -> str:
        """Write our page `name`; where something that is not `ours` (by its SHA-256) bears the name, beside it.

        Its name is returned. Raises Rejected as the drive refuses.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        for candidate in naming.candidates(name, sha256):
            target = self.path / candidate
            with self._drive.refusals():
                there = _sha256_of(target)
                if there == sha256:
                    return candidate
                if there is None or ours(there):
                    copying.put(content, target, continues=there is not None)
                    return candidate
        raise AssertionError("a name with the whole SHA-256 is taken by other content")

    def names(self) -> list[str]:
        """What lies there."""
        with self._drive.refusals():
            return sorted(each.name for each in self.path.iterdir())


def _sha256_of(path: Path) -> str | None:
    """As the drive gives it back; None when nothing bears the name; empty for what is no file of ours."""
    if not os.path.lexists(path):
        return None
    return copying.proved(path, _quietly) if path.is_file() and not path.is_symlink() else ""


def _quietly(_bytes: int) -> None:
    """Nobody watches how far it is."""


def _changed(load: Load, error: SourceFailed) -> Rejected:
    return Rejected(
        f"Файл {load.path.name} не читается или изменился, пока копировался ({error.text}). Скопированное до этого "
        "проверено; проверьте диск и повторите.",
        f"{load.path.name} cannot be read, or changed while it was copied ({error.text}). What was copied before is "
        "proved; check the disk and repeat.",
        code="changed",
    )
