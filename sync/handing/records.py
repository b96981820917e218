"""What is remembered of archives and of handing them over: the records, and what they come to. Pure.

Times are aware; sizes are bytes.
"""

from collections.abc import Iterable
from datetime import date, datetime

from msgspec import Struct, field

from sync.plan import Key, Reason


class Member(Struct, frozen=True):
    """A file in a ZIP. `name`: what the ZIP calls it; `path`: what the ledger does; `about`: whose it is, in words."""

    name: str
    path: str
    sha256: str
    size: int
    about: str = ""

    @property
    def key(self) -> Key:
        return self.path, self.sha256


class Packed(Struct, frozen=True, tag_field="event", tag="packed"):
    """A ZIP that was written and read back; noted before it gets its name. `limit`: bytes it was to stay below."""

    zip: str
    sha256: str
    size: int
    limit: int
    at: datetime
    exam_date: date
    members: tuple[Member, ...]


class Spoiled(Struct, frozen=True, tag_field="event", tag="spoiled"):
    """A ZIP that vanished or was altered before it was handed over: its files were packed again."""

    zip: str
    at: datetime
    reason: Reason


class Inventoried(Struct, frozen=True, tag_field="event", tag="inventoried"):
    """An inventory as we wrote it: anything else under its name is somebody else's."""

    file: str
    sha256: str


Packing = Packed | Spoiled | Inventoried


class Parcel(Struct, frozen=True):
    """One ZIP of a handing over, with everything that was in it."""

    zip: str
    sha256: str
    size: int
    files: tuple[Key, ...]


class HandedOver(Struct, frozen=True, tag_field="event", tag="handed_over"):
    """Who (`by`) handed what to whom (`to`), when, by which `way`; told at `noted_at`. `number` counts from 1."""

    number: int
    at: datetime
    noted_at: datetime
    by: str
    to: str
    way: str
    note: str
    zips: tuple[Parcel, ...]


class TakenBack(Struct, frozen=True, tag_field="event", tag="taken_back"):
    """The record `number` was a mistake, says `by`."""

    number: int
    at: datetime
    by: str
    reason: str


Handing = HandedOver | TakenBack


class Entry(Struct, frozen=True):
    """A record of handing over, and whether it still holds."""

    record: HandedOver
    taken_back: TakenBack | None = None


class Archives(Struct, frozen=True):
    """What is known of ZIPs: by name, and those that were spoiled; inventories as they were last written by us."""

    packed: dict[str, Packed] = field(default_factory=dict)
    spoiled: dict[str, Spoiled] = field(default_factory=dict)
    inventories: frozenset[tuple[str, str]] = frozenset()


def archives(records: Iterable[Packing]) -> Archives:
    """The sum of the records."""
    packed: dict[str, Packed] = {}
    spoiled: dict[str, Spoiled] = {}
    inventories: set[tuple[str, str]] = set()
    for record in records:
        match record:
            case Packed(zip=name):
                packed[name] = record
            case Spoiled(zip=name):
                spoiled[name] = record
            case Inventoried(file, sha256):
                inventories.add((file, sha256))
    return Archives(packed, spoiled, frozenset(inventories))


def entries(records: Iterable[Handing]) -> list[Entry]:
    """Every record of handing over in order, with its correction."""
    found: dict[int, Entry] = {}
    for record in records:
        if isinstance(record, HandedOver):
            found[record.number] = Entry(record)
        elif record.number in found:
            found[record.number] = Entry(found[record.number].record, record)
    return list(found.values())
