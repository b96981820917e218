"""The words for scans: what a file turned out to be, whose paper it is, what is wrong with it. Pure."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from sync.plan import Reason

PaperKind = Literal["protocol", "form_c1", "room_sheet", "act", "other"]
"""An expert's protocol of a participant, form С-1, a room's «ведомость учета», an act (прил. 10, 13), anything else."""

Key = tuple[str, str]
"""(file, sha256): a person's decision is about this content under this name, and about no other."""

Evidence = Literal["decision", "code", "name"]
"""What says whose paper it is: a person, a code on the page, the file's name."""

MAX_PAGES = 30
MAX_MEGAPIXELS = 100  # A3 at 600 dpi has 70
MAX_MEGABYTES = 200
LEAST_DPI = 150


class Page(Struct, frozen=True):
    """One page. `dpi`: None where nothing was scanned (a PDF that was drawn, not photographed); `codes`: texts of the
    barcodes on it."""

    dpi: int | None
    is_blank: bool
    codes: tuple[str, ...] = ()


class Opened(Struct, frozen=True, tag="opened"):
    """The file is what it should be, and these are its pages."""

    pages: tuple[Page, ...]


class Trouble(Struct, frozen=True, tag="trouble"):
    """The file cannot be taken. `code`: of `sync.scans.faults`; `told`: the figure or word that belongs to it."""

    code: str
    told: str = ""


Verdict = Opened | Trouble


class File(Struct, frozen=True):
    """A file of the watched folder and what was found in it. `file`: its path below the folder; `size` in bytes;
    `sha256` is empty where it could not be read."""

    file: str
    sha256: str
    size: int
    verdict: Verdict

    @property
    def key(self) -> Key:
        return self.file, self.sha256


class Belongs(Struct, frozen=True):
    """Whose paper it is. `participant`: a roster number, of protocols always, of acts; `room`: of room sheets."""

    kind: PaperKind
    participant: int | None = None
    room: str | None = None


class Scan(Struct, frozen=True, kw_only=True):
    """A good paper. `blank_pages`: numbers, from 1, of pages with nothing on them (mostly a sheet's other side)."""

    file: str
    sha256: str
    size: int
    kind: PaperKind
    participant: int | None
    room: str | None
    pages: int
    evidence: Evidence
    blank_pages: tuple[int, ...] = ()


class Problem(Struct, frozen=True, kw_only=True):
    """A file that does not count, and why. `participant`: whose it would be, where that is known."""

    file: str
    sha256: str
    size: int
    code: str
    reason: Reason
    participant: int | None = None


class Unassigned(Struct, frozen=True, kw_only=True):
    """A good scan of which nobody has said whose it is. `candidates`: roster numbers, the likeliest first."""

    file: str
    sha256: str
    size: int
    pages: int
    candidates: tuple[int, ...] = ()


class Assigned(Struct, frozen=True, tag="assigned"):
    """A person's word: this scan is this paper."""

    file: str
    sha256: str
    belongs: Belongs
    at: datetime


class PutAside(Struct, frozen=True, tag="aside"):
    """A person's word: this scan does not count; it is a double, somebody else's paper."""

    file: str
    sha256: str
    reason: str
    at: datetime


class TakenBack(Struct, frozen=True, tag="back"):
    """A person's word: what was decided about this scan no longer holds."""

    file: str
    sha256: str
    at: datetime


Decision = Assigned | PutAside


class Scans(Struct, frozen=True, kw_only=True):
    """What there is, each in the order of names. `waiting`: files still being copied, or not opened yet."""

    papers: tuple[Scan, ...] = ()
    problems: tuple[Problem, ...] = ()
    unassigned: tuple[Unassigned, ...] = ()
    aside: tuple[PutAside, ...] = ()
    waiting: tuple[str, ...] = ()
