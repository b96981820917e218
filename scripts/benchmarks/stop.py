"""From the stop press to a whole, hashed, published master of 45 minutes, beside `sha256sum` of the same file.

    python -m benchmarks.stop [MINUTES] [TURNS]

The real service with a made-up microphone: the take is recorded as fast as the machine goes, its last seconds and
all that follows at real time. Delivery is the master itself, so what is timed is what keeps it from being safe.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from showing.demo import ROSTER
from showing.school import School

from exam import manifest
from exam.clock import NS_PER_S, Reading, steady_ns
from station import client, config, service
from station.messages import Block
from station.tape import TapeReader

GOAL_S = 1.0
_BLOCK_S = 0.1
_LIVE_S = 3.0
_POLL_S = 0.002
_PATIENCE_S = 60.0


class Clock:
    """The machine's clocks; those of the school began `behind_s` earlier and are let run fast until they agree."""

    behind_ns = 0

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def now(self) -> datetime:
        return datetime.now(self._zone) - timedelta(microseconds=Clock.behind_ns // 1000)

    def monotonic_ns(self) -> int:
        return steady_ns() - Clock.behind_ns

    def read(self) -> Reading:
        return Reading(self.monotonic_ns(), self.monotonic_ns(), round(self.now().timestamp() * NS_PER_S))


class Microphone:
    """Blocks as fast as they are taken while the clock is behind, then each when it is due."""

    def __init__(self, spec: Any, clock: Clock) -> None:
        self._rate, self._clock, self._frame = spec.sample_rate, clock, 0
        self._began_ns = clock.monotonic_ns()
        self._sound = np.random.default_rng(3).integers(1, 600, self._rate * 60, dtype=np.int16).tobytes()
        self._out, self._in = os.pipe()
        threading.Thread(target=self._tick, daemon=True).start()

    def fileno(self) -> int:
        return self._out

    def _tick(self) -> None:
        while True:
            os.write(self._in, b".")
            if Clock.behind_ns <= 0:
                time.sleep(_BLOCK_S)

    def receive(self) -> Sequence[Block]:
        os.read(self._out, 1)
        first, frames = self._frame, round(self._rate * _BLOCK_S)
        self._frame += frames
        due_ns = self._began_ns + self._frame * NS_PER_S // self._rate
        Clock.behind_ns = max(0, Clock.behind_ns - max(0, due_ns - self._clock.monotonic_ns()))
        at = 2 * first % len(self._sound)
        return (Block(1, first, self._clock.monotonic_ns(), overflow=False, data=self._sound[at : at + 2 * frames]),)

    def tend(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        pass


def turn(minutes: float) -> tuple[float, float, float]:
    """Seconds: from the stop press to its answer, to the published manifest; and those of `sha256sum`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        school = School(Path(name))
        school.write(device="made up", roster=ROSTER)
        settings = school.folder / "station.toml"
        settings.write_text(settings.read_text(encoding="utf-8") + '\n[delivery]\nformat = "wav"\n', encoding="utf-8")
        configuration = config.load(settings)
        command = [sys.executable, "-m", "benchmarks.stop", "--station", str(settings), str(minutes)]
        with subprocess.Popen(command, env=os.environ | school.environment) as station:
            try:
                answered_s, published_s, master = _stop(configuration, school, minutes)
                began = time.perf_counter()
                sha256 = subprocess.run(["sha256sum", master], capture_output=True, text=True, check=True).stdout[:64]
                theirs_s = time.perf_counter() - began
                assert manifest.load(master.with_name(master.name[:-4] + manifest.SUFFIX)).sha256 == sha256
            finally:
                station.terminate()
    return answered_s, published_s, theirs_s


def _stop(configuration: config.Config, school: School, minutes: float) -> tuple[float, float, Path]:
    socket = school.folder / "run" / "control.sock"
    _await(lambda: _listens(socket))
    client.ask(socket, "open")
    take = client.ask(socket, "start", {"participant": 1, "variant": "1"})["take"]
    master = configuration.day_folder / f"{take}.wav"
    frames = round(minutes * 60 * configuration.capture.sample_rate)
    _await(lambda: client.ask(socket, "status")["stream"]["frames"] >= frames)
    time.sleep(_LIVE_S)
    began = time.perf_counter()
    client.ask(socket, "stop")
    answered_s = time.perf_counter() - began
    client.ask(socket, "accept")
    described = configuration.day_folder / f"{take}{manifest.SUFFIX}"
    _await(described.exists)
    published_s = time.perf_counter() - began
    with TapeReader(master) as tape:
        assert tape.is_whole
        assert tape.frames >= frames
    return answered_s, published_s, master


def _listens(socket: Path) -> bool:
    try:
        return bool(client.ask(socket, "status")["levels"]["rms_dbfs"])
    except client.NotRunning:
        return False


def _await(true: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(_POLL_S)


def _station(settings: str, minutes: str) -> None:
    Clock.behind_ns = round(float(minutes) * 60 * NS_PER_S)
    with mock.patch.object(service, "SystemClock", Clock), mock.patch.object(service, "Microphone", Microphone):
        service.run(config.load(Path(settings)))


def main(minutes: float = 45.0, turns: float = 5.0) -> None:
    measured = [turn(minutes) for _ in range(round(turns))]
    answered, published, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    ratio = statistics.median(ours / reference for _, ours, reference in measured)
    print(f"stop: {minutes:.0f}-minute master answered {answered:.2f} s, playable, hashed, published {published:.2f} s "
          f"after the press (goal ≤ {GOAL_S:.0f} s)")  # fmt: skip
    print(f"stop: {ratio:.2f} times sha256sum of the same file ({theirs:.2f} s; median of {turns:.0f} paired turns)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--station"]:
        _station(*sys.argv[2:])
    else:
        main(*(float(word) for word in sys.argv[1:]))
