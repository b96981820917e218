"""A school's drive taken in at an exchange, hub or centre: each file goes in as if it had come over the network.

So it is verified by the same code and gets the same receipt, which returns on the drive. The exchange must be running;
a token of the school for this one errand is made and made void again. Called by `commands`.
"""

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from exam import durable, oswords
from exam.errors import ExamError, Rejected, Transient
from sync.drives import reading, sealing
from sync.drives.model import RECEIPTS, DriveFile, DriveNote, Left
from sync.drives.reading import Found
from sync.lines import Lines
from sync.model import Receipt
from sync.plan import Item, Reason
from sync.receipts import KEY_FILE
from sync.source import Source
from sync.transports import Pending, Transport

FILE = "drives.jsonl"
_STAGING = "drives"
_PIECE = 1 << 20
_PATIENCE_S, _ASK_AGAIN_S = 600.0, 0.2

Tell = Callable[[int, int], None]
"""Told how many of how many bytes were taken in."""


class Taken(Struct, frozen=True, tag_field="event", tag="taken"):
    """What came of one drive; kept in the exchange's folder. `receipts`: whether they could be put onto the drive."""

    note: DriveNote
    at: datetime
    files: int
    refused: tuple[Left, ...]
    receipts: bool


class Taking:
    """One drive's folder being taken into the exchange in `folder`, through `transport` with a token of the school."""

    def __init__(self, found: Found, folder: Path, transport: Transport, identity: Any | None) -> None:
        self._found, self._folder = found, folder
        self._transport, self._identity = transport, identity

    def take(self, now: datetime, tell: Tell) -> Taken:
        """Every file of the list, and the receipts back onto the drive.

        Raises Rejected when the list itself is refused or the drive is gone, Transient as the exchange does.
        """
        files = reading.files_of(self._found, self._identity)
        receipts: list[Receipt] = []
        refused: list[Left] = []
        done, size = 0, sum(file.size for file in files)
        for file in files:
            try:
                receipts.append(self._one(file))
            except Rejected as error:
                refused.append(Left(file.path, Reason(error.ru, error.en)))
            except OSError as error:
                if not (self._found.folder / file.stored).parent.is_dir():
                    raise _gone(self._found.folder) from error
                refused.append(Left(file.path, _unreadable(error)))
            done += file.size
            tell(done, size)
        taken = Taken(self._found.note, now, len(receipts), tuple(refused), self._put_back(receipts))
        lines: Lines[Taken] = Lines(self._folder / FILE, Taken)
        lines.append(taken)
        return taken

    def _one(self, file: DriveFile) -> Receipt:
        with self._staged(file) as path:
            item = Item(file.path, file.kind, file.sha256, file.size)
            begun = self._transport.create(item)
            with Source(path, file.size, file.sha256) as source:
                offset = self._transport.offset(begun.upload, item) or 0
                if offset < file.size:
                    self._transport.send(begun.upload, source, offset, lambda _offset: None)
            return self._proof(begun.upload, item)

    def _proof(self, upload: str, item: Item) -> Receipt:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            proof = self._transport.prove(upload, item, lambda _bytes: None)
            if isinstance(proof, Receipt):
                return proof
            if not isinstance(proof, Pending):
                raise Rejected(
                    "файлообмен не принял файл: отправьте накопитель ещё раз",
                    "the exchange did not take the file: take the drive in again",
                    code="not_taken",
                )
            time.sleep(min(proof.retry_after or _ASK_AGAIN_S, _ASK_AGAIN_S))
        raise Transient("Файлообмен не отвечает. Повторите позже.", "The exchange does not answer. Try again later.")

    @contextmanager
    def _staged(self, file: DriveFile) -> Iterator[Path]:
        """The file's content on the exchange's own disk, proved to be what the list says; gone again afterwards."""
        folder = self._folder / _STAGING
        durable.make_folder(folder, mode=0o700)
        path = durable.temporary_in(folder)
        with ExitStack() as undo:
            undo.callback(path.unlink, missing_ok=True)
            self._stage(file, path)
            yield path

    def _stage(self, file: DriveFile, path: Path) -> None:
        with os.fdopen(reading.descriptor_of(self._found, file), "rb", buffering=0) as stored:
            if os.fstat(stored.fileno()).st_size > file.size + _overhead(file.size):
                raise _damaged()
            if self._found.note.encrypted:
                with path.open("xb") as plain:
                    sealing.decrypt(stored, plain, self._identity)
            else:
                _copy(stored, path)
        with path.open("rb") as plain:
            if hashlib.file_digest(plain, "sha256").hexdigest() != file.sha256:
                raise _damaged()

    def _put_back(self, receipts: list[Receipt]) -> bool:
        """The receipts and the key that signed them, onto the drive; whether it took them."""
        key = self._transport.key()
        folder = self._found.folder / RECEIPTS
        try:
            durable.make_folder(folder)
            if key is not None:
                durable.rewrite(folder / KEY_FILE, base64.b64encode(key) + b"\n")
            for receipt in receipts:
                durable.rewrite(folder / f"{receipt.sha256}.json", msgspec.json.encode(receipt))
        except OSError:
            return False
        return True


def _copy(source: Any, path: Path) -> None:
    with path.open("xb") as target:
        while piece := source.read(_PIECE):
            target.write(piece)


def _overhead(size: int) -> int:
    """What age adds at most: a header, and 16 bytes to each 64 KiB."""
    return 64 * 1024 + size // 1024


def _damaged() -> ExamError:
    return Rejected(
        "файл на накопителе испорчен: содержимое не то, что в описи. Остальные приняты; пусть школа пришлёт его снова",
        "the file on the drive is damaged: not what the list says. The others were taken; let the school send it again",
        code="damaged",
    )


def _unreadable(error: OSError) -> Reason:
    return Reason(f"файл на накопителе не читается ({oswords.ru(error)})", f"cannot be read ({error.strerror})")


def _gone(folder: Path) -> Rejected:
    return Rejected(
        f"Накопитель отключился ({folder}). Принятое цело. Вставьте его и повторите: принятое не принимается дважды.",
        f"The drive is gone ({folder}). What was taken is safe. Plug it in and repeat: nothing is taken twice.",
        code="drive_gone",
    )
