"""A server that others wrote, as a process of its own on a loopback port: started, killed, started again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_READY_S = 60.0


class Program:
    """`command` listens on `port` of loopback. Its output goes to `log`."""

    def __init__(self, command: Sequence[str], port: int, log: Path, environment: dict[str, str] | None = None) -> None:
        self.port = port
        self._command, self._log, self._environment = list(command), log, environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns once it takes connections. AssertionError, with what it printed, when it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment,
                process_group=0,  # a server's own children end with it
            )  # fmt: skip
        deadline = time.monotonic() + _READY_S
        while not self._listens():
            lives = self._process.poll() is None and time.monotonic() < deadline
            assert lives, self._log.read_text(errors="replace")[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, as a crash: it and its children."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Killed for the time of the block."""
        self.kill()
        yield
        self.start()

    @contextmanager
    def running(self) -> Iterator["Program"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False
