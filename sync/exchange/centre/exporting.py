"""A verified copy of what schools sent, in a folder: `CODE/DAY/NAME`, and an inventory published last.

Nothing there is replaced. A file counts as copied only when the copy, read back past the cache, has the SHA-256 of its
receipt; what cannot be copied is named in the inventory, everything else goes on.
"""

import csv
import hashlib
import io
import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

from exam import durable, fixity
from exam.errors import ExamError, Rejected
from exam.language import say
from sync.exchange.centre.checking import Uploads, total
from sync.exchange.centre.markup import harmless
from sync.exchange.centre.shelves import Shelves
from sync.exchange.register import Upload
from sync.naming import candidates
from sync.plan import Reason

_RESERVE = 64 << 20
"""Bytes left free on the target."""
_HEADINGS = ("школа", "папка", "файл", "байт", "SHA-256", "принят", "квитанция", "итог")
_DAMAGED = Reason("в хранилище испорчен: не скопирован", "damaged in the store: not copied")
_TAKEN = Reason("под этим именем лежит другой файл: не тронут", "other files have its names: left alone")


class Copied(Struct, frozen=True):
    """What came of one file. `problem` None: the copy is there and right, under `file`, relative to the target."""

    file: str
    problem: Reason | None


class Exported(Struct, frozen=True):
    """What came of all. `files`: how many are there and right; `inventory`: its path."""

    inventory: Path
    files: int
    problems: tuple[Copied, ...]


def export(shelves: Shelves, uploads: Uploads, target: Path, now: datetime) -> Exported:
    """Copy `uploads` below `target`. Raises Rejected without room for them, OSError when the target fails."""
    durable.make_folder(target)
    needed, free = total(uploads)[1], shutil.disk_usage(target).free - _RESERVE
    if needed > free:
        raise Rejected(
            f"В {target} не хватает места: нужно {needed} байт, свободно {max(0, free)}. Ничего не записано.",
            f"Not enough room in {target}: {needed} bytes needed, {max(0, free)} free. Nothing was written.",
            code="no_room",
        )
    inventory = io.StringIO(newline="")
    writer = csv.writer(inventory, delimiter=";")
    writer.writerow(_HEADINGS)
    right, problems = 0, []
    for upload in uploads():
        copied = _copy(shelves, upload, target)
        writer.writerow(_listed(upload, copied))
        if copied.problem is None:
            right += 1
        else:
            problems.append(copied)
    path = _publish(target, f"{now:%Y-%m-%d_%H%M%S}", ("\ufeff" + inventory.getvalue()).encode())
    return Exported(path, right, tuple(problems))


def _copy(shelves: Shelves, upload: Upload, target: Path) -> Copied:
    place, sha256 = PurePosixPath(upload.place or ""), upload.sha256 or ""
    folder = target / upload.school / place.parent.name
    durable.make_folder(folder)
    for name in candidates(place.name, sha256):
        path = folder / name
        if not os.path.lexists(path):
            problem = _laid(shelves, upload, path)
        elif path.is_file() and not path.is_symlink() and _digest(fixity.read_back(path)) == sha256:
            problem = None
        else:
            continue
        return Copied(str(path.relative_to(target)), problem)
    return Copied(str((folder / place.name).relative_to(target)), _TAKEN)


def _laid(shelves: Shelves, upload: Upload, path: Path) -> Reason | None:
    """Copy one file to a name that is free. What is wrong with the source is returned, the target's trouble raised."""
    temporary = durable.temporary_in(path.parent)
    try:
        with temporary.open("xb") as file:
            if not _poured(shelves, upload, file):
                return _DAMAGED
            file.flush()
            os.fsync(file.fileno())
        if _digest(fixity.read_back(temporary)) != upload.sha256:
            return Reason("копия не читается обратно такой же", "the copy does not read back the same")
        durable.move_without_replacing(temporary, path)
    except ExamError as error:
        return Reason(error.ru, error.en)
    finally:
        temporary.unlink(missing_ok=True)
    return None


def _poured(shelves: Shelves, upload: Upload, file: io.BufferedWriter) -> bool:
    digest = hashlib.sha256()
    try:
        for piece in shelves.pieces(upload.place or ""):
            digest.update(piece)
            file.write(piece)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == upload.sha256


def _digest(pieces: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _listed(upload: Upload, copied: Copied) -> tuple[object, ...]:
    receipt, path = upload.signed(), PurePosixPath(copied.file)
    told = say(copied.problem.ru, copied.problem.en) if copied.problem else say("скопирован", "copied")
    return (upload.school, path.parent.name, harmless(path.name), upload.length, receipt.sha256,
            receipt.stored_at.isoformat(), receipt.receipt_id, told)  # fmt: skip


def _publish(target: Path, when: str, content: bytes) -> Path:
    number = 1
    while True:
        path = target / f"опись_{when}{'' if number == 1 else f'_{number}'}.csv"
        try:
            durable.publish(path, content)
        except FileExistsError:
            number += 1
        else:
            return path
