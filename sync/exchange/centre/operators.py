"""Accounts of people at the centre: a name, and a password kept only as its scrypt hash.

Owns the table `operator`. `gate` asks whether somebody still has an account, `entering` whether a password is right;
the command line adds and removes.
"""

import hashlib
import hmac
import re
import secrets
import sqlite3
import unicodedata
from datetime import UTC, datetime

from msgspec import Struct

from exam.errors import Rejected
from sync.exchange.database import Database

LETTERS_AT_LEAST = 12
LETTERS_AT_MOST = 256
_NAME = re.compile(r"[^\W_][\w .-]{0,63}")
_LOG_N, _R, _P = 17, 8, 1
"""128 MiB and some tenths of a second for each guess."""
_BYTES = 32
_NOBODY = f"scrypt${_LOG_N}${_R}${_P}${'00' * _BYTES}${'00' * _BYTES}"
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 4
_INSERT = "INSERT INTO operator (name, password, made_at) VALUES (?, ?, ?)"
_REPLACE = f"{_INSERT} ON CONFLICT (name) DO UPDATE SET password = excluded.password, made_at = excluded.made_at"


class Operator(Struct, frozen=True):
    """A person who may look; since when with this password."""

    name: str
    made_at: datetime


class Operators:
    """Every method blocks; all raise Transient as `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, password: str, *, replace: bool = False) -> None:
        """Admit a person. Raises Rejected for a name or password that will not do, or a name that is taken."""
        _check(name, password)
        values = (normal(name), _hashed(password), datetime.now(UTC).isoformat())
        try:
            self._database.write(_REPLACE if replace else _INSERT, values)
        except sqlite3.IntegrityError:
            raise Rejected(
                f"Сотрудник {name} уже заведён. Если пароль забыт, задайте новый: add-operator --replace.",
                f"Operator {name} is there already. If the password is lost, set another: add-operator --replace.",
                code="operator_exists",
            ) from None

    def remove(self, name: str) -> None:
        """Shut a person out, at once. Raises Rejected for an unknown one."""
        if not self._database.write("DELETE FROM operator WHERE name = ?", (normal(name),)):
            raise Rejected(
                f"Сотрудник {name} не заведён. Список: station-sync exchange operators.",
                f"There is no operator {name}. See: station-sync exchange operators.",
                code="no_operator",
            )

    def all(self) -> list[Operator]:
        rows = self._database.read("SELECT name, made_at FROM operator ORDER BY name")
        return [Operator(row["name"], datetime.fromisoformat(row["made_at"])) for row in rows]

    def are_there(self) -> bool:
        """Whether anybody may look at all."""
        return bool(self._database.read("SELECT 1 FROM operator LIMIT 1"))

    def mark_of(self, name: str) -> str | None:
        """Changes with the account and its password; None when there is none."""
        rows = self._database.read("SELECT password FROM operator WHERE name = ?", (normal(name),))
        return hashlib.sha256(rows[0]["password"].encode()).hexdigest() if rows else None

    def proves(self, name: str, password: str) -> bool:
        """Whether it is that person's password; takes as long when there is no such person."""
        rows = self._database.read("SELECT password FROM operator WHERE name = ?", (normal(name),))
        kept = rows[0]["password"] if rows else _NOBODY
        return _is_right(password[:LETTERS_AT_MOST], kept) and bool(rows)


def made_up() -> str:
    """A password that nobody can guess and everybody can type: 79 bits."""
    letters = ["".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)]
    return "-".join(letters)


def _check(name: str, password: str) -> None:
    if not _NAME.fullmatch(normal(name)):
        raise Rejected(
            f"Имя сотрудника {name[:80]!r} не годится: буквы, цифры, пробел, точка, дефис, до 64 знаков.",
            f"The operator's name {name[:80]!r} will not do: letters, digits, space, dot, hyphen, up to 64.",
            code="bad_name",
        )
    if not LETTERS_AT_LEAST <= len(password) <= LETTERS_AT_MOST:
        raise Rejected(
            f"Пароль: от {LETTERS_AT_LEAST} до {LETTERS_AT_MOST} знаков. Проще всего составить его: --generate.",
            f"A password has {LETTERS_AT_LEAST} to {LETTERS_AT_MOST} characters. Easiest is --generate.",
            code="bad_password",
        )


def normal(name: str) -> str:
    """The one spelling of a name, however it was typed."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(_BYTES)
    return f"scrypt${_LOG_N}${_R}${_P}${salt.hex()}${_scrypt(password, salt, _LOG_N, _R, _P).hex()}"


def _is_right(password: str, kept: str) -> bool:
    _, log_n, r, p, salt, digest = kept.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    needed = 128 * r * ((1 << log_n) + p + 2)
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=1 << log_n, r=r, p=p, maxmem=2 * needed, dklen=_BYTES)
