"""Opens scans in a child process and says what came of it; whatever a file does to the child is an answer, too.

Called by `sync.scans.looking`; `preview` by pages that show a scan.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from exam import oswords
from exam.errors import Rejected
from sync.scans import faults, sniffing
from sync.scans.model import Opened, Trouble, Verdict
from sync.scans.sheets import Answer, Asked, Look, Picture, Show
from sync.scans.sniffing import Format

MOST_PIXELS = 2000
_WAIT_S = 180.0  # by the wall clock: a busy computer's child gets its 60 s of computing in that
_LEAVES_S = 2.0
_FILES = 100  # after so many a new child: what libraries leave behind in memory ends with the old one
_MOST_BYTES = 24 << 20
_PIECE = 1 << 16
_ANSWERS = msgspec.json.Decoder[Answer](Answer)
_ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class _Died(Exception):
    """The child ended before it answered, or answers no more."""


class Opener:
    """A child that opens one file after another, started when first needed. A context manager."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, whatever it does."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def look(self, path: Path, kind: Format) -> Verdict | None:
        """What is in the file; None when somebody ended the child. Raises OSError when none can be started."""
        answer = self._ask(Look(os.fspath(path), kind))
        return answer if isinstance(answer, Opened | Trouble | None) else Trouble("unreadable")

    def show(self, path: Path, kind: Format, pixels: int) -> bytes | Trouble:
        """The first page as PNG. Raises OSError when no child can be started."""
        answer = self._ask(Show(os.fspath(path), kind, min(pixels, MOST_PIXELS)))
        if isinstance(answer, Picture):
            return answer.png
        return answer if isinstance(answer, Trouble) else Trouble("unreadable")

    def _ask(self, asked: Asked) -> Answer | None:
        if self._asked >= _FILES:
            self.close()
        child = self._child or self._start()
        self._asked += 1
        try:
            answer: Answer = _ANSWERS.decode(_exchange(child, msgspec.json.encode(asked) + b"\n"))
        except (_Died, msgspec.DecodeError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_LEAVES_S)
            was_killed = child.returncode == -signal.SIGKILL  # not by its bounds: the computer has no memory left
            self.close()
            return None if was_killed else Trouble("too_heavy")
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        self._asked = 0
        self._child = subprocess.Popen(
            [sys.executable, "-m", "sync.scans.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, **_ALONE}, start_new_session=True,
        )  # fmt: skip
        return self._child


def opened(path: Path) -> FileIO:
    """A file open for reading, if it is one: never what a link leads to, never waiting for a pipe. Raises OSError."""
    return FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK))


def preview(path: Path, *, pixels: int = 900) -> bytes:
    """The first page as PNG, grey, its longer side at most `pixels` (and at most 2000).

    Raises Rejected when there is nothing to show.
    """
    try:
        with opened(path) as file:
            found = sniffing.by_content(file.read(sniffing.HEAD_BYTES))
        with Opener() as opener:
            shown = opener.show(path, found, pixels) if found else Trouble("not_a_scan")
    except OSError as error:
        shown = Trouble("no_access", oswords.shown(error))
    if isinstance(shown, bytes):
        return shown
    reason = faults.reason(shown.code, shown.told)
    raise Rejected(f"{path.name}: {reason.ru}.", f"{path.name}: {reason.en}.", code=shown.code)


def _exchange(child: subprocess.Popen[bytes], question: bytes) -> bytes:
    """The child's answer to one question, a line. Raises _Died."""
    if child.stdin is None or child.stdout is None:
        raise _Died
    with contextlib.suppress(BrokenPipeError):  # then its output has ended, too
        child.stdin.write(question)
        child.stdin.flush()
    told, until = bytearray(), time.monotonic() + _WAIT_S
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while not told.endswith(b"\n"):
            if not ready.select(max(0.0, until - time.monotonic())):
                raise _Died
            piece = os.read(child.stdout.fileno(), _PIECE)
            if not piece or len(told) > _MOST_BYTES:
                raise _Died
            told += piece
    return bytes(told)
