"""What is mounted, as the kernel tells it. Used by whatever writes to drives that people plug in and pull out."""

import re
from pathlib import Path

from msgspec import Struct

TABLE = Path("/proc/self/mountinfo")

_FAT = {"vfat", "msdos", "fat"}
_FAT_LARGEST = (1 << 32) - 1


class Mount(Struct, frozen=True):
    """A mounted file system: `kind` as the kernel calls it, `device` major:minor."""

    path: str
    kind: str
    source: str
    device: str


def mounts(table: Path = TABLE) -> list[Mount]:
    """What is mounted, in order."""
    found = []
    for line in table.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        fields, told = before.split(), after.split()
        found.append(Mount(_unescaped(fields[4]), told[0], _unescaped(told[1]), fields[2]))
    return found


def over(path: Path, table: Path = TABLE) -> Mount | None:
    """The file system an absolute path is on; None where nothing tells."""
    text, found = str(path), None
    for mount in mounts(table):
        inside = text == mount.path or text.startswith(mount.path.rstrip("/") + "/")
        if inside and (found is None or len(mount.path) >= len(found.path)):
            found = mount  # of two in one place the later hides the earlier
    return found


def largest_file(kind: str) -> int | None:
    """Bytes a file may have on a file system of this kind, None: any."""
    return _FAT_LARGEST if kind in _FAT else None


def _unescaped(text: str) -> str:
    """The kernel writes blanks as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
