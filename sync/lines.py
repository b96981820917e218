"""A file of records, one JSON object a line, only ever added to; each record is synced before `append` returns.

What a power cut tore is left as it is, and passed over.
"""

import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from exam import durable

_ADDED_TO = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC

Record = TypeVar("Record", bound=Struct)


class Lines(Generic[Record]):
    """The records of `path`, each of a type that `kinds` (a union of tagged structs) names."""

    def __init__(self, path: Path, kinds: object) -> None:
        self._path = path
        self._decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(kinds)

    def read(self) -> tuple[list[Record], list[int]]:
        """The records in order, and the numbers of the lines that are none. Raises OSError."""
        records, torn = [], []
        for number, line in enumerate(self._content().split(b"\n"), 1):
            if not line.strip():
                continue
            try:
                records.append(self._decoder.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                torn.append(number)
        return records, torn

    def append(self, record: Record) -> None:
        """Add a record durably. Raises OSError; then it may be there or not."""
        durable.make_folder(self._path.parent, mode=0o700)
        is_new = not self._path.exists()
        with os.fdopen(os.open(self._path, _ADDED_TO, 0o640), "ab+") as file:
            size = os.fstat(file.fileno()).st_size
            begins_a_line = not size or os.pread(file.fileno(), 1, size - 1) == b"\n"
            file.write((b"" if begins_a_line else b"\n") + msgspec.json.encode(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            durable.sync(self._path.parent)

    def _content(self) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return b""
