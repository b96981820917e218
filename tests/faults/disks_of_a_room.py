"""A real room whose disks are small file systems in memory, which can be filled, enlarged, taken away and put back."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rig.sound import SoundServer
from rooms import WAIT_S, Room, frames_of
from showing.demo import ROSTER
from showing.school import CODE, ROOM, ZONE, School, today

from exam import names

LARGE = "400m"
_STATION = f"""
[school]
code = "{CODE}"
time_zone = "{ZONE}"
[exam]
date = {today()}
[room]
number = "{ROOM}"
[capture]
device = "pulse"
[storage]
folder = "recordings"
second_folder = "%s"
hours = 0.001
reserve_gb = 0.0
[web]
port = 0
"""


@dataclass
class Disk:
    """A tmpfs at `path`."""

    path: Path

    def mount(self, options: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"mode=0755,{options}", "tmpfs", str(self.path))

    def remount(self, options: str) -> None:
        _run("mount", "-o", f"remount,{options}", str(self.path))

    def take_away(self) -> None:
        """Gone, though files on it may still be open."""
        _run("umount", "-l", str(self.path))


@contextlib.contextmanager
def mounted(path: Path, options: str) -> Iterator[Disk]:
    disk = Disk(path)
    disk.mount(options)
    try:
        yield disk
    finally:
        while path.is_mount():
            disk.take_away()


@dataclass
class SlowDisk:
    """An ext4 file system on a loop device; while it is frozen every write waits."""

    path: Path
    is_frozen: bool = False

    def freeze(self) -> None:
        _run("fsfreeze", "--freeze", str(self.path))
        self.is_frozen = True

    def thaw(self) -> None:
        _run("fsfreeze", "--unfreeze", str(self.path))
        self.is_frozen = False


@contextlib.contextmanager
def frozen_when_told(folder: Path) -> Iterator[SlowDisk]:
    image, disk = folder / "second.img", SlowDisk(folder / "second")
    with image.open("wb") as file:
        file.truncate(200 << 20)
    _run("mkfs.ext4", "-q", "-F", str(image))
    disk.path.mkdir()
    _run("mount", "-o", "loop", str(image), str(disk.path))
    try:
        yield disk
    finally:
        if disk.is_frozen:
            disk.thaw()
        _run("umount", str(disk.path))


@contextlib.contextmanager
def room_on(folder: Path, second: Path | None = None) -> Iterator[Room]:
    """A room whose daemon runs; `folder` holds its settings and, on whatever is mounted there, `recordings`."""
    school = School(folder)
    (folder / "station.toml").write_text(_STATION % (second or ""), encoding="utf-8")
    school.write(device="pulse", roster=ROSTER)
    with SoundServer() as server:
        made = Room(school, server, server.add_microphone("room"))
        try:
            made.start()
            yield made
        finally:
            for daemon in made.daemons:
                if daemon.poll() is None:
                    daemon.terminate()
                    daemon.wait(WAIT_S)


def day_in(recordings: Path) -> Path:
    return recordings / names.day_folder(today(), ROOM)


def stream_of(folder: Path) -> "np.typing.NDArray[np.int16]":
    """All parts of the stream, one after another."""
    return np.concatenate([frames_of(path) for path in sorted(folder.glob("*поток*.wav"))])


def alarm(room: Room, code: str) -> str:
    """The text of a standing alarm, or nothing."""
    return next((alarm["text"] for alarm in room.status()["alarms"] if alarm["code"] == code), "")


def equal(one: Path, other: Path) -> bool:
    """Whether all files of the one are the same in the other."""
    ours, theirs = _files(one), _files(other)
    return ours.items() <= theirs.items()


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.*") if not path.name.startswith(".")}


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
