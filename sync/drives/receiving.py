"""A school's drive taken in at an exchange, hub or centre: each file goes in as if it had come over the network.

So it is verified by the same code and gets the same receipt, which returns on the drive. The exchange must be running;
a token of the school for this one errand is made and made void again. Called by `commands`.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from exam import copying, durable
from exam.copying import NotTheSame, SourceFailed
from exam.errors import ExamError, Rejected, Transient
from sync.drives import reading, sealing
from sync.drives.model import NOTE, RECEIPTS, RECEIPTS_SUFFIX, DriveFile, DriveNote, Left
from sync.drives.reading import Found
from sync.exchange.space import RESERVE
from sync.lines import Lines
from sync.model import Receipt
from sync.plan import Item, Reason
from sync.source import Source
from sync.transports import Pending, Transport

FILE = "drives.jsonl"
STAGING = "drives"
_PIECE = 1 << 20
_COPIES = 2  # here, and as it arrives in the exchange
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
        self._receipts: list[Receipt] = []
        self._refused: list[Left] = []

    def take(self, now: datetime, tell: Tell) -> Taken:
        """Every file of the list, a package last and only after all else; then the receipts back onto the drive.

        Raises Rejected when the list itself is refused or the drive is gone, Transient as the exchange does, OSError as
        its disk does.
        """
        files = sorted(reading.files_of(self._found, self._identity), key=lambda file: file.kind == "package")
        done, size = 0, sum(file.size for file in files)
        for file in files:
            self._take(file)
            done += file.size
            tell(done, size)
        were_put = self._put_back(now)
        taken = Taken(self._found.note, now, len(self._receipts), tuple(self._refused), were_put)
        lines: Lines[Taken] = Lines(self._folder / FILE, Taken)
        lines.append(taken)
        return taken

    def _take(self, file: DriveFile) -> None:
        if file.kind == "package" and self._refused:
            self._refused.append(Left(file.path, _NOT_YET))
            return
        try:
            self._receipts.append(self._one(file))
        except Rejected as error:
            self._refuse(file, Reason(error.ru, error.en))
        except SourceFailed as error:
            self._refuse(file, _unreadable(error.text))

    def _refuse(self, file: DriveFile, reason: Reason) -> None:
        if not (self._found.folder / NOTE).is_file():
            raise _gone(self._found.folder)
        self._refused.append(Left(file.path, reason))

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
        path = durable.temporary_in(self._folder / STAGING)
        with ExitStack() as undo:
            undo.callback(path.unlink, missing_ok=True)
            self._stage(file, path)
            yield path

    def _stage(self, file: DriveFile, path: Path) -> None:
        """Raises Rejected, SourceFailed as the drive does, OSError as the disk does."""
        with _opened(self._found, file) as stored:
            self._check_size(file, os.fstat(stored.fileno()).st_size, path.parent)
            source = _Drive(stored)
            with path.open("xb") as plain:
                if self._found.note.encrypted:
                    sealing.decrypt(source, plain, self._identity)
                else:
                    while piece := source.read(_PIECE):
                        plain.write(piece)
        with path.open("rb") as plain:
            if hashlib.file_digest(plain, "sha256").hexdigest() != file.sha256:
                raise _damaged()

    def _check_size(self, file: DriveFile, stored: int, folder: Path) -> None:
        """Before a byte is read: neither more than was told, nor more than there is room for."""
        most = file.size + (_overhead(file.size) if self._found.note.encrypted else 0)
        if not file.size <= stored <= most:
            raise _damaged()
        if _COPIES * file.size + RESERVE > shutil.disk_usage(folder).free:
            raise _no_room(file.size)

    def _put_back(self, now: datetime) -> bool:
        """The receipts, onto the drive; whether it took them."""
        if not self._receipts:
            return False
        folder = self._found.folder / RECEIPTS
        content = b"".join(msgspec.json.encode(receipt) + b"\n" for receipt in self._receipts)
        try:
            if folder.is_symlink():
                return False
            durable.make_folder(folder)
            copying.put(content, folder / f"{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}{RECEIPTS_SUFFIX}")
        except (OSError, NotTheSame):
            return False
        return True


class _Drive:
    """A file on the drive. What fails here is the drive's, not the exchange's disk's."""

    def __init__(self, stored: FileIO) -> None:
        self._stored = stored

    def read(self, size: int = -1) -> bytes:
        """Raises SourceFailed."""
        try:
            return self._stored.read(size) or b""
        except OSError as error:
            raise SourceFailed(str(error.strerror)) from error


@contextmanager
def staging(folder: Path) -> Iterator[None]:
    """One drive at a time is taken in; what a killed call left is cleared first: recordings of minors, in the clear.

    Raises Rejected while another is taken in, OSError.
    """
    place = folder / STAGING
    durable.make_folder(place, mode=0o700)
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        reading.take_turn(descriptor)
        for unfinished in place.glob(f"{durable.TEMPORARY_PREFIX}*"):
            unfinished.unlink()
        yield
    finally:
        os.close(descriptor)


def _opened(found: Found, file: DriveFile) -> FileIO:
    try:
        return FileIO(reading.descriptor_of(found, file), "rb")
    except OSError as error:
        raise SourceFailed(str(error.strerror)) from error


def _overhead(size: int) -> int:
    """What age adds at most: a header, and 16 bytes to each 64 KiB."""
    return 64 * 1024 + size // 1024


def _damaged() -> ExamError:
    return Rejected(
        "файл на накопителе испорчен: содержимое не то, что в описи. Остальные приняты; пусть школа пришлёт его снова",
        "the file on the drive is damaged: not what the list says. The others were taken; let the school send it again",
        code="damaged",
    )


def _no_room(size: int) -> Rejected:
    return Rejected(
        f"нужно вдвое больше {size} байт, столько места здесь нет: освободите диск и примите накопитель ещё раз",
        f"twice {size} bytes are needed, and not free here: make room and take the drive in again",
        code="no_room",
    )


_NOT_YET = Reason(
    "опись комплекта принимается, когда принято всё остальное: пусть школа пришлёт недостающее и её снова",
    "the package's manifest is taken once all else was: let the school send what lacks, and it, again",
)


def _unreadable(text: str) -> Reason:
    return Reason(f"не читается с накопителя ({text})", f"cannot be read from the drive ({text})")


def _gone(folder: Path) -> Rejected:
    return Rejected(
        f"Накопитель отключился ({folder}). Принятое цело. Вставьте его и повторите: принятое не принимается дважды.",
        f"The drive is gone ({folder}). What was taken is safe. Plug it in and repeat: nothing is taken twice.",
        code="drive_gone",
    )
