"""Archives beyond 4 GiB, and what packing costs in memory."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from by_hand import by_hand, participant, seen_by_7z, zips
from school import School

from exam.manifest import Delivery

GIB = 1 << 30
MEMORY_KIB = 60 * 1024


def sparse(school: School, label: str, size: int) -> None:
    """A recording of `size` bytes that takes no room."""
    school.day.mkdir(parents=True, exist_ok=True)
    file = school.day / f"11.02.2026_265_701020_{label}.mp3"
    with file.open("wb") as made:
        made.truncate(size)
        made.seek(size - 1)
        made.write(b"!")
    with file.open("rb") as made:
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    school.record(
        label, b"master", participant=participant(1), deliveries=(Delivery(file.name, "mp3", 1, size, digest, "test"),)
    )


_WEIGHED = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done)
"""


def peak_kib(school: School, *words: str) -> int:
    """What a command that succeeds takes of memory at most.

    Asked of a small process between: until a child has its own program it counts the memory of whoever began it, and
    this session may be larger than the bound.
    """
    command = [sys.executable, "-c", _WEIGHED, sys.executable, "-m", "sync.cli", *words]
    done = subprocess.run(
        [*command, "--config", str(school.base / "sync.toml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_the_memory_of_this_session_is_not_counted(school: School) -> None:
    by_hand(school)
    ballast = bytearray(os.urandom(1 << 20)) * 150
    assert peak_kib(school, "status") < MEMORY_KIB
    assert ballast


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [[4 * GIB + 5000], [3 * GIB, 2 * GIB]])
def test_an_archive_beyond_4_gib_opens_elsewhere(school: School, sizes: list[int], tmp_path: Path) -> None:
    outbox = by_hand(school, zip_megabytes=10_000)
    for number, size in enumerate(sizes):
        sparse(school, f"Иванов {number}", size)
    assert peak_kib(school, "pack") < MEMORY_KIB
    (path,) = zips(outbox)
    assert path.stat().st_size > 4 * GIB
    assert len(seen_by_7z(path)) == 2 * len(sizes) + 1
    subprocess.run(["unzip", "-tqq", str(path)], check=True, cwd=tmp_path)
