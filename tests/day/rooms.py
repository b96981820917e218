"""A room with a virtual microphone and the real daemon, for tests at real time."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rig.ports import free_port
from rig.sound import Microphone, SoundServer
from rig.visitor import Visitor, visitor
from showing.demo import ROSTER
from showing.school import BIN, ROOM, School, today

from exam import names
from station import client

WAIT_S = 30.0
RATE = 48000


@dataclass
class Room:
    """The daemon of one room, driven by the real commands. `of_daemon`: its environment beyond theirs."""

    school: School
    server: SoundServer
    microphone: Microphone
    of_daemon: Mapping[str, str] = field(default_factory=dict)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.school.folder / "recordings" / names.day_folder(today(), ROOM)

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | self.school.environment | dict(self.server.environment_for(self.microphone))

    @property
    def daemon(self) -> subprocess.Popen[bytes]:
        return self.daemons[-1]

    def start(self, *, hears: bool = True) -> None:
        """Start the daemon; wait until it answers and, if it can, hears."""
        environment = self._environment | self.of_daemon
        daemon = subprocess.Popen([BIN / "station", "run"], env=environment, stderr=subprocess.PIPE)
        self.daemons.append(daemon)
        self.await_(self.answers)
        if hears:
            self.await_(lambda: bool(self.status()["levels"]["rms_dbfs"]))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, whatever comes of it."""
        command = [BIN / "station", *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False, timeout=60)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """A command that is not waited for."""
        return subprocess.Popen([BIN / "station", *words], env=self._environment, stderr=subprocess.DEVNULL)

    def do(self, *words: str) -> dict[str, Any]:
        """A command that must succeed; the status after it."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, (words, done.stderr, self.daemon.poll())
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def visitor(self) -> Visitor:
        """Somebody who opens its page, once there is one."""
        return visitor(self.school.folder / "run" / "control.page")

    def answers(self) -> bool:
        """Whether a daemon is there."""
        try:
            self.status()
        except client.NotRunning:
            return False
        return True

    def status(self) -> dict[str, Any]:
        """As `station status` asks for it; to start Python for each look would take a core of the machine."""
        return client.ask(self.school.folder / "run" / "control.sock", "status")

    def await_(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not true():
            assert self.daemons[-1].poll() is None, self.daemons[-1].stderr.read()  # type: ignore[union-attr]
            assert time.monotonic() < deadline, "not within the time allowed"
            time.sleep(0.05)

    def await_frames(self, frames: int) -> None:
        """Until the stream has so many frames."""
        self.await_(lambda: (self.status()["stream"] or {"frames": -1})["frames"] >= frames)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.daemon.send_signal(number)
        return self.daemon.wait(WAIT_S)


@contextlib.contextmanager
def room(
    folder: Path,
    device: str = "pulse",
    *,
    hears: bool = True,
    live: bool = False,
    channels: int = 1,
    of_daemon: Mapping[str, str] | None = None,
    page: bool = False,
    recording: str = "both",
) -> Iterator[Room]:
    """A room whose daemon runs; everything is ended at the end. `live`: its microphone hears a `rig.live.Voice`.
    `page`: it has one, at a port of its own. A configuration that is there already stays."""
    school = School(folder, port=free_port() if page else 0)
    school.write(device=device, roster=ROSTER, recording=recording)
    with SoundServer() as server:
        microphone = server.add_live_microphone("room") if live else server.add_microphone("room", channels)
        made = Room(school, server, microphone, of_daemon or {})
        try:
            made.start(hears=hears)
            yield made
        finally:
            for daemon in made.daemons:
                if daemon.poll() is None:
                    daemon.terminate()
                    daemon.wait(WAIT_S)


def frames_of(path: Path) -> "np.typing.NDArray[np.int16]":
    """The samples of one of our masters, whatever its header says."""
    return np.fromfile(path, np.int16, offset=80)


def lengths(path: Path) -> dict[str, float]:
    """Seconds of a file as three readers that others wrote see it."""
    import soundfile  # noqa: PLC0415 - a second only where it is needed

    return {
        "ffprobe": ffprobe_seconds(path),
        "sox": float(subprocess.run(["soxi", "-D", path], capture_output=True, text=True, check=True).stdout),
        "soundfile": float(soundfile.info(path).duration),
    }


def ffprobe_seconds(path: Path) -> float:
    """Length of any audio file."""
    command = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
