"""What befalls the page's process and its daemon: it comes back by itself, and who was let in stays so."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from rig.ports import free_port
from rig.visitor import Visitor, await_message, visitor
from showing.demo import ROSTER
from showing.school import BIN, School
from websockets.exceptions import ConnectionClosed

WAIT_S = 30.0


class DeafRoom:
    """A daemon without a microphone."""

    def __init__(self, folder: Path) -> None:
        self.school = School(folder, port=free_port())
        self.school.write(device="hw:none", roster=ROSTER)
        self.environment = {**os.environ, **self.school.environment, "PULSE_SERVER": "unix:/nonexistent"}
        self.daemons: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        command = [BIN / "station", "run"]
        self.daemons.append(subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL))

    def end(self, number: int = signal.SIGTERM) -> None:
        self.daemons[-1].send_signal(number)
        self.daemons[-1].wait(WAIT_S)

    def visitor(self) -> Visitor:
        return visitor(self.school.folder / "run" / "control.page")

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [BIN / "station", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=60)

    @property
    def page_pid(self) -> int:
        for task in Path(f"/proc/{self.daemons[-1].pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                if b"station.web" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        return 0


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[DeafRoom]:
    made = DeafRoom(tmp_path)
    try:
        yield made
    finally:
        for daemon in made.daemons:
            if daemon.poll() is None:
                daemon.terminate()
                daemon.wait(WAIT_S)


def await_(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline, "not within the time allowed"
        time.sleep(0.05)


def answers(page: Visitor) -> bool:
    with contextlib.suppress(requests.RequestException):
        return page.post("/api/command", {"command": "choose", "args": {"participant": 1}}).status_code == 200
    return False


def test_page_and_daemon_die_and_come_back_and_who_was_let_in_stays_so(deaf: DeafRoom) -> None:
    deaf.start()
    page = deaf.visitor()
    await_(lambda: answers(page))
    first = deaf.page_pid
    with page.live() as live:
        await_message(live, lambda told: "status" in told, WAIT_S)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(ConnectionClosed):
            await_message(live, lambda told: "never" in told, WAIT_S)
    await_(lambda: answers(page))
    assert deaf.page_pid not in {0, first}

    second = deaf.page_pid
    deaf.end(signal.SIGKILL)
    await_(lambda: not Path(f"/proc/{second}").exists())
    deaf.start()
    await_(lambda: answers(page))
    deaf.end()
    assert not (deaf.school.folder / "run" / "control.page").exists()


def test_a_daemon_that_stands_still_is_told_of_and_found_again(deaf: DeafRoom) -> None:
    """The page's process alone, its daemon started later and ended under it."""
    command = [BIN / "python", "-m", "station.web", deaf.school.folder / "station.toml"]
    with subprocess.Popen(command, env=deaf.environment, stdin=subprocess.PIPE) as process:
        page = deaf.visitor()
        answer = page.post("/api/command", {"command": "open"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "daemon_away")
        with page.live() as live:
            assert json.loads(live.recv())["away"]["code"] == "daemon_away"
            settings = deaf.school.folder / "station.toml"
            settings.write_text(settings.read_text().replace(f"port = {deaf.school.port}", "port = 0"))
            deaf.start()
            await_message(live, lambda told: "status" in told, WAIT_S)
            deaf.end()
            assert await_message(live, lambda told: "away" in told, WAIT_S)["away"]["ru"]
            deaf.start()
            await_message(live, lambda told: "status" in told, WAIT_S)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(WAIT_S) == 0


def test_a_port_that_somebody_has_is_waited_for(deaf: DeafRoom) -> None:
    with socket.create_server(("127.0.0.1", deaf.school.port)):
        deaf.start()
        await_(lambda: deaf.run("status").returncode == 0)
        refused = deaf.run("page", "--print")
        assert refused.returncode == 1
        assert "[web] port" in refused.stderr
    assert deaf.visitor().get("/api/room").status_code == 200


def test_without_a_page_station_page_says_so(deaf: DeafRoom) -> None:
    nobody = deaf.run("page", "--print")
    assert (nobody.returncode, len(nobody.stderr.splitlines())) == (3, 1)
    settings = deaf.school.folder / "station.toml"
    settings.write_text(settings.read_text().replace(f"port = {deaf.school.port}", "port = 0"))
    off = deaf.run("page", "--print")
    assert (off.returncode, "port = 0" in off.stderr) == (1, True)
