"""vfat and exFAT by the kernel's own drivers, the device torn from under them while the agent copies to it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig.kernel import NoMachine
from rig.machine import Machine
from school import School, noise, sha256

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

MAKERS = {"vfat": ("mkfs.vfat", "-F", "32"), "exfat": ("mkfs.exfat",)}
POINT = "/media/usb"
CONTENT = noise(6_000_000)
_PATIENCE_S = 400.0


def image(path: Path, kind: str) -> Path:
    with path.open("xb") as file:
        file.truncate(64 << 20)
    subprocess.run(["/usr/sbin/" + MAKERS[kind][0], *MAKERS[kind][1:], path], check=True, stdout=subprocess.DEVNULL)
    return path


class Stick:
    """The machine's only disk, which leaves and returns as if somebody pulled it out: each time another device."""

    def __init__(self, machine: Machine, kind: str) -> None:
        self._machine, self._kind = machine, kind

    def mount(self) -> None:
        self._machine.run(f"mkdir -p {POINT} && mount -t {self._kind} $(ls /dev/vd? | tail -1) {POINT}")

    def pull_out(self) -> None:
        self._machine.run("echo 1 >$(realpath /sys/block/vd?/device/..)/remove")

    def put_back(self) -> None:
        self._machine.run(f"umount -l {POINT}; test -z $(ls -A {POINT}) && echo 1 >/sys/bus/pci/rescan")
        wait_for(lambda: bool(self._machine.run("ls /dev/vd? 2>/dev/null || :")))
        self.mount()


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.2)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_drive_is_pulled_out_while_copied_to_and_put_back(tmp_path: Path, kind: str) -> None:
    disk = image(tmp_path / "stick.img", kind)
    try:
        with Machine([disk], memory_mb=768) as machine:
            _deliver(machine, Stick(machine, kind))
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")


def _deliver(machine: Machine, stick: Stick) -> None:
    school = School(machine.shared / "school")
    stem = school.record("Иванов И", CONTENT)
    (school.base / "sync.toml").write_text(
        f'[school]\ncode = "701020"\n[target]\nkind = "folder"\nfolder = "{POINT}"\n'
        '[state]\nfolder = "/run/sync"\n[send]\nlimit_mbit = 2\n'
    )
    agent = f"EXAM_LANGUAGE=en {sys.executable} -m sync.cli %s --config /shared/school/sync.toml"

    def items() -> list[dict[str, str]]:
        return list(json.loads(machine.run(agent % "status --json", _PATIENCE_S))["items"])

    stick.mount()
    machine.start(agent % "run", "/shared/agent.log")
    wait_for(lambda: bool(machine.run(f"find {POINT} -name '.part-*' -size +0")))
    stick.pull_out()
    wait_for(lambda: any("the recordings are safe" in (item["reason"] or "") for item in items()))
    stick.put_back()
    try:
        wait_for(lambda: all(item["state"] == "delivered" for item in items()))
    except AssertionError:
        raise AssertionError(f"{items()} {machine.console()}") from None
    machine.run(f"umount {POINT}")
    stick.mount()
    found = machine.run(f"sha256sum {POINT}/*/*.wav")
    assert found.split()[0] == sha256(CONTENT)
    assert stem in found
    assert ".part-" not in machine.run(f"ls -A {POINT}/*")
