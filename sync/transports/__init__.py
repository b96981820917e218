"""What the agent asks of any target. Each module here translates one protocol, and its library's errors, into this.

A target that gives addresses and receipts of its own is a `Transport`; one that knows only files and names is a
`Shelf` (`sync.transports.shelf`), made a Transport by `Shelved`. One suite tests them all: `tests/transports`.

Raised: Transient (again later), Rejected (this item only), Fatal (a person must act). Nothing else.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from sync.model import Receipt
from sync.plan import Item
from sync.source import Source

Moved = Callable[[int], None]
"""Told, while sending or reading back, how many bytes of the file are through. May raise, to end the transfer."""


class Begun(Struct, frozen=True):
    """An upload: its address at the target, and how many bytes of it lie there already."""

    upload: str
    offset: int = 0


class Pending(Struct, frozen=True):
    """The far end is still verifying. `retry_after`: seconds it asked us to wait, if it did."""

    retry_after: float | None = None


class Lost(Struct, frozen=True):
    """The far end does not hold these bytes (any more): to be sent anew."""


class Unproven(Struct, frozen=True):
    """Accepted, but the target offers neither a hash nor reading back."""


Proof = Receipt | Pending | Lost | Unproven


class Transport(Protocol):
    """A target. `upload` is the address of one upload there, kept in the ledger across restarts."""

    def key(self) -> bytes | None:
        """The public key the target signs receipts with; None when it signs none."""

    def create(self, item: Item) -> Begun:
        """Begin an upload of `item`, or find the one an earlier life began."""

    def offset(self, upload: str, item: Item) -> int | None:
        """Bytes the target holds of the upload; None when it has no such upload."""

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        """Send everything from `offset` (bytes) on; returns when the target acknowledged the last byte.

        Called with what `create` or `offset` told. Raises Changed when the file proves to be another; its last
        byte has not been sent then.
        """

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        """The proof that the bytes stored are ours; asked again, also after a restart, proves it again.

        Where the target only knows files, this is what gives the file its name: never over another one, and
        only once its bytes are proved.
        """

    def discard(self, upload: str) -> None:
        """Ask the target to forget an unfinished upload; best effort, raises nothing it can help."""

    def close(self) -> None:
        """Let connections go; raises nothing. Any call after it connects anew."""
