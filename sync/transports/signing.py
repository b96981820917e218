"""Requests signed as S3 asks (AWS Signature 4), by the server's clock where ours is wrong.

The only module that imports `requests_aws4auth`; `sync.transports.bucket` uses it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from requests_aws4auth import AWS4Auth

from sync.transports import Moved
from sync.transports.web import BLOCK_BYTES, Auth, Body, Request

_TOLERATED = timedelta(minutes=4)
"""Servers refuse what was signed more than 15 minutes off, some earlier."""
_BEYOND = timedelta(days=100 * 365)
"""No clock is so wrong, though a computer that lost its battery may be in 1970."""
_SIGNED = {"host", "content-md5", "content-type", "if-match", "if-none-match", "range", "x-amz-*"}


Content = bytes | bytearray | memoryview


class Piece(Body):
    """Bytes as a request body: signed whole, sent in blocks. `moved` is told how many of them were given away."""

    def __init__(self, content: Content, moved: Moved) -> None:
        super().__init__(_blocks(content, moved), len(content))
        self.content = content


class Signer(Auth):
    """Signs with one pair of keys, or what `renewed` tells of them, for one region; for any thread."""

    def __init__(
        self, access_key: str, secret_key: str, region: str, renewed: Callable[[], Sequence[str]] | None = None
    ) -> None:
        self._region, self._renewed = region, renewed
        self._keys: Sequence[str] = (access_key, secret_key)
        self._sign = self._signing()
        self._ahead = timedelta(0)
        self._turns = threading.Lock()

    def __call__(self, request: Request) -> Request:
        request.headers["x-amz-date"] = (datetime.now(UTC) + self._ahead).strftime("%Y%m%dT%H%M%SZ")
        body = request.body
        if isinstance(body, Piece):
            request.body = body.content  # hashed, and then replaced
        with self._turns:  # it makes itself a new key at midnight
            if self._renewed is not None and (keys := tuple(self._renewed())) != self._keys:
                self._keys = keys
                self._sign = self._signing()
            self._sign(request)
        request.body = body
        return request

    def learn(self, date: str | None) -> bool:
        """Take over the time a server told in its `Date`; False when we went by that already, or it told none."""
        try:
            ahead = parsedate_to_datetime(date or "") - datetime.now(UTC)
        except (ValueError, TypeError, OverflowError):
            return False
        if abs(ahead) > _BEYOND or abs(ahead - self._ahead) < _TOLERATED:
            return False
        self._ahead = ahead
        return True

    def _signing(self) -> AWS4Auth:
        access_key, secret_key = self._keys
        return AWS4Auth(access_key, secret_key, self._region, "s3", include_hdrs=_SIGNED)


def _blocks(content: Content, moved: Moved) -> Iterator[memoryview]:
    view = memoryview(content)
    for first in range(0, len(view), BLOCK_BYTES):
        yield view[first : first + BLOCK_BYTES]
        moved(min(first + BLOCK_BYTES, len(view)))
