"""A day carried to real file systems of flash drives, in the emulated machine; and the power that goes."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from desk_days import Desk
from rig.kernel import NoMachine
from rig.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

MAKERS = {"vfat": ("mkfs.vfat", "-F", "32"), "exfat": ("mkfs.exfat",)}
DAY = "2026-02-11_265"
_PATIENCE_S = 400.0
_POLL_S = 0.2


def image(path: Path, kind: str) -> Path:
    with path.open("xb") as file:
        file.truncate(64 << 20)
    subprocess.run(["/usr/sbin/" + MAKERS[kind][0], *MAKERS[kind][1:], path], check=True, stdout=subprocess.DEVNULL)
    return path


@contextmanager
def machine_with(disks: Sequence[Path], school: Path) -> Iterator[Machine]:
    """A machine in which each disk is mounted at /mnt/<its name>, and the school is at /shared/school."""
    try:
        with Machine(disks, memory_mb=768) as machine:
            shutil.copytree(school, machine.shared / "school", dirs_exist_ok=True)
            for letter, disk in zip("abc", disks, strict=False):
                machine.run(f"mkdir -p /mnt/{disk.stem} && mount -t {disk.stem} /dev/vd{letter} /mnt/{disk.stem}")
            yield machine
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")


def station(words: str) -> str:
    return f"EXAM_LANGUAGE=ru {sys.executable} -m station.cli {words} --config /shared/school/station.toml"


def test_a_day_goes_to_vfat_and_exfat_and_outlives_the_power(finished: Desk, tmp_path: Path) -> None:
    """Done, it is whole however soon the power goes; cut short, the next call finishes it."""
    disks = [image(tmp_path / f"{kind}.img", kind) for kind in MAKERS]
    with machine_with(disks, finished.top) as machine:
        for kind in MAKERS:
            told = machine.run(station(f"export /mnt/{kind}"), _PATIENCE_S)
            assert "Скопировано и проверено файлов: 13" in told
        machine.cut()
    with machine_with(disks, finished.top) as machine:
        for kind in MAKERS:
            machine.run(station(f"verify /mnt/{kind}/{DAY}"), _PATIENCE_S)
            again = machine.run(station(f"export /mnt/{kind}"), _PATIENCE_S)
            assert "Скопировано и проверено файлов: 0 " in again
            assert "были там раньше: 13" in again
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    disk = image(fresh / "vfat.img", "vfat")
    with machine_with([disk], finished.top) as machine:
        machine.start(station("export /mnt/vfat"))
        _await_first(machine)
        machine.cut()
    with machine_with([disk], finished.top) as machine:
        machine.run(station("export /mnt/vfat"), _PATIENCE_S)
        machine.run(station(f"verify /mnt/vfat/{DAY}"), _PATIENCE_S)
        assert ".part-" not in machine.run(f"ls -a /mnt/vfat/{DAY}")


def _await_first(machine: Machine) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while "1" not in machine.run(f"ls /mnt/vfat/{DAY}/*.json >/dev/null 2>&1 && echo 1 || echo 0"):
        assert time.monotonic() < deadline, "nothing was copied"
        time.sleep(_POLL_S)
