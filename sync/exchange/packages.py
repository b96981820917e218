"""What the exchange holds, file by file: the list a person at the far end checks a school's day against."""

from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

from exam.errors import Rejected
from sync.exchange.database import Database
from sync.exchange.register import Register, Upload
from sync.exchange.yard import Yard


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


def packages(folder: Path) -> list[StoredFile]:
    """Every stored file, by school, day and name; also while the folder is served.

    Raises Rejected when no exchange ever served or admitted anyone in `folder`, Transient as the disk does.
    """
    yard = Yard(folder)
    if not yard.database.is_file():
        raise Rejected(
            f"В папке {folder} нет файлообмена. Проверьте --folder.",
            f"There is no exchange in {folder}. Check --folder.",
            code="no_exchange",
        )
    database = Database(yard.database)
    try:
        return [_listed(upload) for upload in Register(database).stored()]
    finally:
        database.close()


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
