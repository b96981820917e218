"""A file on its way: one descriptor that is sent, and hashed in a second thread, so that both see the same file.

Opened by `sync.agent`, read by a transport. The last byte is given out only after the whole file proved to be what
its manifest says: a changed file never arrives complete.
"""

import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from exam import oswords
from exam.errors import Rejected

BLOCK_BYTES = 1024 * 1024
HASH_FIRST_BYTES = 32 * 1024 * 1024
"""A file up to this size (tens of milliseconds of hashing) is proved before its first byte is sent."""


class Changed(Rejected):
    """The file is not what its manifest says, or did not stay so while it was read."""

    code = "changed"


class Source:
    """`file` open for reading, expected to hold `size` bytes hashing to `sha256`. A context manager."""

    def __init__(self, file: Path, size: int, sha256: str) -> None:
        """Open and begin hashing. Raises Changed when the size differs, Rejected when it cannot be read.

        Entering the context raises them for a small file that hashes to something else.
        """
        self.size, self.sha256 = size, sha256
        self._name = file.name
        try:
            self._fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise self._unreadable(error) from error
        self._opened = os.fstat(self._fd)
        self._failure: OSError | None = None
        self._found = ""
        self._closing = threading.Event()
        self._hashing = threading.Thread(target=self._hash, name="hash", daemon=True)
        if not stat.S_ISREG(self._opened.st_mode) or self._opened.st_size != size:
            os.close(self._fd)
            raise self._changed()
        self._hashing.start()

    def __enter__(self) -> Self:
        if self.size <= HASH_FIRST_BYTES:
            self._prove_or_close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._hashing.join()
        os.close(self._fd)

    def blocks(self, first: int, end: int, block: int = BLOCK_BYTES) -> Iterator[memoryview]:
        """The bytes from `first` to before `end`, at most `block` at a time, in one reused buffer.

        The block that ends the file waits for `prove`. Raises as `prove` does.
        """
        buffer = memoryview(bytearray(min(block, max(end - first, 1))))
        while first < end:
            got = self._read(buffer[: end - first], first)
            first += got
            if first == self.size:
                self.prove()
            yield buffer[:got]

    def prove(self) -> None:
        """Wait for the hash of the whole file; raises Changed unless it is ours and the file was left alone."""
        self._hashing.join()
        if self._failure is not None:
            raise self._unreadable(self._failure) from self._failure
        now = os.fstat(self._fd)
        if self._found != self.sha256 or _identity(now) != _identity(self._opened):
            raise self._changed()

    def _prove_or_close(self) -> None:
        try:
            self.prove()
        except Rejected:
            self.__exit__(None, None, None)
            raise

    def _read(self, into: memoryview, first: int) -> int:
        try:
            got = os.preadv(self._fd, [into], first)
        except OSError as error:
            raise self._unreadable(error) from error
        if not got:
            raise self._changed()
        return got

    def _hash(self) -> None:
        digest, buffer, position = hashlib.sha256(), memoryview(bytearray(BLOCK_BYTES)), 0
        try:
            while not self._closing.is_set() and (got := os.preadv(self._fd, [buffer], position)):
                digest.update(buffer[:got])
                position += got
        except OSError as error:
            self._failure = error
        self._found = digest.hexdigest()

    def _changed(self) -> Changed:
        return Changed(
            f"Файл {self._name} не тот, что описан: изменён после завершения записи. Не отправлен; сам файл не тронут.",
            f"{self._name} is not what its manifest says: changed after it was finished. Not sent, left untouched.",
        )

    def _unreadable(self, error: OSError) -> Rejected:
        return Rejected(
            f"Файл {self._name} не читается: {oswords.ru(error)}. Проверьте диск и права.",
            f"{self._name} cannot be read: {error.strerror}. Check the disk and permissions.",
            code="unreadable",
        )


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
