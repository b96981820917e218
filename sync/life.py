"""The life of an agent's process: alone in its state folder, and how it is told to stop.

Owned by `sync.cli`, which holds both; `sync.agent` asks them.
"""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from exam import durable
from exam.errors import Rejected


class Stopped(Exception):
    """The agent was asked to stop while bytes were on their way."""


class Wake:
    """Ends a wait. Unlike an Event it may be set by a signal's receiver that interrupts the waiting thread itself."""

    def __init__(self) -> None:
        self._rung: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        if self._rung.empty():
            self._rung.put(None)

    def clear(self) -> None:
        self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Until set, `seconds` at most; whether it was. What was set is used up."""
        try:
            self._rung.get(timeout=max(seconds, 0))
        except Empty:
            return False
        return True


class Stop:
    """A request to stop. Between steps it is looked at; while bytes travel it interrupts."""

    def __init__(self) -> None:
        self.wake = Wake()
        self.asked = False
        self._interruptible = False

    def ask(self) -> None:
        """Called by the signal's receiver, in the main thread. Raises Stopped out of a transfer."""
        self.asked = True
        self.wake.set()
        if self._interruptible:
            raise Stopped

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        self._interruptible = True
        try:
            if self.asked:
                raise Stopped
            yield
        finally:
            self._interruptible = False


def stops() -> list[signal.Signals]:
    """The signals that ask to stop. A terminal that is closed asks, too, unless `nohup` said that it is not to."""
    hangs_up = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN else []
    return [signal.SIGTERM, signal.SIGINT, *hangs_up]


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder for this process; Rejected when another agent has it."""
    durable.make_folder(state, mode=0o700)
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise Rejected(
            f"Отправка с папкой состояния {state} уже работает. Остановите её или подождите; что происходит, покажет "
            "station-sync status.",
            f"An agent already works with {state}. Stop it or wait; station-sync status shows what it does.",
            code="already_running",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
