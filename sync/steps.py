"""One item's way to the target: ask, create, send, prove, deliver; one ledger step each.

Owned by `sync.agent`, which says what to work on and when. A kill between any two steps loses nothing: the next life
asks the target and goes on from there.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from exam.clock import Clock
from exam.errors import ExamError, Fatal, Rejected, Transient
from sync.ledger import Ledger
from sync.life import Stop, Stopped
from sync.model import ItemState, Receipt
from sync.pace import Pace
from sync.plan import Create, Found, Item, Key, Nothing, Reason, Resume, Row, SetAside, Verify, decide
from sync.receipts import Receipts
from sync.source import Changed, Source
from sync.states import ASIDE, REFUSED
from sync.throttle import Throttle
from sync.transports import Lost, Moved, Pending, Transport, Unproven

NOTE_EVERY_S = 2.0
_ITS_OWN = {"locked", "damaged_on_the_way"}
"""Failures that say nothing of the target, only of one file there."""

_UNPROVEN = Reason(
    "отправлено, но сервер не даёт ни квитанции, ни прочитать файл обратно: доставка не доказана",
    "sent, but the server offers neither a receipt nor reading the file back: delivery is not proved",
)
_LOST = Reason(
    "на сервере не те байты, что отправлены; файл отправляется заново",
    "the far end does not hold the bytes that were sent; the file is sent anew",
)


class Listener(Protocol):
    """Who is told what happens, to show it to a person."""

    def queued(self, rows: list[Row]) -> None:
        """The rows not yet delivered, before one of them is worked on."""

    def moved(self, item: Item, offset: int) -> None:
        """`offset` bytes of the item are through."""

    def settled(self, row: Row) -> None:
        """An item came to rest: delivered, uploaded, or quarantined."""

    def setback(self, item: Item, error: ExamError, wait_s: float) -> None:
        """A step failed and is tried again after `wait_s` seconds."""


class Steps:
    """What is done with one item, and what became of it."""

    def __init__(
        self, transport: Transport, ledger: Ledger, receipts: Receipts, *,
        clock: Clock, pace: Pace, stop: Stop, listener: Listener, throttle: Throttle, may_send: Callable[[Item], bool],
    ) -> None:  # fmt: skip
        self._transport, self._ledger, self._receipts = transport, ledger, receipts
        self._clock, self._pace, self._stop, self._listener = clock, pace, stop, listener
        self._throttle, self._may_send = throttle, may_send
        self._doubted: set[Key] = set()

    def advance(self, found: Found) -> None:
        """Take one item as far as it goes now. Raises Fatal, having noted it, when the target refuses everything."""
        try:
            self._perform(found, self._row(found))
        except Transient as error:
            self._set_back(found, error)
        except Changed as error:
            self._set_aside(found, ItemState.CHANGED, Reason(error.ru, error.en))
        except Rejected as error:
            self._set_aside(found, ItemState.QUARANTINED, Reason(error.ru, error.en))
        except Fatal as error:
            self._need_human(found, error)
            raise
        except Stopped:
            return

    def _perform(self, found: Found, row: Row) -> None:
        if row.state in REFUSED | ASIDE:
            to = row.resumes or ItemState.HASHED
            row = self._ledger.move(row, to, resumes=None, reason=None, fingerprint="", next_try_at=None)
        match decide(found, row, self._there(row, found.item)):
            case Create():
                self._create(found, row)
            case Resume(offset):
                self._resume(found, row, offset)
            case Verify():
                self._verify(row, found.item)
            case SetAside(to, reason):
                self._set_aside(found, to, reason)
            case Nothing():
                pass

    def _there(self, row: Row, item: Item) -> int | None:
        """What the server holds of an upload under way: its word counts, not ours."""
        if row.state is not ItemState.UPLOADING or row.upload is None:
            return None
        with self._stop.interruptible():
            return self._transport.offset(row.upload, item)

    def _create(self, found: Found, row: Row) -> None:
        if row.state is not ItemState.HASHED:
            row = self._ledger.move(row, ItemState.HASHED, upload=None, offset=0)
        with _source(found) as source:
            row = self._ledger.move(row, ItemState.CREATING)
            with self._stop.interruptible():
                begun = self._transport.create(found.item)
            if self._ledger.holder(begun.upload) not in {None, row.key}:
                raise Rejected(
                    "Сервер дал этому файлу адрес другого. Сообщите администратору сервера.",
                    "The server gave this file the address of another. Tell the server's administrator.",
                    code="address_reused",
                )
            there = min(begun.offset, row.size)
            row = self._ledger.move(row, ItemState.UPLOADING, upload=begun.upload, offset=there)
            if begun.offset < found.item.size or not begun.offset:
                row = self._send(row, source, found.item, begun.offset)
        self._verify(row, found.item)

    def _resume(self, found: Found, row: Row, offset: int) -> None:
        self._pace.acknowledged(row.key, offset)
        with _source(found) as source:
            row = self._send(self._ledger.note(row, offset=offset), source, found.item, offset)
        self._verify(row, found.item)

    def _send(self, row: Row, source: Source, item: Item, offset: int) -> Row:
        upload = _address(row)
        self._throttle.begin(offset)
        try:
            with self._stop.interruptible():
                self._transport.send(upload, source, offset, self._mover(row, item))
        except Changed:
            self._transport.discard(upload)
            raise
        self._pace.progressed()
        return self._ledger.move(row, ItemState.UPLOADED, offset=row.size)

    def _verify(self, row: Row, item: Item) -> None:
        if row.state is ItemState.UPLOADING:
            row = self._ledger.move(row, ItemState.UPLOADED, offset=row.size)
        with self._stop.interruptible():
            proof = self._transport.prove(_address(row), item, lambda offset: self._listener.moved(item, offset))
        match proof:
            case Receipt():
                self._deliver(row, proof)
            case Pending(retry_after):
                self._poll_later(row, retry_after)
            case Lost():
                self._transport.discard(_address(row))
                changes = {"upload": None, "offset": 0, "damaged": row.damaged + 1}
                self._ledger.move(row, ItemState.HASHED, reason=_LOST, **changes)
            case Unproven() if self._receipts.key is not None:
                self._transport.close()
                raise _no_receipt_now()
            case Unproven():
                if row.state is ItemState.VERIFYING:
                    row = self._ledger.move(row, ItemState.UPLOADED)
                self._listener.settled(self._ledger.note(row, reason=_UNPROVEN, unproven=True, next_try_at=None))

    def _deliver(self, row: Row, receipt: Receipt) -> None:
        """The receipt is on disk before the ledger says `delivered`."""
        self._accept(row, receipt)
        kept = self._receipts.keep(receipt)
        self._pace.progressed()
        changes = {"receipt": kept.receipt_id, "receipt_mark": self._receipts.mark(row.sha256), "reason": None}
        self._listener.settled(self._ledger.move(row, ItemState.DELIVERED, **changes, next_try_at=None))

    def _accept(self, row: Row, receipt: Receipt) -> None:
        """One that proves nothing is asked for again before anybody is alarmed: it may have suffered on its way."""
        try:
            if self._receipts.key is None and (key := self._transport.key()):
                self._receipts.meet(key, receipt)
            self._receipts.accept(receipt, row.sha256, row.size)
        except (Rejected, Fatal):
            if row.key in self._doubted:
                raise
            self._doubted.add(row.key)
            self._transport.close()
            raise _no_receipt_now() from None
        self._doubted.discard(row.key)

    def _poll_later(self, row: Row, retry_after: float | None) -> None:
        next_try_at = self._after(self._pace.poll(row.key, retry_after))
        if row.state is not ItemState.VERIFYING:
            self._ledger.move(row, ItemState.VERIFYING, reason=None, next_try_at=next_try_at)

    def _set_back(self, found: Found, error: Transient) -> None:
        row = self._row(found)
        wait = self._pace.failed(found.item.key, error.retry_after, others_go_on=error.code in _ITS_OWN)
        changes = {"resumes": row.stands, "reason": Reason(error.ru, error.en), "next_try_at": self._after(wait)}
        self._ledger.move(row, ItemState.WAITING, **changes)
        self._listener.setback(found.item, error, wait)

    def _set_aside(self, found: Found, to: ItemState, reason: Reason) -> None:
        row = self._row(found)
        changes: dict[str, object] = {"reason": reason, "fingerprint": found.fingerprint, "next_try_at": None}
        changes |= {"resumes": ItemState.HASHED} if to in ASIDE else {"resumes": None}
        self._listener.settled(self._ledger.move(row, to, upload=None, offset=0, **changes))

    def _need_human(self, found: Found, error: Fatal) -> None:
        """The target refuses everything: looked at again later, for nobody may be there to say that it is mended."""
        row, wait = self._row(found), self._pace.stopped()
        self._listener.setback(found.item, error, wait)  # said first: it may be the ledger that cannot be written
        changes = {"resumes": row.stands, "reason": Reason(error.ru, error.en), "next_try_at": self._after(wait)}
        self._ledger.move(row, ItemState.NEEDS_HUMAN, **changes)

    def _mover(self, row: Row, item: Item) -> Moved:
        """Shows every block at once, notes it now and then: each note is a disk sync."""
        noted_at, noted = self._pace.now(), row.offset

        def moved(offset: int) -> None:
            nonlocal noted_at, noted
            self._listener.moved(item, offset)
            self._throttle.moved(offset)
            if not self._may_send(item):
                raise Stopped
            passed_s = self._pace.now() - noted_at
            if passed_s >= NOTE_EVERY_S:
                self._ledger.note(row, offset=offset)
                self._ledger.note_line(max(offset - noted, 0) / passed_s, self._after(0))
                noted_at, noted = self._pace.now(), offset

        return moved

    def _row(self, found: Found) -> Row:
        return self._ledger.rows()[found.item.key]

    def _after(self, seconds: float) -> datetime:
        return self._clock.now().astimezone(UTC) + timedelta(seconds=seconds)


def _no_receipt_now() -> Transient:
    return Transient(
        "Вместо годной квитанции пришло что-то иное; она запрашивается снова, файл на сервере цел.",
        "Something else than a good receipt came; it is asked for again, the file is safe at the far end.",
        code="no_receipt_now",
    )


def _source(found: Found) -> Source:
    return Source(Path(found.file), found.item.size, found.item.sha256)


def _address(row: Row) -> str:
    if row.upload is None:
        raise ValueError(f"{row.path}: {row.state} without an upload")
    return row.upload
