"""Receipts that came back on a drive: checked as those from the network are, and kept; the agent takes them from there.

Called by `commands`.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from exam.errors import ExamError, Rejected
from sync.config import Config
from sync.drives.model import RECEIPTS, DriveFile, Left
from sync.drives.records import Drives
from sync.model import Receipt
from sync.plan import Reason
from sync.receipts import KEY_FILE, Receipts
from sync.returned import ReturnedFiles

_MOST_BYTES = 16 << 10
_MOST_FILES = 50_000


class Returned(Struct, frozen=True):
    """`kept`: receipts that prove a file of ours arrived; `strange`: those of no file of ours; `refused`: and why."""

    kept: tuple[str, ...]
    strange: int
    refused: tuple[Left, ...]


def take_back(config: Config, drive: Path) -> Returned:
    """Keep the good receipts on the drive. Raises Rejected where there is none, or whose key is not known."""
    receipts = Receipts(config.state, configured_key=config.server_key, tier=config.tier)
    files = list(_files(drive))
    if not files:
        raise Rejected(
            f"На {drive} нет квитанций: накопитель ещё не принят, или это другой накопитель.",
            f"There are no receipts at {drive}: it was not taken in yet, or it is another drive.",
            code="no_receipts",
        )
    if receipts.key is None:
        raise Rejected(
            "Ключ получателя здесь ещё не известен, подпись квитанций проверить нечем. Узнайте его у РЦОИ по телефону "
            f"и впишите в [target] server_key; на накопителе он в файле {RECEIPTS}/{KEY_FILE}.",
            "The recipient's key is not known here, so signatures cannot be checked. Ask the centre for it by phone "
            f"and set [target] server_key; on the drive it is in {RECEIPTS}/{KEY_FILE}.",
            code="no_server_key",
        )
    known = _carried(config.state)
    returned = ReturnedFiles(config.state)
    kept: list[str] = []
    refused: list[Left] = []
    strange = 0
    for path in files:
        try:
            receipt = _read(path)
            ours = known.get(receipt.sha256, ())
            if not ours:
                strange += 1
                continue
            receipts.accept(receipt, receipt.sha256, ours[0].size)
            receipts.keep(receipt)
            for file in ours:
                returned.add((file.path, file.sha256))
                kept.append(file.path)
        except ExamError as error:
            refused.append(Left(path.name, Reason(error.ru, error.en)))
    return Returned(tuple(kept), strange, tuple(refused))


def _carried(state: Path) -> dict[str, list[DriveFile]]:
    """What any of our drives held, by content."""
    found: dict[str, list[DriveFile]] = {}
    for one in Drives(state).all().values():
        for file in one.files:
            found.setdefault(file.sha256, []).append(file)
    return found


def _files(drive: Path) -> Iterator[Path]:
    places = [drive / RECEIPTS, *sorted(drive.glob(f"*/{RECEIPTS}"))]
    count = 0
    for folder in places:
        if folder.is_dir() and not folder.is_symlink():
            for path in sorted(folder.glob("*.json")):
                count += 1
                if count > _MOST_FILES:
                    return
                yield path


def _read(path: Path) -> Receipt:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise Rejected("это не квитанция", "no receipt", code="bad_receipt")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Receipt)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(f"квитанция испорчена ({error})", f"a damaged receipt ({error})", code="bad_receipt") from error
