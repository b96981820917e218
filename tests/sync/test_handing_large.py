"""Archives beyond 4 GiB, and what packing costs in memory."""

import hashlib
import os
import subprocess
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


def peak_kib(school: School, *words: str) -> int:
    """What a command that succeeds takes of memory at most."""
    started = school.start(*words)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    _, told = started.communicate()
    assert started.returncode == 0, told
    return used.ru_maxrss


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
