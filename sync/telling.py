"""The room's word to its headquarters, every ten seconds, in a thread of its own: nothing of delivery waits for it.

Started by `sync.cli` beside the agent, where the target is an exchange that was met by its key and a station's settings
lie beside sync.toml. Nothing depends on it: what cannot be told is not told, without a word.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote, urljoin

import msgspec

from exam.errors import ExamError, Transient
from sync import roomlook, targets
from sync.config import Config
from sync.receipts import Receipts
from sync.roomlook import STATION, Look, RoomFile
from sync.roomword import Ready, RoomWord
from sync.targets import Tus
from sync.transports.web import Bearer, Web

EVERY_S = 10.0
UNREACHABLE_S = 30.0
"""Between tries while nobody answers."""
REFUSED_S = 900.0
"""While somebody answers who does not want to hear: a centre's exchange, or one that revoked the token."""
READY_EVERY_S = 300.0
_QUIET_STATES = frozenset({"closed", "idle"})
"""Readiness is looked at while nobody is recorded: it takes a second of the processor."""


@contextmanager
def told(config: Config, command: Sequence[str] = STATION) -> Iterator[None]:
    """Tell while the block runs. Its end waits for nothing."""
    rooms = roomlook.room_files(config.file.absolute().parent)
    if not rooms or not isinstance(config.target, Tus):
        yield
        return
    ends = threading.Event()
    teller = Teller(config, config.target, rooms, command)
    threading.Thread(target=teller.run, args=(ends,), name="telling", daemon=True).start()
    try:
        yield
    finally:
        ends.set()


class Teller:
    """The words of all `rooms` of this computer."""

    def __init__(
        self, config: Config, target: Tus, rooms: Sequence[RoomFile], command: Sequence[str] = STATION, *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC), monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._config, self._target = config, target
        self._now, self._monotonic = now, monotonic
        self._looks = [(room, Look(room, config.recordings, command)) for room in rooms]
        self._ready: dict[str, tuple[float, Ready]] = {}
        self._web = Web(
            target.url, Bearer(self._token), {"Content-Type": "application/json"},
            ca_file=target.ca_file, fingerprint=target.fingerprint,
        )  # fmt: skip

    def run(self, ends: threading.Event) -> None:
        """Tell every now and then until `ends`."""
        while not ends.wait(self.once()):
            pass

    def once(self) -> float:
        """Tell each room's word; seconds until it is to be done again. Never raises."""
        try:
            if not self._is_ours():
                return REFUSED_S
            for room, look in self._looks:
                self._send(self._word(room, look))
        except Transient:
            self._web.close()
            return UNREACHABLE_S
        except (ExamError, OSError):
            return REFUSED_S
        return EVERY_S

    def _is_ours(self) -> bool:
        """Whether the target has proved to be an exchange of ours: no other is told anything."""
        return Receipts(self._config.state, configured_key=self._config.server_key).key is not None

    def _word(self, room: RoomFile, look: Look) -> RoomWord:
        word = roomlook.word(room, look, roomlook.delivery(self._config.state), self._clock)
        is_quiet = word.station is None or word.station.state in _QUIET_STATES
        return msgspec.structs.replace(word, ready=self._readiness(room, look, look_now=is_quiet))

    def _readiness(self, room: RoomFile, look: Look, *, look_now: bool) -> Ready | None:
        known = self._ready.get(room.room)
        if look_now and (known is None or self._monotonic() - known[0] >= READY_EVERY_S):
            found = look.ready(self._clock())
            if found is not None:
                self._ready[room.room] = known = self._monotonic(), found
        return known[1] if known else None

    def _clock(self) -> datetime:
        """By this computer's clock, in the school's zone."""
        return self._now().astimezone(self._config.zone)

    def _send(self, word: RoomWord) -> None:
        place = urljoin(self._target.url, f"rooms/{quote(word.room, safe='')}")
        self._web.ask("PUT", place, body=msgspec.json.encode(word))

    def _token(self) -> str:
        return targets.secret(self._config.file, "token_file", self._target.token_file)[0]
