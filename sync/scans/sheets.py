"""What the child and the agent say to each other, and what a page is before it is judged. Pure."""

from math import isfinite
from typing import Any

from msgspec import Struct

from sync.scans.model import Opened, Trouble
from sync.scans.sniffing import Format

MM_IN_INCH = 25.4
_A4_INCHES = 11.69
_PAPER_INCHES = (5.0, 17.5)  # the long side, from A6 to A3

LOOKED_AT_DPI = 200
"""Pages are looked at with about so many dots to an inch: enough for a code of 12 mm and for a pencil."""


class Look(Struct, frozen=True, tag="look"):
    """Open this file and say what it is. `path` is absolute; `format` is what its first bytes are."""

    path: str
    format: Format


class Show(Struct, frozen=True, tag="show"):
    """Draw the first page, its longer side at most `pixels`."""

    path: str
    format: Format
    pixels: int


class Picture(Struct, frozen=True, tag="picture"):
    """A page as PNG."""

    png: bytes


Asked = Look | Show
Answer = Opened | Trouble | Picture


class TroubleFound(Exception):
    """Raised within the child by what opens files; carries what is to be answered."""

    def __init__(self, code: str, told: str = "") -> None:
        super().__init__(code)
        self.trouble = Trouble(code, told)


class Sheet(Struct, frozen=True):
    """One page in grey. `image`: a uint8 array, rows first; `long_side_mm`: of the paper; `dpi`: of the scan, None
    where nothing was scanned."""

    image: Any
    long_side_mm: float
    dpi: int | None


def long_inches(told: float | None) -> float:
    """The paper's longer side. What a file tells is believed if it is a sheet of paper's; else the sheet is A4."""
    if told is not None and isfinite(told) and _PAPER_INCHES[0] <= told <= _PAPER_INCHES[1]:
        return told
    return _A4_INCHES
