"""The process around the exchange: starting, refusing to start, stopping; accounts beside it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from exchange_peers import Client, Served, sha256

from exam.errors import ConfigError, ExamError, Rejected
from sync.exchange import intake
from sync.exchange.accounts import add_school
from sync.exchange.intake import Tail
from sync.exchange.packages import packages
from sync.exchange.refusal import Refused
from sync.exchange.serve import serve

MIB = 1024 * 1024


def test_sigterm_ends_it_in_good_order(served: Served) -> None:
    assert served.stop() == 0
    assert "Traceback" not in served.log


def test_sigterm_during_an_upload_keeps_what_was_acknowledged(client: Client) -> None:
    path = client.create(10, filename="x").headers["Location"]
    client.patch(path, 0, b"01234")
    assert client.served.stop() == 0
    client.served.start()
    assert client.offset(path) == 5


def test_sigterm_in_the_middle_of_a_body_is_answered(client: Client) -> None:
    path = client.create(8 * MIB, filename="x").headers["Location"]
    with client.begin_patch(path, {"Content-Length": str(8 * MIB)}, b"x" * (3 * MIB)) as connection:
        client.offset_reaches(path, MIB)
        assert client.served.stop() == 0
        assert connection.recv(4096).startswith(b"HTTP/1.1 503")
    client.served.start()
    assert client.offset(path) >= MIB
    assert "Traceback" not in client.served.log


def test_one_folder_is_served_once(served: Served) -> None:
    with pytest.raises(Rejected) as caught:
        serve(served.folder, "127.0.0.1", 0)
    assert caught.value.code == "already_served"


@pytest.mark.parametrize(("host", "port"), [("203.0.113.1", 0), ("127.0.0.1", 70000), ("no such host", 0)])
def test_an_address_that_cannot_be_had_is_named(tmp_path: Path, host: str, port: int) -> None:
    with pytest.raises(ConfigError, match=host):
        serve(tmp_path, host, port)


@pytest.mark.parametrize("code", ["", "..", "a/b", "7 0", "x" * 21])
def test_a_code_that_cannot_be_a_folder_is_refused(folder: Path, code: str) -> None:
    with pytest.raises(ExamError):
        add_school(folder, code)


def test_a_school_is_added_once_unless_its_token_is_replaced(folder: Path) -> None:
    first = add_school(folder, "701020")
    assert len(first) >= 43
    with pytest.raises(Rejected) as caught:
        add_school(folder, "701020")
    assert caught.value.code == "school_exists"
    assert add_school(folder, "701020", replace=True) != first


def test_a_school_added_while_served_is_known_at_once(served: Served) -> None:
    newcomer = Client(served, add_school(served.folder, "701099"))
    newcomer.upload(b"x", filename="x")
    assert newcomer.receipt(sha256(b"x"))
    (listed,) = packages(served.folder)
    assert (listed.school, listed.folder, listed.file, listed.size) == ("701099", "other", "x", 1)


def test_packages_of_a_folder_without_an_exchange(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        packages(tmp_path)
    assert caught.value.code == "no_exchange"
    assert not list(tmp_path.iterdir())


class Unnoted:
    """Remembers nothing."""

    def synced(self, offset: int) -> None: ...
    def cut(self, offset: int, truncate: Callable[[], None]) -> None: ...


async def _stalling(first: bytes) -> AsyncIterator[bytes]:
    yield first
    await asyncio.Event().wait()


def test_a_stalled_connection_is_let_go_and_keeps_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "IDLE_S", 0.05)
    path = tmp_path / "incoming"
    path.write_bytes(b"before ")
    tail = Tail(path, Unnoted())
    with pytest.raises(Refused) as caught:
        asyncio.run(intake.Intake().receive(_stalling(b"came"), tail, 100))
    tail.close()
    assert caught.value.status == 408
    assert path.read_bytes() == b"before came"


def test_importing_the_exchange_brings_nothing_of_the_station() -> None:
    code = "import sys, sync.exchange.serve; print(sorted(m for m in sys.modules if m.split('.')[0] == 'station'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
