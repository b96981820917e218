"""A day of ten hours and forty participants, twenty times faster than time at least: no memory gathered, no frame lost,
and after a kill at its end the station is back in seconds."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from long_day import sound
from showing.school import BIN, ROOM, ZONE, School

from exam import manifest, names
from station.tape import TapeReader

PEOPLE = 40
RATE = 48000
TIMES_REAL = 20
FLAT_KIB = 10 << 10
WARM = 0.1  # of the day, until all that is kept for good has been made
RECOVERED_S, GLANCE_S = 5.0, 0.3
_PATIENCE_S = 120.0


class LongDay:
    """The folder of a school whose day was played, and what was measured while it was."""

    def __init__(self, folder: Path, seconds: float, delivery: str) -> None:
        self.school, self.seconds = School(folder), seconds
        self.date = (datetime.now(ZoneInfo(ZONE)) - timedelta(seconds=seconds)).date()
        self.folder = folder / "recordings" / names.day_folder(self.date, ROOM)
        roster = "".join(f"{n};Участник{n:02};Имя;;9А;{ROOM};\n" for n in range(1, PEOPLE + 1))
        self.school.write(device="нет такого", roster="№;Фамилия;Имя;Отчество;Класс;Аудитория;+30 мин\n" + roster)
        settings = folder / "station.toml"
        text = settings.read_text(encoding="utf-8").splitlines()
        text = [f"date = {self.date}" if line.startswith("date") else line for line in text]
        settings.write_text("\n".join([*text, "[delivery]", f'format = "{delivery}"', ""]), encoding="utf-8")
        self.environment = os.environ | self.school.environment

    def play(self) -> dict[str, Any]:
        """Record it all, then die."""
        command = [
            sys.executable,
            str(Path(__file__).with_name("long_day.py")),
            str(self.school.folder / "station.toml"),
        ]
        with subprocess.Popen([*command, str(self.seconds)], env=self.environment, stdout=subprocess.PIPE) as day:
            assert day.stdout is not None
            try:
                measured: dict[str, Any] = json.loads(day.stdout.readline())
            finally:
                day.send_signal(signal.SIGKILL)
        return measured

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BIN / "station", *words], env=self.environment, capture_output=True, text=True, check=False
        )

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.call("status", "--json").stdout)
        return answer

    def check_sound(self) -> None:
        """Every frame that was heard since the day was opened is in the stream's first part."""
        with TapeReader(next(self.folder.glob("*поток_01.wav"))) as tape:
            heard, opened = sound(RATE), RATE  # the day is opened after a second
            assert tape.frames == round(self.seconds * RATE) - opened
            minute = len(heard) // 2
            for first in range(0, tape.frames, minute):
                at = 2 * ((opened + first) % minute)
                read = tape.read(first, minute)
                assert read == (heard + heard)[at : at + len(read)], f"from frame {first} on another sound"


def until(true: Callable[[], bool]) -> float:
    """Seconds until it was true."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < _PATIENCE_S
        time.sleep(0.02)
    return time.monotonic() - began


def cpu_s(act: Callable[[], object]) -> float:
    """CPU seconds of the children that it starts and awaits: what it takes on a machine that has nothing else to do."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - figures to read beside the verdict


@pytest.mark.parametrize(
    ("hours", "delivery"),
    [
        pytest.param(0.5, "wav", marks=pytest.mark.slow),
        pytest.param(10, "wav", marks=pytest.mark.slow),
        pytest.param(10, "mp3", marks=pytest.mark.slow),
    ],
)
def test_a_long_day(tmp_path: Path, report: list[str], hours: float, delivery: str) -> None:
    day = LongDay(tmp_path, hours * 3600, delivery)
    measured = day.play()
    speed = day.seconds / measured["took_s"]
    rss = measured["rss_kib"]
    grown = max(rss[round(WARM * len(rss)) :]) - rss[round(WARM * len(rss))]
    curve = " ".join(f"{kib / 1024:.1f}" for kib in rss[:: len(rss) // 10])
    report.append(f"{hours} h, {delivery}: {speed:.0f} × real time, resident MiB {curve}, grown {grown / 1024:.1f} MiB")
    day.check_sound()
    daemon = subprocess.Popen([BIN / "station", "run"], env=day.environment, stderr=subprocess.DEVNULL)
    try:
        recovered_s = until(lambda: day.call("status").returncode == 0)
        assert day.status()["state"] == "recording", "the last participant goes on"
        glance_s = min(cpu_s(lambda: day.call("status")) for _ in range(5))
        assert day.call("close").returncode == 0
        until(lambda: not day.status()["publishing"] and day.status()["stream"] is None)
    finally:
        daemon.terminate()
        daemon.wait(_PATIENCE_S)
    began = time.monotonic()
    verified = day.call("verify")
    verified_s = time.monotonic() - began
    report.append(f"back after {recovered_s:.2f} s, status {glance_s:.2f} CPU s, verify {verified_s:.1f} s")
    assert verified.returncode == 0, verified.stdout
    assert len(list(day.folder.glob("*Участник*.json"))) == PEOPLE
    assert manifest.load(next(day.folder.glob("*поток_01.json"))).gaps == ()
    assert speed >= TIMES_REAL
    assert grown <= FLAT_KIB
    assert recovered_s <= RECOVERED_S
    assert glance_s <= GLANCE_S
