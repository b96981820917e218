"""A flash drive with exFAT whose driver dies while it is written to, and names it cannot hold."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from far_folder import ExfatDrive, exfat
from school import noise, sha256

from exam.errors import Rejected, Transient
from sync.source import Source
from sync.transports.folder import Drive

pytestmark = pytest.mark.slow
PART = "2026-02-11_265/.part-1"


@pytest.fixture
def usb(tmp_path: Path) -> Iterator[ExfatDrive]:
    with exfat(tmp_path) as drive:
        yield drive


def test_a_driver_that_dies_is_a_drive_that_is_gone(usb: ExfatDrive, tmp_path: Path) -> None:
    content = noise(20_000_000)
    file = tmp_path / "source.bin"
    file.write_bytes(content)
    drive, killed = Drive(usb.folder, tmp_path / "mounted-at"), []

    def kill(through: int) -> None:
        if through > 5_000_000 and not killed:
            killed.append(usb.driver)
            os.kill(killed[0], signal.SIGKILL)

    with Source(file, len(content), sha256(content)) as source, pytest.raises(Transient) as found:
        drive.write(PART, source, 0, kill)
    assert found.value.code == "target_gone"
    usb.pull_out()
    usb.plug_in()
    there = drive.size(PART) or 0
    with Source(file, len(content), sha256(content)) as source:
        drive.write(PART, source, there, lambda _through: None)
    assert len(b"".join(bytes(block) for block in drive.read(PART, 0))) == len(content)


def test_a_name_that_exfat_cannot_hold_is_refused_in_words(usb: ExfatDrive, tmp_path: Path) -> None:
    content = b"sound"
    file = tmp_path / "source.bin"
    file.write_bytes(content)
    drive = Drive(usb.folder, tmp_path / "mounted-at")
    with Source(file, len(content), sha256(content)) as source:
        drive.write(PART, source, 0, lambda _through: None)
    with pytest.raises(Rejected) as found:
        drive.publish(PART, "2026-02-11_265/a:b?.mp3")
    assert found.value.code == "bad_name"
    assert drive.publish(PART, "2026-02-11_265/Ёлкин.mp3")
