"""A room in the emulated machine: the real daemon, a real ALSA ring (snd-aloop), a real disk of a chosen kind."""

import json
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.machine import Machine, MachineError
from rig.marker import Frames
from rooms import RATE
from showing.demo import ROSTER
from showing.school import BIN, ROOM, School, today

from exam import names

WAIT_S = 180.0
"""Every instruction is emulated: a daemon starts in 15 s on an idle computer."""
MEBIBYTE = 1 << 20
MAKERS = {"ext4": ("mkfs.ext4", "-q"), "vfat": ("mkfs.vfat", "-F", "32"), "exfat": ("mkfs.exfat",)}
CARDS = (0, 1)
_GUEST = Path(__file__).parents[2] / "scripts" / "rig" / "guest"
_PLAYED = "played"


def disk_image(path: Path, kind: str, mebibytes: int = 16384) -> Path:
    """A sparse image with an empty file system."""
    with path.open("xb") as image:
        image.truncate(mebibytes * MEBIBYTE)
    program, *options = MAKERS[kind]
    subprocess.run([f"/usr/sbin/{program}", *options, path], check=True, stdout=subprocess.DEVNULL)
    return path


def add_sound_cards(machine: Machine) -> None:
    """Two cards: what is played into a card's device 0 is heard from its device 1."""
    machine.modprobe("snd-aloop index=0,1 enable=1,1")
    # ALSA's plugins of this computer are tried one by one whenever PortAudio looks for devices: seconds, emulated.
    machine.run("rm -rf /etc/alsa/conf.d/* /usr/share/alsa/alsa.conf.d/*")
    counts = " ".join(f"/proc/asound/card{card}/pcm0p/sub0/status" for card in CARDS)
    machine.start(f"exec chrt -f 50 python3 {_GUEST}/ticker.py /shared/{_PLAYED} {counts}", "/shared/ticker.log")
    wait_for((machine.shared / _PLAYED).exists)


def wait_for(true: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.1)


@dataclass
class EmulatedRoom:
    """One of a machine's rooms; `number` (0 or 1) is that of its sound card, `disk` a device or none."""

    machine: Machine
    number: int = 0
    kind: str = ""
    disk: str = ""
    daemon: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Write its configuration and mount its disk."""
        self.here = f"/shared/{self.number}"
        self.school = School(self.machine.shared / str(self.number))
        self.school.write(device=f"Loopback: PCM (hw:{self.number},1)", roster=ROSTER)
        with (self.school.folder / "station.toml").open("a") as settings:
            settings.write('\n[delivery]\nformat = "wav"\n')  # emulated, an encoder takes longer than the sound lasts
        self.machine.run(f"mkdir -p {self._run}")
        if self.disk:
            self.machine.run(f"mount -t {self.kind} {self.disk} {self.here}/recordings")

    @property
    def folder(self) -> str:
        """The day's folder, in the machine."""
        return f"{self.here}/recordings/{names.day_folder(today(), ROOM)}"

    @property
    def _run(self) -> str:
        return f"/run/room-{self.number}"

    @property
    def log(self) -> Path:
        """What daemon and player said."""
        return self.machine.shared / f"{self.number}.log"

    def play(self, sound: Frames) -> None:
        """Let the microphone hear this, from now on."""
        sound.tofile(self.machine.shared / f"{self.number}.raw")
        self.machine.run(f"mv {self.here}.raw {self._run}/sound.raw")
        # At a real-time priority: the player is no part of what a busy computer is to try.
        self.machine.start(
            f"exec chrt -f 50 aplay -q -D hw:{self.number},0 -t raw -f S16_LE -r {RATE} -c 1 --buffer-time=2000000 "
            f"{self._run}/sound.raw",
            f"{self.here}.log",
        )
        wait_for(lambda: self.heard() > 0)

    def heard(self) -> int:
        """The frame of the sound that was being played when the card was last looked at, within the last 0.1 s."""
        counts = (self.machine.shared / _PLAYED).read_text().split()
        return int(counts[self.number]) if len(counts) > self.number else 0

    def heard_at(self, time_s: float) -> int:
        """The frame that was being played at a time of this computer's clock (seconds), the last one looked at."""
        return self.heard() + round((time_s - (self.machine.shared / _PLAYED).stat().st_mtime) * RATE)

    def start(self) -> None:
        """Start the daemon; not waited for."""
        environment = f"STATION_CONFIG={self.here}/station.toml RUNTIME_DIRECTORY={self._run}"
        self.daemon = self.machine.start(f"{environment} exec {BIN}/station run", f"{self.here}.log")

    def await_sound(self) -> None:
        """Until the daemon answers and hears."""
        try:
            wait_for(lambda: bool((self._glance() or {"levels": {"rms_dbfs": []}})["levels"]["rms_dbfs"]))
        except AssertionError as error:
            raise AssertionError(f"the daemon hears nothing: {self.log.read_text()}{self._glance()}") from error

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """A command that must succeed; the status after it."""
        answer = self._press(command, arguments)
        assert answer["ok"], (command, answer["error"])
        status: dict[str, Any] = answer["status"]
        return status

    def begin(self, command: str) -> None:
        """A command that is not waited for."""
        self.machine.start(self._pressing(command, {}))

    def station(self, *words: str) -> str:
        """A command of the command line, which must succeed; what it printed."""
        environment = f"STATION_CONFIG={self.here}/station.toml RUNTIME_DIRECTORY={self._run}"
        return self.machine.run(f"{environment} {BIN}/station {shlex.join(words)}", WAIT_S)

    def copy_out(self, name: str) -> Path:
        """A copy of the day's folder on this computer."""
        self.machine.run(f"cp -r {self.folder} {self.here}/{name}", WAIT_S)
        return self.school.folder / name

    def _glance(self) -> dict[str, Any] | None:
        try:
            return self.do("status")
        except (MachineError, OSError):
            return None

    def _press(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.machine.run(self._pressing(command, arguments), WAIT_S))
        return answer

    def _pressing(self, command: str, arguments: dict[str, Any]) -> str:
        return shlex.join(
            ["python3", str(_GUEST / "press.py"), f"{self._run}/control.sock", command, json.dumps(arguments)]
        )
