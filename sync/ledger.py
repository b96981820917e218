"""The ledger: where every item is on its way, in one SQLite file that survives kills and power cuts.

Written by `sync.agent` alone, one transaction a step; `sync.report` reads it at any time, also while the agent works.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from exam import durable
from exam.errors import Fatal
from sync.model import ItemState
from sync.plan import Found, Key, Row

FILE = "ledger.sqlite"
_SCHEMA_VERSION = 1
_BUSY_S = 10.0

TRANSITIONS: Mapping[ItemState, frozenset[ItemState]] = {
    ItemState.HASHED: frozenset({ItemState.UPLOADING, ItemState.QUARANTINED}),
    ItemState.UPLOADING: frozenset({ItemState.UPLOADED, ItemState.HASHED, ItemState.QUARANTINED}),
    ItemState.UPLOADED: frozenset(
        {ItemState.VERIFYING, ItemState.DELIVERED, ItemState.HASHED, ItemState.QUARANTINED}
    ),
    ItemState.VERIFYING: frozenset(
        {ItemState.UPLOADED, ItemState.DELIVERED, ItemState.HASHED, ItemState.QUARANTINED}
    ),
    ItemState.QUARANTINED: frozenset({ItemState.HASHED}),
    ItemState.DELIVERED: frozenset({ItemState.UPLOADED}),
}  # fmt: skip
"""From each state, those it may be left for. Back to `hashed`: the server no longer has the upload;
back from `delivered`: the receipt is gone or no longer good, and is asked for again."""

_TABLES = """
CREATE TABLE items (
    path        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL CHECK (size >= 0),
    state       TEXT NOT NULL,
    upload      TEXT UNIQUE,
    offset      INTEGER NOT NULL CHECK (offset BETWEEN 0 AND size),
    damaged     INTEGER NOT NULL,
    unproven    INTEGER NOT NULL,
    receipt     TEXT,
    reason      TEXT,
    fingerprint TEXT NOT NULL,
    next_try_at TEXT,
    present     INTEGER NOT NULL,
    PRIMARY KEY (path, sha256),
    CHECK (state <> 'delivered' OR receipt IS NOT NULL)
) STRICT;
CREATE TABLE target (url TEXT NOT NULL) STRICT;
"""
_FIELDS = Row.__struct_fields__
_WRITE = (
    f"INSERT INTO items ({', '.join(_FIELDS)}) VALUES ({', '.join(':' + name for name in _FIELDS)}) "  # noqa: S608 - field names
    f"ON CONFLICT (path, sha256) DO UPDATE SET {', '.join(f'{name} = :{name}' for name in _FIELDS)}"
)


class Ledger:
    """The agent's, opened for writing. `move` is the only way a row changes state."""

    def __init__(self, folder: Path) -> None:
        """Open or create `folder`'s ledger. A damaged one is set aside and begun anew: every item is found again.

        Raises Fatal when the disk refuses or the ledger is of a later version.
        """
        self._path = folder / FILE
        with _translated(self._path):
            self._db = _open_sound(self._path)

    def close(self) -> None:
        self._db.close()

    def rows(self) -> dict[Key, Row]:
        """Every row, in the order of paths."""
        with _translated(self._path):
            return {row.key: row for row in _read(self._db)}

    def begin(self) -> None:
        """A new life of the agent: what was set aside or found unprovable gets another chance."""
        for row in self.rows().values():
            if row.state is ItemState.QUARANTINED:
                self.move(row, ItemState.HASHED, reason=None, fingerprint="", damaged=0, next_try_at=None)
            elif row.state is not ItemState.DELIVERED and (row.reason or row.damaged or row.next_try_at):
                self.note(row, reason=None, damaged=0, unproven=False, next_try_at=None)

    def note_found(self, found: Iterable[Found]) -> None:
        """Enter what a scan saw. What it no longer saw stays, unless the same path now means other bytes."""
        items = {one.item.key: one.item for one in found}
        paths = {path for path, _ in items}
        rows = self.rows()
        with self._transaction():
            for key, item in items.items():
                if key not in rows:
                    self._write(Row(**structs.asdict(item)))
                elif not rows[key].present:
                    self._write(structs.replace(rows[key], present=True))
            for key, row in rows.items():
                if key not in items and (row.present or row.path in paths):
                    self._lose(row, superseded=row.path in paths)

    def move(self, row: Row, to: ItemState, **changes: Any) -> Row:
        """Take `row` to state `to`, durably, with other fields changed; returns the new row.

        Raises ValueError when the table of transitions does not allow it.
        """
        if to not in TRANSITIONS[row.state]:
            raise ValueError(f"{row.path}: {row.state} -> {to}")
        return self._save(structs.replace(row, state=to, **changes))

    def note(self, row: Row, **changes: Any) -> Row:
        """Change fields of `row` without changing its state, durably."""
        if "state" in changes:
            raise ValueError("a state changes by move")
        return self._save(structs.replace(row, **changes))

    def target(self) -> str | None:
        """The address this ledger was last used with."""
        with _translated(self._path):
            found = self._db.execute("SELECT url FROM target").fetchone()
        return str(found["url"]) if found else None

    def set_target(self, url: str) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM target")
            self._db.execute("INSERT INTO target VALUES (?)", (url,))

    def _lose(self, row: Row, *, superseded: bool) -> None:
        # A row without a hash only notes a problem of a place, and goes with it.
        if row.state is not ItemState.DELIVERED and (superseded or not row.sha256):
            self._db.execute("DELETE FROM items WHERE path = ? AND sha256 = ?", row.key)
        elif row.present:
            self._write(structs.replace(row, present=False))

    def _save(self, row: Row) -> Row:
        with self._transaction():
            self._write(row)
        return row

    def _write(self, row: Row) -> None:
        values = msgspec.to_builtins(row)
        values["reason"] = msgspec.json.encode(row.reason).decode() if row.reason else None
        self._db.execute(_WRITE, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _translated(self._path), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield


def read(folder: Path) -> list[Row]:
    """The rows of `folder`'s ledger, without disturbing the agent; none when nothing was ever noted there."""
    path = folder / FILE
    if not path.exists():
        return []
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with _translated(path):
        try:
            return _rows_of(uri)
        except sqlite3.OperationalError:
            if path.with_name(path.name + "-wal").exists():
                raise
        return _rows_of(uri + "&immutable=1")  # the agent rests; who may not write beside the ledger cannot lock it


def _rows_of(uri: str) -> list[Row]:
    db = _connect(uri)
    try:
        return list(_read(db)) if _version(db) else []
    finally:
        db.close()


def _read(db: sqlite3.Connection) -> Iterator[Row]:
    for record in db.execute(f"SELECT {', '.join(_FIELDS)} FROM items ORDER BY path, sha256"):  # noqa: S608 - field names
        values = dict(record)
        values["reason"] = msgspec.json.decode(values["reason"]) if values["reason"] else None
        yield msgspec.convert(values, Row, strict=False)


def _connect(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _open_sound(path: Path) -> sqlite3.Connection:
    try:
        return _open(path)
    except sqlite3.OperationalError:
        raise  # the disk or a lock, not the content
    except sqlite3.DatabaseError:
        _set_aside(path)
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    db = _connect(path.absolute().as_uri())
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        version = _version(db)
        if version > _SCHEMA_VERSION:
            raise Fatal(
                f"Журнал отправки {path} создан более новой версией программы. Обновите программу.",
                f"The ledger {path} was made by a later version of this program. Update it.",
            )
        if version == 0:
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
        if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check")
    except BaseException:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        number = 1
        while (aside := path.with_name(f"damaged-{number}-{part.name}")).exists():
            number += 1
        if part.exists():
            durable.move_without_replacing(part, aside)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Fatal(
            f"Журнал отправки {path} недоступен: {error}. Записи целы; проверьте место на диске и права на папку.",
            f"The ledger {path} cannot be used: {error}. Recordings are untouched; check disk space and permissions.",
            code="ledger_unusable",
        ) from error
