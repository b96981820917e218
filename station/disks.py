"""The disks a day is recorded to: how much they hold, and whether that is enough. Reads sizes only."""

import os
from collections.abc import Sequence
from pathlib import Path

from exam import oswords
from exam.audio import AudioFormat
from exam.errors import Fatal, Rejected
from station.messages import DiskStatus

_S_PER_HOUR = 3600


def disk_status(folder: Path, shape: AudioFormat) -> DiskStatus:
    """Free space, and hours of recording it holds: the stream and a take beside it; none where it cannot be reached."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return DiskStatus(str(folder), 0, 0.0)
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


def check_separate(folder: Path, second: Path) -> None:
    """Refuse a copy on the disk of the original, as when the second disk is not plugged in. Either need not exist."""
    if _device_of(folder) == _device_of(second):
        raise Rejected(
            "эта папка на том же диске, что и первая: подключите второй диск или исправьте [storage] second_folder",
            "this folder is on the same disk as the first: plug the second disk in or correct [storage] second_folder",
            code="same_disk",
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


def refused(error: OSError) -> Fatal:
    """The end of a station whose disks take not even the journal any more."""
    ru, en = oswords.with_place(error)
    return Fatal(
        f"Запись на диск не удалась: {ru}. Записанное до этого сохранено. Освободите место или замените диск и "
        "запустите станцию: она продолжит тот же день.",
        f"Writing to disk failed: {en}. What was recorded is safe. Free space or replace the disk and start the "
        "station: the day goes on.",
        code="disk_failed",
    )


def _device_of(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f}"
