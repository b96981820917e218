"""The agent: scan -> plan -> perform -> note, one item at a time, one ledger step each.

Built by `sync.cli`. A kill between any two steps loses nothing: the next life asks the server and goes on from there.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from exam.clock import Clock
from exam.errors import ConfigError, ExamError, Fatal, Rejected, Transient
from sync.config import Config
from sync.ledger import Ledger
from sync.life import Stop, Stopped
from sync.model import ItemState, Receipt
from sync.pace import Pace
from sync.plan import Create, Found, Item, Nothing, Quarantine, Reason, Resume, Row, Verify, decide, queue
from sync.receipts import Receipts
from sync.source import Changed, Source
from sync.transports import Lost, Moved, Pending, Transport, Unproven
from sync.watch import Watch, scan

RESCAN_S = 60.0
NOTE_EVERY_S = 2.0

_UNPROVEN = Reason(
    "отправлено, но сервер не даёт ни квитанции, ни прочитать файл обратно: доставка не доказана",
    "sent, but the server offers neither a receipt nor reading the file back: delivery is not proved",
)
_NO_RECEIPT = Reason(
    "квитанции нет или она испорчена; запрашивается снова",
    "the receipt is gone or damaged; it is asked for again",
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


class Agent:
    """One school's deliveries to one target."""

    def __init__(
        self, config: Config, transport: Transport, ledger: Ledger, receipts: Receipts, *,
        clock: Clock, pace: Pace, stop: Stop, listener: Listener,
    ) -> None:  # fmt: skip
        self._config, self._transport, self._ledger, self._receipts = config, transport, ledger, receipts
        self._clock, self._pace, self._stop, self._listener = clock, pace, stop, listener
        self._any_hour = True

    def once(self) -> bool:
        """Deliver everything now, whatever the hour; waits for proofs and short outages, not for long ones.

        Returns whether every item is delivered. Raises Fatal when a person must act.
        """
        self._begin()
        while not self._stop.asked:
            found = self._look()
            self._work(found)
            if self._pace.exhausted or not queue(found, self._ledger.rows(), self._pace.hopeless()):
                break
            self._nap()
        return all(row.state is ItemState.DELIVERED for row in self._ledger.rows().values())

    def run(self) -> None:
        """Deliver whatever appears, within the window, until asked to stop. Raises Fatal when a person must act."""
        self._begin()
        self._any_hour = False
        watch = Watch(self._config.recordings, self._stop.wake)
        try:
            while not self._stop.asked:
                watch.look()
                self._work(self._look())
                self._nap()
        finally:
            watch.close()

    def _begin(self) -> None:
        """Meet the target: deliveries to one server must not be taken for deliveries to another."""
        known = self._ledger.target()
        delivered = any(row.state is ItemState.DELIVERED for row in self._ledger.rows().values())
        if known not in {None, self._config.address} and delivered and self._receipts.key is None:
            told = self._config
            raise ConfigError(
                f"{told.file}: target: теперь {told.address}, а в {told.state} учтена доставка на {known}. Для другого "
                "получателя укажите другую папку в [state] folder.",
                f"{told.file}: target: now {told.address}, but {told.state} accounts for one to {known}. For another "
                "target name another folder in [state] folder.",
                code="other_target",
            )
        if known != self._config.address:
            if self._receipts.key is None:
                self._forget_uploads()
            self._ledger.set_target(self._config.address)
        self._ledger.begin()
        self._doubt()

    def _forget_uploads(self) -> None:
        """What another server was sent, this one was not; only a known key tells that both are the same."""
        for row in self._ledger.rows().values():
            if row.upload is not None:
                self._ledger.move(row, ItemState.HASHED, upload=None, offset=0)

    def _doubt(self) -> None:
        """A delivery whose receipt was lost or altered is proved again before it is called one."""
        for row in self._ledger.rows().values():
            proved = row.state is not ItemState.DELIVERED or self._receipts.proves(row.sha256, row.size)
            if row.present and not proved:
                self._ledger.move(row, ItemState.UPLOADED, receipt=None, reason=_NO_RECEIPT)

    def _look(self) -> list[Found]:
        self._stop.wake.clear()
        found = scan(self._config.recordings, streams=self._config.streams)
        self._ledger.note_found(found)
        return found

    def _work(self, found: list[Found]) -> None:
        """Advance items until none can be, the target fails, the window closes, or a stop is asked for."""
        while self._may_send() and not self._pace.paused:
            rows = self._ledger.rows()
            pending = queue(found, rows, self._pace.waiting())
            if not pending:
                return
            self._listener.queued([row for row in rows.values() if row.state is not ItemState.DELIVERED])
            self._advance(pending[0], rows[pending[0].item.key])

    def _advance(self, found: Found, row: Row) -> None:
        try:
            self._perform(found, row)
        except Transient as error:
            self._set_back(found, error)
        except Rejected as error:
            self._quarantine(found, Reason(error.ru, error.en))
        except Fatal as error:
            self._ledger.note(self._row(found), reason=Reason(error.ru, error.en))
            raise
        except Stopped:
            return

    def _perform(self, found: Found, row: Row) -> None:
        if row.state is ItemState.QUARANTINED:
            row = self._ledger.move(row, ItemState.HASHED, reason=None, fingerprint="")
        match decide(found, row, self._there(row, found.item)):
            case Create():
                self._create(found, row)
            case Resume(offset):
                self._resume(found, row, offset)
            case Verify():
                self._verify(row, found.item)
            case Quarantine(reason):
                self._quarantine(found, reason)
            case Nothing():
                pass

    def _there(self, row: Row, item: Item) -> int | None:
        """What the server holds of an upload under way: its word counts, not ours."""
        if row.state is not ItemState.UPLOADING or row.upload is None:
            return None
        with self._stop.interruptible():
            return self._transport.offset(row.upload, item)

    def _create(self, found: Found, row: Row) -> None:
        if row.state is ItemState.UPLOADING:
            row = self._ledger.move(row, ItemState.HASHED, upload=None, offset=0)
        with self._source(found) as source:
            with self._stop.interruptible():
                begun = self._transport.create(found.item)
            if any(other.upload == begun.upload for other in self._ledger.rows().values()):
                raise Rejected(
                    "Сервер дал этому файлу адрес другого. Сообщите администратору сервера.",
                    "The server gave this file the address of another. Tell the server's administrator.",
                    code="address_reused",
                )
            changes = {"upload": begun.upload, "offset": begun.offset, "reason": None, "next_try_at": None}
            row = self._ledger.move(row, ItemState.UPLOADING, **changes)
            if begun.offset < found.item.size or not begun.offset:
                row = self._send(row, source, found.item, begun.offset)
        self._verify(row, found.item)

    def _resume(self, found: Found, row: Row, offset: int) -> None:
        self._pace.acknowledged(row.key, offset)
        row = self._ledger.note(row, offset=offset, reason=None, next_try_at=None)
        with self._source(found) as source:
            row = self._send(row, source, found.item, offset)
        self._verify(row, found.item)

    def _send(self, row: Row, source: Source, item: Item, offset: int) -> Row:
        upload = _address(row)
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
            case Unproven():
                if row.state is ItemState.VERIFYING:
                    row = self._ledger.move(row, ItemState.UPLOADED)
                self._listener.settled(self._ledger.note(row, reason=_UNPROVEN, unproven=True, next_try_at=None))

    def _deliver(self, row: Row, receipt: Receipt) -> None:
        """The receipt is on disk before the ledger says `delivered`."""
        if self._receipts.key is None and (key := self._transport.key()):
            self._receipts.meet(key)
        self._receipts.accept(receipt, row.sha256, row.size)
        kept = self._receipts.keep(receipt)
        self._pace.progressed()
        changes = {"receipt": kept.receipt_id, "reason": None, "next_try_at": None}
        self._listener.settled(self._ledger.move(row, ItemState.DELIVERED, **changes))

    def _poll_later(self, row: Row, retry_after: float | None) -> None:
        next_try_at = self._after(self._pace.poll(row.key, retry_after))
        if row.state is not ItemState.VERIFYING:
            self._ledger.move(row, ItemState.VERIFYING, reason=None, next_try_at=next_try_at)

    def _set_back(self, found: Found, error: Transient) -> None:
        wait = self._pace.failed(found.item.key, error.retry_after)
        self._ledger.note(self._row(found), reason=Reason(error.ru, error.en), next_try_at=self._after(wait))
        self._listener.setback(found.item, error, wait)

    def _quarantine(self, found: Found, reason: Reason) -> None:
        changes = {"upload": None, "offset": 0, "fingerprint": found.fingerprint, "next_try_at": None}
        row = self._ledger.move(self._row(found), ItemState.QUARANTINED, reason=reason, **changes)
        self._listener.settled(row)

    def _mover(self, row: Row, item: Item) -> Moved:
        """Shows every block at once, notes it now and then: each note is a disk sync."""
        noted_at = self._pace.now()

        def moved(offset: int) -> None:
            nonlocal noted_at
            self._listener.moved(item, offset)
            if not self._may_send():
                raise Stopped
            if self._pace.now() - noted_at >= NOTE_EVERY_S:
                noted_at = self._pace.now()
                self._ledger.note(row, offset=offset)

        return moved

    def _may_send(self) -> bool:
        """Neither asked to stop nor outside the window."""
        return not self._stop.asked and (self._any_hour or self._config.window.contains(self._clock.now().time()))

    def _nap(self) -> None:
        """Until something is due, a hint comes, or it is time to scan again."""
        wait = self._pace.due_in(at_most=RESCAN_S)
        if not self._stop.asked:  # asked before `_look` cleared the wake-up
            self._stop.wake.wait(wait)

    def _source(self, found: Found) -> Source:
        return Source(Path(found.file), found.item.size, found.item.sha256)

    def _row(self, found: Found) -> Row:
        return self._ledger.rows()[found.item.key]

    def _after(self, seconds: float) -> datetime:
        return self._clock.now().astimezone(UTC) + timedelta(seconds=seconds)


def _address(row: Row) -> str:
    if row.upload is None:
        raise ValueError(f"{row.path}: {row.state} without an upload")
    return row.upload
