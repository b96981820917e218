"""Files that a page sends: kept beside the recordings, under names of their own making, until they are imported.

Never at the recordings' expense: what the day still needs stays free.
"""

import asyncio
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path

from msgspec import Struct

from exam import oswords
from exam.durable import NO_SPACE
from exam.localpage.refusal import Refused

_NAME = ".принятое"
_MOST = 4
_MOST_LETTERS = 60
_LEFT_OUT = re.compile(r'[<>:"/\\|?*]')
_CHECK_BYTES = 32 << 20


class Upload(Struct, frozen=True):
    """A file that was taken. `id`: what it is called between page and station; `size` in bytes."""

    id: str
    name: str
    size: int
    path: Path


class Spool:
    """`free`: bytes that must stay free on the disk of the recordings."""

    def __init__(self, recordings: Path, free: int) -> None:
        self._folder, self._free = recordings / _NAME, free
        self._uploads: dict[str, Upload] = {}
        self._is_clear = False

    async def take(self, name: str, pieces: AsyncIterator[bytes]) -> Upload:
        """Keep what comes. Raises Refused, and then nothing of it is kept."""
        self._make_way()
        id_ = secrets.token_hex(8)
        folder = self._folder / id_
        path = folder / plain(name)
        try:
            folder.mkdir(parents=True, mode=0o750)
            size = await self._write(path, pieces)
            if size == 0:
                raise Refused(
                    400, "empty", "Файл пуст: 0 байт. Скопируйте его с диктофона заново.", "The file is empty: 0 bytes."
                )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise self._no_room() if error.errno in NO_SPACE else _no_folder(error) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        upload = self._uploads[id_] = Upload(id_, path.name, size, path)
        return upload

    def claim(self, id_: str) -> Upload:
        """Hand it over, once; whoever has it drops it in the end. Raises Refused when it is not there."""
        upload = self._uploads.pop(id_, None)
        if upload is None or not upload.path.exists():
            raise Refused(409, "no_upload", "Файла уже нет. Выберите его снова.", "The file is gone. Choose it again.")
        return upload

    def drop(self, upload: Upload) -> None:
        """It is not needed any more."""
        shutil.rmtree(upload.path.parent, ignore_errors=True)

    async def _write(self, path: Path, pieces: AsyncIterator[bytes]) -> int:
        size = checked = 0
        with path.open("xb", buffering=0) as file:
            async for piece in pieces:
                if size == 0 or size - checked >= _CHECK_BYTES:
                    checked = size
                    await asyncio.to_thread(os.fdatasync, file.fileno())  # the stream must not wait behind it all
                    if shutil.disk_usage(path.parent).free < self._free + _CHECK_BYTES:
                        raise self._no_room()
                await asyncio.to_thread(_write, file, piece)
                size += len(piece)
        return size

    def _no_room(self) -> Refused:
        return Refused(
            507,
            "disk_low",
            "На диске записей мало места, файл не принят: оно нужно экзамену. Освободите место.",
            "Too little room on the recordings' disk: the file is not taken, the exam needs it. Free some space.",
        )

    def _make_way(self) -> None:
        """Copies that nobody asks for any more go: those of an earlier run of the page, the oldest of many."""
        if not self._is_clear:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._is_clear = True
        while len(self._uploads) >= _MOST:
            self.drop(self._uploads.pop(next(iter(self._uploads))))


def _write(file: FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) :]


def plain(name: str) -> str:
    """A name that is harmless in every folder, whatever was sent; the extension stays."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    text = "".join(letter for letter in text if unicodedata.category(letter)[0] != "C")
    text = _LEFT_OUT.sub("_", text).strip(" .-")
    stem, dot, ending = text.rpartition(".")
    stem, ending = (stem, ending[:8]) if dot else (text, "")
    stem = stem[:_MOST_LETTERS].strip(" .") or "file"
    return f"{stem}.{ending}" if ending else stem


def _no_folder(error: OSError) -> Refused:
    ru, en = oswords.both(error)
    return Refused(
        507, "disk_failed", f"Файл не принят: {ru}. Проверьте диск.", f"The file is not taken: {en}. Check the disk."
    )
