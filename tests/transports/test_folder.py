"""A drive or a network share that goes away, fills up, refuses: nothing is lost, nothing lands beside it."""

import errno
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from school import School, noise, sha256, wait_for

from exam import mounts
from exam.errors import ExamError, Fatal, Rejected, Transient
from exam.mounts import Mount
from sync.source import Source
from sync.transports import Moved, folder
from sync.transports.folder import Drive

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount file systems or to give up rights")
PART, NAME = "2026-02-11_265/.part-1", "2026-02-11_265/Иванов И.mp3"
MB = 1_000_000


class Stick:
    """A drive that keeps what it holds when it is pulled out."""

    def __init__(self, image: Path, point: Path, mebibytes: int = 24) -> None:
        self.point, self._image = point, image
        with image.open("wb") as file:
            file.truncate(mebibytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        point.mkdir(parents=True, exist_ok=True)

    def plug_in(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.point)], check=True)

    def pull_out(self) -> None:
        """Whoever still uses it."""
        while self.point.is_mount():
            subprocess.run(["umount", "-l", str(self.point)], check=True)


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Stick]:
    found = Stick(tmp_path / "stick.img", tmp_path / "usb")
    found.plug_in()
    yield found
    found.pull_out()


@pytest.fixture
def school(tmp_path: Path) -> School:
    base = tmp_path / "school"
    base.mkdir()
    return School(base)


@contextmanager
def memory_disk(path: Path, size: str) -> Iterator[None]:
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def drive_at(path: Path) -> Drive:
    return Drive(path, path.parent / "state" / "mounted-at")


def write(drive: Drive, source: Path, offset: int = 0, moved: Moved = lambda _through: None) -> None:
    content = source.read_bytes()
    with Source(source, len(content), sha256(content)) as opened:
        drive.write(PART, opened, offset, moved)


def refused(act: Callable[[], object]) -> ExamError:
    with pytest.raises(ExamError) as found:
        act()
    return found.value


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(noise(5 * MB))
    return path


@as_root
@pytest.mark.slow
def test_a_drive_pulled_out_while_copying_is_waited_for(school: School, stick: Stick) -> None:
    for number, name in enumerate(("Иванов И", "Петров П")):
        school.record(name, noise(4 * MB, number))
    school.settings["send"] = "[send]\nlimit_mbit = 8\n"
    school.base.joinpath("sync.toml").write_text(
        f'[school]\ncode = "701020"\n[target]\nkind = "folder"\nfolder = "{stick.point}"\n{school.settings["send"]}'
    )
    agent = school.start("run")
    wait_for(lambda: any(path.stat().st_size for path in stick.point.rglob(".part-*")))
    stick.pull_out()
    wait_for(lambda: any("is not there; the recordings are safe" in (item["reason"] or "") for item in items(school)))
    assert list(stick.point.iterdir()) == [], "this computer's own disk was written to"
    stick.plug_in()
    wait_for(lambda: all(item["state"] == "delivered" for item in items(school)), 60)
    agent.terminate()
    assert "Traceback" not in agent.communicate(timeout=10)[1]
    for number, name in enumerate(("Иванов И", "Петров П")):
        (found,) = stick.point.rglob(f"*{name}.wav")
        assert found.read_bytes() == noise(4 * MB, number)
    assert not list(stick.point.rglob(".part-*"))


def items(school: School) -> list[dict[str, str]]:
    return list(school.status()["items"])


@as_root
def test_what_was_written_before_it_was_pulled_out_is_gone_on_with(stick: Stick, source: Path) -> None:
    drive = drive_at(stick.point)

    def pull(through: int) -> None:
        if through > 2 * MB:
            stick.pull_out()

    found = refused(lambda: write(drive, source, moved=pull))
    assert (type(found), found.code, list(stick.point.iterdir())) == (Transient, "target_gone", [])
    for act in (lambda: drive.size(PART), lambda: drive.publish(PART, NAME), lambda: drive.remove(PART),
                lambda: list(drive.read(PART, 0)), lambda: write(drive, source)):  # fmt: skip
        assert refused(act).code == "target_gone"
    stick.plug_in()
    there = drive.size(PART)
    assert there is not None
    assert there > 2 * MB
    sent = []
    write(drive, source, there, sent.append)
    assert len(sent) == -(-(5 * MB - there) // (1 << 20))
    assert b"".join(bytes(block) for block in drive.read(PART, 0)) == source.read_bytes()


@as_root
def test_the_next_process_knows_that_a_drive_belongs_there(stick: Stick, source: Path) -> None:
    drive_at(stick.point).size(PART)
    stick.pull_out()
    found = refused(lambda: write(drive_at(stick.point), source))
    assert (found.code, list(stick.point.iterdir())) == ("target_gone", [])
    stick.plug_in()
    write(drive_at(stick.point), source)


@as_root
def test_a_folder_of_the_drive_and_a_drive_mounted_later(stick: Stick, source: Path) -> None:
    """First seen unmounted, it is taken for a folder of this computer; once mounted, it must stay so."""
    stick.pull_out()
    assert drive_at(stick.point).size(PART) is None
    stick.plug_in()
    assert drive_at(stick.point).size(PART) is None
    stick.pull_out()
    assert refused(lambda: write(drive_at(stick.point), source)).code == "target_gone"


@as_root
def test_where_drives_are_mounted_one_must_be_from_the_first_time_on(
    stick: Stick, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "_DRIVES", (stick.point.parent,))
    write(drive_at(stick.point), source)
    stick.pull_out()
    (stick.point.parent / "state" / "mounted-at").unlink()
    assert refused(lambda: write(drive_at(stick.point), source)).code == "target_gone"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path, source: Path) -> None:
    found = refused(lambda: write(drive_at(tmp_path / "usb"), source))
    assert (found.code, (tmp_path / "usb").exists()) == ("target_gone", False)


def test_a_file_in_its_place_is_no_folder(tmp_path: Path, source: Path) -> None:
    (tmp_path / "usb").write_text("")
    assert refused(lambda: write(drive_at(tmp_path / "usb"), source)).code == "target_gone"


@as_root
def test_a_file_that_finds_no_room_is_not_begun(tmp_path: Path, source: Path) -> None:
    with memory_disk(tmp_path / "usb", "4m"):
        drive = drive_at(tmp_path / "usb")
        found = refused(lambda: write(drive, source))
        assert (type(found), found.code, drive.size(PART)) == (Transient, "target_full", None)


@as_root
def test_a_drive_that_fills_up_meanwhile_is_gone_on_with_once_there_is_room(tmp_path: Path, source: Path) -> None:
    with memory_disk(tmp_path / "usb", "8m"):
        drive, filler = drive_at(tmp_path / "usb"), tmp_path / "usb" / "filler"
        found = refused(lambda: write(drive, source, moved=lambda _through: _fill(filler)))
        assert (type(found), found.code) == (Transient, "target_full")
        assert "space" in found.en
        filler.unlink()
        there = drive.size(PART)
        assert there
        write(drive, source, there)
        assert (tmp_path / "usb" / PART).read_bytes() == source.read_bytes()


def _fill(path: Path) -> None:
    try:
        with path.open("ab", buffering=0) as file:
            while file.write(bytes(1 << 16)):
                pass
    except OSError as error:
        assert error.errno == errno.ENOSPC  # noqa: PT017 - the point of filling


@as_root
def test_a_write_protected_drive_is_told_as_such(tmp_path: Path, source: Path) -> None:
    with memory_disk(tmp_path / "usb", "8m"):
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "usb"], check=True)
        found = refused(lambda: write(drive_at(tmp_path / "usb"), source))
        assert (type(found), found.code) == (Transient, "target_read_only")


@as_root
def test_a_folder_that_may_not_be_written_to_needs_a_person(source: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        top, content = Path(name), source.read_bytes()
        top.chmod(0o755)
        (top / "share").mkdir(mode=0o755)
        (top / "memory").mkdir()
        (top / "memory").chmod(0o777)
        with Source(source, len(content), sha256(content)) as opened:
            os.seteuid(65534)
            try:
                drive = Drive(top / "share", top / "memory" / "mounted-at")
                found = refused(lambda: drive.write(PART, opened, 0, lambda _through: None))
            finally:
                os.seteuid(0)
    assert (type(found), found.code) == (Fatal, "forbidden")


def test_fat_is_not_given_what_it_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "usb").mkdir()
    monkeypatch.setattr(mounts, "over", lambda _path: Mount("/", "vfat", "/dev/sdb1", "8:17"))
    large = tmp_path / "large.wav"
    with large.open("wb") as file:
        file.truncate(1 << 32)
    opened = Source(large, 1 << 32, "0" * 64)
    try:
        drive = drive_at(tmp_path / "usb")
        found = refused(lambda: drive.write(PART, opened, 0, lambda _through: None))
    finally:
        opened.__exit__(None, None, None)
    assert (type(found), found.code) == (Rejected, "too_large")
    assert "FAT32" in found.en


def test_a_file_system_that_ends_files_sooner_refuses_this_one(tmp_path: Path, source: Path) -> None:
    (tmp_path / "usb").mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MB, limits[1]))
    try:
        found = refused(lambda: write(drive_at(tmp_path / "usb"), source))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (type(found), found.code) == (Rejected, "too_large")


def test_a_name_that_is_too_long_is_this_files_affair(tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()
    found = refused(lambda: drive_at(tmp_path / "usb").size("Ж" * 200))
    assert (type(found), found.code) == (Rejected, "bad_name")


def test_reading_begins_anywhere(tmp_path: Path, source: Path) -> None:
    (tmp_path / "usb").mkdir()
    drive, content = drive_at(tmp_path / "usb"), source.read_bytes()
    write(drive, source)
    for offset in (0, 1, 4096, (1 << 20) - 1, 1 << 20, 3 * MB + 7, 5 * MB - 1, 5 * MB, 6 * MB):
        assert b"".join(bytes(block) for block in drive.read(PART, offset)) == content[offset:]
    assert list(drive.read("none", 0)) == []


@as_root
def test_what_the_disk_gives_back_is_read_not_what_memory_holds(stick: Stick, source: Path) -> None:
    """The drive's own bytes are changed under the file system: its cache still has the right ones."""
    drive = drive_at(stick.point)
    write(drive, source)
    content = source.read_bytes()
    assert (stick.point / PART).read_bytes() == content, "now it is in the cache"
    device = subprocess.run(
        ["findmnt", "-no", "SOURCE", stick.point], capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip
    raw = Path(device).read_bytes()
    at = raw.index(content[2 * MB : 2 * MB + 64])
    with Path(device).open("r+b", buffering=0) as disk:
        disk.seek(at)
        disk.write(b"\x00" * 64)
        os.fsync(disk.fileno())
    assert (stick.point / PART).read_bytes() == content
    assert b"".join(bytes(block) for block in drive.read(PART, 0)) != content
