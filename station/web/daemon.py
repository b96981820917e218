"""The daemon as its clients see it: commands and status through the control socket, without waiting threads."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from exam.errors import ExamError, Transient
from station.messages import Levels
from station.session.day import State

_ANSWER_S = 65.0
_WATCH_S = 40.0
_CONNECT_S = 5.0
_AGAIN_S = (0.2, 0.5, 1.0, 2.0)
_LINE_BYTES = 1 << 24
_AT_ONCE = 8


class DaemonAway(Transient):
    """Nobody answers at the control socket: the daemon is being restarted, or was stopped."""

    def __init__(self) -> None:
        super().__init__(
            "Станция не отвечает: она перезапускается или остановлена. Записанное сохранено.",
            "The station does not answer: it is restarting or was stopped. What was recorded is safe.",
            code="daemon_away",
        )


class Declined(ExamError):
    """The daemon's refusal, in its words."""


class _File(Struct, frozen=True):
    file: str


class _Trial(Struct, frozen=True):
    file: str
    running: dict[str, Any] | None = None


class InHand(Struct, frozen=True):
    """The take in hand."""

    take: str
    participant: int
    seconds_in_all: float = 0.0


class Glance(Struct, frozen=True):
    """What this process itself needs of a status; pages get the whole."""

    state: State
    version: int = 0
    in_hand: InHand | None = None
    stream: _File | None = None
    rehearsal: _Trial | None = None
    levels: Levels = Levels()

    @property
    def tape(self) -> str | None:
        """The file that grows now, if one does: the stream's, else the test recording's."""
        if self.stream is not None:
            return self.stream.file
        return self.rehearsal.file if self.rehearsal is not None and self.rehearsal.running else None


class Seen(Struct, frozen=True):
    """A status: `raw` is its JSON."""

    glance: Glance
    raw: bytes


class _Refusal(Struct, frozen=True):
    code: str
    text: str
    ru: str = ""
    en: str = ""


class _Reply(Struct, frozen=True):
    ok: bool
    error: _Refusal | None = None
    status: msgspec.Raw = msgspec.Raw()


_REPLY = msgspec.json.Decoder(_Reply)
_GLANCE = msgspec.json.Decoder(Glance)


class Daemon:
    """Asks at the socket `path`. `seen` is told of every status that comes, newest last, and of None: it is away."""

    def __init__(self, path: Path, seen: Callable[[Seen | None], None]) -> None:
        self._path, self._seen = path, seen
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._latest: Seen | None = None

    @property
    def latest(self) -> Seen:
        """The last status. Raises DaemonAway while there is none."""
        if self._latest is None:
            raise DaemonAway
        return self._latest

    async def ask(self, command: str, args: dict[str, Any] | None = None, id_: str = "") -> Seen:
        """The status after the command. Raises Declined in the daemon's words, DaemonAway.

        `id_`: the same for a repetition of the same press; it is answered then, not repeated.
        """
        async with self._turns:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    line = await self._asked_once(_line(command, args or {}, id_))
            except (OSError, TimeoutError) as error:
                raise DaemonAway from error
        reply = _replied(line)
        if not reply.ok:
            refusal = reply.error or _Refusal("failed", "no answer")
            raise Declined(refusal.ru or refusal.text, refusal.en or refusal.text, code=refusal.code)
        seen = _seen(reply)
        self._show(seen)
        return seen

    async def watch(self) -> None:
        """Follow the daemon for ever, however often it goes and comes back."""
        tries = 0
        while True:
            try:
                async for seen in self._followed():
                    tries = 0
                    self._show(seen)
            except (OSError, TimeoutError, DaemonAway):
                pass
            self._latest = None
            self._seen(None)
            await asyncio.sleep(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
            tries += 1

    def _show(self, seen: Seen) -> None:
        if self._latest is None or seen.glance.version >= self._latest.glance.version:
            self._latest = seen
            self._seen(seen)

    async def _followed(self) -> Any:
        reader, writer = await self._connected()
        try:
            version = 0
            while True:
                writer.write(_line("watch", {"version": version}))
                async with asyncio.timeout(_WATCH_S):
                    seen = _seen(_replied(await reader.readline()))
                version = seen.glance.version
                yield seen
        finally:
            writer.close()

    async def _asked_once(self, line: bytes) -> bytes:
        reader, writer = await self._connected()
        try:
            writer.write(line)
            return await reader.readline()
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(_CONNECT_S):
            return await asyncio.open_unix_connection(str(self._path), limit=_LINE_BYTES)


def _line(command: str, args: dict[str, Any], id_: str = "") -> bytes:
    asked = {"id": id_ or secrets.token_hex(8), "command": command, "args": args}
    return msgspec.json.encode(asked) + b"\n"


def _replied(line: bytes) -> _Reply:
    try:
        return _REPLY.decode(line)
    except msgspec.MsgspecError as error:  # cut off: the daemon ended in the middle of an answer
        raise DaemonAway from error


def _seen(reply: _Reply) -> Seen:
    raw = bytes(reply.status)
    try:
        return Seen(_GLANCE.decode(raw), raw)
    except msgspec.MsgspecError as error:
        raise DaemonAway from error
