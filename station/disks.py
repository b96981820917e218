"""The disks a day is recorded to: how much they hold, and whether that is enough. Reads sizes only."""

import os
from collections.abc import Sequence
from pathlib import Path

from exam.audio import AudioFormat
from exam.errors import Rejected
from station.messages import DiskStatus

_S_PER_HOUR = 3600


def disk_status(folder: Path, shape: AudioFormat) -> DiskStatus:
    """Free space, and hours of recording it holds: the stream and a take beside it."""
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    return DiskStatus(str(folder), free, round(free / bytes_for(1.0, shape, takes=True), 1))


def bytes_for(hours: float, shape: AudioFormat, *, takes: bool) -> int:
    """What so many hours of recording take: the stream and, with `takes`, one beside it all the time."""
    return round(hours * _S_PER_HOUR * shape.sample_rate * shape.frame_bytes * (2 if takes else 1))


def check_space(disks: Sequence[DiskStatus], needed: int) -> None:
    """Refuse a day that a disk cannot hold: there would be nowhere to go on when it is full. Bytes."""
    for disk in disks:
        short = needed - disk.free_bytes
        if short > 0:
            raise Rejected(
                f"День не открыт: на диске папки {disk.folder} свободно {_gb(disk.free_bytes)} ГБ, а на день нужно "
                f"{_gb(needed)} ГБ. Освободите ещё {_gb(short)} ГБ (корзина, старые дни) или убавьте [storage] hours.",
                f"The day is not opened: {_gb(disk.free_bytes)} GB are free at {disk.folder}, the day needs "
                f"{_gb(needed)} GB. Free {_gb(short)} GB more (old days, the trash) or lower [storage] hours.",
                code="disk_low",
            )


def nowhere_to_record(folder: Path) -> Rejected:
    """The refusal of a recording while no disk takes any."""
    return Rejected(
        f"Записывать некуда: диск папки {folder} заполнен или отказал. Записанное сохранено. Освободите место: станция "
        "продолжит сама.",
        f"There is nowhere to record: the disk of {folder} is full or failed. What was recorded is safe. Free space: "
        "the station goes on by itself.",
        code="disk_failed",
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f}"
