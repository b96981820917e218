"""What the agent asks of any target. Each module here translates one protocol, and its library's errors, into this.

Raised: Transient (again later), Rejected (this item only), Fatal (a person must act).
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from sync.model import Receipt
from sync.plan import Item
from sync.source import Source

Moved = Callable[[int], None]
"""Told, while sending or reading back, how many bytes of the file are through."""


class Pending(Struct, frozen=True):
    """The far end is still verifying. `retry_after`: seconds it asked us to wait, if it did."""

    retry_after: float | None = None


class Lost(Struct, frozen=True):
    """The far end does not hold these bytes (any more): to be sent anew."""


class Unproven(Struct, frozen=True):
    """Accepted, but the target offers neither a hash nor reading back."""


Proof = Receipt | Pending | Lost | Unproven


class Transport(Protocol):
    """A target. `upload` is the address the target gave to one upload, kept in the ledger."""

    def key(self) -> bytes | None:
        """The public key the target signs receipts with; None when it signs none."""

    def create(self, item: Item) -> str:
        """Begin an upload of `item`; returns its address."""

    def offset(self, upload: str) -> int | None:
        """Bytes the target holds of the upload; None when it has no such upload."""

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        """Send everything from `offset` (bytes) on; returns when the target acknowledged the last byte."""

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        """The proof that the bytes stored are ours. The caller checks it."""

    def discard(self, upload: str) -> None:
        """Ask the target to forget an unfinished upload; best effort, raises nothing it can help."""
