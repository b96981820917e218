"""A disk whose power can be taken away: an ext4 image on a loop device, and the kernel's own way to stop it dead.

The cut keeps what the device was given and forgets what only the kernel's memory held, the journal's unwritten
transactions included; mounting again recovers the journal, as after a real cut. Needs root and loop devices.
"""

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

_FS_IOC_SHUTDOWN = 0x8004587D
_NOLOGFLUSH = 2
_INODES = "4096"  # a day has few files; the kernel would write tables for a million into the sparse image
_RELEASE_S = 20.0
_POLL_S = 0.05


class NoDisk(RuntimeError):
    """This machine lets us make no such disk; the words are the kernel's or the tool's."""


class PowerCutDisk:
    """An ext4 file system in `image`, mounted at `folder`, whose power `cut` takes away.

    with PowerCutDisk(tmp_path / "disk.img", tmp_path / "recordings") as disk:
        ...                     # record into disk.folder
        disk.cut()              # end the writers then: whatever they still do fails
        disk.power_on()
    """

    def __init__(self, image: Path, folder: Path, megabytes: int = 16384) -> None:
        self.image, self.folder = image, folder
        self._bytes = megabytes << 20
        self._mounted, self._powered = False, 1

    def __enter__(self) -> Self:
        """Format and mount. NoDisk where the machine refuses."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.image.open("xb") as image:
            image.truncate(self._bytes)
        _tool("mkfs.ext4", "-q", "-F", "-N", _INODES, str(self.image))
        self._mount()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._mounted:
            self._unmount()

    def cut(self) -> None:
        """No byte reaches the device from here on."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _FS_IOC_SHUTDOWN, struct.pack("I", _NOLOGFLUSH))
        finally:
            os.close(descriptor)

    def power_on(self) -> None:
        """Mount again, once the ended writers have let go of the old mount."""
        self._unmount()
        self._renew()
        self._mount()

    def _renew(self) -> None:
        # Go on with a copy: a container started meanwhile (systemd-nspawn) may hold the dead file system in its own
        # mount namespace, and the kernel would hand the same dead one out again.
        self._powered += 1
        copy = self.image.with_suffix(f".{self._powered}")
        _tool("cp", "--sparse=always", "--reflink=auto", str(self.image), str(copy))
        self.image.unlink()
        self.image = copy

    def _mount(self) -> None:
        _tool("mount", "-t", "ext4", "-o", "loop", str(self.image), str(self.folder))
        self._mounted = True

    def _unmount(self) -> None:
        _await(lambda: not _refusal("umount", str(self.folder)), f"{self.folder} to be let go")
        self._mounted = False


def _await(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _RELEASE_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {_RELEASE_S:.0f} s")
        time.sleep(_POLL_S)


def _tool(*words: str) -> None:
    refusal = _refusal(*words)
    if refusal:
        raise NoDisk(refusal)


def _refusal(*words: str) -> str:
    """What a tool says when it fails; nothing when it succeeds."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{words[0]}: {error}"
    return done.stderr.strip() or f"{words[0]} failed" if done.returncode else ""
