"""The controls' process as the daemon sees it: told the room's state, heard line by line. Never waits for it."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

import msgspec

from exam.clock import Clock
from station.controls.wire import Said, Setting, Told
from station.session import State

_LEAVE_S = 1.0

_log = logging.getLogger(__name__)


class Process:
    """One that runs. `hear` is called by a thread of its own. Raises OSError when it cannot be started."""

    def __init__(self, setting: Setting, hear: Callable[[Said], None], clock: Clock) -> None:
        self.setting, self._hear, self._clock = setting, hear, clock
        self.started_ns = self.said_ns = clock.monotonic_ns()
        self._told: State | None = None
        self._is_closed = False
        command = [sys.executable, "-m", "station.controls", msgspec.json.encode(setting).decode()]
        self._child = subprocess.Popen(
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        if self._child.stdin is None or self._child.stdout is None or self._child.stderr is None:
            raise ValueError("the controls' process has no pipes")
        self._input = self._child.stdin
        os.set_blocking(self._input.fileno(), False)
        threading.Thread(target=self._listen, args=(self._child.stdout,), name="controls", daemon=True).start()
        threading.Thread(target=_log_all, args=(self._child.stderr,), name="controls-log", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_over(self) -> bool:
        return self._child.poll() is not None

    def tell(self, state: State) -> None:
        """The room's state, if that is news. One that does not read is silent, too, and replaced for that."""
        if state is self._told:
            return
        self._told = state
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(self._input.fileno(), msgspec.json.encode(Told(state)) + b"\n")

    def close(self) -> None:
        """End it; what it still says is not heard."""
        self._is_closed = True
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_LEAVE_S)
        self._input.close()

    def _listen(self, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(msgspec.DecodeError):  # what says nonsense is not listened to, and so replaced
            for line in pipe:
                said: Said = msgspec.json.decode(line, type=Said)
                self.said_ns = self._clock.monotonic_ns()
                if not self._is_closed:
                    self._hear(said)


def _log_all(pipe: IO[bytes]) -> None:
    with pipe:
        for line in pipe:
            _log.warning("%s", line.decode(errors="replace").rstrip())
