"""Receipts that came back on a drive: checked as those from the network are, and kept; the agent takes them from there.

Called by `commands`.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from exam.errors import ExamError, Rejected
from sync.config import Config
from sync.counting import count_returned
from sync.drives.model import RECEIPTS, RECEIPTS_SUFFIX, DriveFile, Left, shown
from sync.drives.records import Drives
from sync.ledger import Ledger
from sync.life import alone
from sync.model import Receipt
from sync.plan import Reason
from sync.receipts import Receipts
from sync.returned import ReturnedFiles
from sync.school.outgoing import scan

_MOST_BYTES = 64 << 20
_MOST_FILES = 1000


class Returned(Struct, frozen=True):
    """`kept`: files of ours that are proved to have arrived; `strange`: receipts of no file of ours.

    `counted`: whether `status` says so already, else the agent that runs will in a minute.
    """

    kept: tuple[str, ...]
    strange: int
    refused: tuple[Left, ...]
    counted: bool


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
            f"и впишите в [target] server_key файла {config.file}; повторите.",
            "The recipient's key is not known here, so signatures cannot be checked. Ask the centre for it by phone, "
            f"set [target] server_key in {config.file}, and repeat.",
            code="no_server_key",
        )
    work = _Work(config, receipts)
    for path in files:
        for number, line in enumerate(_lines(path, work.refused), 1):
            work.one(line, f"{path.name}:{number}")
    return Returned(tuple(work.kept), work.strange, tuple(work.refused), _count(config, receipts))


class _Work:
    def __init__(self, config: Config, receipts: Receipts) -> None:
        self._receipts, self._returned = receipts, ReturnedFiles(config.state)
        self._ours = _carried(config.state)
        self._before = self._returned.keys()
        self.kept: dict[str, None] = {}
        self.strange = 0
        self.refused: list[Left] = []

    def one(self, line: bytes, place: str) -> None:
        try:
            receipt = _read(line)
            ours = self._ours.get(receipt.sha256, [])
            if not ours:
                self.strange += 1
                return
            self._receipts.accept(receipt, receipt.sha256, ours[0].size)
            self._receipts.keep(receipt)
        except ExamError as error:
            self.refused.append(Left(place, Reason(error.ru, error.en)))
            return
        for file in ours:
            key = (file.path, file.sha256)
            if key not in self._before:
                self._before.add(key)
                self._returned.add(key)
            self.kept[file.path] = None


def _count(config: Config, receipts: Receipts) -> bool:
    """Into the ledger at once where no agent holds it; whether it was done."""
    try:
        with alone(config.state), closing(Ledger(config.state)) as ledger:
            ledger.check_school(config.school, config.file)
            seen = scan(config, streams=config.streams, known=ledger.told, rows=ledger.rows())
            ledger.note_found(seen.found, seen.done)
            count_returned(ledger, receipts, ReturnedFiles(config.state))
    except Rejected:
        return False
    return True


def _carried(state: Path) -> dict[str, list[DriveFile]]:
    """What any of our drives held, by content."""
    found: dict[str, list[DriveFile]] = {}
    for one in Drives(state).all().values():
        for file in one.files:
            if file not in found.setdefault(file.sha256, []):
                found[file.sha256].append(file)
    return found


def _files(drive: Path) -> Iterator[Path]:
    count = 0
    for folder in [drive / RECEIPTS, *sorted(drive.glob(f"*/{RECEIPTS}"))]:
        if folder.is_dir() and not folder.is_symlink():
            for path in sorted(folder.glob(f"*{RECEIPTS_SUFFIX}")):
                count += 1
                if count > _MOST_FILES:
                    return
                yield path


def _lines(path: Path, refused: list[Left]) -> list[bytes]:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
            refused.append(Left(path.name, Reason("это не файл квитанций", "no file of receipts")))
            return []
        return [line for line in path.read_bytes().split(b"\n") if line.strip()]
    except OSError as error:
        reason = Reason(f"не читается ({error.strerror})", f"cannot be read ({error.strerror})")
        refused.append(Left(path.name, reason))
        return []


def _read(line: bytes) -> Receipt:
    try:
        return msgspec.json.decode(line, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told = shown(str(error))
        raise Rejected(f"квитанция испорчена ({told})", f"a damaged receipt ({told})", code="bad_receipt") from error
