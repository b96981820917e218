"""What can be told of deliveries without disturbing them: `status` from the ledger alone, `verify` from the proofs.

Called by `sync.cli`; reads only.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from msgspec import Struct

from exam.language import say
from sync import ledger, schedule, wording
from sync.config import Config
from sync.model import ItemState, Receipt
from sync.plan import Row, is_awaited
from sync.receipts import Receipts
from sync.states import ARRIVED, DONE
from sync.targets import Manual

_LATELY = timedelta(minutes=10)
"""So long what the line carried says something of what it carries."""


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


class Left(Struct, frozen=True):
    """What is still to be sent: `size` bytes of `files`, about `seconds` at `rate` bytes a second, the line's of late.

    `seconds` and `rate` are None while nothing was sent of late: nobody knows.
    """

    files: int
    size: int
    rate: float | None
    seconds: float | None


class Status(Struct, frozen=True):
    """`opens_at`: when sending begins again, None while it is allowed now; `due`: the day the first file is due;
    `by_hand`: a person carries what is packed."""

    items: tuple[ItemStatus, ...]
    package: Package
    left: Left
    opens_at: datetime | None
    due: date | None
    by_hand: bool = False


class Breach(Struct, frozen=True):
    """A delivery that is not proved."""

    path: str
    reason: str


class Verdict(Struct, frozen=True):
    """`checked` deliveries, of which `breaches` are not proved."""

    checked: int
    breaches: tuple[Breach, ...]


def status(config: Config, now: datetime) -> Status:
    """Where everything is. An empty package is not complete: nothing has been found yet."""
    receipts, rows, by_hand = _receipts(config), ledger.read(config.state), isinstance(config.target, Manual)
    items = tuple(_item(row, receipts) for row in rows)
    missing = tuple(
        Missing(item.path, item.reason or wording.state(item.state, by_hand=by_hand)) for item in items if _lacks(item)
    )
    due = schedule.due(row.path for row in rows if is_awaited(row))
    closed = not schedule.is_open(config.window, now, due)
    return Status(
        items,
        Package(complete=bool(items) and not missing, missing=missing),
        _left(rows, ledger.read_line(config.state), now),
        schedule.opens_at(config.window, now, due) if closed else None,
        due,
        by_hand,
    )


def _lacks(item: ItemStatus) -> bool:
    return item.receipt is None and item.state is not ItemState.HANDED_OVER


def _left(rows: Iterable[Row], line: ledger.Line | None, now: datetime) -> Left:
    to_send = [row for row in rows if is_awaited(row) and row.stands not in ARRIVED]
    size = sum(row.size - row.offset for row in to_send)
    rate = line.rate if line is not None and line.rate > 0 and now - line.at < _LATELY else None
    return Left(len(to_send), size, rate, size / rate if rate else None)


def verify(config: Config) -> Verdict:
    """Check every delivery again: the receipt is there, signed, and speaks of the bytes the manifest names."""
    from sync.school.outgoing import scan  # noqa: PLC0415 - `status` must start fast

    receipts = _receipts(config)
    on_disk: dict[str, set[str]] = {}
    for found in scan(config, streams=True).found:
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
    receipt = _good(row, receipts) if delivered else None
    reason = say(row.reason.ru, row.reason.en) if row.reason else None
    if delivered and receipt is None:
        reason = _no_receipt()
    if not row.present and row.state not in DONE:
        reason = say("файла больше нет в папке записей", "no longer in the recordings folder")
    return ItemStatus(
        row.path, row.kind, row.sha256 or None, row.state, row.offset, row.size,
        receipt, reason, row.next_try_at,
    )  # fmt: skip


def _good(row: Row, receipts: Receipts) -> Receipt | None:
    """The receipt of a delivery, if it is the one the agent found good, or as good."""
    if receipts.mark(row.sha256) != row.receipt_mark and not receipts.proves(row.sha256, row.size):
        return None
    return receipts.stored(row.sha256)


def _no_receipt() -> str:
    return say(
        "квитанции нет или она не годится; station-sync once запросит её снова",
        "no receipt, or it is no good; station-sync once asks for it again",
    )


def _receipts(config: Config) -> Receipts:
    return Receipts(config.state, configured_key=config.server_key, tier=config.tier)
