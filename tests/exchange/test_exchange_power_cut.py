"""The power goes while four clients upload to an exchange on ext4: what was acknowledged is there afterwards.

On a loop device of this computer, whose disk is stopped dead, and in the emulated machine, whose power is cut. What was
acknowledged is noted outside, by whoever heard it.
"""

import contextlib
import random
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashing import Sender, Told, check_kept
from exchange_peers import Client, Served
from rig.kernel import NoMachine
from rig.machine import Machine, MachineError
from rig.powercut import NoDisk, PowerCutDisk

from sync.exchange.accounts import add_school

KIB = 1024
SCHOOL = "701020"
SMALL_DISK_MB = 2048
CUTS, CUTS_OF_A_MACHINE = 12, 3
NAMES = "abcd"
PORT = 8464
HERE = Path(__file__)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerCutDisk]:
    with contextlib.ExitStack() as stack:
        try:
            made = PowerCutDisk(tmp_path / "disk.img", tmp_path / "disk", SMALL_DISK_MB)
            yield stack.enter_context(made)
        except NoDisk as refusal:
            pytest.skip(f"no ext4 on a loop device here: {refusal}")


def outage(disk: PowerCutDisk, served: Served, wait_s: float, cut: int) -> None:
    """Four clients upload for `wait_s`; the power goes and comes back. What they were told has come true."""
    client = Client(served, (disk.folder.parent / "token").read_text())
    senders = [Sender(client, f"{name}{cut}", 300 * KIB) for name in NAMES]
    for sender in senders:
        sender.start()
    time.sleep(wait_s)  # not to wait for something: to be at a random moment
    disk.cut()
    served.kill()
    for sender in senders:
        sender.give_up()
    disk.power_on()
    served.start()
    told = [sender.told for sender in senders]
    assert any(one.offsets for one in told), "nothing was under way"
    check_kept(client, told)


def cut_again_and_again(disk: PowerCutDisk, cuts: int) -> None:
    folder = disk.folder / "exchange"
    (disk.folder.parent / "token").write_text(add_school(folder, SCHOOL))
    served = Served(folder, log=disk.folder.parent / "exchange.log")
    moments = random.Random(cuts)  # noqa: S311 - moments, not secrets
    served.start()
    try:
        for cut in range(cuts):
            outage(disk, served, moments.uniform(0.3, 1.5), cut)
    finally:
        served.end()


def test_a_power_cut_on_ext4(disk: PowerCutDisk) -> None:
    cut_again_and_again(disk, 1)


@pytest.mark.slow
def test_power_cuts_on_ext4(disk: PowerCutDisk) -> None:
    cut_again_and_again(disk, CUTS)


@pytest.mark.slow
def test_power_cuts_of_an_emulated_machine(tmp_path: Path) -> None:
    image, token, told = tmp_path / "disk.img", "", list[Told]()
    with image.open("xb") as file:
        file.truncate(SMALL_DISK_MB << 20)
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", str(image)], check=True)
    moments = random.Random(7)  # noqa: S311 - moments, not secrets
    receipts = 0
    for cut in range(CUTS_OF_A_MACHINE + 1):
        with machine_serving(image) as machine:
            token = token or machine.run(in_machine("exchange add-school", SCHOOL)).split()[-1]
            if told:
                write(machine, token, told)
                machine.run(f"{sys.executable} {HERE.with_name('in_machine.py')} check {PORT} /shared", 600)
            if cut < CUTS_OF_A_MACHINE:
                told = upload_until_cut(machine, token, moments.uniform(0, 10))
                receipts += sum(len(one.receipts) for one in told)
    assert receipts, "no file got through before a cut"


@contextlib.contextmanager
def machine_serving(image: Path) -> Iterator[Machine]:
    with contextlib.ExitStack() as stack:
        try:
            machine = stack.enter_context(Machine([image]))
        except NoMachine as refusal:
            pytest.skip(f"no emulated machine here: {refusal}")
        machine.run("ip link set lo up; mount -t ext4 /dev/vda /mnt")
        machine.start(in_machine("exchange serve", "--port", str(PORT)), "/shared/exchange.log")
        machine.run(f"{sys.executable} {HERE.with_name('in_machine.py')} await {PORT} /shared", 300)
        yield machine


def in_machine(command: str, *words: str) -> str:
    return f"{sys.executable} -m sync.cli {command} --folder /mnt/exchange {shlex.join(words)}"


def write(machine: Machine, token: str, told: list[Told]) -> None:
    (machine.shared / "token").write_text(token)
    for name, one in zip(NAMES, told, strict=True):
        one.log = machine.shared / f"{name}.told"
        one.write_again()


def upload_until_cut(machine: Machine, token: str, wait_s: float) -> list[Told]:
    """What four clients in the machine were told before its power went."""
    for log in machine.shared.glob("*.told"):
        log.unlink()
    (machine.shared / "token").write_text(token)
    machine.start(f"{sys.executable} {HERE.with_name('in_machine.py')} send {PORT} /shared", "/shared/send.log")
    deadline = time.monotonic() + 300
    logs = [machine.shared / f"{name}.told" for name in NAMES]
    while not any(log.exists() and '"receipt"' in log.read_text() for log in logs):
        if time.monotonic() > deadline:
            raise MachineError((machine.shared / "send.log").read_text() + machine.console())
        time.sleep(0.2)
    time.sleep(wait_s)  # not to wait for something: to be at a random moment
    machine.cut()
    return [Told.read(log) for log in logs]
