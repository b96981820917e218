"""The daemon's side of listening: keeps the listening child, tells it situations, passes on what it says.

`tell` and `awaited` are the recorder thread's and never wait: a child that is stuck is told nothing more until it
reads again, one that ends is replaced. Recording needs none of it.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

import msgspec

from exam.clock import NS_PER_S, Clock
from station.messages import Heard, Judged
from station.situation import Setting, Situation

_RESPAWN_NS = 5 * NS_PER_S
_MOST_RESPAWN_NS = 80 * NS_PER_S  # doubled with each child that said nothing
_AWAITED_NS = 20 * NS_PER_S  # a verdict is not waited for any longer; the publisher then makes it itself
_BEGUN_S = 3.0  # a start takes a second of CPU, which the placing of a stream's first sound must not lack
_CHILD = "station.listening.child"

_log = logging.getLogger(__name__)


class Listener:
    """`report` is told what the child hears, from a thread of its own."""

    def __init__(self, setting: Setting, clock: Clock, report: Callable[[Heard | Judged], None]) -> None:
        self._setting, self._clock, self._report = setting, clock, report
        self._child: subprocess.Popen[bytes] | None = None
        self._respawn_at_ns, self._patience_ns = 0, _RESPAWN_NS
        self._awaited: dict[str, int] = {}
        self._unsent = b""

    def tell(self, situation: Situation) -> None:
        """The room now. Starts the child when one is due, and the stream under way."""
        now = self._clock.monotonic_ns()
        self._await(situation, now)
        if self._child is not None and self._child.poll() is not None:
            self._bury(now)
        is_begun = situation.frames >= self._setting.shape.frames(_BEGUN_S)
        if self._child is None and is_begun and now >= self._respawn_at_ns:
            self._spawn()
        if self._child is not None and self._child.stdin is not None:
            self._write(self._child.stdin.fileno(), situation)

    @property
    def pid(self) -> int:
        """The child's, 0 while there is none."""
        return self._child.pid if self._child is not None else 0

    @property
    def awaited(self) -> tuple[str, ...]:
        """Takes that have ended and whose verdict is on its way."""
        return tuple(self._awaited)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _await(self, situation: Situation, now_ns: int) -> None:
        for take in situation.takes:
            if take.wants_verdict:
                self._awaited.setdefault(take.stem, now_ns)
            else:
                self._awaited.pop(take.stem, None)
        self._awaited = {stem: since for stem, since in self._awaited.items() if now_ns - since < _AWAITED_NS}

    def _spawn(self) -> None:
        command = [sys.executable, "-m", _CHILD, msgspec.json.encode(self._setting).decode()]
        self._child = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        if self._child.stdin is None or self._child.stdout is None or self._child.stderr is None:
            raise ValueError("the listening child has no pipes")
        os.set_blocking(self._child.stdin.fileno(), False)
        threading.Thread(target=self._pass_on, args=(self._child.stdout,), name="listener", daemon=True).start()
        threading.Thread(target=_log_all, args=(self._child.stderr,), name="listener-log", daemon=True).start()

    def _write(self, pipe: int, situation: Situation) -> None:
        """As much as the pipe takes; the situation after one that is not gone yet is left out."""
        self._unsent = self._unsent or msgspec.json.encode(situation) + b"\n"
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            self._unsent = self._unsent[os.write(pipe, self._unsent) :]

    def _bury(self, now_ns: int) -> None:
        self._child, self._unsent = None, b""
        self._respawn_at_ns = now_ns + self._patience_ns
        self._patience_ns = min(2 * self._patience_ns, _MOST_RESPAWN_NS)
        self._report(Heard(()))

    def _pass_on(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._patience_ns = _RESPAWN_NS
                self._report(msgspec.json.decode(line, type=Heard | Judged))


def _log_all(pipe: IO[bytes]) -> None:
    with pipe:
        for line in pipe:
            _log.warning("%s", line.decode(errors="replace").rstrip())
