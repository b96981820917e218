"""A target in memory that lies as planned, a clock that passes when waited for, and a ledger that may die."""

import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from exam.clock import NS_PER_S, SystemClock
from exam.errors import Fatal, Rejected, Transient
from sync.ledger import Ledger
from sync.life import Stop
from sync.model import Receipt
from sync.naming import candidates
from sync.plan import Item
from sync.source import Source
from sync.transports import Begun, Lost, Moved, Pending, Proof, Unproven

FIRST_MOMENT = datetime(2026, 2, 11, 18, tzinfo=UTC)


class Killed(BaseException):
    """SIGKILL: nothing of ours may catch it."""


class Lie(StrEnum):
    """What the target does at a call instead of the right thing; at calls where it makes no sense it is honest."""

    NONE = "none"
    # Flaky: the far end is honest, the way to it is not.
    TRANSIENT = "refuses for now"
    RETRY_AFTER = "asks to wait"
    REPLY_LOST = "does it, and the reply is lost"
    REJECTED = "refuses the item"
    FATAL = "refuses everything"
    KILL_BEFORE = "the agent dies before"
    KILL_AFTER = "the agent dies after"
    HALF = "the line breaks half-way"
    MEDDLE = "somebody writes to the file meanwhile"
    PENDING = "is not ready yet"
    # Lies.
    SAME_ADDRESS = "gives an address twice"
    TOO_SMALL = "claims fewer bytes than it holds"
    TOO_LARGE = "claims more bytes than the file has"
    ALL = "claims every byte"
    GONE = "claims to know nothing"
    CLAIMS = "claims to have stored what it threw away"
    FLIPS = "stores something else"
    OTHER_BYTES = "a receipt for other bytes"
    OTHER_SIZE = "a receipt for another size"
    UNSIGNED = "a receipt without signature"
    OTHER_KEY = "a receipt signed by another"
    ALTERED = "a receipt altered after it was signed"
    UNPROVEN = "offers no proof"
    LOST = "claims to have lost it"


_ANYWHERE = [
    Lie.TRANSIENT, Lie.RETRY_AFTER, Lie.REPLY_LOST, Lie.REJECTED, Lie.FATAL, Lie.KILL_BEFORE, Lie.KILL_AFTER,
]  # fmt: skip
_FLAKY_AT = {"key": [], "create": [], "offset": [], "send": [Lie.HALF, Lie.MEDDLE], "prove": [Lie.PENDING]}
_LIES_AT = {
    "create": [Lie.SAME_ADDRESS, Lie.TOO_LARGE, Lie.ALL],
    "offset": [Lie.TOO_SMALL, Lie.TOO_LARGE, Lie.ALL, Lie.GONE],
    "send": [Lie.CLAIMS, Lie.FLIPS],
    "prove": [
        Lie.OTHER_BYTES, Lie.OTHER_SIZE, Lie.UNSIGNED, Lie.OTHER_KEY, Lie.ALTERED, Lie.UNPROVEN, Lie.LOST,
    ],
}  # fmt: skip
FLAKY = [(call, lie) for call, more in _FLAKY_AT.items() for lie in [Lie.NONE, *_ANYWHERE, *more]]
LIES = [(call, lie) for call, more in _LIES_AT.items() for lie in more] + FLAKY
"""What may befall which call."""


class Liar:
    """The Transport. `ever`: the SHA-256 of what it truly held at some time."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[Lie]] = defaultdict(deque)
        self.meddle: Callable[[str], None] = lambda _path: None
        self.stored: dict[str, bytes] = {}
        self.ever: set[str] = set()
        self.calls = 0
        self._signs = Ed25519PrivateKey.generate()
        self._uploads: dict[str, tuple[Item, bytes]] = {}
        self._addresses = 0

    def plan(self, lies: Iterable[tuple[str, Lie]]) -> None:
        """What befalls the next calls of each kind, and nothing else any more."""
        self._planned.clear()
        for call, lie in lies:
            self._planned[call].append(lie)

    def forget(self) -> None:
        """Unfinished uploads are gone, as after a restore from a copy."""
        self._uploads.clear()

    def key(self) -> bytes:
        with self._call("key"):
            return self._signs.public_key().public_bytes_raw()

    def create(self, item: Item) -> Begun:
        with self._call("create") as lie:
            if lie is Lie.SAME_ADDRESS and self._uploads:
                return Begun(next(iter(self._uploads)))
            self._addresses += 1
            upload = f"/{self._addresses}"
            self._uploads[upload] = item, b""
            return Begun(upload, {Lie.ALL: item.size, Lie.TOO_LARGE: item.size + 1}.get(lie, 0))

    def offset(self, upload: str, item: Item) -> int | None:
        with self._call("offset") as lie:
            if lie is Lie.GONE or upload not in self._uploads:
                return None
            held = len(self._uploads[upload][1])
            return {Lie.TOO_SMALL: held // 2, Lie.TOO_LARGE: item.size + 1, Lie.ALL: item.size}.get(lie, held)

    def send(self, upload: str, source: Source, offset: int, moved: Moved) -> None:
        with self._call("send") as lie:
            if upload not in self._uploads or offset != len(self._uploads[upload][1]):
                raise _later("другое смещение", "another offset")
            item = self._uploads[upload][0]
            if lie is Lie.MEDDLE:
                self.meddle(item.path)
            end = offset + (source.size - offset) // 2 if lie is Lie.HALF else source.size
            for block in source.blocks(offset, end, 1000):
                taken = bytes(reversed(block)) if lie is Lie.FLIPS else bytes(block)
                if lie is not Lie.CLAIMS:
                    self._uploads[upload] = item, self._uploads[upload][1] + taken
                offset += len(block)
                moved(offset)
            if lie is Lie.HALF:
                raise _later("обрыв", "cut")
            self._keep(upload)

    def prove(self, upload: str, item: Item, moved: Moved) -> Proof:
        with self._call("prove") as lie:
            moved(item.size)
            match lie:
                case Lie.PENDING:
                    return Pending(1.0)
                case Lie.UNPROVEN:
                    return Unproven()
                case Lie.LOST:
                    return Lost()
            whole = upload in self._uploads and self._keep(upload)
            receipt = self._receipt(item, lie)
            return receipt if whole or lie in _FORGERIES else Lost()

    def discard(self, upload: str) -> None:
        if upload in self._uploads and not self._keep(upload):
            del self._uploads[upload]

    def close(self) -> None:
        """There is nothing to let go."""

    def _keep(self, upload: str) -> bool:
        """Whether the upload holds what was announced, and so lies under its name."""
        item, held = self._uploads[upload]
        if hashlib.sha256(held).hexdigest() != item.sha256:
            return False
        name = next(one for one in candidates(item.path, item.sha256) if self.stored.get(one) in {None, held})
        self.stored[name] = held
        self.ever.add(item.sha256)
        return True

    def _receipt(self, item: Item, lie: Lie) -> Receipt:
        honest = Receipt("r", "liar", "hub", item.sha256, item.size, FIRST_MOMENT, "server-hash")
        match lie:
            case Lie.OTHER_BYTES:
                return replace(honest, sha256="0" * 64).signed_by(self._signs)
            case Lie.OTHER_SIZE:
                return replace(honest, size=item.size + 1).signed_by(self._signs)
            case Lie.UNSIGNED:
                return honest
            case Lie.OTHER_KEY:
                return honest.signed_by(Ed25519PrivateKey.generate())
            case Lie.ALTERED:
                return replace(honest.signed_by(self._signs), server="another")
            case _:
                return honest.signed_by(self._signs)

    @contextmanager
    def _call(self, call: str) -> Iterator[Lie]:
        """One call, and what befalls it before or after."""
        self.calls += 1
        lie = self._planned[call].popleft() if self._planned[call] else Lie.NONE
        match lie:
            case Lie.TRANSIENT:
                raise _later("занят", "busy")
            case Lie.RETRY_AFTER:
                raise Transient("занят", "busy", retry_after=900.0)
            case Lie.REJECTED:
                raise Rejected("не берёт", "refuses")
            case Lie.FATAL:
                raise Fatal("нужен человек", "a person is needed")
            case Lie.KILL_BEFORE:
                raise Killed
        yield lie
        if lie is Lie.KILL_AFTER:
            raise Killed
        if lie is Lie.REPLY_LOST:
            raise _later("обрыв", "cut")


_FORGERIES = {Lie.OTHER_BYTES, Lie.OTHER_SIZE, Lie.UNSIGNED, Lie.OTHER_KEY, Lie.ALTERED}


def _later(ru: str, en: str) -> Transient:
    return Transient(ru, en)


class Time(SystemClock):
    """Passes only when waited for; stands in for the module `time` of `sync.watch`, too."""

    def __init__(self) -> None:
        super().__init__(UTC)
        self.passed_s = 1000.0
        self.monotonic_ns = lambda: int(self.passed_s * NS_PER_S)  # type: ignore[method-assign, assignment]

    def now(self) -> datetime:
        return FIRST_MOMENT + timedelta(seconds=self.passed_s)

    def stop(self) -> Stop:
        """One whose wake-up is waited for in this time."""
        stop = Stop()

        def wait(seconds: float) -> bool:
            self.passed_s += max(seconds, 0.0)
            return False

        stop.wake.wait = wait  # type: ignore[method-assign]
        return stop


class Mortal(Ledger):
    """Dies before or after the transaction that `dies_in` counts down to; never while it is None."""

    dies_in: int | None = None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._may_die()
        with super()._transaction():
            yield
        self._may_die()

    def _may_die(self) -> None:
        if self.dies_in is None:
            return
        self.dies_in -= 1
        if self.dies_in < 0:
            raise Killed
