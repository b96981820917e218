"""A limit on how fast bytes leave, so that a school's line is left to the school as well. Owned by `sync.agent`."""

from collections.abc import Callable

_BURST_S = 0.5


class Throttle:
    """`limit`: bytes a second, 0 for none. `rest`: how it waits, seconds."""

    def __init__(self, limit: float, now: Callable[[], float], rest: Callable[[float], object]) -> None:
        self._limit, self._now, self._rest = limit, now, rest
        self._through = 0
        self._free_at = now()

    def begin(self, through: int) -> None:
        """A transfer begins, of which `through` bytes are there already."""
        self._through = through

    def moved(self, through: int) -> None:
        """`through` bytes of the transfer have left: wait until that many may have."""
        sent, self._through = through - self._through, through
        if not self._limit or sent <= 0:
            return
        self._free_at = max(self._free_at, self._now() - _BURST_S) + sent / self._limit
        wait = self._free_at - self._now()
        if wait > 0:
            self._rest(wait)
