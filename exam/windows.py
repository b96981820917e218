"""Texts and tables that an old Windows PC opens as they are: a mark for UTF-8, line ends of two signs, semicolons that
Excel takes for columns. Pure; whoever writes a paper as TXT or CSV asks here.
"""

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t")


def text(lines: Iterable[str]) -> bytes:
    """Lines as Notepad shows them."""
    return _encoded("".join(f"{line}\n" for line in lines))


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of cells as Excel shows them: what begins like a formula stays a text."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\n")
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return _encoded(written.getvalue())


def _inert(cell: str) -> str:
    """Excel takes what begins so for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _encoded(content: str) -> bytes:
    return content.replace("\n", "\r\n").encode("utf-8-sig")
