"""What can be told of deliveries without disturbing them: `status` from the ledger alone, `verify` from the proofs.

Called by `sync.cli`; reads only.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from exam.language import say
from sync import ledger
from sync.config import Config
from sync.model import ItemState, Receipt
from sync.plan import Row
from sync.receipts import Receipts


class ItemStatus(Struct, frozen=True):
    """One file on its way; `offset` and `size` in bytes."""

    path: str
    kind: str
    sha256: str | None
    state: ItemState
    offset: int
    size: int
    receipt: Receipt | None
    reason: str | None
    next_try_at: datetime | None


class Missing(Struct, frozen=True):
    path: str
    reason: str


class Package(Struct, frozen=True):
    """Whether everything found is delivered, and what is not."""

    complete: bool
    missing: tuple[Missing, ...]


class Status(Struct, frozen=True):
    items: tuple[ItemStatus, ...]
    package: Package


class Breach(Struct, frozen=True):
    """A delivery that is not proved."""

    path: str
    reason: str


class Verdict(Struct, frozen=True):
    """`checked` deliveries, of which `breaches` are not proved."""

    checked: int
    breaches: tuple[Breach, ...]


def status(config: Config) -> Status:
    """Where everything is. An empty package is not complete: nothing has been found yet."""
    receipts = _receipts(config)
    items = tuple(_item(row, receipts) for row in ledger.read(config.state))
    missing = tuple(Missing(item.path, item.reason or _PENDING[item.state]()) for item in items if item.receipt is None)
    return Status(items, Package(complete=bool(items) and not missing, missing=missing))


def verify(config: Config) -> Verdict:
    """Check every delivery again: the receipt is there, signed, and speaks of the bytes the manifest names."""
    from sync.watch import scan  # noqa: PLC0415 - `status` must start fast

    receipts = _receipts(config)
    on_disk: dict[str, set[str]] = {}
    for found in scan(config.recordings, streams=True).found:
        on_disk.setdefault(found.item.path, set()).add(found.item.sha256)
    rows = [row for row in ledger.read(config.state) if row.state is ItemState.DELIVERED]
    return Verdict(len(rows), tuple(_breaches(rows, receipts, on_disk)))


def _breaches(rows: Iterable[Row], receipts: Receipts, on_disk: dict[str, set[str]]) -> Iterable[Breach]:
    for row in rows:
        receipt = receipts.stored(row.sha256)
        if receipt is None:
            yield Breach(row.path, _no_receipt())
        elif found := receipts.breach(receipt, row.sha256, row.size):
            yield Breach(row.path, say(*found))
        # A recording removed after its retention date has no manifest left, and needs none.
        if row.sha256 not in on_disk.get(row.path, {row.sha256}):
            reason = say("на диске теперь другое, чем доставлено", "what is on disk now is not what was delivered")
            yield Breach(row.path, reason)


def _item(row: Row, receipts: Receipts) -> ItemStatus:
    delivered = row.state is ItemState.DELIVERED
    receipt = receipts.stored(row.sha256) if delivered else None
    reason = say(row.reason.ru, row.reason.en) if row.reason else None
    if delivered and receipt is None:
        reason = _no_receipt()
    if not row.present and not delivered:
        reason = say("файла больше нет в папке записей", "no longer in the recordings folder")
    return ItemStatus(
        row.path, row.kind, row.sha256 or None, row.state, row.offset, row.size,
        receipt, reason, row.next_try_at,
    )  # fmt: skip


def _no_receipt() -> str:
    return say(
        "квитанции нет или она не читается; station-sync once запросит её снова",
        "no receipt, or it cannot be read; station-sync once asks for it again",
    )


_PENDING = {
    ItemState.SEEN: lambda: say("ещё записывается или копируется", "still being written or copied"),
    ItemState.SETTLED: lambda: say("ждёт отправки", "waits to be sent"),
    ItemState.CREATING: lambda: say("отправляется", "being sent"),
    ItemState.HANDED_OVER: lambda: say("передано человеком", "handed over by a person"),
    ItemState.WAITING: lambda: say("ждёт повтора", "waits to be tried again"),
    ItemState.CHANGED: lambda: say("файл изменился", "the file has changed"),
    ItemState.NEEDS_HUMAN: lambda: say("нужен человек", "a person is needed"),
    ItemState.HASHED: lambda: say("ждёт отправки", "waits to be sent"),
    ItemState.UPLOADING: lambda: say("отправляется", "being sent"),
    ItemState.UPLOADED: lambda: say("отправлено, не проверено", "sent, not verified"),
    ItemState.VERIFYING: lambda: say("проверяется на сервере", "being verified by the server"),
    ItemState.QUARANTINED: lambda: say("отложено", "set aside"),
}


def _receipts(config: Config) -> Receipts:
    return Receipts(config.state, configured_key=config.server_key, tier=config.tier)
