"""Names under which a file may lie at the far end, and under which it is not yet finished. Pure.

Shared by the exchange, which lays files down, and by the transports whose target knows only names. NFC and NFD
spellings stay as they came.
"""

import hashlib
import re
from collections.abc import Iterator

MAX_NAME_BYTES = 255
MARK = "~"
"""Before the digest in a name that other content has, too."""
PART_PREFIX = ".part-"
"""Names that begin so are unfinished and belong to nobody."""

_EXTENSION = re.compile(r"\.[0-9A-Za-z]{1,5}$")
_DIGEST_LETTERS = 8
_PART_LETTERS = 32


def candidates(name: str, sha256: str) -> Iterator[str]:
    """File names under which content `sha256` may be stored, best first.

    The name itself; where it is taken by other content, the name marked with the content's digest. So both
    contents are kept, and the same content sent again finds its own name again.
    """
    yield name
    yield marked(name, sha256[:_DIGEST_LETTERS])
    yield marked(name, sha256)


def marked(name: str, mark: str) -> str:
    """`name` with `~mark` before its extension, shortened to fit a file system's limit."""
    found = _EXTENSION.search(name)
    stem, extension = (name[: found.start()], found.group()) if found else (name, "")
    tail = f"{MARK}{mark}{extension}"
    while len((stem + tail).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + tail


def part(path: str, sha256: str) -> str:
    """Where the unfinished file of `path` (`folder/name`) is kept: the same again after a restart, never another's."""
    folder, slash, _ = path.rpartition("/")
    mark = hashlib.sha256(f"{path}\n{sha256}".encode()).hexdigest()[:_PART_LETTERS]
    return f"{folder}{slash}{PART_PREFIX}{mark}"


def is_part(path: str) -> bool:
    """Whether the path is that of an unfinished file of ours."""
    return path.rpartition("/")[2].startswith(PART_PREFIX)
