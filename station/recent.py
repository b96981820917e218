"""The last bytes appended to a growing file, kept in memory: what a failing disk no longer gives back.

Filled by the thread that writes the file; read by the same thread when the file goes on elsewhere.
"""

from collections import deque


class Recent:
    """The newest bytes of one file, at most `limit` and the last piece."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._pieces: deque[bytes] = deque()

    def add(self, piece: bytes) -> None:
        """`piece` was appended."""
        self._pieces.append(piece)
        self._bytes += len(piece)
        while len(self._pieces) > 1 and self._bytes - len(self._pieces[0]) >= self._limit:
            self._bytes -= len(self._pieces.popleft())

    def last(self, size: int) -> bytes:
        """The last `size` bytes of the file. Raises LookupError when so many are not kept."""
        if size > self._bytes:
            raise LookupError(f"{size} bytes, {self._bytes} kept")
        return b"".join(self._pieces)[self._bytes - size :]
