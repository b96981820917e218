"""What is known of every upload, and the states it goes through.

`offset` is not here: it is the real length of the file in `incoming`. What is here is `synced`, how much of it was on
disk when it was last acknowledged: a crash may leave more, which is then cut off, as nobody knows what it is. A crash
leaves each upload in one of these states, and `Verifier` takes it on from there.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from sync.exchange.database import Database
from sync.model import Receipt

_LIGHT = (
    "id, school, folder, filename, length, announced, '' AS metadata, state, sha256, place, receipt, reason, synced"
)


class State(StrEnum):
    """How far an upload came. Its bytes lie in `incoming` up to and including VERIFIED."""

    RECEIVING = "receiving"  # bytes arrive; when as many are there as announced, they wait to be re-hashed
    VERIFIED = "verified"  # SHA-256 recomputed from disk and right; about to be moved to the final place
    STORED = "stored"  # at the final place, receipt signed
    QUARANTINED = "quarantined"  # not what was announced; kept aside


AFTER: Mapping[State, frozenset[State]] = {
    State.RECEIVING: frozenset({State.VERIFIED, State.QUARANTINED}),
    State.VERIFIED: frozenset({State.STORED, State.QUARANTINED}),
    State.STORED: frozenset(),
    State.QUARANTINED: frozenset(),
}
"""Every step there is; besides, an upload still RECEIVING may be terminated and is then forgotten."""


class Upload(Struct, frozen=True, kw_only=True):
    """One upload. `length`, `synced` in bytes; `announced`, `sha256` hex: what the client said, what the disk holds.

    `place` is relative to the exchange's folder; `receipt` is JSON; `reason` tells why it was quarantined.
    """

    id: str
    school: str
    folder: str
    filename: str
    length: int
    announced: str | None
    metadata: str
    state: State = State.RECEIVING
    sha256: str | None = None
    place: str | None = None
    receipt: str | None = None
    reason: str | None = None
    synced: int = 0

    def signed(self) -> Receipt:
        """The receipt of a stored upload."""
        return msgspec.json.decode(self.receipt or "null", type=Receipt)


class Register:
    """Owns the table `upload`. Every method blocks on the disk; all raise Transient as `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, upload: Upload) -> None:
        self._database.write(
            "INSERT INTO upload VALUES (:id, :school, :folder, :filename, :length, :announced, :metadata,"
            " :state, :sha256, :place, :receipt, :reason, :synced)",
            msgspec.to_builtins(upload),
        )

    def advance(self, upload: Upload, state: State, **learned: str) -> Upload:
        """Take `upload` to `state` with what was learned, and return it so. Raises ValueError off the table."""
        if state not in AFTER[upload.state]:
            raise ValueError(f"{upload.state} -> {state}")
        after = msgspec.structs.replace(upload, state=state, **learned)
        self._database.write(
            "UPDATE upload SET state = :state, sha256 = :sha256, place = :place, receipt = :receipt,"
            " reason = :reason WHERE id = :id",
            msgspec.to_builtins(after),
        )
        return after

    def note_synced(self, upload_id: str, offset: int) -> None:
        """So many bytes of an upload outlive a power cut; or more, if somebody else has noted that meanwhile."""
        self._database.write("UPDATE upload SET synced = max(synced, ?) WHERE id = ?", (offset, upload_id))

    def note_cut(self, upload_id: str, offset: int) -> None:
        """An upload was cut back to so many bytes."""
        self._database.write("UPDATE upload SET synced = min(synced, ?) WHERE id = ?", (offset, upload_id))

    def forget(self, upload: Upload) -> None:
        """Drop an upload that was terminated."""
        self._database.write("DELETE FROM upload WHERE id = ? AND state = ?", (upload.id, State.RECEIVING))

    def find(self, upload_id: str) -> Upload | None:
        return next(iter(self._select("WHERE id = ?", upload_id)), None)

    def unfinished(self) -> list[Upload]:
        """Every upload that is not whole, or not known to be, oldest first."""
        return self._select("WHERE state = ? ORDER BY rowid", State.RECEIVING)

    def announced_bytes(self) -> int:
        """Lengths of all unfinished uploads together."""
        return self._sum("SELECT SUM(length) FROM upload WHERE state = ?", State.RECEIVING)

    def count_unfinished(self, school: str) -> int:
        """How many uploads of the school are not whole, or not known to be."""
        return int(
            self._database.read(
                "SELECT COUNT(*) FROM upload WHERE school = ? AND state = ?", (school, State.RECEIVING)
            )[0][0]
        )

    def bytes_of(self, school: str) -> int:
        """What the school has here or announced: files in place (each once), unfinished ones, those set aside."""
        return self._sum(
            "SELECT SUM(length) FROM (SELECT max(length) AS length FROM upload WHERE school = ?"
            " GROUP BY COALESCE(place, id))",
            school,
        )

    def unsettled(self) -> list[Upload]:
        """Every upload whose bytes may still lie in `incoming`, oldest first."""
        return self._select("WHERE state <> ? ORDER BY rowid", State.STORED)

    def stored(self) -> list[Upload]:
        """One upload for every stored file, the last that brought it, by place."""
        return self._select(
            "WHERE rowid IN (SELECT max(rowid) FROM upload WHERE state = ? GROUP BY place) ORDER BY place",
            State.STORED,
        )

    def stored_of(self, school: str, most: int, skip: int = 0) -> list[Upload]:
        """Like `stored`, of one school, in order of arrival: at most so many after the first `skip`; without the
        metadata they came with."""
        return self._light(
            "WHERE rowid IN (SELECT max(rowid) FROM upload WHERE school = ? AND state = ? GROUP BY place)"
            " ORDER BY rowid LIMIT ? OFFSET ?",
            school, State.STORED, most, skip,
        )  # fmt: skip

    def set_aside_of(self, school: str, most: int) -> list[Upload]:
        """The school's quarantined uploads, at most so many, in order of arrival; without their metadata."""
        return self._light("WHERE school = ? AND state = ? ORDER BY rowid LIMIT ?", school, State.QUARANTINED, most)

    def settled(self) -> dict[str, tuple[int, int]]:
        """How many uploads of each school are stored, and how many set aside; neither number ever falls."""
        rows = self._database.read(
            "SELECT school, sum(state = ?) AS stored, sum(state = ?) AS aside FROM upload GROUP BY school",
            (State.STORED, State.QUARANTINED),
        )
        return {row["school"]: (row["stored"], row["aside"]) for row in rows}

    def stored_at(self, place: str, sha256: str) -> Upload | None:
        """An upload that brought this content to `place` before."""
        return next(iter(self._select("WHERE place = ? AND sha256 = ? LIMIT 1", place, sha256)), None)

    def of_content(self, school: str, sha256: str) -> list[Upload]:
        """The school's uploads that are, or are said to be, this content; oldest first."""
        return self._select("WHERE school = ?1 AND (sha256 = ?2 OR announced = ?2) ORDER BY rowid", school, sha256)

    def unnamed_content(self, school: str) -> list[Upload]:
        """The school's uploads whose content is not known yet, neither announced nor recomputed."""
        return self._select(
            "WHERE school = ? AND state = ? AND announced IS NULL ORDER BY rowid", school, State.RECEIVING
        )

    def _sum(self, query: str, value: str) -> int:
        return int(self._database.read(query, (value,))[0][0] or 0)

    def _light(self, where: str, *values: object) -> list[Upload]:
        return self._select(where, *values, columns=_LIGHT)

    def _select(self, where: str, *values: object, columns: str = "*") -> list[Upload]:
        rows = self._database.read(f"SELECT {columns} FROM upload {where}", values)  # noqa: S608 - literals above
        return [msgspec.convert(dict(row), Upload) for row in rows]
