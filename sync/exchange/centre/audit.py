"""Who looked at what, took what along, and let whom in: lines only ever added, in `centre/audit.jsonl`.

Nothing is shown before its line is on the disk. Passwords, tokens and mistyped names never stand there.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from sync.exchange.yard import Yard
from sync.lines import Lines

FILE = "centre/audit.jsonl"
Act = Literal[
    "signed_in", "refused", "signed_out", "looked", "took", "checked", "exported", "operator_added", "operator_removed"
]


class Line(Struct, frozen=True, kw_only=True, tag_field="event", tag="act"):
    """What somebody did. `who`: an operator, or `system:NAME` for a command of this computer's user; `address`: from
    where; `what`: a school and day, a file, a command's target."""

    at: datetime
    who: str
    act: Act
    what: str = ""
    address: str = ""


class Audit:
    """For all threads of this process; other processes add to the same file."""

    def __init__(self, folder: Path) -> None:
        self._lines: Lines[Line] = Lines(Yard(folder).folder / FILE, Line)
        self._lock = threading.Lock()

    def note(self, who: str, act: Act, what: str = "", address: str = "") -> None:
        """Keep it durably. Raises OSError: then what was to be done must not be."""
        with self._lock:
            self._lines.append(Line(at=datetime.now(UTC), who=who, act=act, what=what, address=address))

    def read(self) -> list[Line]:
        return self._lines.read()[0]
