"""The rigs cut what a power cut cuts: what was synced stays, what was only in memory is gone."""

import shlex
from pathlib import Path

import pytest
from emulated import disk_image
from rig.kernel import NoMachine
from rig.machine import Machine, MachineError
from rig.powercut import NoDisk, PowerCutDisk

from exam import durable

pytestmark = pytest.mark.xdist_group("real")

CHECKOUT = Path(__file__).parents[2]
SYNCED = "echo here >/mnt/synced && sync"
PUBLISHED = """
from pathlib import Path
from exam import durable
durable.publish(Path("/mnt/published"), b"here")
durable.rewrite(Path("/mnt/rewritten"), b"here")
Path("/mnt/moved").write_bytes(b"here")
durable.move_without_replacing(Path("/mnt/moved"), Path("/mnt/elsewhere"))
"""
UNSYNCED = "echo gone >/mnt/unsynced && echo more >>/mnt/synced"


def test_an_ext4_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    try:
        with PowerCutDisk(tmp_path / "disk.img", tmp_path / "disk", megabytes=16) as disk:
            synced, unsynced = disk.folder / "synced", disk.folder / "unsynced"
            durable.publish(synced, b"here")
            unsynced.write_text("gone")
            disk.cut()
            with pytest.raises(OSError, match="Input/output error"):
                (disk.folder / "after").touch()
            disk.power_on()
            assert synced.read_text() == "here"
            assert not unsynced.exists()
    except NoDisk as refusal:
        pytest.skip(f"no ext4 on a loop device here: {refusal}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vfat", "exfat"])
def test_a_machine_forgets_what_was_not_synced(tmp_path: Path, kind: str) -> None:
    disk = disk_image(tmp_path / "disk.img", kind, mebibytes=64)
    try:
        with Machine([disk], cpus=1, memory_mb=512) as machine:
            machine.run(f"mount -t {kind} /dev/vda /mnt")
            machine.run(SYNCED)
            machine.run(f"PYTHONPATH={CHECKOUT} python3 -c {shlex.quote(PUBLISHED)}")
            machine.run(UNSYNCED)
            with pytest.raises(MachineError, match="ended with 3: what it said"):
                machine.run("echo what it said; exit 3")
            with pytest.raises(MachineError, match="not within 1"):
                machine.run("sleep 60", timeout_s=1)
            machine.cut()
        with Machine([disk], cpus=1, memory_mb=512) as machine:
            machine.run(f"mount -t {kind} /dev/vda /mnt")
            assert machine.run("cat /mnt/synced") == "here\n"
            assert machine.run("cat /mnt/published /mnt/rewritten /mnt/elsewhere") == "hereherehere"
            assert machine.run("cat /mnt/unsynced 2>/dev/null || true") == ""
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")
