"""The package of a school's day («комплект материалов») as a file: its manifest, published and delivered last.

Owned here: the format, its name, the chain of versions. A correction after release is a new version that names the one
before by its SHA-256; nothing is replaced. What comes from outside (a drive, a school) is read by `read`, bounded.
"""

import hashlib
import re
from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct, field

from exam.errors import Rejected
from exam.regulation import Outcome
from sync.school.model import Cell, Fault, Given, PaperKind, PapersWay, Recording, Stage

SCHEMA = 1
MAX_BYTES = 16 << 20
WORD = "комплект"
_NAME = re.compile(rf"\d{{2}}\.\d{{2}}\.\d{{4}}_[^_]+_{WORD}_\d{{2,}}(?:~[0-9a-f]+)?\.json")

FileKind = Literal["recording", "stream", "manifest"] | PaperKind


class PackageFile(Struct, frozen=True):
    """A file of the package. `path`: `<day folder>/<name>` as it travels; `size` in bytes."""

    path: str
    kind: FileKind
    sha256: str
    size: int


class PackageTake(Struct, frozen=True, kw_only=True):
    """A take that counts; the one that stands for the participant is named by the row."""

    room: str
    station: str
    stem: str
    number: int
    variant: str | None
    started_at: datetime
    ended_at: datetime | None
    decision: str | None
    source: str
    recording: str | None = None


class PackageRow(Struct, frozen=True, kw_only=True):
    """One participant. `recording`, `protocol`: the SHA-256 of the files that stand for them, None where they lack."""

    number: int
    surname: str
    first_name: str
    patronymic: str = ""
    class_name: str = field(name="class", default="")
    rooms: tuple[str, ...] = ()
    outcome: Outcome | None = None
    outcome_at: str | None = None
    variant: str | None = None
    recording: str | None = None
    protocol: str | None = None
    takes: tuple[PackageTake, ...] = ()
    cells: dict[Stage, Cell]

    @property
    def full_name(self) -> str:
        return " ".join(part for part in (self.surname, self.first_name, self.patronymic) if part)


class Package(Struct, frozen=True, kw_only=True):
    """A released package. `previous`: the SHA-256 of the manifest it corrects; `incomplete`: why the organizer released
    it although `faults` stand; `by`: who released it."""

    schema: int = SCHEMA
    kind: Literal["package"] = "package"
    school: str
    school_name: str
    exam_date: date
    version: int
    previous: str | None = None
    released_at: datetime
    by: str
    incomplete: str | None = None
    scheme: int
    recording: Recording
    papers_way: PapersWay
    papers_given: tuple[Given, ...] = ()
    rows: tuple[PackageRow, ...]
    files: tuple[PackageFile, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def file(self) -> str:
        """The manifest's name."""
        return f"{self.exam_date:%d.%m.%Y}_{self.school}_{WORD}_{self.version:02d}.json"


def folder_of(exam_date: date) -> str:
    """The folder in which papers and manifest travel, beside the rooms' day folders."""
    return f"{exam_date.isoformat()}_{WORD}"


def is_package(name: str) -> bool:
    """Whether a file name is that of a package's manifest."""
    return _NAME.fullmatch(name) is not None


def read(content: bytes, name: str) -> Package:
    """The manifest in `content`. Raises Rejected when it is none, or of a version this program does not know."""
    if len(content) > MAX_BYTES:
        raise _refused(name, "слишком велик", "too large")
    try:
        package = msgspec.json.decode(content, type=Package)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, str(error), str(error)) from error
    if package.schema != SCHEMA:
        raise _refused(name, f"версия {package.schema}, программа знает {SCHEMA}", f"schema {package.schema}")
    return package


def digest(content: bytes) -> str:
    """The SHA-256 by which a manifest's bytes are known."""
    return hashlib.sha256(content).hexdigest()


def written(package: Package) -> bytes:
    """The manifest as a file's bytes."""
    return msgspec.json.format(msgspec.json.encode(package), indent=1) + b"\n"


def _refused(name: str, ru: str, en: str) -> Rejected:
    return Rejected(f"Опись комплекта {name} испорчена: {ru}.", f"Package manifest {name} is broken: {en}.",
                    code="bad_package")  # fmt: skip
