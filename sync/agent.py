"""The agent: scan -> plan -> perform -> note, one item at a time, one ledger step each.

Built by `sync.cli`. A kill between any two steps loses nothing: the next life asks the server and goes on from there.
"""

import time
from collections.abc import Iterable
from contextlib import suppress

from exam.clock import Clock
from exam.errors import ConfigError, ExamError, Fatal
from exam.language import say
from sync import schedule
from sync.config import Config
from sync.counting import count_returned
from sync.ledger import UNUSABLE, Ledger, Move
from sync.life import Stop
from sync.model import ItemState, Tier
from sync.notify import Notifier, news_of, trouble
from sync.pace import Pace
from sync.plan import Found, Item, Reason, Row, is_awaited, may_go, queue
from sync.receipts import Receipts
from sync.returned import ReturnedFiles
from sync.school.outgoing import scan, watched
from sync.states import DONE
from sync.steps import Listener, Steps
from sync.targets import Tus
from sync.throttle import Throttle
from sync.transports import Transport
from sync.watch import Watch

RESCAN_S = 60.0
COPYING_S = 2.0
"""Between two looks while something is still being copied."""
REVIVE_S = 3600.0
"""What was set aside gets another chance after so long, as in a new life of the agent."""
_NO_RECEIPT = Reason(
    "квитанции нет или она испорчена; запрашивается снова",
    "the receipt is gone or damaged; it is asked for again",
)


class Agent:
    """One school's deliveries to one target: what to work on, and when."""

    def __init__(
        self, config: Config, transport: Transport, ledger: Ledger, receipts: Receipts, *,
        clock: Clock, pace: Pace, stop: Stop, listener: Listener, notifier: Notifier | None = None,
    ) -> None:  # fmt: skip
        self._config, self._ledger, self._receipts = config, ledger, receipts
        self._clock, self._pace, self._stop, self._listener = clock, pace, stop, listener
        self._notifier = notifier or Notifier(config.state)
        throttle = Throttle(config.limit, pace.now, time.sleep)
        self._steps = Steps(
            transport, ledger, receipts,
            clock=clock, pace=pace, stop=stop, listener=listener, throttle=throttle, may_send=self._may_send,
        )  # fmt: skip
        self._any_hour = True

    def once(self) -> bool:
        """Deliver everything now, whatever the hour; waits for proofs and short outages, not for long ones.

        Returns whether every item is delivered, or was handed over by a person. Raises Fatal when a person must act.
        """
        self._begin()
        while not self._stop.asked:
            found = self._look()
            self._work(found)
            if self._pace.exhausted or not self._is_anything_left(found):
                break
            self._nap(found)
        self._tell()
        return all(row.state in DONE for row in self._ledger.rows().values())

    def run(self) -> None:
        """Deliver whatever appears, within the window, until asked to stop; goes on also when a person must act."""
        self._begin()
        self._any_hour = False
        watch, born = Watch(watched(self._config), self._stop.wake), self._pace.now()
        try:
            while not self._stop.asked:
                watch.look()
                found = self._look()
                failed = None
                try:
                    self._work(found)
                except Fatal as error:  # noted, told, and tried again
                    failed = error
                self._tell(failed)
                self._nap(found)
                if self._pace.now() - born > REVIVE_S:
                    self._ledger.begin()
                    born = self._pace.now()
        finally:
            watch.close()

    def _begin(self) -> None:
        """Meet the target: deliveries to one server must not be taken for deliveries to another, nor a school's."""
        self._ledger.check_school(self._config.school, self._config.file)
        known = self._ledger.target()
        delivered = any(row.state is ItemState.DELIVERED for row in self._ledger.rows().values())
        if self._receipts.key is not None and not isinstance(self._config.target, Tus):
            raise self._another(known or say("сервер, чей ключ лежит в server.key", "the server of server.key"))
        if known not in {None, self._config.address} and delivered and self._receipts.key is None:
            raise self._another(str(known))
        self._ledger.begin()
        if known != self._config.address and self._receipts.key is None:
            self._forget_uploads()
        self._ledger.set_target(self._config.address, self._config.school)
        self._doubt(self._ledger.rows().values())

    def _another(self, known: str) -> ConfigError:
        told = self._config
        return ConfigError(
            f"{told.file}: target: теперь {told.address}, а в {told.state} учтена доставка на {known}. Для другого "
            "получателя укажите другую папку в [state] folder.",
            f"{told.file}: target: now {told.address}, but {told.state} accounts for one to {known}. For another "
            "target name another folder in [state] folder.",
            code="other_target",
        )

    def _forget_uploads(self) -> None:
        """What another server was sent, this one was not; only a known key tells that both are the same."""
        rows = [row for row in self._ledger.rows().values() if row.upload is not None and row.state not in DONE]
        self._ledger.move_all([(row, ItemState.HASHED, {"upload": None, "offset": 0}) for row in rows])

    def _doubt(self, rows: Iterable[Row]) -> None:
        """A delivery whose receipt was lost or altered is proved again before it is called one."""
        steps: list[Move] = []
        for row in rows:
            if row.state is not ItemState.DELIVERED or not row.present:
                continue
            mark = self._receipts.mark(row.sha256)
            if mark == row.receipt_mark:
                continue
            if self._receipts.proves(row.sha256, row.size):
                steps.append((row, row.state, {"receipt_mark": mark}))
            else:
                steps.append((row, ItemState.UPLOADED, {"receipt": None, "reason": _NO_RECEIPT}))
        self._ledger.move_all(steps)

    def _look(self) -> list[Found]:
        self._stop.wake.clear()
        if self._config.release == "auto":
            self._release()
        rows = self._ledger.rows()
        seen = scan(self._config, streams=self._config.streams, known=self._ledger.told, rows=rows)
        self._ledger.note_manifests(seen.read, seen.places)
        back = [one.item.key for one in seen.found if (row := rows.get(one.item.key)) and row.state in DONE]
        self._ledger.note_found(seen.found, seen.done)
        self._doubt([rows[key] for key in back])  # files that were gone when this life began
        count_returned(self._ledger, self._receipts, ReturnedFiles(self._config.state))
        return seen.found

    def _release(self) -> None:
        from sync.school.releasing import release_by_itself  # noqa: PLC0415 - few agents gather a day

        with suppress(ExamError):  # `station-sync package` says what is wrong; recordings travel all the same
            release_by_itself(self._config, self._clock.now())

    def _work(self, found: list[Found]) -> None:
        """Advance items until none can be, the target fails, the window closes, or a stop is asked for."""
        rows = self._ledger.rows
        while pending := [one for one in queue(found, rows(), self._pace.waiting()) if self._may_send(one.item)]:
            self._listener.queued([row for row in rows().values() if row.state not in DONE])
            for one in pending:
                if self._stop.asked or self._pace.paused:
                    return
                if self._may_send(one.item) and may_go(one, rows(), self._pace.waiting()):
                    self._steps.advance(one)

    def _is_anything_left(self, found: list[Found]) -> bool:
        return any(not one.settled for one in found) or bool(queue(found, self._ledger.rows(), self._pace.hopeless()))

    def _may_send(self, item: Item) -> bool:
        """Neither asked to stop nor outside the hours, for which an item that is due does not wait."""
        if self._stop.asked:
            return False
        due_on = schedule.due([item.path])
        return self._any_hour or schedule.is_open(self._config.window, self._clock.now(), due_on)

    def _nap(self, found: list[Found]) -> None:
        """Until something is due, a hint comes, or it is time to scan again."""
        settling = any(not one.settled for one in found)
        wait = self._pace.due_in(at_most=COPYING_S if settling else RESCAN_S)
        if not self._stop.asked:  # asked before `_look` cleared the wake-up
            self._stop.wake.wait(wait)

    def _tier(self, rows: Iterable[Row]) -> Tier | None:
        """Who holds what was delivered. All of it has one server's receipts, so any of them tells."""
        proved = (row for row in rows if row.state is ItemState.DELIVERED)
        receipts = (receipt for row in proved if (receipt := self._receipts.stored(row.sha256)))
        return next((receipt.tier for receipt in receipts), None)

    def _tell(self, failed: Fatal | None = None) -> None:
        """A person hears that a day has arrived, or needs them."""
        rows = self._ledger.rows().values()
        if failed is not None and failed.code == UNUSABLE:  # no row could be given this reason
            self._notifier.tell(trouble(self._config.school, rows, str(failed)))
            return
        due_on = schedule.due(row.path for row in rows if is_awaited(row))
        news = news_of(self._config.school, rows, due_on, self._clock.now().date(), tier=self._tier(rows))
        if news is not None:
            self._notifier.tell(news)
