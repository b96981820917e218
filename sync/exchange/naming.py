"""Names schools give to files and day folders: which are lawful. Pure.

A name arrives from outside and becomes part of a path, so everything unlawful is refused, nothing is mended:
a mended name would no longer be the one the manifest speaks of. NFC and NFD spellings stay as they came.
"""

import unicodedata

from sync.exchange.refusal import Refused
from sync.naming import MAX_NAME_BYTES

_UNPRINTABLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


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
