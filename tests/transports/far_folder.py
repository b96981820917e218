"""A folder of this machine, and one on a drive with exFAT (through FUSE: Debian's kernel of a server may lack it)."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from far_ends import files_below, flip_last_byte
from school import wait_for

from sync.naming import PART_PREFIX
from sync.transports import Transport
from sync.transports.folder import Drive
from sync.transports.shelf import Shelved

_EXFAT_BYTES = 256 << 20
_DRIVER = "/usr/sbin/mount.exfat-fuse"


@dataclass
class FolderHere:
    folder: Path
    proves = resumes = names_files = True
    port = None

    def transport(self, port: int | None = None) -> Transport:
        assert port is None
        return Shelved(Drive(self.folder, self.folder.with_name("mounted-at")), str(self.folder), "folder")

    def stored(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in files_below(self.folder)
            if not path.name.startswith(PART_PREFIX)
        }

    def put(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)

    def damage(self) -> None:
        for path in files_below(self.folder):
            flip_last_byte(path)

    @contextmanager
    def outage(self) -> Iterator[None]:
        away = self.folder.with_name("away")
        self.folder.rename(away)
        yield
        away.rename(self.folder)


@contextmanager
def folder_here(base: Path) -> Iterator[FolderHere]:
    folder = base / "target"
    folder.mkdir()
    yield FolderHere(folder)


@dataclass
class ExfatDrive(FolderHere):
    """Its outages are what a person does: it is pulled out."""

    image: Path
    device: str = ""
    driver: int = 0
    """Its process, a part of FUSE."""

    def plug_in(self) -> None:
        self.device = _printed("losetup", "-f", "--show", str(self.image))
        subprocess.run([_DRIVER, self.device, self.folder], check=True, capture_output=True)
        self.driver = int(_printed("pgrep", "-xf", f"{_DRIVER} {self.device} {self.folder}"))

    def pull_out(self) -> None:
        """Returns when its driver has let go of it."""
        subprocess.run(["umount", "-l", self.folder], check=True)
        wait_for(lambda: not Path(f"/proc/{self.driver}").exists())
        subprocess.run(["losetup", "-d", self.device], check=True)

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.pull_out()
        yield
        self.plug_in()


def _printed(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def exfat(base: Path) -> Iterator[ExfatDrive]:
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip("nothing can be mounted here")
    drive = ExfatDrive(base / "usb", base / "usb.img")
    drive.folder.mkdir()
    with drive.image.open("xb") as image:
        image.truncate(_EXFAT_BYTES)
    subprocess.run(["/usr/sbin/mkfs.exfat", drive.image], check=True, capture_output=True)
    drive.plug_in()
    try:
        yield drive
    finally:
        while drive.folder.is_mount():
            drive.pull_out()


FAR_ENDS = {"folder": folder_here, "exFAT": exfat}
DEEP = {"exFAT"}
