"""The tokens of rooms' computers, each its own and revocable alone, and the invitations they are got by.

A row begins as an invitation and becomes a token when it is used: one statement, so that no crash leaves half of it.
Secrets and tokens are kept as their SHA-256 only. Owns the table `token`.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec import Struct

from exam.errors import Rejected
from sync.exchange.database import Database
from sync.exchange.refusal import Refused
from sync.invitation import SECRET_BYTES

LASTS = timedelta(days=1)
"""How long an invitation may be used."""

State = Literal["invited", "expired", "valid", "revoked"]


class Token(Struct, frozen=True, kw_only=True):
    """`number` names it; `computer` is empty until it is used. Times in UTC."""

    number: int
    school: str
    room: str
    computer: str
    expires_at: datetime
    paired_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> State:
        if self.revoked_at is not None:
            return "revoked"
        if self.paired_at is not None:
            return "valid"
        return "invited" if now < self.expires_at else "expired"


class Tokens:
    """Every method blocks on the disk; all raise Transient as `Database` does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def invite(self, school: str, room: str, now: datetime) -> tuple[bytes, datetime]:
        """A secret that gets one computer a token of this school, and when it ends."""
        secret, ends = secrets.token_bytes(SECRET_BYTES), now.astimezone(UTC) + LASTS
        self._database.write(
            "INSERT INTO token (school, room, secret_sha256, expires_at) VALUES (?, ?, ?, ?)",
            (school, room, _digest(secret), _text(ends)),
        )
        return secret, ends

    def pair(self, secret: bytes, token: str, *, school: str | None, room: str, computer: str, now: datetime) -> Token:
        """Make `token` valid in exchange for the secret; the same again when its answer was lost on the way.

        `school`: whose the computer believes to be, None: any; `room`: as the computer says, else as the invitation.
        Raises Refused: 403 for a secret that is unknown, used or too old, 409 for one of another school.
        """
        digest = _digest(token.encode())
        found = self._select("WHERE secret_sha256 = ?", _digest(secret))
        if not found:
            raise _void()  # a guess costs no write
        if school not in {None, found[0].school}:
            raise _other_school(found[0].school, school or "")
        self._database.write(
            "UPDATE token SET token_sha256 = ?, room = COALESCE(NULLIF(?, ''), room), computer = ?, paired_at = ?"
            " WHERE secret_sha256 = ? AND token_sha256 IS NULL AND revoked_at IS NULL AND expires_at > ?",
            (digest, room, computer, _text(now), _digest(secret), _text(now)),
        )
        mine = self._select(
            "WHERE secret_sha256 = ? AND token_sha256 = ? AND revoked_at IS NULL", _digest(secret), digest
        )
        if not mine:
            raise _void()
        return mine[0]

    def school_of(self, token: str) -> str | None:
        """The school of a valid token."""
        return self._known("school", token)

    def computer_of(self, token: str) -> str | None:
        """The name under which the computer of a valid token was paired."""
        return self._known("computer", token)

    def keys(self, school: str) -> list[str]:
        """The SHA-256 of every valid token: what drives of these computers may be authenticated with."""
        rows = self._database.read(
            "SELECT token_sha256 FROM token WHERE school = ? AND token_sha256 IS NOT NULL AND revoked_at IS NULL"
            " ORDER BY number",
            (school,),
        )
        return [str(row["token_sha256"]) for row in rows]

    def of(self, school: str) -> list[Token]:
        """All of a school, in the order in which they were made."""
        return self._select("WHERE school = ? ORDER BY number", school)

    def revoke(self, school: str, number: int, now: datetime) -> Token:
        """Make a token or an invitation void, at once and for ever. Raises Rejected for one that is not there."""
        self._database.write(
            "UPDATE token SET revoked_at = ? WHERE school = ? AND number = ? AND revoked_at IS NULL",
            (_text(now), school, number),
        )
        found = self._select("WHERE school = ? AND number = ?", school, number)
        if not found:
            raise Rejected(
                f"У школы {school} нет ключа № {number}. Какие есть: station-sync exchange tokens {school}.",
                f"School {school} has no token no. {number}. Those there are: station-sync exchange tokens {school}.",
                code="no_token",
            )
        return found[0]

    def _known(self, column: Literal["school", "computer"], token: str) -> str | None:
        digest = _digest(token.encode("utf-8", "surrogatepass"))
        rows = self._database.read("SELECT * FROM token WHERE token_sha256 = ? AND revoked_at IS NULL", (digest,))
        return str(rows[0][column]) if rows else None

    def _select(self, where: str, *values: object) -> list[Token]:
        rows = self._database.read(f"SELECT * FROM token {where}", values)  # noqa: S608 - literals of this module
        return [
            Token(
                number=row["number"], school=row["school"], room=row["room"], computer=row["computer"],
                expires_at=datetime.fromisoformat(row["expires_at"]), paired_at=_moment(row["paired_at"]),
                revoked_at=_moment(row["revoked_at"]),
            )
            for row in rows
        ]  # fmt: skip


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _text(moment: datetime) -> str:
    """Compares as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _void() -> Refused:
    return Refused(
        403,
        "void_invitation",
        "Приглашение уже использовано, отозвано или устарело. Ничего не изменено; попросите в Штабе новое: "
        "station-sync exchange invite.",
        "The invitation was used, revoked or is too old. Nothing was changed; ask the headquarters for a new one: "
        "station-sync exchange invite.",
    )


def _other_school(invited: str, own: str) -> Refused:
    return Refused(
        409,
        "other_school",
        f"Приглашение — для школы {invited}, а в sync.toml этого компьютера указана {own}. Приглашение в силе; "
        "исправьте [school] code или возьмите своё приглашение.",
        f"The invitation is for school {invited}, but sync.toml here says {own}. The invitation stays valid; mend "
        "[school] code, or get your own.",
    )
