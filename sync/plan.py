"""What to do next with one item: a pure decision from what was found, what the ledger knows, what the server holds.

Owns the vocabulary of the agent (Item, Found, Row, the actions). `queue` and `decide` are called by `sync.agent`;
the records are shared by everything above. No I/O, no clocks.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Literal

from msgspec import Struct

from sync.model import ItemState
from sync.states import ARRIVED, DONE, REFUSED

ItemKind = Literal["stream", "participant", "manifest", "room", "paper", "package", "folder"]
"""A recording's delivery by the kind of recording, its manifest, a room's record of its day (`exam.roomday`), or a
watched folder that cannot be read."""

Key = tuple[str, str]
"""(path, sha256): what makes an item this item and no other."""

MAX_DAMAGED = 3
"""So many times may the far end hold other bytes than were sent before a person has to look."""


class Reason(Struct, frozen=True):
    """Why an item is where it is, for a person, in both languages."""

    ru: str
    en: str


class Item(Struct, frozen=True):
    """One file to deliver. `path`: `<day folder>/<file>`; `sha256`: empty where there is nothing to send;
    `size` in bytes."""

    path: str
    kind: ItemKind
    sha256: str
    size: int

    @property
    def key(self) -> Key:
        return self.path, self.sha256


class Found(Struct, frozen=True, kw_only=True):
    """An item as it lies on disk now.

    `file`: where to read it; `fingerprint` changes when the file does; `problem`: why it must not be sent, and
    `changed`: because it is not what its manifest says; `settled`: nobody writes to it any more;
    `after`: the recording that has to be there before its manifest; `needs`: the contents (SHA-256) that have to be
    there before the package's.
    """

    item: Item
    file: str
    fingerprint: str
    problem: Reason | None = None
    changed: bool = False
    settled: bool = True
    after: Key | None = None
    needs: frozenset[str] = frozenset()


class Told(Struct, frozen=True, kw_only=True):
    """What a manifest said when it was read: which file to deliver, and of what content; `fingerprint` of itself.

    `sha256` and `size` are the manifest's own; `kind` None: a recording that is not delivered.
    """

    fingerprint: str
    sha256: str
    size: int
    kind: ItemKind | None
    file: str
    file_sha256: str
    file_size: int


class Row(Struct, frozen=True, kw_only=True):
    """What the ledger knows of an item. `upload`: the address the server gave; `offset`: bytes it has acknowledged;
    `resumes`: where an item that went aside goes on; `damaged`: how often the far end held other bytes;
    `unproven`: the target was found to offer no proof; `receipt`: its id; `receipt_mark`: changes when its file does;
    `present`: whether the last scan saw the item."""

    path: str
    kind: ItemKind
    sha256: str
    size: int
    state: ItemState = ItemState.HASHED
    resumes: ItemState | None = None
    upload: str | None = None
    offset: int = 0
    damaged: int = 0
    unproven: bool = False
    receipt: str | None = None
    receipt_mark: str = ""
    reason: Reason | None = None
    fingerprint: str = ""
    next_try_at: datetime | None = None
    present: bool = True

    @property
    def key(self) -> Key:
        return self.path, self.sha256

    @property
    def stands(self) -> ItemState:
        """How far it came, also while it is aside."""
        return self.resumes or self.state


class Create(Struct, frozen=True):
    """Ask the server for a new upload and send the file."""


class Resume(Struct, frozen=True):
    """Send the rest, from `offset` (bytes) on."""

    offset: int


class Verify(Struct, frozen=True):
    """Every byte is there: ask for the proof."""


class SetAside(Struct, frozen=True):
    """Left alone until the file changes or a person has looked; everything else goes on."""

    to: ItemState
    reason: Reason


class Nothing(Struct, frozen=True):
    """Done, or nothing to be done now."""


Action = Create | Resume | Verify | SetAside | Nothing

_DAMAGED = Reason(
    "на сервере несколько раз оказались не те байты, что отправлены: проверьте сеть и диск сервера, "
    "затем запустите station-sync once",
    "the far end repeatedly held other bytes than were sent: check the network and the server's disk, "
    "then run station-sync once",
)


def decide(found: Found, row: Row, there: int | None) -> Action:
    """The next step for one item. `there`: bytes the server holds of the row's upload, None when it has no such."""
    if not _is_open(found, row):
        return Nothing()
    if found.problem is not None:
        return SetAside(ItemState.CHANGED if found.changed else ItemState.QUARANTINED, found.problem)
    if row.stands in ARRIVED:
        return Verify()
    if row.damaged >= MAX_DAMAGED:
        return SetAside(ItemState.NEEDS_HUMAN, _DAMAGED)
    if there is None or there > row.size:
        return Create()
    return Verify() if there == row.size else Resume(there)


def queue(found: Iterable[Found], rows: Mapping[Key, Row], waiting: AbstractSet[Key]) -> list[Found]:
    """What can be worked on now, in order: neither done, nor `waiting`, nor a manifest ahead of what it tells of."""
    return [one for one in found if _is_open(one, rows[one.item.key]) and may_go(one, rows, waiting)]


def may_go(found: Found, rows: Mapping[Key, Row], waiting: AbstractSet[Key]) -> bool:
    """Neither `waiting` nor a manifest ahead of what it speaks of."""
    if found.item.key in waiting or (found.after is not None and rows[found.after].stands not in ARRIVED):
        return False
    return found.needs <= {row.sha256 for row in rows.values() if row.stands in ARRIVED} if found.needs else True


def is_awaited(row: Row) -> bool:
    """Whether it will still arrive by itself, or with the person who carries it: nothing has to be mended first."""
    stuck = row.unproven or row.state in REFUSED or row.state is ItemState.NEEDS_HUMAN
    return row.present and row.state not in DONE and not stuck


def _is_open(found: Found, row: Row) -> bool:
    """Whether there is anything left to do that could be done."""
    if row.state in DONE or row.unproven or not found.settled:
        return False
    if row.state is ItemState.NEEDS_HUMAN and row.damaged >= MAX_DAMAGED:
        return False
    return not (row.state in REFUSED and row.fingerprint == found.fingerprint)
