"""Whether the disks hold the day: their space, the refusal to open a day that does not fit, the alarms about them.

Used by the recorder's thread alone.
"""

from pathlib import Path

from exam.audio import AudioFormat
from exam.clock import Clock
from exam.language import say
from station import disks
from station.alarms import Alarms
from station.config import Storage
from station.messages import DiskStatus
from station.mirror import Mirror
from station.session import Day

_LOW_HOURS = 2.0
_RETURN_HOURS = 0.1  # less would be full again at once
_S_PER_HOUR = 3600


class Space:
    """`disks`: the day's and, while it can be reached, the mirror's, as they were last measured."""

    def __init__(
        self, storage: Storage, shape: AudioFormat, mirror: Mirror | None, alarms: Alarms, clock: Clock, *, takes: bool
    ) -> None:
        """`takes`: participants have tapes of their own beside the stream."""
        self._storage, self._shape, self._mirror, self._takes = storage, shape, mirror, takes
        self._alarms, self._clock = alarms, clock
        self.disks: tuple[DiskStatus, ...] = ()

    def watch(self, folder: Path) -> None:
        """Measure the disks and tell of space that is running out. `folder`: the day's."""
        second = self._mirror.disk if self._mirror else None
        self.disks = (disks.disk_status(folder, self._shape), *((second,) if second else ()))
        least = min(self.disks, key=lambda disk: disk.hours_left)
        if least.hours_left < _LOW_HOURS:
            left = say(f"хватит на {least.hours_left} ч", f"enough for {least.hours_left} h")
            self._alarms.raise_("disk_low", self._clock.now(), f"{least.folder}: {left}")
        else:
            self._alarms.clear("disk_low")

    def watch_chain(self, fault: OSError | None) -> None:
        """Tell that the stream's hash chain cannot be written, and why; None: it can."""
        if fault is not None:
            self._alarms.raise_("chain_not_kept", self._clock.now(), str(fault))
        else:
            self._alarms.clear("chain_not_kept")

    def watch_copy(self, *, is_done: bool, is_stopped: bool) -> None:
        """Tell of trouble with the second copy; a disk that failed is forgiven once both hold everything.

        `is_done`: the day is closed and published, so that all of it may be compared. `is_stopped`: no disk takes
        any more.
        """
        if self._mirror is None:
            return
        self._mirror.settle(is_settled=is_done)
        trouble = self._mirror.trouble
        if trouble:
            self._alarms.raise_("second_copy_failed", self._clock.now(), trouble)
        else:
            self._alarms.clear("second_copy_failed")
            if self._mirror.is_twofold and not is_stopped:
                self._alarms.clear("disk_failed")

    def check_opening(self, day: Day) -> None:
        """Refuse a day that a disk cannot hold. Raises Rejected."""
        recorded_h = sum(part.frames or 0 for part in day.parts) / self._shape.sample_rate / _S_PER_HOUR
        hours = max(1.0, self._storage.hours - recorded_h) if recorded_h else self._storage.hours
        needed = disks.bytes_for(hours, self._shape, takes=self._takes) + self._storage.reserve_bytes
        disks.check_space(self.disks, needed)

    def has_room(self) -> bool:
        """Whether the day, having stopped for want of space, can go on where it is."""
        return self.disks[0].hours_left >= _RETURN_HOURS

    def has_room_elsewhere(self) -> bool:
        """Whether it can on the mirror's disk."""
        return any(disk.hours_left >= _RETURN_HOURS for disk in self.disks[1:])
