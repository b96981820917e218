"""The control socket: one JSON object a line, {id, command, args} -> {id, ok, error {code, text}, status}.

A repeated id is answered, not repeated: a client may ask again after a broken connection.
"""

import contextlib
import os
import socket
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from exam.clock import Clock
from exam.errors import ExamError, Rejected
from station.inbox import Inbox
from station.messages import Request, Status
from station.session.commands import AnyCommand, Command

ANSWER_TIMEOUT_S = 60.0
_WATCH_S = 25.0  # less than what a client of a `watch` waits for
_REMEMBERED = 100  # each answer holds a whole Status, half a megabyte with a roster of thousands
_MAX_LINE = 1 << 16
_ACCEPT_AGAIN_S = 0.1


class Ask(Struct, frozen=True):
    """A line from a client."""

    id: str
    command: str
    args: dict[str, Any] = {}


class Error(Struct, frozen=True):
    """Why not. `text`: in the daemon's language; `ru` and `en`: for a client whose reader has another."""

    code: str
    text: str
    ru: str
    en: str


class Reply(Struct, frozen=True):
    """A line to a client."""

    id: str
    ok: bool
    error: Error | None = None
    status: Status | None = None


class View(Protocol):
    """What a client sees of the room; looked through by any thread."""

    @property
    def status(self) -> Status:
        """The room now."""

    def after(self, version: int, timeout_s: float) -> Status:
        """The room as soon as its version is another one, or after `timeout_s`."""


class Control:
    """Serves the socket at `path`. Commands go to the inbox; `status` and `watch` are answered from `view`."""

    def __init__(self, path: Path, inbox: Inbox, view: View, clock: Clock) -> None:
        self._path, self._inbox, self._view, self._clock = path, inbox, view, clock
        self._asked: OrderedDict[str, Future[Status]] = OrderedDict()
        self._lock = threading.Lock()
        self._stopping = False
        self._listener = _listen(path)
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; the socket's file goes."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # too many open files, say: that passes, and the room must stay controllable
                time.sleep(_ACCEPT_AGAIN_S)
                continue
            threading.Thread(target=self._serve, args=(connection,), name="client", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rwb") as lines:
            while line := lines.readline(_MAX_LINE):
                reply = self._reply(line)
                while line and not line.endswith(b"\n"):  # too long: its rest is no request of its own
                    line = lines.readline(_MAX_LINE)
                lines.write(msgspec.json.encode(reply) + b"\n")
                lines.flush()

    def _reply(self, line: bytes) -> Reply:
        try:
            ask = msgspec.json.decode(line, type=Ask)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Reply("", ok=False, error=Error("bad_request", str(error), str(error), str(error)))
        try:
            return Reply(ask.id, ok=True, status=self._status_after(ask))
        except ExamError as error:
            told = Error(error.code, str(error), error.ru, error.en)
            return Reply(ask.id, ok=False, error=told, status=self._view.status)

    def _status_after(self, ask: Ask) -> Status:
        if ask.command == "status":
            return self._view.status
        if ask.command == "watch":
            return self._view.after(_known(ask), _WATCH_S)
        try:
            return self._once(ask).result(ANSWER_TIMEOUT_S)
        except TimeoutError as error:
            raise Rejected(
                "Станция не ответила за минуту; запись это не прерывает. Проверьте: station status.",
                "No answer within a minute; recording is not interrupted by that. See station status.",
                code="timeout",
            ) from error

    def _once(self, ask: Ask) -> "Future[Status]":
        """Post the command unless its id was posted before."""
        with self._lock:
            if ask.id in self._asked:
                return self._asked[ask.id]
            request = Request(_command(ask), self._clock.monotonic_ns(), Future())
            self._asked[ask.id] = request.answer
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        self._inbox.post(request)
        return request.answer


def _command(ask: Ask) -> Command:
    try:
        command: Command = msgspec.convert({**ask.args, "command": ask.command}, type=AnyCommand)
    except msgspec.ValidationError as error:
        raise _wrong(ask, error) from error
    return command


def _known(ask: Ask) -> int:
    """The version a client of a `watch` has seen."""
    try:
        return msgspec.convert(ask.args, type=dict[Literal["version"], int]).get("version", 0)
    except msgspec.ValidationError as error:
        raise _wrong(ask, error) from error


def _wrong(ask: Ask, error: msgspec.ValidationError) -> Rejected:
    return Rejected(
        f"Команда «{ask.command}» задана неверно: {error}.",
        f"The command “{ask.command}” is not right: {error}.",
        code="bad_request",
    )


def _listen(path: Path) -> socket.socket:
    """Bind the socket, mode 0660. Whoever holds the day's lock may replace a dead station's socket."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old_mask = os.umask(0o117)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old_mask)
    listener.listen(16)
    return listener
