"""Names schools give to files and day folders: which are lawful, and where a clash goes. Pure.

A name arrives from outside and becomes part of a path, so everything unlawful is refused, nothing is mended:
a mended name would no longer be the one the manifest speaks of. NFC and NFD spellings stay as they came.
"""

import re
import unicodedata
from collections.abc import Iterator

from sync.exchange.refusal import Refused

MAX_NAME_BYTES = 255
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_EXTENSION = re.compile(r"\.[0-9A-Za-z]{1,5}$")
_DIGEST_LETTERS = 8


def check_name(name: str, key: str) -> str:
    """Return `name` when it can be one step of a path; `key` is the metadata key it stands under.

    Raises Refused (400) otherwise.
    """
    problem = _problem(name)
    if problem:
        ru, en = problem
        raise Refused(
            400,
            "bad_name",
            f"Upload-Metadata, {key}: имя {name[:80]!r} — {ru}. Ничего не записано; переименуйте и отправьте снова.",
            f"Upload-Metadata, {key}: the name {name[:80]!r} {en}. Nothing was stored; rename and send again.",
        )
    return name


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
    tail = f"~{mark}{extension}"
    while len((stem + tail).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem + tail


def _problem(name: str) -> tuple[str, str] | None:
    if not name:
        return "пустое", "is empty"
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        return f"длиннее {MAX_NAME_BYTES} байт UTF-8", f"is longer than {MAX_NAME_BYTES} bytes of UTF-8"
    if "/" in name or "\\" in name:
        return "ведёт в другую папку («/» или «\\»)", "leads to another folder (“/” or “\\”)"
    if name.startswith("."):
        return "начинается с точки", "begins with a dot"
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in name):
        return "содержит непечатаемый знак", "holds an unprintable character"
    return None
