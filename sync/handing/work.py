"""What a school that hands over by a person does with its recordings: packs, notices, records.

Built and called by `commands`. The state folder is held for one step at a time, so that a person may record a handing
over while `run` goes on.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from exam.errors import ConfigError, ExamError, Rejected
from exam.language import say
from sync import schedule
from sync.config import Config
from sync.handing.giving import Act, Handovers, choose, hand_over, take_back
from sync.handing.outbox import Outbox
from sync.handing.packing import Listener, Packer, note_failure, note_problems
from sync.handing.records import HandedOver, Packed
from sync.ledger import Ledger
from sync.life import Stop, Stopped, alone
from sync.model import ItemState
from sync.notify import News, Notifier
from sync.plan import Found, Key
from sync.school.outgoing import scan, watched
from sync.states import ARRIVED, DONE, REFUSED, WORKING
from sync.targets import Manual
from sync.watch import Watch

RESCAN_S = 60.0
QUIET_S = 1800.0
"""`run` packs when nothing was recorded for so long: a day gives a few archives, not one for each participant."""
_PATIENCE_S = 30.0
_BETWEEN_TRIES_S = 0.1
_MEGABYTE = 1_000_000


class Outcome(Struct, frozen=True):
    """How far everything is: ZIPs waiting for a person, and how many files are in none."""

    waiting: tuple[Packed, ...]
    unpacked: int

    @property
    def all_handed_over(self) -> bool:
        return not self.waiting and not self.unpacked


class Work:
    """One school's handing over."""

    def __init__(
        self, config: Config, listener: Listener, stop: Stop, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Raises ConfigError where the configuration does not say that a person hands over."""
        if not isinstance(config.target, Manual):
            raise ConfigError(
                f'{config.file}: target.kind: эта команда — для kind = "manual"; здесь файлы отправляет программа',
                f'{config.file}: target.kind: this command is for kind = "manual"; here the program sends the files',
            )
        self._config, self._target = config, config.target
        self._listener, self._stop, self._now = listener, stop, now
        self._outbox = Outbox(Path(self._target.folder), config.school)
        self._handovers = Handovers(config.state)
        self._notifier = Notifier(config.state, config.notify.command, config.notify.webhook)
        self._quiet = Quiet()
        self._is_first = True

    def pack(self, *, again: bool = False) -> Outcome:
        """Pack everything that can be now; `again`: also what was packed, if all of it was deleted.

        Raises Transient, Rejected, Fatal, Stopped.
        """
        with self._ledger() as ledger:
            packer, found = self._packer(ledger), self._look(ledger)
            self._pack(packer, found, ledger, again=again)
            return self._outcome(packer, ledger)

    def run(self) -> None:
        """Pack whatever was recorded once the room is quiet, within the window, until asked to stop.

        Goes on also when a person must act: that is said, noted in the ledger, and tried again.
        """
        watch, told = Watch(watched(self._config), self._stop.wake), ""
        try:
            while not self._stop.asked:
                watch.look()
                self._stop.wake.clear()
                failed = self._step()
                if failed and failed != told:
                    self._listener.said(failed)
                told = failed
                if not self._stop.asked:
                    self._stop.wake.wait(RESCAN_S)
        except Stopped:
            return
        finally:
            watch.close()

    def hand_over(self, names: Sequence[str] | None, act: Act) -> HandedOver | None:
        """Record that these ZIPs, or all that wait, were handed over; None when there is nothing new to record.

        Raises Rejected for what cannot have been, Transient where it cannot be seen.
        """
        with self._ledger() as ledger:
            packer = self._packer(ledger)
            waiting = [packed.zip for packed in self._outcome(packer, ledger).waiting]
            with self._stop.interruptible():
                chosen = choose(waiting if names is None else names, packer.archives(), self._outbox)
            return hand_over(act, chosen, self._handovers, ledger, self._now)

    def take_back(self, number: int, by: str, reason: str) -> bool:
        """Record that a record was a mistake; False when that is known. Raises Rejected."""
        with self._ledger() as ledger:
            return take_back(number, self._handovers, ledger, self._now, by=by, reason=reason)

    def _step(self) -> str:
        """One look of `run`; what failed, in words, or nothing."""
        try:
            with self._ledger() as ledger:
                packer, found = self._packer(ledger), self._look(ledger)
                pending = packer.pending(found)
                due = schedule.due(path for path, _ in pending)
                is_time = schedule.is_open(self._config.window, self._now().astimezone(), due)
                if self._quiet.lasts(pending) and is_time and (pending or self._is_first or packer.used()):
                    self._pack(packer, found, ledger)
                    self._tell(self._outcome(packer, ledger), ledger)
        except ExamError as error:
            return str(error)
        return ""

    def _tell(self, outcome: Outcome, ledger: Ledger) -> None:
        """A person hears that archives wait for them, or that something cannot be packed."""
        if outcome.all_handed_over:
            return
        here = [row for row in ledger.rows().values() if row.present]
        left = [row for row in here if row.state not in DONE]
        ru = f"Ждут передачи человеком: архивов {len(outcome.waiting)}; не упаковано файлов: {outcome.unpacked}."
        en = f"Waiting for a person: {len(outcome.waiting)} archives; files not packed: {outcome.unpacked}."
        rooms = tuple(sorted({row.path.partition("/")[0] for row in left}))
        self._notifier.tell(
            News("needs_human", self._config.school, say(ru, en), len(here), len(here) - len(left), rooms)
        )

    def _pack(self, packer: Packer, found: list[Found], ledger: Ledger, *, again: bool = False) -> None:
        try:
            with self._outbox.held(used=packer.used()), self._stop.interruptible():
                packer.look_after(closely=self._is_first, again=again)
                self._is_first = False
                packer.pack(found)
        except ExamError as error:
            note_failure(found, error, ledger)
            raise

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with _in_turn(self._config.state), closing(Ledger(self._config.state)) as ledger:
            self._meet(ledger)
            yield ledger

    def _packer(self, ledger: Ledger) -> Packer:
        limit = self._target.zip_megabytes * _MEGABYTE
        return Packer(
            self._outbox, ledger, self._handovers, state=self._config.state, school=self._config.school, limit=limit,
            now=self._now, listener=self._listener,
        )  # fmt: skip

    def _look(self, ledger: Ledger) -> list[Found]:
        found = scan(self._config, streams=self._config.streams).found
        ledger.note_found(found)
        if self._is_first:
            _give_another_chance(ledger)
        note_problems(found, ledger)
        return found

    def _outcome(self, packer: Packer, ledger: Ledger) -> Outcome:
        rows, known = ledger.rows().values(), packer.archives()
        waiting = sorted({row.upload or "" for row in rows if row.state is ItemState.UPLOADED})
        unpacked = sum(row.state not in ARRIVED for row in rows)
        return Outcome(tuple(known.packed[name] for name in waiting if name in known.packed), unpacked)

    def _meet(self, ledger: Ledger) -> None:
        """What was begun with a server goes into a ZIP instead; what was delivered there stays delivered."""
        ledger.check_school(self._config.school, self._config.file)
        known = ledger.target()
        if known != self._config.address:
            _give_another_chance(ledger)
            under_way = [row for row in ledger.rows().values() if row.state in WORKING]
            changes = {"upload": None, "offset": 0, "unproven": False, "reason": None, "next_try_at": None}
            ledger.move_all([(row, ItemState.HASHED, changes) for row in under_way])
        ledger.set_target(self._config.address, self._config.school)


class Quiet:
    """Whether nothing new came for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pending: set[Key] | None = None
        self._since = 0.0

    def lasts(self, pending: set[Key]) -> bool:
        """`pending`: what waits now. What went away is no news."""
        if self._pending is None or pending - self._pending:
            self._since = self._clock()
        self._pending = pending
        return not pending or self._clock() - self._since >= QUIET_S


def _give_another_chance(ledger: Ledger) -> None:
    """What went aside, here or on the way to another target, is looked at anew."""
    aside = [row for row in ledger.rows().values() if row.state in REFUSED or row.resumes]
    changes = {"reason": None, "fingerprint": "", "next_try_at": None}
    ledger.move_all([(row, row.resumes or ItemState.HASHED, changes) for row in aside])


@contextmanager
def _in_turn(state: Path) -> Iterator[None]:
    """As `alone`, waiting a little for another of ours to finish its step. Raises Rejected."""
    until = time.monotonic() + _PATIENCE_S
    with ExitStack() as holding:
        while True:
            try:
                holding.enter_context(alone(state))
                break
            except Rejected:
                if time.monotonic() >= until:
                    raise
                time.sleep(_BETWEEN_TRIES_S)
        yield
