"""A folder as a target: a flash drive, a network share. Built by `building`."""

import os
from collections.abc import Iterator
from pathlib import Path

from exam import durable
from sync.source import Source
from sync.transports import Moved

_BLOCK = 1024 * 1024


class Drive:
    """Shelf over `folder`, which must be there."""

    appends = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def size(self, name: str) -> int | None:
        try:
            return (self._folder / name).stat().st_size
        except FileNotFoundError:
            return None

    def write(self, name: str, source: Source, offset: int, moved: Moved) -> None:
        path = self._folder / name
        durable.make_folder(path.parent)
        with path.open("r+b" if offset else "wb", buffering=0) as file:
            file.seek(offset)
            for block in source.blocks(offset, source.size):
                file.write(block)
                offset += len(block)
                moved(offset)
            os.fsync(file.fileno())

    def read(self, name: str, offset: int) -> Iterator[bytes]:
        with (self._folder / name).open("rb", buffering=0) as file:
            file.seek(offset)
            while block := file.read(_BLOCK):
                yield block

    def publish(self, part: str, name: str) -> bool:
        try:
            durable.move_without_replacing(self._folder / part, self._folder / name)
        except FileExistsError:
            return False
        return True

    def remove(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held."""
