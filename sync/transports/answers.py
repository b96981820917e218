"""Answers that keep coming: one that only drips is cut off, though a byte comes before every time limit.

What `requests` is told of time limits is for one read. Here the head has one for all of it, and a body must bring so
many bytes in each such time, however long it is. Used by `web`; the only module that knows how urllib3 and the
standard library read an answer. Sending needs none of this: each block has its own limit.
"""

import http.client
import io
import socket
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

WITHIN_S = 120.0
"""Seconds for the head of an answer, from the end of the request; then for every LEAST_BYTES of its body."""
LEAST_BYTES = 64 * 1024
"""4 kbit/s: the slowest line there is brings 20 times as much."""


def keep_coming(pools: PoolManager) -> None:
    """Have answers on connections of `pools` read so. Those that dally raise TimeoutError, as a read does."""
    pools.pool_classes_by_scheme = {"http": _Plain, "https": _Encrypted}


class _Reader(io.RawIOBase):
    """The bytes of one answer as they come from `raw`, in time."""

    def __init__(self, raw: socket.SocketIO, connection: socket.socket) -> None:
        self._raw, self._connection = raw, connection
        self._most_s = connection.gettimeout() or WITHIN_S
        self._left_s, self._left_bytes = WITHIN_S, 0
        self._is_body = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._left_s <= 0:
            raise TimeoutError("the answer only drips")
        self._connection.settimeout(min(self._most_s, self._left_s))
        begun = time.monotonic()
        got = self._raw.readinto(buffer)
        self._left_s -= time.monotonic() - begun  # what the reader does between is not the far end's
        self._left_bytes -= got or 0
        if self._is_body and self._left_bytes <= 0:
            self.begin_body()
        return got

    def begin_body(self) -> None:
        """Also at each part of it."""
        self._is_body = True
        self._left_s, self._left_bytes = WITHIN_S, LEAST_BYTES

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *what: Any, **more: Any) -> None:
        super().__init__(sock, *what, **more)
        self._reader = _Reader(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        self._reader.begin_body()


class _PlainConnection(HTTPConnection):
    response_class = _Answer


class _EncryptedConnection(HTTPSConnection):
    response_class = _Answer


class _Plain(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _Encrypted(HTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection
