"""A file in requests: how much one of them carries, and its body. Used by the transports over HTTP that can go on."""

from collections.abc import Callable, Iterator

from exam.errors import Rejected, Transient
from sync.source import Source
from sync.transports import Moved
from sync.transports.web import BLOCK_BYTES, Body

SMALLEST = 256 * 1024
"""Bytes below which a piece is not worth its request."""

_CAUTIOUS = 16 * 1024 * 1024
_UNLIMITED = 1 << 62


class Pieces:
    """One request carries everything, until failures or refusals teach otherwise."""

    def __init__(self) -> None:
        self.limit = self._ceiling = _UNLIMITED

    def send(self, offset: int, size: int, piece: Callable[[int, int], int]) -> None:
        """Send what is between `offset` and `size`, in bytes. `piece(offset, limit)` returns the offset it reached."""
        # A resume feels its way: a small piece shows whether the server agrees about the offset and has let go of the
        # old connection, before a refused body of gigabytes is on its way.
        limit = min(self.limit, SMALLEST if offset else _UNLIMITED)
        while offset < size:
            try:
                offset = piece(offset, limit)
            except Transient:
                self._failed()
                raise
            except Rejected as error:
                if error.code != "too_large" or not self._refused(size - offset):
                    raise
            else:
                self._succeeded()
            limit = self.limit

    def _succeeded(self) -> None:
        self.limit = self._ceiling if self.limit >= _CAUTIOUS else min(2 * self.limit, self._ceiling)

    def _failed(self) -> None:
        """A proxy that buffers whole requests loses them whole: carry less."""
        self.limit = max(min(self.limit // 4, _CAUTIOUS), SMALLEST)

    def _refused(self, size: int) -> bool:
        """`size` bytes in one request were too much; whether less can be tried."""
        tried = min(self.limit, size)
        self.limit = self._ceiling = max(tried // 8, SMALLEST)
        return tried > SMALLEST


def body(source: Source, offset: int, end: int, moved: Moved) -> Body:
    """The file's bytes from `offset` to before `end` as a request carries them. Read out, it raises Changed."""
    return Body(_counted(source.blocks(offset, end, BLOCK_BYTES), offset, moved), end - offset)


def _counted(blocks: Iterator[memoryview], offset: int, moved: Moved) -> Iterator[memoryview]:
    for block in blocks:
        yield block
        offset += len(block)
        moved(offset)
