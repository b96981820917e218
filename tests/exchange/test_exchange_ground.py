"""The exchange's disk is unmounted while it is served; an offset is asked for beside a body that is cut off again."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exchange_peers import Client, Served, noise, sha256, until

from sync.exchange import identity, intake
from sync.exchange.accounts import add_school
from sync.exchange.database import Database
from sync.exchange.incoming import Incoming
from sync.exchange.intake import Tail
from sync.exchange.protocol import Checksum
from sync.exchange.register import Register, State, Upload
from sync.exchange.verifier import Verifier
from sync.exchange.yard import Yard

CONTENT = noise("ground", 3_000_000)
FIRST = 2_000_000


class Disk:
    """A folder that is mounted and lazily unmounted, as a drive is whose server still writes."""

    def __init__(self, base: Path) -> None:
        self._within, self.point = base / "within", base / "point"
        self._within.mkdir()
        self.point.mkdir()

        self.is_mounted = False

    def mount(self) -> None:
        subprocess.run(["mount", "--bind", self._within, self.point], check=True)
        self.is_mounted = True

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", self.point], check=True)
        self.is_mounted = False


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    found = Disk(tmp_path)
    found.mount()
    yield found
    if found.is_mounted:
        found.unmount()


@pytest.fixture
def client(disk: Disk) -> Iterator[Client]:
    token = add_school(disk.point, "701020")
    served = Served(disk.point)
    served.start()
    yield Client(served, token)
    served.end()


def test_nothing_grows_below_the_mount_point_of_a_disk_that_is_gone(client: Client, disk: Disk) -> None:
    begun = client.create(len(CONTENT), filename="half.mp3").headers["Location"]
    assert client.patch(begun, 0, CONTENT[:1000]).status_code == 204
    disk.unmount()
    asked = [
        client.ask("HEAD", begun),
        client.create(5, filename="new.mp3"),
        client.patch(begun, 1000, CONTENT[1000:]),
        client.ask("DELETE", begun),
        client.ask("GET", f"/receipts/{sha256(CONTENT)}"),
    ]
    assert {answer.status_code for answer in asked} == {503}
    assert {answer.headers["X-Error-Code"] for answer in asked} == {"folder_gone"}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in asked)
    assert list(disk.point.iterdir()) == []
    disk.mount()
    assert client.offset(begun) == 1000
    assert client.patch(begun, 1000, CONTENT[1000:]).status_code == 204
    assert client.receipt(sha256(CONTENT)).size == len(CONTENT)


def test_what_is_under_way_meanwhile_is_neither_lost_nor_quarantined(client: Client, disk: Disk) -> None:
    path = client.create(len(CONTENT), filename="whole.mp3").headers["Location"]
    with client.begin_patch(path, {"Content-Length": str(len(CONTENT))}, CONTENT[:FIRST]) as connection:
        client.offset_reaches(path, intake.BLOCK)
        disk.unmount()
        connection.sendall(CONTENT[FIRST:])
        assert connection.recv(12).startswith(b"HTTP/1.1 204")
    until(lambda: "it is tried again when its receipt is asked for" in client.served.log or None, "the verifier's word")
    assert list(disk.point.iterdir()) == []
    disk.mount()
    assert client.receipt(sha256(CONTENT)).size == len(CONTENT)


def test_a_proved_upload_whose_disk_went_is_not_taken_for_vanished(tmp_path: Path) -> None:
    folder, away = tmp_path / "exchange", tmp_path / "away"
    case = Case(folder, State.VERIFIED)
    verifier = Verifier(case.register, Yard(folder), identity.load(Yard(folder).key, "hub"))
    folder.rename(away)
    folder.mkdir()
    assert verifier.submit(case.upload).result() is None
    assert list(folder.iterdir()) == []
    assert case.found.state is State.VERIFIED
    folder.rmdir()
    away.rename(folder)
    settled = verifier.submit(case.upload).result()
    verifier.close()
    assert settled is not None
    assert settled.state is State.STORED


class Case:
    """One upload that a body comes for, whose checksum it is not."""

    def __init__(self, folder: Path, state: State = State.RECEIVING) -> None:
        self.register = Register(Database(Yard(folder).database))
        self.incoming = Incoming(self.register, Yard(folder))
        self.upload = Upload(
            id="one",
            school="1",
            folder="",
            filename="a",
            length=99,
            announced=None,
            metadata="",
            state=state,
            sha256=hashlib.sha256().hexdigest(),
        )
        self.register.add(self.upload)
        self.incoming.begin(self.upload)

    def tail(self) -> Tail:
        return self.incoming.append_to(self.upload, Checksum("sha256", hashlib.sha256().digest()))

    @property
    def found(self) -> Upload:
        found = self.register.find("one")
        assert found
        return found


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], list[int]]:
    """Does something once, right before the next sync; the sizes of what was synced."""

    def arrange(do: Callable[[], None]) -> list[int]:
        todo, sizes, real = [do], [], os.fdatasync

        def sync(descriptor: int) -> None:
            if todo:
                todo.pop()()
            sizes.append(os.fstat(descriptor).st_size)
            real(descriptor)

        monkeypatch.setattr(os, "fdatasync", sync)
        return sizes

    return arrange


def test_an_offset_asked_for_beside_a_body_that_is_cut_off_is_what_is_left(
    tmp_path: Path, synced: Callable[[Callable[[], None]], list[int]]
) -> None:
    case = Case(tmp_path)
    tail = case.tail()
    tail.write(b"0123456789")
    synced(tail.cut_back)
    assert case.incoming.synced_offset(case.upload) == 0
    assert case.found.synced == 0


def test_and_what_grew_in_its_place_is_synced_before_it_is_noted(
    tmp_path: Path, synced: Callable[[Callable[[], None]], list[int]]
) -> None:
    case = Case(tmp_path)
    tail = case.tail()
    tail.write(b"0123456789")

    def replaced() -> None:
        tail.cut_back()
        case.tail().write(b"9876543210")

    sizes = synced(replaced)
    assert case.incoming.synced_offset(case.upload) == 10
    assert sizes == [0, 10, 10], "cut off; measured before; measured after"
    assert case.found.synced == 10


def test_a_crash_between_noting_a_cut_and_cutting_leaves_nothing_of_the_body(tmp_path: Path) -> None:
    case = Case(tmp_path)
    tail = case.tail()
    tail.write(b"0123456789")
    tail.sync()
    case.register.note_cut("one", 0)
    case.incoming.cut_unsynced()
    assert case.incoming.path(case.upload).stat().st_size == 0
