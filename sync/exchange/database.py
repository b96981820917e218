"""The exchange's SQLite file: opened, made and translated into our errors here and nowhere else.

`accounts` and `register` own its tables. Committed means on disk: WAL with synchronous=FULL.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exam import durable
from exam.errors import Transient
from sync.exchange.refusal import disk_full

_BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS school (
    code TEXT PRIMARY KEY,
    token_sha256 TEXT NOT NULL,
    quota_bytes INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS school_token ON school (token_sha256);
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
"""


class Database:
    """One connection for all threads of this process; other processes wait their turn."""

    def __init__(self, path: Path) -> None:
        """Open, and make when absent, readable by its owner alone. Raises Transient, OSError."""
        self._lock = threading.Lock()
        durable.make_folder(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        durable.sync(path.parent)
        with _translated():
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
            self._catch_up()

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
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable when left.

        Raises Transient when the file is busy or the disk fails, Refused (507) when it is full.
        """
        with self._lock, _translated(), self._connection:
            yield self._connection

    def close(self) -> None:
        with self._lock:
            self._connection.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise disk_full() from error
        raise Transient(
            f"Учёт файлообмена недоступен: {error}. Принятое цело; проверьте диск сервера и повторите позже.",
            f"The exchange's register is unavailable: {error}. What arrived is safe; check the server's disk, retry.",
            code="register",
        ) from error
