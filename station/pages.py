"""The daemon's side of the page: starts its process, starts it anew when it ends, ends it. Recording needs none of it.

Used by the service's main thread alone. The process is of low priority and the first to go when memory is short.
"""

import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from exam.clock import NS_PER_S, Clock
from exam.language import say

_FIRST_NS, _MOST_NS = NS_PER_S, 60 * NS_PER_S
_STEADY_NS = 60 * NS_PER_S
_LEAVE_S = 2.0
_CHILD = "station.web"
_NICENESS = "5"
_EXPENDABLE = "500"
_LOGGED_LINES, _LOGGED_IN_S = 40, 600.0

_log = logging.getLogger(__name__)


def command_for(path: Path) -> Sequence[str]:
    """What serves the page of the room configured in `path`."""
    return ("nice", "-n", _NICENESS, sys.executable, "-m", _CHILD, str(path))


class Page:
    """The process that is started by `command` and ends when its standard input does; none where that is empty."""

    def __init__(self, command: Sequence[str], clock: Clock) -> None:
        self._command, self._clock = command, clock
        self._child: subprocess.Popen[bytes] | None = None
        self._since_ns = self._not_before_ns = 0
        self._patience_ns = _FIRST_NS

    @property
    def pid(self) -> int:
        """The process's, 0 while there is none."""
        return self._child.pid if self._child is not None else 0

    def tend(self) -> None:
        """Start it when it is due; called every second."""
        now = self._clock.monotonic_ns()
        if self._child is not None and self._child.poll() is not None:
            self._bury(self._child.returncode, now)
        if self._command and self._child is None and now >= self._not_before_ns:
            self._start(now)

    def close(self) -> None:
        """End it."""
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _start(self, now_ns: int) -> None:
        self._since_ns = now_ns
        try:
            child = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:  # no memory, no processes: the page waits
            _log.warning("%s", error)
            self._wait(now_ns)
            return
        self._child = child
        with contextlib.suppress(OSError):
            Path(f"/proc/{child.pid}/oom_score_adj").write_text(_EXPENDABLE, encoding="ascii")
        if child.stderr is not None:
            threading.Thread(target=_log_some, args=(child.stderr,), name="page-log", daemon=True).start()

    def _bury(self, code: int, now_ns: int) -> None:
        _log.warning("%s", say(f"страница закрылась ({code}) и откроется снова", f"the page ended ({code})"))
        self.close()
        if now_ns - self._since_ns > _STEADY_NS:
            self._patience_ns = _FIRST_NS
        self._wait(now_ns)

    def _wait(self, now_ns: int) -> None:
        self._not_before_ns = now_ns + self._patience_ns
        self._patience_ns = min(2 * self._patience_ns, _MOST_NS)


def _log_some(pipe: IO[bytes]) -> None:
    """Not more than a person reads: whoever besieges the page must not fill the station's log, or make it wait."""
    logged, since = 0, time.monotonic()
    with pipe:
        for line in pipe:
            if time.monotonic() - since > _LOGGED_IN_S:
                logged, since = 0, time.monotonic()
            logged += 1
            if logged <= _LOGGED_LINES:
                _log.warning("%s", line.decode(errors="replace").rstrip())
