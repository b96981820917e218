"""A day's length: judged and drawn in bounded memory, within the time that is promised an hour of sound."""

import subprocess
import sys
from pathlib import Path

import pytest
from rig.speech import conversation

from exam.audio import AudioFormat
from station.tape import header

RATE = 48000
HOURS = 10
EVERY_S = 600
MOST_MIB = 300
CPU_S_PER_HOUR = 60.0

ASK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss // 1024, used.ru_utime + used.ru_stime)
sys.exit(done.returncode)
"""


@pytest.fixture
def day_long(tmp_path: Path) -> Path:
    """A minute of talk every ten minutes, nothing between: hours that take little disk."""
    path = tmp_path / "long.wav"
    said = conversation(60.0, seed=9).tobytes()
    size = HOURS * 3600 * RATE * 2
    with path.open("wb") as file:
        head = header(AudioFormat(RATE, 1), size)
        file.write(head)
        file.truncate(len(head) + size)
        for second in range(0, HOURS * 3600, EVERY_S):
            file.seek(len(head) + second * RATE * 2)
            file.write(said)
    return path


def spent(*words: str) -> tuple[int, float, subprocess.CompletedProcess[str]]:
    """Peak MiB of the largest process and CPU seconds of all of them."""
    command = [sys.executable, "-c", ASK, sys.executable, "-m", "station.cli", "check", *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    peak, cpu = done.stdout.splitlines()[-1].split()
    return int(peak), float(cpu), done


@pytest.mark.slow
@pytest.mark.parametrize("path", ["ours", "ffmpeg"])
def test_ten_hours(day_long: Path, path: str) -> None:
    if path == "ffmpeg":  # a header of ours is read without it: a tag behind the sound makes it another's
        with day_long.open("r+b") as file:
            file.seek(4)
            file.write((0xFFFF_FFFF).to_bytes(4, "little"))
    peak, cpu, done = spent(str(day_long), "--plot", str(day_long.with_suffix(".png")))
    assert (done.returncode, done.stderr) == (0, "")
    assert "10:00:00" in done.stdout
    assert peak < MOST_MIB
    assert cpu < CPU_S_PER_HOUR * HOURS
    assert day_long.with_suffix(".png").stat().st_size > 10_000
