"""Where room ends: a full disk, a school's quota, uploads that nobody goes on with."""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from exchange_peers import DEADLINE_S, Client, Served, noise, sha256, until
from school import School, Target
from school import noise as recorded

from exam.errors import Transient
from sync.cli import main
from sync.exchange import expiry, space
from sync.exchange.accounts import Accounts, add_school
from sync.exchange.database import Database, _Write
from sync.exchange.expiry import DAY_S, Expiry
from sync.exchange.holds import Holds
from sync.exchange.incoming import Incoming
from sync.exchange.intake import KEPT_FREE
from sync.exchange.packages import allowance
from sync.exchange.refusal import Refused
from sync.exchange.register import Register, State, Upload
from sync.exchange.space import RESERVE, Space
from sync.exchange.yard import Yard

MIB = 1024 * 1024
ROOM = 40 * MIB
"""What the small disk holds beyond the reserve."""
CONTENT = noise("answer", 16 * MIB)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    size = f"size={RESERVE + ROOM}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk here: {mounted.stderr.decode()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Client]:
    """A school of an exchange on a small disk."""
    with small_disk(tmp_path / "exchange") as folder:
        served, token = Served(folder), add_school(folder, "701020")
        served.start()
        try:
            yield Client(served, token)
        finally:
            served.end()


@contextmanager
def filled(folder: Path, *, leaving: int) -> Iterator[None]:
    """Another program takes the disk."""
    hog = folder / "hog"
    with hog.open("xb") as file:
        os.posix_fallocate(file.fileno(), 0, os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize - leaving)
    try:
        yield
    finally:
        hog.unlink()


def refused_for_want_of_room(answer: requests.Response, code: str = "no_room") -> None:
    assert answer.status_code == 507
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-Error-Code"] == code


def test_what_others_announced_has_no_second_owner(cramped: Client) -> None:
    first, second = (
        cramped.create(len(CONTENT), filename=name, sha256=sha256(CONTENT)).headers["Location"] for name in "ab"
    )
    refused_for_want_of_room(cramped.create(len(CONTENT), filename="c"))
    cramped.patch(first, 0, CONTENT[: 10 * MIB])
    refused_for_want_of_room(cramped.create(len(CONTENT), filename="c"))
    assert cramped.create(4 * MIB, filename="small").status_code == 201, "what has arrived is not counted twice"
    assert cramped.patch(first, 10 * MIB, CONTENT[10 * MIB :]).status_code == 204
    assert cramped.receipt(sha256(CONTENT))
    assert cramped.ask("DELETE", second).status_code == 204
    assert cramped.create(len(CONTENT), filename="c").status_code == 201


@pytest.mark.parametrize("leaving", [KEPT_FREE + 2 * MIB, 0], ids=["the reserve is kept", "to the last byte"])
def test_a_disk_that_fills_while_bytes_come_breaks_nothing_else(cramped: Client, leaving: int) -> None:
    cramped.upload(b"before", filename="before")
    assert cramped.receipt(sha256(b"before"))
    path = cramped.create(len(CONTENT), filename="x").headers["Location"]
    cramped.patch(path, 0, CONTENT[:MIB])
    with filled(cramped.served.folder, leaving=leaving):
        refused_for_want_of_room(cramped.patch(path, MIB, CONTENT[MIB:]))
        offset = cramped.offset(path)
        assert MIB <= offset < len(CONTENT)
        refused_for_want_of_room(cramped.create(1, filename="y"))
        assert cramped.receipt(sha256(b"before"))
    assert cramped.patch(path, offset, CONTENT[offset:]).status_code == 204
    assert cramped.receipt(sha256(CONTENT))
    assert (cramped.served.folder / "schools/701020/other/x").read_bytes() == CONTENT
    assert "Traceback" not in cramped.served.log


def test_what_was_whole_when_the_disk_filled_is_verified_when_there_is_room(cramped: Client) -> None:
    path = cramped.create(3, filename="x").headers["Location"]
    cramped.served.kill()
    lie_whole(cramped, path, b"abc")
    with filled(cramped.served.folder, leaving=0):
        with suppress(AssertionError):
            cramped.served.start()  # may refuse to start at all
        cramped.served.end()
    cramped.served.start()
    assert cramped.receipt(sha256(b"abc"))


def lie_whole(client: Client, path: str, content: bytes) -> None:
    """As a server that was killed after the last byte leaves it."""
    upload_id = path.rpartition("/")[2]
    yard = Yard(client.served.folder)
    yard.incoming("701020", upload_id).write_bytes(content)
    with closing(Database(yard.database)) as database:
        Register(database).note_synced(upload_id, len(content))


class TestQuota:
    def test_it_counts_what_is_stored_and_what_is_announced(self, client: Client) -> None:
        folder = str(client.served.folder)
        assert main(["exchange", "quota", "701020", "0.001", "--folder", folder]) == 0
        client.upload(b"x" * 400_000, filename="a")
        client.upload(b"x" * 400_000, filename="a")
        until(lambda: allowance(client.served.folder, "701020").used == 400_000 or None, "one file to be counted once")
        announced = client.create(500_000, filename="b").headers["Location"]
        answer = client.create(200_000, filename="c")
        refused_for_want_of_room(answer, "quota")
        assert "Квота школы исчерпана" in answer.text
        other = Client(client.served, add_school(client.served.folder, "701021"))
        assert other.create(200_000, filename="c").status_code == 201, "each school has its own"
        client.ask("DELETE", announced)
        assert client.create(200_000, filename="c").status_code == 201

    def test_the_agent_says_so_and_goes_on_when_it_is_raised(self, served: Served, token: str, tmp_path: Path) -> None:
        school = School(tmp_path / "school")
        school.base.mkdir()
        school.record("Иванов И", recorded(300_000))
        main(["exchange", "quota", "701020", "0.0001", "--folder", str(served.folder)])
        school.send_to(Target(int(served.url.rpartition(":")[2]), served.folder, token))
        agent = school.start("run")
        try:
            item = waited_for(school)
            assert "The school's quota is used up: 0.00 GB of 0.00" in item["reason"]
            assert item["next_try_at"]
        finally:
            agent.terminate()
            agent.communicate()
        main(["exchange", "quota", "701020", "0", "--folder", str(served.folder)])
        done = school.once()
        assert done.returncode == 0, done.stderr

    def test_it_is_told_set_and_kept(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        def told(*words: str) -> str:
            assert main(["exchange", *words, "--folder", str(tmp_path)]) == 0
            return capsys.readouterr().out

        told("add-school", "701020", "--quota-gb", "2.5")
        assert "0.00 ГБ из 2.50" in told("quota", "701020")
        told("add-school", "701020", "--replace")
        assert "из 2.50" in told("quota", "701020"), "a new token changes no quota"
        assert "из 3.00" in told("quota", "701020", "3")
        assert "без квоты" in told("quota", "701020", "0")
        assert main(["exchange", "quota", "701099", "--folder", str(tmp_path)]) == 1
        assert "701099" in capsys.readouterr().err

    @pytest.mark.parametrize("number", ["-1", "many", "inf", "nan"])
    def test_a_number_that_is_none_is_wrong_usage(self, tmp_path: Path, number: str) -> None:
        with pytest.raises(SystemExit) as left:
            main(["exchange", "add-school", "1", "--folder", str(tmp_path), f"--quota-gb={number}"])
        assert left.value.code == 2

    def test_an_exchange_from_before_quotas_learns_them(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "exchange.db")
        database.write("ALTER TABLE school DROP COLUMN quota_bytes")
        database.close()
        add_school(tmp_path, "701020", quota=5)


def waited_for(school: School) -> dict[str, str]:
    """The item that waits, with its reason."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for item in school.status()["items"]:
            if item["reason"] and re.search("quota", item["reason"]):
                return dict(item)
    raise AssertionError(school.status())


class TestExpiry:
    def aged(self, client: Client, path: str, days: float) -> None:
        incoming = Yard(client.served.folder).incoming("701020", path.rpartition("/")[2])
        moment = time.time() - days * DAY_S
        os.utime(incoming, (moment, moment))

    def test_it_is_announced_while_unfinished(self, client: Client) -> None:
        created = client.create(2, filename="x")
        path = created.headers["Location"]
        for answer in (created, client.patch(path, 0, b"x"), client.ask("HEAD", path)):
            left = parsedate_to_datetime(answer.headers["Upload-Expires"]).timestamp() - time.time()
            assert left == pytest.approx(14 * DAY_S, abs=60)
        assert "Upload-Expires" not in client.patch(path, 1, b"y").headers

    def test_at_the_start_what_was_abandoned_goes_and_nothing_else(self, client: Client) -> None:
        stale, fresh = (client.create(5, filename=name).headers["Location"] for name in "ab")
        client.patch(stale, 0, b"123")
        client.patch(fresh, 0, b"123")
        whole = client.create(3, filename="c").headers["Location"]
        set_aside = client.create(3, filename="d", sha256=sha256(b"other")).headers["Location"]
        assert client.patch(set_aside, 0, b"abc").status_code == 460
        client.served.kill()
        lie_whole(client, whole, b"abc")
        for path, days in ((stale, 14.1), (fresh, 13.9), (whole, 100)):
            self.aged(client, path, days)
        aside = Yard(client.served.folder).quarantine("701020", set_aside.rpartition("/")[2])
        os.utime(aside, (0, 0))
        client.served.start()
        assert client.ask("HEAD", stale).status_code == 404
        assert client.offset(fresh) == 3
        assert client.receipt(sha256(b"abc"))
        assert aside.read_bytes() == b"abc"
        assert stale.rpartition("/")[2] in client.served.log

    def test_the_time_can_be_chosen(self, client: Client) -> None:
        path = client.create(5, filename="x").headers["Location"]
        client.served.stop()
        self.aged(client, path, 3)
        client.served.options = ("--keep-unfinished-days", "2.5")
        client.served.start()
        assert client.ask("HEAD", path).status_code == 404

    def test_each_hour_but_never_what_is_being_received(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        gone: list[str] = []

        class Telling(Register):
            def forget(self, upload: Upload) -> None:
                super().forget(upload)
                gone.append(upload.id)
                loop.call_soon_threadsafe(one_went.set)

        register, holds = Telling(Database(tmp_path / "exchange.db")), Holds()
        incoming = Incoming(register, Yard(tmp_path))
        for name, length in (("growing", 9), ("whole", 0), ("abandoned", 9)):
            upload = Upload(
                id=name, school="1", folder="", filename=name, length=length, announced=None, metadata="",
                state=State.RECEIVING,
            )  # fmt: skip
            register.add(upload)
            incoming.begin(upload)
            os.utime(incoming.path(upload), (0, 0))
        monkeypatch.setattr(expiry, "EVERY_S", 0.01)
        loop, one_went = asyncio.new_event_loop(), asyncio.Event()

        async def hours() -> None:
            with holds.hold("growing"):
                sweeping = asyncio.create_task(Expiry(register, incoming, holds, DAY_S).sweep_on())
                async with asyncio.timeout(DEADLINE_S):
                    await one_went.wait()
                sweeping.cancel()

        loop.run_until_complete(hours())
        loop.close()
        assert gone == ["abandoned"]
        assert {path.name for path in (tmp_path / "incoming/1").iterdir()} == {"growing", "whole"}


def test_a_school_begins_only_so_many_uploads_and_another_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that is unfinished costs the time of everybody who asks after a receipt."""
    monkeypatch.setattr(space, "MOST_UNFINISHED", 3)
    yard = Yard(tmp_path)
    for code in ("701020", "701021"):
        add_school(tmp_path, code)
    with closing(Database(yard.database)) as database:
        register = Register(database)
        gate = Space(Accounts(database), register, yard)

        def wish(number: int, school: str = "701020") -> Upload:
            fields = {"folder": "", "filename": str(number), "length": 1, "announced": None, "metadata": ""}
            return Upload(id=f"{school}-{number}", school=school, **fields)  # type: ignore[arg-type]

        for number in range(3):
            gate.admit(wish(number))
        with pytest.raises(Refused) as refused:
            gate.admit(wish(3))
        assert (refused.value.status, refused.value.code) == (429, "too_many_uploads")
        assert int(refused.value.headers["Retry-After"]) > 0
        gate.admit(wish(3, "701021"))
        register.forget(wish(0))
        gate.admit(wish(3))


@pytest.mark.parametrize(
    "words",
    [
        ["quota", "701020", "1e30"],
        ["add-school", "701021", "--quota-gb", "1e30"],
        ["serve", "--keep-unfinished-days", "1e300"],
        ["serve", "--keep-unfinished-days", "9999999"],
    ],
)
def test_what_no_register_and_no_calendar_holds_is_wrong_usage(tmp_path: Path, words: list[str]) -> None:
    """A day beyond the calendar was found out by each upload: 500 for every school."""
    add_school(tmp_path, "701020")
    with pytest.raises(SystemExit) as left:
        main(["exchange", *words, "--folder", str(tmp_path), *(["--host", "no.such.invalid"] * (words[0] == "serve"))])
    assert left.value.code == 2


def test_what_was_undone_with_anothers_failure_is_not_taken_for_written(tmp_path: Path) -> None:
    add_school(tmp_path, "701020")
    with closing(Database(Yard(tmp_path).database)) as database:
        change = "UPDATE school SET quota_bytes = ? WHERE code = '701020'"
        other = _Write(change, (5,))
        database._waiting.append(other)  # as if another thread had just asked
        with pytest.raises(OverflowError):
            database.write(change, (1 << 70,))
        assert other.done
        assert isinstance(other.error, Transient)
        assert Accounts(database).quota("701020") is None
