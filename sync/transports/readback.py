"""Proof by reading back: what is told of the bytes a target gave us again. Pure; for the transports.

The names an item may lie under belong here too: whoever looks for a proof looks under each of them.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sync import naming
from sync.model import Receipt, Tier
from sync.plan import Item


class Reading:
    """How far a file was read back: goes on where a broken line ended it. `version`: the target's word for which."""

    def __init__(self, name: str, item: Item) -> None:
        self.of = (name, item.key)
        self.offset = 0
        self.version = ""
        self._digest = hashlib.sha256()

    def take(self, block: memoryview | bytes) -> None:
        self._digest.update(block)
        self.offset += len(block)

    def proves(self, item: Item) -> bool:
        return self.offset == item.size and self._digest.hexdigest() == item.sha256


def receipt(item: Item, address: str, tier: Tier, now: datetime) -> Receipt:
    """What we say of an item that was read back from `address`, right to the last byte."""
    return Receipt(
        receipt_id=f"read-back-{item.sha256[:16]}",
        server=address,
        tier=tier,
        sha256=item.sha256,
        size=item.size,
        stored_at=now,
        method="read-back",
    )


def names(item: Item) -> Iterator[str]:
    """The paths under which the item may lie, best first."""
    folder, slash, name = item.path.rpartition("/")
    for candidate in naming.candidates(name, item.sha256):
        yield folder + slash + candidate


def unheard(_through: int) -> None:
    """Nobody asks how far it is."""
