"""When to try again: backoff after failures, polls for proofs, and when `once` has waited enough.

Owned by `sync.agent`. Monotonic seconds throughout; nothing here sleeps.
"""

import random
from collections.abc import Callable

from exam.clock import NS_PER_S, Clock
from sync.plan import Key

BACKOFF_BASE_S, BACKOFF_CAP_S = 1.0, 600.0
_DOUBLINGS = 10  # by then the cap is reached; days of failures must not count on into numbers too large
RETRY_AFTER_CAP_S = 24 * 3600.0
"""A server's wish is obeyed, but for one that would keep a day's recordings at home."""
HUMAN_S = 900.0
"""A person was asked to act: looked at again after so long, whether they said so or not."""
OTHERS_FIRST_S = 0.5
POLL_FIRST_S, POLL_CAP_S = 0.2, 60.0
"""A hundred schools with a hundred files each may wait for a far end whose storage is away for a night."""

PATIENCE = 4
"""Failures in a row without progress after which `once` gives up."""
POLL_PATIENCE = 18
"""Polls for one proof after which `once` no longer waits for it: about ten minutes."""

Jitter = Callable[[float, float], float]


class Pace:
    """One target's: a failure holds everything back, a proof under way only its own item."""

    def __init__(self, clock: Clock, jitter: Jitter = random.uniform) -> None:
        self._clock, self._jitter = clock, jitter
        self._failures = 0
        self._paused_until = 0.0
        self._not_before: dict[Key, float] = {}
        self._polls: dict[Key, int] = {}
        self._reached: dict[Key, int] = {}

    def now(self) -> float:
        return self._clock.monotonic_ns() / NS_PER_S

    def failed(self, key: Key, retry_after: float | None, *, others_go_on: bool = False) -> float:
        """Pause, with full jitter so that a hundred schools do not return in the same second; returns the seconds.

        The item that failed lets the others go first after the pause; `others_go_on`: it alone pauses.
        """
        self._failures += 1
        wait = self._jitter(0.0, min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2 ** min(self._failures, _DOUBLINGS)))
        wait = max(wait, min(retry_after or 0.0, RETRY_AFTER_CAP_S))
        if not others_go_on:
            self._paused_until = self.now() + wait
        self._not_before[key] = self.now() + wait + OTHERS_FIRST_S
        return wait

    def stopped(self) -> float:
        """Nothing can be done until a person acts; returns the seconds until it is tried all the same."""
        self._paused_until = self.now() + HUMAN_S
        return HUMAN_S

    def progressed(self) -> None:
        """Something got through: the target works."""
        self._failures = 0

    def acknowledged(self, key: Key, offset: int) -> None:
        """The server holds `offset` bytes; more than ever before is progress."""
        if offset > self._reached.get(key, 0):
            self._reached[key] = offset
            self.progressed()

    def poll(self, key: Key, retry_after: float | None) -> float:
        """The proof is not ready; returns the seconds until it is asked for again."""
        self._polls[key] = self._polls.get(key, 0) + 1
        wait = min(POLL_FIRST_S * 2.0 ** min(self._polls[key], _DOUBLINGS), POLL_CAP_S)
        wait = max(wait, min(retry_after or 0.0, RETRY_AFTER_CAP_S))
        self._not_before[key] = self.now() + wait
        return wait

    @property
    def paused(self) -> bool:
        return self.now() < self._paused_until

    def waiting(self) -> set[Key]:
        """Items not to be touched yet."""
        now = self.now()
        return {key for key, at in self._not_before.items() if at > now}

    def due_in(self, at_most: float) -> float:
        """Seconds until something may be tried again, `at_most` when nothing waits."""
        now = self.now()
        moments = [self._paused_until] if self.paused else self._not_before.values()
        return min([at_most, *(at - now for at in moments if at > now)])

    @property
    def exhausted(self) -> bool:
        """Whether the target failed too often in a row, or for too long, for somebody to stand and wait."""
        return self._failures >= PATIENCE or self._paused_until - self.now() > BACKOFF_CAP_S

    def hopeless(self) -> set[Key]:
        """Items whose proof has been waited for long enough, or that are not to be touched for longer than that."""
        late = self.now() + BACKOFF_CAP_S + OTHERS_FIRST_S
        polled = {key for key, polls in self._polls.items() if polls >= POLL_PATIENCE}
        return polled | {key for key, at in self._not_before.items() if at > late}
