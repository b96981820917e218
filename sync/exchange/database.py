"""The exchange's SQLite file: opened, made and translated into our errors here and nowhere else.

`accounts`, `tokens`, `rooms`, `register` and, of the `centre`, `operators`, `knowledge` and `overview` own its tables.
Committed means on disk: WAL with synchronous=FULL.
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from exam import durable
from exam.errors import ExamError, Rejected, Transient
from sync.exchange.refusal import disk_full
from sync.exchange.yard import Yard

_BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS school (
    code TEXT PRIMARY KEY,
    token_sha256 TEXT NOT NULL,
    quota_bytes INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS school_token ON school (token_sha256);
CREATE TABLE IF NOT EXISTS token (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    school TEXT NOT NULL,
    room TEXT NOT NULL,
    computer TEXT NOT NULL DEFAULT '',
    secret_sha256 TEXT NOT NULL UNIQUE,
    expires_at TEXT NOT NULL,
    token_sha256 TEXT UNIQUE,
    paired_at TEXT,
    revoked_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS room (
    school TEXT NOT NULL,
    room TEXT NOT NULL,
    computer TEXT NOT NULL,
    word TEXT NOT NULL,
    received_at TEXT NOT NULL,
    growing INTEGER NOT NULL,
    ready_before TEXT,
    PRIMARY KEY (school, room, computer)
) STRICT;
CREATE TABLE IF NOT EXISTS upload (
    id TEXT PRIMARY KEY,
    school TEXT NOT NULL,
    folder TEXT NOT NULL,
    filename TEXT NOT NULL,
    length INTEGER NOT NULL,
    announced TEXT,
    metadata TEXT NOT NULL,
    state TEXT NOT NULL,
    sha256 TEXT,
    place TEXT,
    receipt TEXT,
    reason TEXT,
    synced INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS upload_state ON upload (state);
CREATE INDEX IF NOT EXISTS upload_announced_bytes ON upload (state, length);
CREATE INDEX IF NOT EXISTS upload_school ON upload (school, state);
CREATE INDEX IF NOT EXISTS upload_announced ON upload (school, announced);
CREATE INDEX IF NOT EXISTS upload_sha256 ON upload (school, sha256);
CREATE INDEX IF NOT EXISTS upload_place ON upload (place);
CREATE TABLE IF NOT EXISTS operator (
    name TEXT PRIMARY KEY,
    password TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS fact (
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (sha256, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS overview (
    school TEXT PRIMARY KEY,
    mark TEXT NOT NULL,
    content TEXT NOT NULL
) STRICT;
"""


Values = Sequence[object] | Mapping[str, object]


class _Write:
    """A statement that waits for its commit."""

    def __init__(self, statement: str, values: Values) -> None:
        self.statement, self.values = statement, values
        self.changed = 0
        self.done = False
        self.error: Exception | None = None

    def run(self, connection: sqlite3.Connection) -> None:
        try:
            self.changed = connection.execute(self.statement, self.values).rowcount
        except sqlite3.IntegrityError as error:  # undoes this statement alone; the others' go on
            self.error = error


class Database:
    """For all threads of this process; other processes wait their turn.

    What many threads write at a time is committed together: a disk syncs so often a second and no oftener. Reading
    waits for no commit.
    """

    def __init__(self, path: Path) -> None:
        """Open, and make when absent, readable by its owner alone. Raises Transient, OSError."""
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._waiting: deque[_Write] = deque()
        durable.make_folder(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        durable.sync(path.parent)
        with _translated():
            self._connection = _connect(path)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
            self._catch_up()
            self._reader = _connect(path)

    def read(self, query: str, values: Values = ()) -> list[sqlite3.Row]:
        """The rows. Raises Transient when the disk fails."""
        with self._reading, _translated():
            return self._reader.execute(query, values).fetchall()

    def write(self, statement: str, values: Values = ()) -> int:
        """The number of rows changed, durable when this returns.

        Raises IntegrityError as SQLite does, Transient when the file is busy or the disk fails, Refused (507) when
        the disk is full: nothing was changed then.
        """
        mine = _Write(statement, values)
        self._waiting.append(mine)
        with self._writing:
            if not mine.done:  # not by the one before, with its own
                self._commit_waiting()
        if mine.error is not None:
            raise mine.error
        return mine.changed

    def close(self) -> None:
        with self._writing, self._reading:
            self._connection.close()
            self._reader.close()

    def _commit_waiting(self) -> None:
        together = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            with _translated(), self._connection:
                for one in together:
                    one.run(self._connection)
        except ExamError as error:
            for one in together:
                one.error = error
        except BaseException:  # of one: what the others wrote is undone too, and they must not take it for done
            for one in together:
                one.error = _unavailable("rollback")
            raise
        finally:
            for one in together:
                one.done = True

    def _catch_up(self) -> None:
        """An exchange made by an earlier version gets the columns it lacks."""
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if not self._has("school", "quota_bytes"):
                self._connection.execute("ALTER TABLE school ADD COLUMN quota_bytes INTEGER")
            if not self._has("upload", "synced"):
                self._connection.execute("ALTER TABLE upload ADD COLUMN synced INTEGER NOT NULL DEFAULT 0")
                self._connection.execute("UPDATE upload SET synced = length")  # what is there was trusted till now

    def _has(self, table: str, column: str) -> bool:
        found = self._connection.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column))
        return found.fetchone() is not None


@contextmanager
def opened(folder: Path) -> Iterator[Database]:
    """The register of the exchange in `folder`. Raises Rejected when there is none."""
    yard = Yard(folder)
    if not yard.database.is_file():
        raise Rejected(
            f"В папке {folder} нет файлообмена. Проверьте --folder.",
            f"There is no exchange in {folder}. Check --folder.",
            code="no_exchange",
        )
    with closing(Database(yard.database)) as database:
        yield database


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise disk_full() from error
        raise _unavailable(str(error)) from error


def _unavailable(why: str) -> Transient:
    return Transient(
        f"Учёт файлообмена недоступен: {why}. Принятое цело; проверьте диск сервера и повторите позже.",
        f"The exchange's register is unavailable: {why}. What arrived is safe; check the server's disk, retry.",
        code="register",
    )
