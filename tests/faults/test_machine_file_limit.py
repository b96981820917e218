"""vfat ends a file at 4 GiB less a byte: the stream goes on in a next part, not a frame lost, the take neither.

The real recorder and the real driver, in the emulated machine; sound comes as fast as the disk takes it.
"""

import json
import shlex
from pathlib import Path

import pytest
from emulated import disk_image
from rig.kernel import NoMachine
from rig.machine import Machine
from showing.school import BIN

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

LIMIT = (1 << 32) - 1
PIECE_BYTES = 8 << 20
HEADER_BYTES = 80
HERE = Path(__file__).parent


def test_a_stream_longer_than_a_vfat_file_goes_on_in_the_next(tmp_path: Path) -> None:
    disk = disk_image(tmp_path / "disk.img", "vfat")
    try:
        with Machine([disk], memory_mb=2048) as machine:
            machine.run("mount -t vfat /dev/vda /mnt")
            paths = f"{HERE.parent / 'station'}:{HERE.parents[1] / 'scripts'}"
            words = [str(BIN / "python"), str(HERE / "crossing.py"), "/mnt", str(LIMIT // (1 << 20) + 1)]
            events = json.loads(machine.run(f"PYTHONPATH={paths} {shlex.join(words)}", timeout_s=1800))
            sizes = [int(size) for size in machine.run("stat -c %s /mnt/*/*поток_0*.wav").split()]
            machine.run(f"{BIN}/station verify /mnt/2026-02-11_265", timeout_s=1800)
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")
    assert [event["type"] for event in events] == ["stream_started", "stream_ended", "stream_started", "stream_ended"]
    assert events[1]["ending"] == "file_limit"
    assert len(sizes) == 2
    assert max(sizes) <= LIMIT
    heard = (LIMIT // PIECE_BYTES + 2) * PIECE_BYTES + 2 * 800
    assert sum(sizes) - 2 * HEADER_BYTES == heard, "frames were lost or doubled between the parts"
