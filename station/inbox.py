"""The recorder's inbox: blocks, commands and reports in one order. Bounded in audio, never in commands."""

import queue
import threading

from station.messages import Block, Message


class Inbox:
    """Many writers, one reader. A full inbox drops blocks; the jump in their frame numbers tells how much."""

    def __init__(self, audio_bytes: int) -> None:
        """`audio_bytes`: how much audio may wait (about a minute)."""
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._room = audio_bytes
        self._lock = threading.Lock()

    def post(self, message: Message) -> None:
        """Hand over a message; never blocks."""
        if isinstance(message, Block) and not self._take_room(len(message.data)):
            return
        self._queue.put(message)

    def next(self, timeout_s: float) -> Message | None:
        """The oldest message, or None when none came in time."""
        try:
            message = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(message, Block):
            self._take_room(-len(message.data))
        return message

    def _take_room(self, size: int) -> bool:
        with self._lock:
            if size > self._room:
                return False
            self._room -= size
            return True
