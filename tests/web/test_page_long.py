"""A recording of 45 minutes: it seeks at once, and never more than a chunk of it is in memory."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from rig.ports import free_port
from rig.visitor import Visitor, visitor
from showing.demo import ROSTER
from showing.school import BIN, ROOM, ZONE, School, today

from exam import names
from exam.audio import AudioFormat
from exam.clock import SystemClock
from station.journal import Journal
from station.session import events as happened
from station.tape import HEADER_BYTES, header

RATE, MINUTES = 48000, 45
FRAMES = MINUTES * 60 * RATE
PARTS = (FRAMES // 3, FRAMES - FRAMES // 3)
DAY = f"{today():%d.%m.%Y}_{ROOM}_701020"
STEM = f"{DAY}_Иванов Иван"
STREAMS = tuple(f"{DAY}_поток_0{number}.wav" for number in (1, 2))
SEEK_S = 0.25


def write_day(school: School) -> None:
    """A cancelled take of 45 minutes, over two parts of the stream and without a file of its own: nothing is due."""
    folder = school.folder / "recordings" / names.day_folder(today(), ROOM)
    folder.mkdir(parents=True)
    for file, frames in zip(STREAMS, PARTS, strict=True):
        with (folder / file).open("wb") as tape:
            tape.write(header(AudioFormat(RATE, 1), 2 * frames))
            tape.truncate(HEADER_BYTES + 2 * frames)
            for second in range(0, frames // RATE, 60):  # each minute begins with its number
                tape.seek(HEADER_BYTES + 2 * second * RATE)
                tape.write(np.full(100, 1 + second // 60, "<i2").tobytes())
    journal = Journal(folder, SystemClock(ZoneInfo(ZONE)))
    first, second = STREAMS
    at = datetime.now(ZoneInfo(ZONE))
    journal.append(
        [
            happened.DayOpened(),
            happened.StreamStarted(stream=first, at=at),
            happened.TakeStarted(stream=first, stem=STEM, participant=1, take=1),
            happened.StreamEnded(stream=first, frame=PARTS[0], ending="file_limit", at=at),
            happened.StreamStarted(stream=second, at=at),
            happened.TakeStopped(stream=second, frame=PARTS[1], ending="operator", at=at),
            happened.TakeCancelled(stream=second, frame=PARTS[1], stem=STEM),
            happened.DayClosed(stream=second, frame=PARTS[1]),
            happened.StreamEnded(stream=second, frame=PARTS[1], ending="close", at=at),
        ]
    )
    journal.close()


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    made = School(tmp_path_factory.mktemp("long"), port=free_port())
    made.write(device="hw:none", roster=ROSTER, recording="personal")
    write_day(made)
    return made


@pytest.fixture(scope="module")
def page(school: School) -> Iterator[Visitor]:
    environment = {**os.environ, **school.environment, "PULSE_SERVER": "unix:/nonexistent"}
    with subprocess.Popen([BIN / "station", "run"], env=environment, stderr=subprocess.DEVNULL) as daemon:
        try:
            made = visitor(school.folder / "run" / "control.page")
            deadline = time.monotonic() + 20
            while made.get(f"/audio/{STEM}.wav", headers={"Range": "bytes=0-0"}).status_code == 503:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield made
        finally:
            daemon.send_signal(signal.SIGTERM)


def memory(school: School) -> int:
    """The most the page's process has held, in KiB."""
    mine = str(school.folder / "station.toml").encode()
    told = (
        each
        for each in Path("/proc").glob("[0-9]*/cmdline")
        if b"station.web" in (line := _read(each)) and mine in line
    )
    lines = next(told).with_name("status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def test_any_minute_is_there_at_once(page: Visitor) -> None:
    page.get(f"/audio/{STEM}.wav", headers={"Range": "bytes=0-99"})
    for minute in (44, 0, 15, 30, 14, 43):
        first = HEADER_BYTES + 2 * minute * 60 * RATE
        began = time.monotonic()
        part = page.get(f"/audio/{STEM}.wav", headers={"Range": f"bytes={first}-"}, stream=True)
        heard = next(part.iter_content(200))
        assert time.monotonic() - began < SEEK_S
        part.close()
        assert part.status_code == 206
        assert part.headers["content-range"].endswith(f"/{HEADER_BYTES + 2 * FRAMES}")
        assert set(np.frombuffer(heard, "<i2")) == {1 + minute % 15 if minute < 15 else 1 + minute - 15}


def _read(path: Path) -> bytes:
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def test_it_is_never_held_whole(page: Visitor, school: School) -> None:
    before = memory(school)
    length = 0
    with page.get(f"/audio/{STEM}.wav", stream=True) as whole:
        for piece in whole.iter_content(1 << 20):
            length += len(piece)
    assert length == HEADER_BYTES + 2 * FRAMES
    told = page.get(f"/api/waveform/{STEM}").json()
    assert told["seconds"] == MINUTES * 60
    assert len(told["columns"][0]) == 1200
    assert memory(school) - before < 24 * 1024


@pytest.mark.parametrize(
    ("wanted", "code", "told"),
    [
        ("bytes=0-0", 206, "bytes 0-0/{size}"),
        ("bytes=-5", 206, "bytes {last4}-{last}/{size}"),
        ("bytes={last}-", 206, "bytes {last}-{last}/{size}"),
        ("bytes={last}-99999999999", 206, "bytes {last}-{last}/{size}"),
        ("bytes={size}-", 416, "bytes */{size}"),
        ("bytes=5-4", 416, "bytes */{size}"),
        ("bytes=-", 416, "bytes */{size}"),
        ("bytes=x", 416, "bytes */{size}"),
        ("bytes=0-1,5-6", 416, "bytes */{size}"),
    ],
)
def test_ranges(page: Visitor, wanted: str, code: int, told: str) -> None:
    size = HEADER_BYTES + 2 * FRAMES
    numbers = {"size": size, "last": size - 1, "last4": size - 5}
    part = page.get(f"/audio/{STEM}.wav", headers={"Range": wanted.format(**numbers)})
    assert (part.status_code, part.headers["content-range"]) == (code, told.format(**numbers))
