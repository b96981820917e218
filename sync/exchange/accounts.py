"""Schools and their tokens: one secret a school, shown once, kept only as its SHA-256."""

import hashlib
import hmac
import secrets
import sqlite3
from pathlib import Path

from exam.errors import Rejected
from exam.names import check_place
from sync.exchange.database import Database
from sync.exchange.yard import Yard

_TOKEN_BYTES = 32


class Accounts:
    """Owns the table `school`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, code: str, *, replace: bool = False) -> str:
        """Make a school's token and return it; nobody can read it later.

        Raises Rejected when the code cannot be a folder's name, or is known and `replace` is not asked for.
        """
        check_place(room="0", school=code)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        row = (code, _digest(token))
        try:
            with self._database.transaction() as db:
                if replace:
                    db.execute("DELETE FROM school WHERE code = ?", (code,))
                db.execute("INSERT INTO school (code, token_sha256) VALUES (?, ?)", row)
        except sqlite3.IntegrityError:
            raise Rejected(
                f"Школа {code} уже заведена, её ключ действует. Если он утерян, выдайте новый: add-school --replace.",
                f"School {code} is there already, its token is valid. If lost, issue another: add-school --replace.",
                code="school_exists",
            ) from None
        return token

    def school_of(self, token: str) -> str | None:
        """The school whose token this is. Takes the same time whichever it is."""
        digest = _digest(token)
        with self._database.transaction() as db:
            rows = db.execute("SELECT code, token_sha256 FROM school").fetchall()
        matching = [row["code"] for row in rows if hmac.compare_digest(row["token_sha256"], digest)]
        return str(matching[0]) if matching else None


def add_school(folder: Path, code: str, *, replace: bool = False) -> str:
    """Give school `code` access to the exchange in `folder`, served or not; see `Accounts.add`."""
    database = Database(Yard(folder).database)
    try:
        return Accounts(database).add(code, replace=replace)
    finally:
        database.close()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
