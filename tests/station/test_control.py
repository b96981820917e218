"""The control socket: every line is answered once, whatever stands in it; commands are never repeated."""

import errno
import json
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from days import StillClock

from exam.errors import Rejected
from station import client
from station.control import Control
from station.messages import Message, Request, Status
from station.session import State

IDLE = Status(State.IDLE)
LIMIT = 1 << 16


class StillView:
    """A room that does not change."""

    status = IDLE

    def after(self, version: int, timeout_s: float) -> Status:
        assert version != IDLE.version
        assert timeout_s > 0
        return IDLE


class SlowRecorder:
    """Stands for inbox and recorder: keeps requests until the test answers them."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.asked = threading.Semaphore(0)
        self.obliging = True

    def post(self, message: Message) -> None:
        assert isinstance(message, Request)
        self.requests.append(message)
        if self.obliging:
            message.answer.set_result(IDLE)
        self.asked.release()


class Talk:
    """A client that speaks line by line."""

    def __init__(self, path: Path) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(20)
        self.connection.connect(str(path))
        self.answers = self.connection.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.close()
        self.connection.close()

    def send(self, line: bytes | dict[str, Any]) -> None:
        self.connection.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def ask(self, line: bytes | dict[str, Any]) -> dict[str, Any]:
        self.send(line)
        answer: dict[str, Any] = json.loads(self.answers.readline())
        return answer


@pytest.fixture
def recorder() -> SlowRecorder:
    return SlowRecorder()


@pytest.fixture
def path(recorder: SlowRecorder) -> Iterator[Path]:
    """A served socket; its path is short, as sockets' must be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "control.sock"
        control = Control(path, recorder, StillView(), StillClock())  # type: ignore[arg-type]
        control.start()
        yield path
        control.stop()
        assert not path.exists()


def test_the_socket_is_for_owner_and_group(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_a_dead_stations_socket_is_replaced(path: Path, recorder: SlowRecorder) -> None:
    again = Control(path, recorder, StillView(), StillClock())  # type: ignore[arg-type]
    again.start()
    assert client.ask(path, "status")["state"] == "idle"
    again.stop()


def test_a_command_reaches_the_recorder_with_its_arguments(path: Path, recorder: SlowRecorder) -> None:
    status = client.ask(path, "start", {"participant": 7, "variant": "3"})
    assert status["state"] == "idle"
    assert repr(recorder.requests[0].command) == (
        "Start(participant=7, variant='3', end_previous=False, other_room=False, earlier_s=0.0)"
    )


def test_a_repeated_id_is_answered_not_repeated(path: Path, recorder: SlowRecorder) -> None:
    line = {"id": "a", "command": "stop"}
    with Talk(path) as talk:
        assert talk.ask(line) == talk.ask(line)
    with Talk(path) as talk:
        assert talk.ask(line)["ok"]
        assert talk.ask({"id": "b", "command": "stop"})["ok"]
    assert len(recorder.requests) == 2


def test_a_repeated_id_waits_for_the_first_answer(path: Path, recorder: SlowRecorder) -> None:
    recorder.obliging = False
    with Talk(path) as first, Talk(path) as second:
        first.send({"id": "a", "command": "stop"})
        assert recorder.asked.acquire(timeout=20)
        second.send({"id": "a", "command": "stop"})
        recorder.requests[0].answer.set_exception(Rejected("нет", "no", code="wrong_state"))
        answers = [json.loads(talk.answers.readline()) for talk in (first, second)]
    assert answers[0] == answers[1]
    assert (answers[0]["ok"], answers[0]["error"]["code"]) == (False, "wrong_state")
    assert len(recorder.requests) == 1


def test_status_is_answered_while_the_recorder_is_busy(path: Path, recorder: SlowRecorder) -> None:
    recorder.obliging = False
    with Talk(path) as talk:
        talk.send({"id": "a", "command": "open"})
        assert recorder.asked.acquire(timeout=20)
        assert client.ask(path, "status")["state"] == "idle"
        recorder.requests[0].answer.set_result(IDLE)
        assert json.loads(talk.answers.readline())["ok"]


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"nonsense\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b'{"id":1,"command":"open"}\n',
        b'{"id":"a"}\n',
        b'{"id":"a","command":"open","args":[]}\n',
        b'{"id":"a","command":"open","args":{"x":NaN}}\n',
        b'{"id":"a","command":"x","args":{"x":' + b"[" * 20000 + b"]" * 20000 + b"}}\n",
    ],
)
def test_a_bad_line_is_refused_and_the_next_one_answered(path: Path, recorder: SlowRecorder, line: bytes) -> None:
    with Talk(path) as talk:
        answer = talk.ask(line)
        assert (answer["ok"], answer["error"]["code"]) == (False, "bad_request")
        assert talk.ask({"id": "z", "command": "open"})["ok"]
    assert len(recorder.requests) == 1


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("halt", {}),
        ("", {}),
        ("open", {"x": 1}),
        ("start", {"earlier_s": -1}),
        ("start", {"participant": "7"}),
        ("start", {"participant": 7, "command": "stop"}),
        ("mark", {"task": 5}),
        ("mark", {"task": 0}),
        ("accept", {"listened": "yes"}),
        ("outcome", {"participant": 1, "outcome": "ill"}),
        ("outcome", {"participant": 1, "outcome": "absent", "at": "24:00:00"}),
        ("reassign", {"take": "a", "to": 1}),
    ],
)
def test_an_unknown_command_or_argument_is_refused_with_a_reason(
    path: Path, recorder: SlowRecorder, command: str, args: dict[str, Any]
) -> None:
    if args.get("command"):
        assert client.ask(path, command, args)["state"] == "idle"
        assert type(recorder.requests[0].command).__name__ == "Start", "the line's command, not an argument's"
        return
    with pytest.raises(Rejected) as caught:
        client.ask(path, command, args)
    assert caught.value.code == "bad_request"
    assert command in caught.value.ru
    assert recorder.requests == []


def test_an_oversized_line_is_refused_once_and_its_rest_never_obeyed(path: Path, recorder: SlowRecorder) -> None:
    hidden = b'{"id":"evil","command":"close"}\n'
    with Talk(path) as talk:
        for blanks in (LIMIT, 3 * LIMIT):
            answer = talk.ask(b" " * blanks + hidden)
            assert answer["error"]["code"] == "bad_request"
        assert talk.ask({"id": "a", "command": "open"})["id"] == "a"
    assert [type(request.command).__name__ for request in recorder.requests] == ["Open"]


def test_a_line_as_long_as_allowed_is_obeyed(path: Path) -> None:
    line = b'{"id":"a","command":"open"}'
    with Talk(path) as talk:
        assert talk.ask(line + b" " * (LIMIT - len(line) - 1) + b"\n")["ok"]


def test_a_client_that_goes_away_harms_nobody(path: Path, recorder: SlowRecorder) -> None:
    recorder.obliging = False
    with Talk(path) as talk:
        talk.send({"id": "a", "command": "open"})
        assert recorder.asked.acquire(timeout=20)
    recorder.requests[0].answer.set_result(IDLE)
    assert client.ask(path, "status")["state"] == "idle"


def test_without_a_daemon_the_client_says_so(tmp_path: Path) -> None:
    (tmp_path / "file.sock").write_text("")
    for name in ("no.sock", "file.sock", "x" * 200):
        with pytest.raises(client.NotRunning) as caught:
            client.ask(tmp_path / name, "status")
        assert "station run" in caught.value.ru


@pytest.mark.parametrize("said", [b"", b"nonsense\n"])
def test_a_daemon_that_dies_amid_an_answer_is_an_error_not_a_success(said: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "s"
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(LIMIT)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises((client.NotRunning, Rejected)):
            client.ask(path, "open")
        thread.join()


@pytest.mark.parametrize(
    ("set_to", "expected"),
    [
        ({"RUNTIME_DIRECTORY": "/run/station", "XDG_RUNTIME_DIR": "/run/user/5"}, "/run/station/control.sock"),
        ({"XDG_RUNTIME_DIR": "/run/user/5"}, "/run/user/5/station-701020-265.sock"),
    ],
)
def test_where_the_socket_is(set_to: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in set_to.items():
        monkeypatch.setenv(name, value)
    assert str(client.socket_path("701020", "265")) == expected


def test_running_out_of_files_for_a_while_does_not_end_the_control(
    path: Path, recorder: SlowRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept, failures = socket.socket.accept, [OSError(errno.EMFILE, "Too many open files")] * 2

    def failing(listener: socket.socket) -> tuple[socket.socket, Any]:
        if failures:
            raise failures.pop()
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", failing)
    for _ in range(3):
        assert client.ask(path, "pause", timeout_s=20)["state"] == "idle"
    assert failures == []
    assert len(recorder.requests) == 3


def test_a_daemon_that_hangs_is_told_from_one_that_is_not_there(path: Path, recorder: SlowRecorder) -> None:
    recorder.obliging = False
    with pytest.raises(Rejected) as caught:
        client.ask(path, "pause", timeout_s=0.2)
    assert caught.value.code == "timeout"
    recorder.requests[0].answer.set_result(IDLE)


def test_a_socket_of_another_group_is_told_from_a_daemon_that_is_not_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    with pytest.raises(Rejected) as caught:
        client.ask(path, "status")
    assert caught.value.code == "no_permission"
