"""What the daemon tells systemd: that it is ready, that it lives, that this computer must not sleep.

Used by the service alone. Each is harmless where there is no systemd.
"""

import contextlib
import logging
import os
import socket
import subprocess
from typing import NamedTuple

from exam.clock import NS_PER_S, Clock
from exam.language import say

_AGAIN_NS = 60 * NS_PER_S
_LEAVE_S = 2.0
_SOCKET = "NOTIFY_SOCKET"
# The lid is asked for by itself: logind heeds no lock on sleep when it is closed.
_WHAT = "--what=sleep:idle:handle-lid-switch"

_log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Tell systemd (sd_notify); nothing without it."""
    address = os.environ.get(_SOCKET)
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
        connection.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


class Progress(NamedTuple):
    """How far the recorder has come: when its thread last turned, and what is on the stream's tape.

    `file` is None while no tape is open; `frames` counts those written, silence for a microphone away included.
    """

    turned_ns: int
    file: str | None = None
    frames: int = 0


def has_advanced(last: Progress, now: Progress) -> bool:
    """Whether the daemon has earned a beat since `last`: its thread turned, and an open tape grew."""
    if now.turned_ns == last.turned_ns:
        return False
    return now.file is None or now.file != last.file or now.frames > last.frames


class Wakefulness:
    """Keeps the computer from falling asleep while the day is open, through logind.

    The lock is held by a `systemd-inhibit` whose child waits for the end of our pipe: however this process ends, the
    lock goes with it. `keep` is called every second and never waits for logind.
    """

    def __init__(self, clock: Clock, program: str = "systemd-inhibit") -> None:
        self._clock, self._program = clock, program
        self._holder: subprocess.Popen[bytes] | None = None
        self._asked_ns = self._not_before_ns = 0
        self._said: str | None = None

    def keep(self, *, awake: bool) -> None:
        """Take the lock or give it back; one refused or lost is asked for again in a minute, its reason said once."""
        if self._holder is not None and self._holder.poll() is not None:
            self._lose(f"{self._program}: {_last_words(self._holder) or self._holder.returncode}")
        if awake and self._holder is None and self._clock.monotonic_ns() >= self._not_before_ns:
            self._take()
        elif not awake:
            self.release()

    def release(self) -> None:
        """The computer may sleep."""
        holder, self._holder = self._holder, None
        if holder is None:
            return
        self._let_go(holder)
        try:
            holder.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:  # logind hangs; the lock's end of the pipe is closed all the same
            holder.kill()

    def _take(self) -> None:
        who = ["--who=exam-station", "--why=" + say("Идёт запись экзамена", "An exam is being recorded")]
        command = [self._program, _WHAT, *who, "--mode=block", "cat"]
        # It has notices of its own, which must not be taken for the daemon's.
        environment = {name: value for name, value in os.environ.items() if name != _SOCKET}
        self._asked_ns = self._clock.monotonic_ns()
        try:
            self._holder = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
            )
        except OSError as error:  # no such program, or no memory for another: recording goes on without
            self._lose(str(error))

    def _lose(self, why: str) -> None:
        if self._holder is not None:
            self._let_go(self._holder)
        self._holder = None
        now = self._clock.monotonic_ns()
        self._not_before_ns = now + _AGAIN_NS
        was_held = now - self._asked_ns >= _AGAIN_NS  # a refusal takes half a minute at the most
        if why == self._said and not was_held:
            return
        self._said = why
        _log.warning(
            say(
                "Сон компьютера не запрещён (%s). Запись идёт; не закрывайте крышку и отключите спящий режим.",
                "Sleep is not inhibited (%s). Recording goes on; keep the lid open and switch sleep off.",
            ),
            why,
        )

    @staticmethod
    def _let_go(holder: "subprocess.Popen[bytes]") -> None:
        for end in (holder.stdin, holder.stderr):
            if end is not None:
                end.close()


def _last_words(holder: "subprocess.Popen[bytes]") -> str:
    """What an ended holder complained of; never waits, should a child of its own still have the pipe."""
    if holder.stderr is None:
        return ""
    os.set_blocking(holder.stderr.fileno(), False)
    return " ".join((holder.stderr.read() or b"").decode(errors="replace").split())
