"""Looking at what lies on disk without every page making the disk work: one look at a time, shared by all who ask."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Look(Generic[_T]):
    """What `read` finds, run in a thread; as it was `fresh_s` seconds ago at most."""

    def __init__(self, read: Callable[[], _T], fresh_s: float) -> None:
        self._read, self._fresh_s = read, fresh_s
        self._looking: asyncio.Task[_T] | None = None
        self._until = 0.0

    async def now(self) -> _T:
        """Raises what `read` does."""
        looking = self._looking
        if looking is None or (looking.done() and time.monotonic() >= self._until):
            looking = self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(looking)

    def forget(self) -> None:
        """Something was done: whoever asks next sees it."""
        self._looking = None

    async def _look(self) -> _T:
        try:
            return await asyncio.to_thread(self._read)
        finally:
            self._until = time.monotonic() + self._fresh_s
