"""What the centre knows of what schools' files say: read from the stored bytes once, kept by their SHA-256.

Owns the table `fact`. A SHA-256 is for ever, so nothing kept grows old, but the way of reading: hence `_EDITION`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from exam.errors import Rejected
from sync.exchange.centre import reading
from sync.exchange.centre.reading import Broken, Fact, FactKind
from sync.exchange.centre.shelves import Shelves
from sync.exchange.centre.words import Arrived
from sync.exchange.database import Database
from sync.plan import Reason
from sync.school.package import Package

_EDITION = 1
_AT_A_TIME = 200
"""Files read between two commits."""
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
_DAMAGED = Reason(
    "в хранилище лежит не то, что было принято: файл испорчен или пропал. Запросите его у школы ещё раз",
    "the store does not hold what was received: damaged or lost. Ask the school for it again",
)


class Damaged(Rejected):
    """The store does not hold what was received."""


class Knowledge:
    """Blocking; for any thread."""

    def __init__(self, database: Database, shelves: Shelves) -> None:
        self._database, self._shelves = database, shelves

    def of(self, files: Iterable[Arrived]) -> Mapping[str, Fact]:
        """What each of these files says, by SHA-256; those that are nothing to read are left out.

        Raises Transient, OSError when what is not known yet cannot be read now.
        """
        wanted = {(file.sha256, kind): file for file in files if (kind := reading.kind_of(file.name)) is not None}
        known = self._kept(wanted)
        unread = [(key, file) for key, file in wanted.items() if key not in known]
        for first in range(0, len(unread), _AT_A_TIME):
            fresh = {key: self._read(key[1], file) for key, file in unread[first : first + _AT_A_TIME]}
            known |= {key: fact or Broken(_DAMAGED) for key, fact in fresh.items()}
            self._keep({key: fact for key, fact in fresh.items() if fact is not None})
        return {sha256: fact for (sha256, _), fact in known.items()}

    def package(self, file: Arrived) -> Package:
        """All of a package's manifest that `of` found good. Raises Damaged, Rejected, Transient, OSError."""
        content = self._content("package", file)
        if content is None:
            raise Damaged(f"{file.path}: {_DAMAGED.ru}.", f"{file.path}: {_DAMAGED.en}.", code="damaged")
        return reading.package_in(content, file.name)

    def _read(self, kind: FactKind, file: Arrived) -> Fact | None:
        """None: not what was received."""
        if file.size > reading.MOST_BYTES[kind]:
            return reading.read(kind, b" " * (reading.MOST_BYTES[kind] + 1), file.name)
        content = self._content(kind, file)
        return None if content is None else reading.read(kind, content, file.name)

    def _content(self, kind: FactKind, file: Arrived) -> bytes | None:
        try:
            content = self._shelves.beginning(file.place, reading.MOST_BYTES[kind] + 1)
        except FileNotFoundError:
            return None
        return content if hashlib.sha256(content).hexdigest() == file.sha256 else None

    def _kept(self, wanted: Iterable[tuple[str, FactKind]]) -> dict[tuple[str, FactKind], Fact]:
        found: dict[tuple[str, FactKind], Fact] = {}
        asked = sorted({sha256 for sha256, _ in wanted})
        rows = self._database.read(
            "SELECT sha256, kind, content FROM fact WHERE sha256 IN (SELECT value FROM json_each(?))",
            (json.dumps(asked),),
        )
        for row in rows:
            word, _, edition = row["kind"].partition(".")
            if edition == str(_EDITION):
                found[row["sha256"], word] = _DECODER.decode(row["content"])
        return found

    def _keep(self, facts: Mapping[tuple[str, FactKind], Fact]) -> None:
        rows: Sequence[tuple[str, str, str]] = [
            (sha256, f"{kind}.{_EDITION}", msgspec.json.encode(fact).decode()) for (sha256, kind), fact in facts.items()
        ]
        self._database.write(
            "INSERT OR IGNORE INTO fact SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)",
            (json.dumps(rows),),
        )
