"""What the recorder last showed of the room. The recorder's thread shows, any other looks or waits for a change."""

import threading

from exam.audio import AudioFormat
from exam.clock import Clock
from station.messages import PedalStatus, Status, StreamStatus
from station.overview import Snapshot
from station.session import State


class Window:
    """`version` grows with each change that is worth telling."""

    def __init__(self, shape: AudioFormat, clock: Clock, first: Snapshot) -> None:
        self._shape, self._clock = shape, clock
        self._snapshot, self._version = first, 1
        self._pedal: PedalStatus | None = None
        self._changed = threading.Condition()

    def show(self, snapshot: Snapshot) -> None:
        """Replace what is seen; wakes whoever waits for a change, if there is one."""
        with self._changed:
            is_new = snapshot.told() != self._snapshot.told()
            self._snapshot = snapshot
            if is_new:
                self._tell()

    def show_pedal(self, pedal: PedalStatus | None) -> None:
        """What is known of the pedal; told by whoever watches it."""
        with self._changed:
            if pedal != self._pedal:
                self._pedal = pedal
                self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()

    @property
    def stream(self) -> StreamStatus | None:
        return self._snapshot.stream

    @property
    def status(self) -> Status:
        """The room now."""
        with self._changed:
            snapshot, version, pedal = self._snapshot, self._version, self._pedal
        return snapshot.status(self._shape, version, self._clock.now(), pedal)

    def state_after(self, version: int, timeout_s: float) -> tuple[State, int]:
        """The room's state and the version now, as soon as it is another one, or after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
            return self._snapshot.day.state, self._version

    def after(self, version: int, timeout_s: float) -> Status:
        """The room as soon as its version is another one, or after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout_s)
        return self.status
