"""The child's end of the pipe: packets in order, never waiting for the station to read."""

import os
from collections import deque

_BACKLOG_BYTES = 1 << 24  # over a minute of two channels, should the station stand still


class Outlet:
    """Packets to the pipe: what does not fit is kept and sent later, in order. Raises BrokenPipeError at its end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._backlog: deque[memoryview] = deque()
        self._waiting = 0
        os.set_blocking(descriptor, False)

    def send(self, packet: bytes) -> None:
        """Send or keep sound; one packet too many is dropped whole, and the next one's frame number tells."""
        if self._waiting + len(packet) <= _BACKLOG_BYTES:
            self.say(packet)

    def say(self, packet: bytes) -> None:
        """Send or keep what is not sound and must not be dropped."""
        self._backlog.append(memoryview(packet))
        self._waiting += len(packet)
        try:
            while self._backlog:
                self._write_oldest()
        except BlockingIOError:
            return

    def finish(self) -> None:
        """Wait until everything kept is sent."""
        os.set_blocking(self._descriptor, True)
        while self._backlog:
            self._write_oldest()

    def _write_oldest(self) -> None:
        packet = self._backlog[0]
        written = os.write(self._descriptor, packet)
        self._waiting -= written
        if written < len(packet):
            self._backlog[0] = packet[written:]
        else:
            self._backlog.popleft()
