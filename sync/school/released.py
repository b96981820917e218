"""Which manifests of packages a person really released: by their SHA-256, noted before each is published.

Owns `packages/released.jsonl` in the state folder. What was edited since is told, never sent as if it were released.
"""

from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct

from sync.lines import Lines

FOLDER = "packages"
FILE = "released.jsonl"


class Noted(Struct, frozen=True):
    """A version of a day's package and the SHA-256 of its manifest."""

    exam_date: date
    version: int
    sha256: str
    noted_at: datetime


class Released:
    """What is on record in one state folder, as it was when this was made."""

    def __init__(self, state: Path) -> None:
        """What cannot be read is as good as nothing on record: the manifests are not readable then, either."""
        self._lines: Lines[Noted] = Lines(state / FOLDER / FILE, Noted)
        self._noted: list[Noted] = []
        with suppress(OSError):
            self._noted = self._lines.read()[0]

    def note(self, noted: Noted) -> None:
        """Keep it durably. Raises OSError."""
        self._lines.append(noted)

    def is_whole(self, sha256: str) -> bool:
        """Whether a manifest of this content was released; where nothing is on record, whatever lies there was."""
        return not self._noted or any(one.sha256 == sha256 for one in self._noted)

    def of(self, exam_date: date, version: int) -> str | None:
        """The SHA-256 under which this version was released last."""
        found = (one.sha256 for one in reversed(self._noted) if (one.exam_date, one.version) == (exam_date, version))
        return next(found, None)

    def successor_of(self, exam_date: date, version: int) -> str | None:
        """The SHA-256 of the latest version, where that is a later one than this."""
        later = [one for one in self._noted if one.exam_date == exam_date and one.version > version]
        return max(reversed(later), key=lambda one: one.version).sha256 if later else None
