"""Publishing: whole or absent, never over another file, on every kind of file system."""

import ctypes
import errno
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exam import durable

PUBLISHER = """
import sys
from pathlib import Path
from exam import durable
target, content = Path(sys.argv[1]), sys.argv[2].encode() * 1_000_000
print("ready", flush=True)
sys.stdin.readline()
try:
    durable.publish(target, content)
    print("published")
except FileExistsError:
    print("exists")
"""


class NoFlags:
    """A C library whose kernel or file system knows no RENAME_NOREPLACE."""

    def __init__(self, code: int) -> None:
        self._code = code

    def renameat2(self, *_: object) -> int:
        ctypes.set_errno(self._code)
        return -1


def refuse_link(*_: object) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.fixture(params=["renameat2", "hard link", "lock"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the three ways a name is taken without replacing another."""
    if request.param != "renameat2":
        monkeypatch.setattr(durable, "_LIBC", NoFlags(errno.EINVAL))
    if request.param == "lock":
        monkeypatch.setattr(os, "link", refuse_link)
    return str(request.param)


def test_a_new_file_is_whole_and_alone(tmp_path: Path, way: str) -> None:
    path = tmp_path / ("й" * 125 + ".json")
    durable.publish(path, way.encode())
    assert path.read_bytes() == way.encode()
    assert stat.S_IMODE(path.stat().st_mode) & 0o037 == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("way")
def test_an_existing_file_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        durable.publish(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("way")
def test_a_dangling_link_is_a_name_that_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        durable.publish(path, b"second")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.usefixtures("way")
def test_of_many_publishers_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def publish(number: int) -> int | None:
        try:
            durable.publish(path, bytes([number]) * 100_000)
        except FileExistsError:
            return None
        return number

    with ThreadPoolExecutor(16) as pool:
        (winner,) = [number for number in pool.map(publish, range(32)) if number is not None]
    assert path.read_bytes() == bytes([winner]) * 100_000
    assert list(tmp_path.iterdir()) == [path]


def started(path: Path, letter: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUBLISHER, str(path), letter]
    publisher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert publisher.stdout is not None
    assert publisher.stdout.readline() == "ready\n"
    return publisher


def test_of_two_processes_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    publishers = [started(path, letter) for letter in "ab"]
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write("\n")
        publisher.stdin.flush()
    said = [publisher.communicate(timeout=30)[0].strip() for publisher in publishers]
    assert sorted(said) == ["exists", "published"]
    assert path.read_bytes() == b"ab"[said.index("published") :][:1] * 1_000_000


def test_killed_in_the_middle_there_is_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    publisher = started(path, "a")
    assert publisher.stdin is not None
    publisher.stdin.write("\n")
    publisher.stdin.flush()
    while not list(tmp_path.iterdir()):  # the kill falls on whatever it is doing by then
        assert publisher.poll() is None
    publisher.send_signal(signal.SIGKILL)
    publisher.communicate(timeout=30)
    assert not path.exists() or path.stat().st_size == 1_000_000
    assert all(left == path or left.name.startswith(durable.TEMPORARY_PREFIX) for left in tmp_path.iterdir())


def test_names_for_the_unfinished_differ_and_tell_what_they_are(tmp_path: Path) -> None:
    paths = {durable.temporary_in(tmp_path) for _ in range(100)}
    assert len(paths) == 100
    assert all(path.parent == tmp_path and path.name.startswith(durable.TEMPORARY_PREFIX) for path in paths)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "renameat2"])
def test_a_failing_disk_leaves_nothing_behind(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(durable, "_LIBC", NoFlags(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        durable.publish(tmp_path / "a.json", b"content")
    assert list(tmp_path.iterdir()) == []


def test_our_own_state_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for content in (b"first", b"second"):
        durable.rewrite(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_state_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(IsADirectoryError):
        durable.rewrite(tmp_path / "state.json", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
