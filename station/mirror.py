"""The mirror: a thread that makes another folder, on another disk, equal to the day's by following its files.

What grows (tapes, journal) is copied within a tenth of a second, what is published is copied whole, a manifest last
and only when its recording is there and proved. The recorder never waits for it: a slow disk lags, one that was
away is healed by the same following. Should the day's disk fail, `taking_over` makes the other folder the day's.
Built by the service; its thread is its own, everything public may be called from the recorder's.
"""

import contextlib
import errno
import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from exam.audio import AudioFormat
from exam.errors import ExamError
from exam.language import say
from station import copying
from station.copying import Differs, NoTape
from station.following import Following
from station.messages import DiskStatus
from station.recent import Recent

_TURN_S = 0.1
_AGAIN_S = 1.0
_LAG_S = 10.0
_PATIENCE_S = 3.0  # of the recorder, while its sound waits in the capture's pipe
_FETCHED_AT_ONCE = 64 << 20
_STOP_S = 5.0

_log = logging.getLogger(__name__)


class Ending(Struct, frozen=True):
    """A file that goes on in the other folder: how many bytes of it count, and the last of them from memory."""

    name: str
    size: int
    recent: Recent
    shape: AudioFormat | None = None


class TakenOver(Exception):
    """The folders have changed sides: what was begun before must not be finished."""


class Mirror:
    """Follows `day`, the folder being recorded to, in `other`; after `taking_over` the other way round."""

    def __init__(self, day: Path, other: Path, shape: AudioFormat, owed: Mapping[str, int] | None = None) -> None:
        """`owed`: names and bytes of finished tapes; what the day's folder lacks of them is fetched from the other."""
        self._day, self._other, self._shape = day, other, shape
        self._owed = dict(owed or {})
        self._copying = threading.Lock()
        self._side = 0  # counts takings-over: what was begun before one must not be finished after it
        self._stopping = threading.Event()
        self._level_at = time.monotonic()
        self._is_twofold = False
        self._turned_at = time.monotonic()
        self._error = ""
        self._disk: DiskStatus | None = None
        self._taken: frozenset[str] = frozenset()
        self._differing: tuple[str, ...] | None = None
        self._is_settled = False
        self._thread = threading.Thread(target=self._work, name="mirror", daemon=True)

    # -- for the recorder ----------------------------------------------------------------------------------

    @property
    def day(self) -> Path:
        """The folder that is the day's."""
        return self._day

    @property
    def taken(self) -> frozenset[str]:
        """File names seen in the other folder."""
        return self._taken

    @property
    def disk(self) -> DiskStatus | None:
        """The other folder's disk, while it can be reached."""
        if self._disk is None or self._differing is None:
            return self._disk
        return replace(self._disk, is_equal=not self._differing)

    @property
    def trouble(self) -> str:
        """What is wrong with the second copy, for a person; empty while all is well."""
        lag_s = time.monotonic() - self._level_at
        if self._error:
            return f"{self._other}: {self._error}"
        if lag_s > _LAG_S:
            return f"{self._other}: " + say(f"отстаёт на {lag_s:.0f} с", f"{lag_s:.0f} s behind")
        if self._differing:
            return f"{self._other}: " + say("копии не равны", "copies differ") + f": {', '.join(self._differing)}"
        return ""

    @property
    def is_twofold(self) -> bool:
        """Whether all that is recorded has been in both folders since they are on these sides."""
        return self._is_twofold

    def settle(self, *, is_settled: bool) -> None:
        """Whether the day is closed and every manifest published: then all of it is compared, once."""
        self._is_settled = is_settled

    @contextlib.contextmanager
    def taking_over(self, endings: Sequence[Ending], ended: Mapping[str, int]) -> Iterator[Path]:
        """Complete these files in the other folder; it is the day's once the block has ended without an exception.

        `ended`: names and bytes of tapes finished before; what of them did not get there in time is fetched later.
        Raises OSError when the other disk fails, too, or does not answer.
        """
        if time.monotonic() - self._turned_at > _LAG_S or not self._copying.acquire(timeout=_PATIENCE_S):
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(self._other))
        try:
            for ending in endings:
                self._complete(ending)
            yield self._other
            self._day, self._other = self._other, self._day
            self._owed = {**ended, **{ending.name: ending.size for ending in endings if ending.shape}}
            self._side += 1
            self._taken, self._disk, self._error = frozenset(), None, ""
            self._level_at, self._is_twofold = time.monotonic(), False
        finally:
            self._copying.release()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Follow to the end, unless the disk is too slow for that; what is left is done after the next start."""
        self._stopping.set()
        self._thread.join(_STOP_S + _PATIENCE_S)

    def _complete(self, ending: Ending) -> None:
        target = self._other / ending.name
        try:
            copying.complete(target, ending.size, ending.recent, ending.shape)
        except LookupError:
            try:
                copying.bring_level(self._day / ending.name, target, _FETCHED_AT_ONCE)
                copying.complete(target, ending.size, ending.recent, ending.shape)
            except (OSError, Differs, NoTape, LookupError) as error:
                if ending.shape is None:  # no day can go on without its journal; what lacks of a tape is owed
                    raise OSError(errno.EIO, os.strerror(errno.EIO), str(target)) from error

    # -- the thread ----------------------------------------------------------------------------------------

    def _work(self) -> None:
        side, following = self._begun()
        until = float("inf")
        while (began := time.monotonic()) < until:
            self._turned_at = began
            if side != self._side or self._owed:
                self._fetch()
                side, following = self._begun()
            try:
                is_level = following.turn(is_settled=self._is_settled)
            except TakenOver:
                continue
            except (OSError, ExamError) as error:
                is_level, self._error, self._disk = False, str(error), None
                side, following = self._begun()
            else:
                self._told(side, following, began, is_level=is_level)
            if self._stopping.is_set():
                until = min(until, began + _STOP_S)
                if is_level and not following.is_busy:
                    return
            if is_level or self._error:
                time.sleep(_AGAIN_S if self._error else _TURN_S)

    def _fetch(self) -> None:
        """What the day's folder lacks of finished tapes, from the other one, before anything is copied there."""
        owed, self._owed = self._owed, {}
        for name, size in owed.items():
            try:
                while lacks := max(0, size - copying.size_of(self._day / name)):
                    at_once = min(lacks, _FETCHED_AT_ONCE)
                    if not copying.bring_level(self._other / name, self._day / name, at_once).missing:
                        break
            except (OSError, Differs, NoTape) as error:
                _log.warning("%s: %s", name, error)

    def _begun(self) -> tuple[int, Following]:
        """Follow from now on, until the sides change."""
        with self._copying:
            side = self._side
            return side, Following(self._day, self._other, self._shape, lambda: self._guarded(side))

    @contextlib.contextmanager
    def _guarded(self, side: int) -> Iterator[None]:
        with self._copying:
            if side != self._side:
                raise TakenOver
            yield

    def _told(self, side: int, following: Following, began: float, *, is_level: bool) -> None:
        with self._copying:
            if side != self._side:
                return
            self._error, self._taken, self._disk = following.error, following.taken, following.disk
            self._differing = following.differing
            if is_level:
                self._level_at, self._is_twofold = began, True
