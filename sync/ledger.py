"""The ledger: where every item is on its way, in one SQLite file that survives kills and power cuts.

Written by `sync.agent` alone, one transaction a step; `sync.report` reads it at any time, also while the agent works.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct, structs

from exam import durable
from exam.errors import ConfigError, Fatal
from sync.model import ItemState
from sync.plan import Found, Key, Row, Told
from sync.states import ASIDE, DONE, REFUSED, TRANSITIONS

FILE = "ledger.sqlite"
UNUSABLE = "ledger_unusable"
"""The code of the Fatal raised when the disk refuses."""
_SCHEMA_VERSION = 3
_READABLE = {2, 3}
"""Versions whose rows are told alike: `status` need not wait until the agent has brought them up to date."""
_BUSY_S = 10.0

T = TypeVar("T")
Move = tuple[Row, ItemState, Mapping[str, Any]]
"""A row, the state it goes to, and the fields that change with it."""

_TABLES = """
CREATE TABLE items (
    path        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size        INTEGER NOT NULL CHECK (size >= 0),
    state       TEXT NOT NULL,
    resumes     TEXT,
    upload      TEXT,
    offset      INTEGER NOT NULL CHECK (offset BETWEEN 0 AND size),
    damaged     INTEGER NOT NULL,
    unproven    INTEGER NOT NULL,
    receipt     TEXT,
    receipt_mark TEXT NOT NULL,
    reason      TEXT,
    fingerprint TEXT NOT NULL,
    next_try_at TEXT,
    present     INTEGER NOT NULL,
    PRIMARY KEY (path, sha256),
    CHECK (state <> 'delivered' OR receipt IS NOT NULL),
    CHECK ((state IN ('waiting', 'needs_human')) = (resumes IS NOT NULL))
) STRICT;
CREATE INDEX items_upload ON items (upload);
CREATE TABLE manifests (place TEXT PRIMARY KEY, told TEXT NOT NULL) STRICT;
CREATE TABLE target (url TEXT NOT NULL, school TEXT) STRICT;
CREATE TABLE line (at TEXT NOT NULL, rate REAL NOT NULL) STRICT;
"""
_FROM_1 = f"""-- rows of version 1 as rows of this one
ALTER TABLE items RENAME TO items_1;
ALTER TABLE target RENAME TO target_1;
{_TABLES}
INSERT INTO items SELECT path, kind, sha256, size, state, NULL, upload, offset, damaged, unproven, receipt, '', reason,
    fingerprint, next_try_at, present FROM items_1;
INSERT INTO target SELECT url, NULL FROM target_1;
DROP TABLE items_1;
DROP TABLE target_1;
"""  # noqa: S608 - literals
_SCHEMAS = {0: _TABLES, 1: _FROM_1, 2: "ALTER TABLE target ADD COLUMN school TEXT;"}
_TOLD = msgspec.json.Decoder(Told)
_FIELDS = Row.__struct_fields__
_WRITE = (
    f"INSERT INTO items ({', '.join(_FIELDS)}) VALUES ({', '.join(':' + name for name in _FIELDS)}) "  # noqa: S608 - field names
    f"ON CONFLICT (path, sha256) DO UPDATE SET {', '.join(f'{name} = :{name}' for name in _FIELDS)}"
)


class Ledger:
    """The agent's, opened for writing, which keeps every row in memory too. `move` alone changes a row's state."""

    def __init__(self, folder: Path) -> None:
        """Open or create `folder`'s ledger. A damaged one is set aside and begun anew: every item is found again.

        Raises Fatal when the disk refuses or the ledger is of a later version.
        """
        self._path = folder / FILE
        with _translated(self._path):
            self._db = _open_sound(self._path)
            try:
                self._rows = {row.key: row for row in _read(self._db)}
            except msgspec.MsgspecError:  # sound pages, senseless rows
                self._db.close()
                _set_aside(self._path)
                self._db, self._rows = _open(self._path), {}

    def close(self) -> None:
        self._db.close()

    def rows(self) -> Mapping[Key, Row]:
        """Every row, as it is now."""
        return self._rows

    def holder(self, upload: str) -> Key | None:
        """Whose upload this is."""
        with _translated(self._path):
            found = self._db.execute("SELECT path, sha256 FROM items WHERE upload = ?", (upload,)).fetchone()
        return tuple(found) if found else None

    def begin(self) -> None:
        """A new life of the agent: what was set aside or found unprovable gets another chance."""
        steps: list[Move] = []
        for row in self._rows.values():
            to = row.resumes or (ItemState.HASHED if row.state in REFUSED else row.state)
            if to is not row.state or (row.state not in DONE and (row.reason or row.damaged or row.next_try_at)):
                again = {"fingerprint": "", "resumes": None, "damaged": 0, "unproven": False, "reason": None}
                steps.append((row, to, again | {"next_try_at": None}))
        self.move_all(steps)

    def note_found(self, found: Iterable[Found], done: AbstractSet[Key] = frozenset()) -> None:
        """Enter what a scan saw, beside what it saw and is `done`.

        What it no longer saw stays, unless the same path now means other bytes.
        """
        seen = {one.item.key: one for one in found}
        paths = {path for path, _ in itertools.chain(seen, done)}
        before = self._rows
        changed = [after for key, one in seen.items() if (after := _found(one, before.get(key))) != before.get(key)]
        unseen = (row for key, row in before.items() if key not in seen and key not in done)
        gone = [row for row in unseen if row.present or row.path in paths]
        if not (changed or gone):
            return
        with self._transaction():
            for row in changed:
                self._write(row)
            for row in gone:
                self._lose(row, superseded=row.path in paths)

    def told(self, place: str) -> Told | None:
        """What the manifest at this place said when it was last read."""
        with _translated(self._path):
            found = self._db.execute("SELECT told FROM manifests WHERE place = ?", (place,)).fetchone()
        with suppress(msgspec.MsgspecError):  # it is read again
            return _TOLD.decode(found[0]) if found else None
        return None

    def note_manifests(self, read: Mapping[str, Told], places: AbstractSet[str]) -> None:
        """Keep what was `read`, forget what is at none of the `places` any more."""
        with _translated(self._path):
            known = self._db.execute("SELECT place FROM manifests")
            gone = [place for place in known if place[0] not in places]
        if not (read or gone):
            return
        with self._transaction():
            self._db.executemany("DELETE FROM manifests WHERE place = ?", gone)
            told = [(place, msgspec.json.encode(one).decode()) for place, one in read.items()]
            self._db.executemany("INSERT OR REPLACE INTO manifests VALUES (?, ?)", told)

    def move(self, row: Row, to: ItemState, **changes: Any) -> Row:
        """Take `row` to state `to`, durably, with other fields changed; returns the new row.

        Raises ValueError when the table of transitions does not allow it.
        """
        return self.move_all([(row, to, changes)])[0]

    def move_all(self, steps: Sequence[Move]) -> list[Row]:
        """Several moves in one transaction: all, or none. A move to the state it is in only changes fields."""
        after = [_moved(row, to, changes) for row, to, changes in steps]
        if after:
            with self._transaction():
                for row in after:
                    self._write(row)
        return after

    def note(self, row: Row, **changes: Any) -> Row:
        """Change fields of `row` without changing its state, durably."""
        if "state" in changes:
            raise ValueError("a state changes by move")
        return self.move_all([(row, row.state, changes)])[0]

    def note_line(self, rate: float, at: datetime) -> None:
        """How fast the line is now, bytes a second: for whoever asks how long it will take."""
        with self._transaction():
            self._db.execute("DELETE FROM line")
            self._db.execute("INSERT INTO line VALUES (?, ?)", (at.isoformat(), rate))

    def target(self) -> str | None:
        """The address this ledger was last used with."""
        return self._known("url")

    def set_target(self, url: str, school: str) -> None:
        if (self._known("url"), self._known("school")) == (url, school):
            return
        with self._transaction():
            self._db.execute("DELETE FROM target")
            self._db.execute("INSERT INTO target VALUES (?, ?)", (url, school))

    def check_school(self, code: str, settings: Path) -> None:
        """Raise ConfigError when this ledger tells of what another school sent. `settings`: the file that says whose
        computer this is."""
        known = self._known("school")
        begun = any(row.state in DONE or row.upload is not None for row in self._rows.values())
        if known in {None, code} or not begun:
            return
        folder = self._path.parent
        raise ConfigError(
            f"{settings}: school.code: теперь {code}, а в {folder} учтены отправки школы {known}. Ничего не "
            "отправлено, записи целы. Верните прежний код; для другой школы укажите другую папку в [state] folder.",
            f"{settings}: school.code: now {code}, but {folder} accounts for what school {known} sent. Nothing was "
            "sent, recordings are safe. Put the former code back; if this is another school indeed, name another "
            "folder in [state] folder.",
            code="other_school",
        )

    def _known(self, column: Literal["url", "school"]) -> str | None:
        with _translated(self._path):
            found = self._db.execute("SELECT url, school FROM target").fetchone()
        return found[column] if found else None

    def _lose(self, row: Row, *, superseded: bool) -> None:
        # A row without a hash only notes a problem of a place, and goes with it.
        if row.state not in DONE and (superseded or not row.sha256):
            self._db.execute("DELETE FROM items WHERE path = ? AND sha256 = ?", row.key)
            del self._rows[row.key]
        elif row.present:
            self._write(structs.replace(row, present=False))

    def _write(self, row: Row) -> None:
        values = msgspec.to_builtins(row)
        values["reason"] = msgspec.json.encode(row.reason).decode() if row.reason else None
        self._db.execute(_WRITE, values)
        self._rows[row.key] = row

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Durable when left; when it fails the rows in memory are those on disk again."""
        try:
            with _translated(self._path), self._db:
                self._db.execute("BEGIN IMMEDIATE")
                yield
        except BaseException:
            with suppress(sqlite3.Error):
                self._rows = {row.key: row for row in _read(self._db)}
            raise


def _found(found: Found, row: Row | None) -> Row:
    """The row of an item a scan saw: it settles, or is written to again."""
    if row is None:
        return Row(**structs.asdict(found.item), state=ItemState.HASHED if found.settled else ItemState.SEEN)
    row = structs.replace(row, present=True)
    if not found.settled and row.state in {ItemState.SETTLED, ItemState.HASHED, *REFUSED}:
        return _moved(row, ItemState.SEEN, {"reason": found.problem})
    if found.settled and row.state is ItemState.SEEN:
        row = _moved(row, ItemState.SETTLED, {"reason": None})
    return _moved(row, ItemState.HASHED, {}) if row.state is ItemState.SETTLED else row


def _moved(row: Row, to: ItemState, changes: Mapping[str, Any]) -> Row:
    if to is not row.state and to not in TRANSITIONS[row.state]:
        raise ValueError(f"{row.path}: {row.state} -> {to}")
    if to is not row.state and row.resumes is not None and to not in ASIDE:
        changes = {"resumes": None} | dict(changes)
    return structs.replace(row, state=to, **changes)


class Line(Struct, frozen=True):
    """How fast the line was, bytes a second, and when."""

    at: datetime
    rate: float


def read(folder: Path) -> list[Row]:
    """The rows of `folder`'s ledger, without disturbing the agent; none when nothing was ever noted there."""
    return _looked(folder, lambda db: list(_read(db)), [])


def read_line(folder: Path) -> Line | None:
    """The line as the agent last noted it."""
    return _looked(folder, _line, None)


def _looked(folder: Path, ask: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    path = folder / FILE
    if not path.exists():
        return nothing
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with _translated(path):
        try:
            return _answer(path, uri, ask, nothing)
        except sqlite3.OperationalError:
            if path.with_name(path.name + "-wal").exists():
                raise
        return _answer(
            path, uri + "&immutable=1", ask, nothing
        )  # the agent rests; who may not write there cannot lock it


def _answer(path: Path, uri: str, ask: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    db = _connect(uri)
    try:
        return ask(db) if _version(db, path) in _READABLE else nothing
    finally:
        db.close()


def _line(db: sqlite3.Connection) -> Line | None:
    found = db.execute("SELECT at, rate FROM line").fetchone()
    return Line(datetime.fromisoformat(found["at"]), found["rate"]) if found else None


def _read(db: sqlite3.Connection) -> Iterator[Row]:
    for record in db.execute(f"SELECT {', '.join(_FIELDS)} FROM items ORDER BY path, sha256"):  # noqa: S608 - field names
        values = dict(record)
        values["reason"] = msgspec.json.decode(values["reason"]) if values["reason"] else None
        yield msgspec.convert(values, Row, strict=False)


def _connect(uri: str) -> sqlite3.Connection:
    db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    """Raises Fatal for a later one than is known here."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > _SCHEMA_VERSION:
        raise Fatal(
            f"Журнал отправки {path} создан более новой версией программы. Обновите программу.",
            f"The ledger {path} was made by a later version of this program. Update it.",
        )
    return version


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
        version = _version(db, path)
        if version < _SCHEMA_VERSION:
            db.executescript(f"BEGIN; {_SCHEMAS[version]} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
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
            code=UNUSABLE,
        ) from error
