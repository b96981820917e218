"""What a file is by its first bytes, against what its name says. Pure."""

from collections.abc import Mapping
from typing import Literal

from sync.scans.model import Trouble

Format = Literal["pdf", "jpeg", "png", "tiff"]

WORDS: Mapping[Format, str] = {"pdf": "PDF", "jpeg": "JPEG", "png": "PNG", "tiff": "TIFF"}
HEAD_BYTES = 1024
"""So many first bytes are looked at."""

_BY_SUFFIX: Mapping[str, Format] = {
    ".pdf": "pdf", ".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".png": "png",
    ".tif": "tiff", ".tiff": "tiff",
}  # fmt: skip
SUFFIXES: Mapping[Format, str] = {"pdf": ".pdf", "jpeg": ".jpg", "png": ".png", "tiff": ".tif"}
"""The extension by which a file of each format travels."""

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"II+\0", "tiff"), (b"MM\0+", "tiff"),
)  # fmt: skip
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "ZIP"), (b"PK\x05\x06", "ZIP"), (b"Rar!", "RAR"), (b"7z\xbc\xaf", "7z"), (b"\x1f\x8b", "gzip"),
    (b"MZ", "EXE"), (b"\xd0\xcf\x11\xe0", "DOC/XLS"), (b"GIF8", "GIF"), (b"BM", "BMP"), (b"RIFF", "RIFF"),
    (b"{\\rtf", "RTF"), (b"<", "HTML/XML"),
)  # fmt: skip


def by_name(name: str) -> Format | None:
    """The format that a file's extension names; None: no format of scans."""
    return _BY_SUFFIX.get(suffix(name))


def suffix(name: str) -> str:
    """The extension, lower case, with its dot; empty where there is none."""
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if dot and stem else ""


def by_content(head: bytes) -> Format | None:
    """The format of the first `HEAD_BYTES` bytes; None: none of those that scans have."""
    if b"%PDF-" in head[:HEAD_BYTES]:
        return "pdf"
    return next((found for magic, found in _MAGIC if head.startswith(magic)), None)


def foreign(head: bytes) -> str:
    """What a file that is no scan seems to be, in a word; empty: nothing known."""
    if head[4:8] == b"ftyp":
        return "HEIC/MP4"
    return next((word for magic, word in _FOREIGN if head.startswith(magic)), "")


def judged(name: str, head: bytes) -> Format | Trouble:
    """What to open a file as. `head`: its first bytes, none for an empty file."""
    named = by_name(name)
    if named is None:
        return Trouble("not_a_scan")
    if not head:
        return Trouble("empty")
    if not head.strip(b"\0"):
        return Trouble("truncated")  # space that a copy was given, and never filled
    found = by_content(head)
    if found == named:
        return found
    inside = WORDS[found] if found else foreign(head)
    return Trouble("wrong_kind", inside) if inside else Trouble("unreadable")
