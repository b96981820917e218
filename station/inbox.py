"""The recorder's inbox: commands, reports and sound in one order, awaited together by one thread.

Sound waits in the capture child's pipe and, should the station stand still, in the child itself; so nothing here
needs a bound, and a block needs no thread of its own to get in.
"""

import os
import select
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from station.messages import Block, CaptureLost, Message


class Source(Protocol):
    """Where sound comes from."""

    def fileno(self) -> int:
        """What to wait on; -1 while there is nothing."""

    def receive(self) -> Sequence[Block | CaptureLost]:
        """What has come; never waits."""

    def tend(self) -> Sequence[CaptureLost]:
        """Reopen or give up what is due; called several times a second."""


class Inbox:
    """Many writers, one reader."""

    def __init__(self) -> None:
        self._posted: deque[Message] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._waiting = select.poll()
        self._waiting.register(self._wake, select.POLLIN)
        self._pipe = -1

    def post(self, message: Message) -> None:
        """Hand over a message; never waits."""
        self._posted.append(message)
        if self._wake >= 0:
            os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Nobody reads any more; what is posted from now on is not heard."""
        if self._wake >= 0:
            os.close(self._wake)
            self._wake = -1

    def next(self, timeout_s: float, source: Source) -> Sequence[Message]:
        """What has come since the last time, sound first; empty when nothing came in time."""
        self._follow(source.fileno())
        messages: list[Message] = []
        for ready, _ in self._waiting.poll(timeout_s * 1000):
            if ready == self._pipe:
                messages[:0] = source.receive()
            else:
                os.eventfd_read(self._wake)
                messages += [self._posted.popleft() for _ in range(len(self._posted))]
        return messages

    def _follow(self, pipe: int) -> None:
        """Wait on this pipe from now on."""
        if pipe == self._pipe:
            return
        if self._pipe >= 0:
            self._waiting.unregister(self._pipe)
        if pipe >= 0:
            self._waiting.register(pipe, select.POLLIN)
        self._pipe = pipe
