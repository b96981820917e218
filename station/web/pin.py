"""The PIN in front of closing and export. Decisions only, no I/O."""

import hmac
from typing import Literal

from exam.clock import NS_PER_S

_FREE_TRIES = 3
_FIRST_WAIT_NS, _MOST_WAIT_NS = NS_PER_S, 60 * NS_PER_S

Tried = Literal["right", "wrong", "wait"]


class Pin:
    """The PIN in front of closing and export; wrong tries are slowed for all. `secret` None: none is asked for."""

    def __init__(self, secret: str | None) -> None:
        self._secret = secret
        self._wrong, self._not_before_ns = 0, 0

    @property
    def is_set(self) -> bool:
        return self._secret is not None

    def try_(self, given: str, now_ns: int) -> Tried:
        """A try that comes too soon is not looked at."""
        if self._secret is None:
            return "right"
        if now_ns < self._not_before_ns:
            return "wait"
        if hmac.compare_digest(self._secret.encode(), given.encode()):
            self._wrong = 0
            return "right"
        self._wrong += 1
        waits = self._wrong - _FREE_TRIES
        if waits >= 0:
            self._not_before_ns = now_ns + min(_FIRST_WAIT_NS << min(waits, 16), _MOST_WAIT_NS)
        return "wrong"

    def wait_s(self, now_ns: int) -> int:
        """Whole seconds until the next try is looked at."""
        return max(0, -(-(self._not_before_ns - now_ns) // NS_PER_S))
