"""What people decided about scans: whose they are, which are set aside; only ever added to, below the agent's state.

A decision is about one content under one name: other bytes under that name are another scan.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from exam.errors import Rejected
from sync.lines import Lines
from sync.scans.model import Assigned, Belongs, Decision, Key, PutAside, TakenBack

FILE = "scans/decisions.jsonl"


_Record = Assigned | PutAside | TakenBack


class Decisions:
    """The decisions of one school, in `state` (the agent's folder)."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[_Record] = Lines(state / FILE, _Record)

    def standing(self) -> Mapping[Key, Decision]:
        """What holds now, by scan. Raises OSError."""
        records, _ = self._lines.read()
        return _standing(records)

    def assign(self, file: str, sha256: str, belongs: Belongs, at: datetime) -> None:
        """Note whose paper it is. Raises Rejected when nothing can be said of it, OSError."""
        if belongs.kind == "protocol" and belongs.participant is None:
            raise Rejected(
                "Протокол назначается участнику: добавьте --participant N.",
                "A protocol is assigned to a participant: add --participant N.",
                code="no_participant",
            )
        self._lines.append(Assigned(file, sha256, belongs, at))

    def set_aside(self, file: str, sha256: str, reason: str, at: datetime) -> None:
        """Note that it does not count, and why. Raises Rejected without a reason, OSError."""
        if not reason.strip():
            raise Rejected(
                "Укажите причину: отложенный скан в комплект не входит.",
                "Give a reason: a scan set aside is not in the package.",
                code="no_reason",
            )
        self._lines.append(PutAside(file, sha256, " ".join(reason.split()), at))

    def take_back(self, file: str, sha256: str, at: datetime) -> None:
        """What was decided no longer holds. Raises Rejected when nothing was, OSError."""
        if (file, sha256) not in self.standing():
            raise Rejected(
                f"О файле {file} ничего не решали: возвращать нечего.",
                f"Nothing was decided about {file}: there is nothing to take back.",
                code="not_decided",
            )
        self._lines.append(TakenBack(file, sha256, at))


def _standing(records: Iterable[_Record]) -> Mapping[Key, Decision]:
    found: dict[Key, Decision] = {}
    for record in records:
        key = (record.file, record.sha256)
        if isinstance(record, TakenBack):
            found.pop(key, None)
        else:
            found[key] = record
    return found
