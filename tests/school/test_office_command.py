"""`station-sync office` as a program: lets a browser in, is opened twice, ends in order; without a page it says why."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from forty import School, sync_toml
from rig.ports import free_port

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "sync.cli", "office", "--print"]


@pytest.fixture
def configured(tmp_path: Path, school: School) -> Path:
    return sync_toml(tmp_path / "hq", school, target=f'kind = "folder"\nfolder = "{tmp_path / "far"}"')


@contextmanager
def program(config: Path, port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command, ended afterwards."""
    environment = os.environ | {"XDG_RUNTIME_DIR": str(config.parent)}
    command = [*COMMAND, "--config", str(config), "--port", str(port), *words]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def enter(path: Path) -> requests.Response:
    """As a browser that opens the starter's file."""
    text = path.read_text()
    token = text.partition('name="token" value="')[2].partition('"')[0]
    url = text.partition('action="')[2].partition('"')[0]
    form = {"token": token, "page": "office"}
    session = requests.Session()
    entered = session.post(url, form, headers={"Origin": "null"}, allow_redirects=False, timeout=20)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert token not in " ".join(COMMAND)
    return session.get(url.removesuffix("/enter") + "/api/office", timeout=20)


def named(started: subprocess.Popen[str]) -> Path:
    assert started.stdout is not None
    return Path(started.stdout.readline().strip())


def test_it_is_opened_twice_and_ends_in_order(configured: Path) -> None:
    port = free_port()
    with program(configured, port) as first:
        assert enter(named(first)).json()["school"]["name"] == "МБОУ СОШ № 1"
        with program(configured, free_port()) as second:  # joins the one that is there, whatever its port
            file = named(second)
            assert f":{port}/" in file.read_text()
            assert enter(file).status_code == 200
            assert second.wait(20) == 0
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
    assert not list(configured.parent.glob("*.page")), "the socket goes with the program"


def test_a_port_that_is_taken_is_said_in_one_line(configured: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, program(configured, taken.getsockname()[1]) as started:
        _, told = started.communicate(timeout=30)
        assert started.returncode == 1
    assert "--port" in told.strip().splitlines()[-1]


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])  # noqa: S104
def test_beyond_this_computer_it_warns(configured: Path, host: str, *, warns: bool) -> None:
    with program(configured, free_port(), "--host", host) as started:
        assert enter(named(started)).status_code == 200
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=20)
        assert started.returncode == 0
    assert ("без шифрования" in told) is warns


def test_without_a_roster_it_is_refused_in_words(configured: Path) -> None:
    text = configured.read_text()
    configured.write_text("\n".join(line for line in text.splitlines() if not line.startswith(("roster", "date"))))
    with program(configured, free_port()) as started:
        _, told = started.communicate(timeout=30)
    assert started.returncode == 2
    assert "school.roster" in told
