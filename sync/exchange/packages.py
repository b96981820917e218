"""What the exchange holds, for people at the far end: file by file, and how much of its quota a school used.

`commands` and the centre's call it, beside a served exchange or without one.
"""

from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

from sync.exchange.accounts import Accounts
from sync.exchange.database import opened
from sync.exchange.register import Register, Upload


class StoredFile(Struct, frozen=True):
    """One verified file. `folder` is the day folder's name, `size` in bytes, `stored_at` in UTC.

    `file` differs from the name it was sent under (by a `~digest`) where that name was taken by other content.
    """

    school: str
    folder: str
    file: str
    sha256: str
    size: int
    stored_at: datetime
    receipt_id: str


class Allowance(Struct, frozen=True):
    """Bytes: `used` is what the school has here or announced, `quota` what it may have, None without a limit."""

    school: str
    used: int
    quota: int | None


def packages(folder: Path) -> list[StoredFile]:
    """Every stored file, by school, day and name; also while the folder is served.

    Raises Rejected when no exchange ever served or admitted anyone in `folder`, Transient as the disk does.
    """
    with opened(folder) as database:
        return [_listed(upload) for upload in Register(database).stored()]


def allowance(folder: Path, code: str) -> Allowance:
    """How much of its quota a school used. Raises Rejected for an unknown one, and as `packages` does."""
    with opened(folder) as database:
        return Allowance(code, Register(database).bytes_of(code), Accounts(database).quota(code))


def allow(folder: Path, code: str, quota: int) -> None:
    """Set a school's quota (bytes; 0: none), also while the folder is served. Raises as `allowance` does."""
    with opened(folder) as database:
        Accounts(database).set_quota(code, quota)


def _listed(upload: Upload) -> StoredFile:
    place, receipt = PurePosixPath(upload.place or ""), upload.signed()
    return StoredFile(
        school=upload.school,
        folder=place.parent.name,
        file=place.name,
        sha256=receipt.sha256,
        size=receipt.size,
        stored_at=receipt.stored_at,
        receipt_id=receipt.receipt_id,
    )
