"""Schools and their tokens: one secret a school, shown once, kept only as its SHA-256."""

import hashlib
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from exam.errors import Rejected
from exam.names import check_place
from sync.exchange.database import Database
from sync.exchange.yard import Yard

_TOKEN_BYTES = 32
_INSERT = "INSERT INTO school (code, token_sha256, quota_bytes) VALUES (?, ?, ?)"
_ADMIT = f"{_INSERT} ON CONFLICT (code) DO NOTHING"
_REPLACE = f"""{_INSERT} ON CONFLICT (code) DO UPDATE SET
    token_sha256 = excluded.token_sha256, quota_bytes = COALESCE(excluded.quota_bytes, quota_bytes)"""


class Accounts:
    """Owns the table `school`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, code: str, *, replace: bool = False, quota: int | None = None) -> str:
        """Make a school's token and return it; nobody can read it later.

        `quota` in bytes, 0: no limit; None: as it was. Raises Rejected when the code cannot be a folder's name, or is
        known and `replace` is not asked for.
        """
        check_place(room="0", school=code)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        try:
            self._database.write(_REPLACE if replace else _INSERT, (code, _digest(token), quota))
        except sqlite3.IntegrityError:
            raise Rejected(
                f"Школа {code} уже заведена, её ключ действует. Если он утерян, выдайте новый: add-school --replace.",
                f"School {code} is there already, its token is valid. If lost, issue another: add-school --replace.",
                code="school_exists",
            ) from None
        return token

    def admit(self, code: str) -> None:
        """Make the school known, if it is not, without a token of its own. Raises Rejected as `add` does."""
        check_place(room="0", school=code)
        self._database.write(_ADMIT, (code, _digest(secrets.token_urlsafe(_TOKEN_BYTES)), None))

    def school_of(self, token: str) -> str | None:
        """The school whose token this is."""
        # Looked up by its digest: how long that takes tells of the digest, and from a digest nobody finds a token.
        rows = self._database.read("SELECT code FROM school WHERE token_sha256 = ?", (_digest(token),))
        return str(rows[0]["code"]) if rows else None

    def key(self, code: str) -> str | None:
        """The SHA-256 of the school's token: what its drives may be authenticated with. None for an unknown school."""
        rows = self._database.read("SELECT token_sha256 FROM school WHERE code = ?", (code,))
        return str(rows[0]["token_sha256"]) if rows else None

    def codes(self) -> list[str]:
        """Every school, in order."""
        return [row["code"] for row in self._database.read("SELECT code FROM school ORDER BY code")]

    def quota(self, code: str) -> int | None:
        """Bytes the school may have here; None: as many as there is room for. Raises Rejected for an unknown one."""
        rows = self._database.read("SELECT quota_bytes FROM school WHERE code = ?", (code,))
        if not rows:
            raise _no_school(code)
        return int(rows[0]["quota_bytes"]) if rows[0]["quota_bytes"] else None

    def set_quota(self, code: str, quota: int) -> None:
        """`quota` in bytes; 0: no limit. Raises Rejected for an unknown school."""
        if not self._database.write("UPDATE school SET quota_bytes = ? WHERE code = ?", (quota, code)):
            raise _no_school(code)


def add_school(folder: Path, code: str, *, replace: bool = False, quota: int | None = None) -> str:
    """Give school `code` access to the exchange in `folder`, served or not; see `Accounts.add`."""
    with closing(Database(Yard(folder).database)) as database:
        return Accounts(database).add(code, replace=replace, quota=quota)


def _no_school(code: str) -> Rejected:
    return Rejected(
        f"Школа {code} не заведена. Проверьте код или заведите её: station-sync exchange add-school.",
        f"There is no school {code}. Check the code, or admit it: station-sync exchange add-school.",
        code="no_school",
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
