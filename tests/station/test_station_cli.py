"""The command line: exit codes, one line on stderr, and quick commands that load nothing heavy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from least_config import CONFIG

from exam.errors import ConfigError, Fatal, Rejected
from station import cli, client

TO_THE_DAEMON = ("open", "close", "start", "mark", "pause", "resume", "stop", "accept", "retake", "cancel", "outcome",
                 "reassign", "correct", "status")  # fmt: skip
COMMANDS = ("run", "devices", "verify", "check", "rehearse", "learn-pedal", "page", "export", "room-sheet", "ready",
            "summary", *TO_THE_DAEMON)  # fmt: skip
STATUS: dict[str, Any] = {
    "state": "recording",
    "participant": 1,
    "participants": [{"number": 1, "name": "Иванов Иван"}],
    "stream": {"file": "s.wav", "frames": 5},
    "alarms": [{"code": "overflow", "text": "Потеряна часть звука"}],
    "publishing": [],
    "verdict": None,
}


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A room nobody records: its socket is in this test's folder."""
    path = tmp_path / "station.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("STATION_CONFIG", str(path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return path


class Daemon:
    """Stands for the socket; remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[dict[str, Any]] = []

    def ask(self, _path: Path, command: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        self.asked.append((command, args or {}))
        return self.answers.pop(0) if self.answers else STATUS


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Daemon:
    daemon = Daemon()
    monkeypatch.setattr(client, "ask", daemon.ask)
    return daemon


def run(*words: str) -> int:
    """The exit code, also where argparse leaves by SystemExit."""
    try:
        return cli.main(words)
    except SystemExit as left:
        return int(left.code or 0)


SENT: list[tuple[str, str, dict[str, Any]]] = [
    ("open", "open", {}),
    ("start --participant 7", "start", {"participant": 7, "end_previous": False, "other_room": False}),
    ("start --participant 7 --variant 3 --end-previous --other-room", "start",
     {"participant": 7, "variant": "3", "end_previous": True, "other_room": True}),
    ("mark 2", "mark", {"task": 2}),
    ("pause", "pause", {}),
    ("resume", "resume", {}),
    ("stop", "stop", {}),
    ("accept", "accept", {}),
    ("accept --listened 12.5", "accept", {"listened": 12.5}),
    ("accept --listened declined", "accept", {"listened": "declined"}),
    ("retake --reason шум --variant 8 --consent no", "retake", {"reason": "шум", "variant": "8", "consent": False}),
    ("cancel", "cancel", {}),
    ("outcome --participant 7 removed --at 10:11:12 --note x", "outcome",
     {"participant": 7, "outcome": "removed", "at": "10:11:12", "note": "x"}),
    ("outcome --participant 7 clear", "outcome", {"participant": 7, "outcome": None, "at": None, "note": ""}),
    ("reassign --take a --to 2 --reason r", "reassign", {"take": "a", "to": 2, "reason": "r"}),
    ("correct --take a --variant 2 --reason r", "correct", {"take": "a", "variant": "2", "reason": "r"}),
    ("close --no-wait", "close", {}),
    ("status", "status", {}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "command", "args"), SENT)
def test_what_is_sent(daemon: Daemon, line: str, command: str, args: dict[str, Any]) -> None:
    assert run(*line.split()) == 0
    assert daemon.asked == [(command, args)]


@pytest.mark.parametrize("line", [line for line, _, _ in SENT])
def test_json_is_one_document_and_nothing_else(daemon: Daemon, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*line.split(), "--json") == 0
    assert json.loads(capsys.readouterr().out) == STATUS
    assert len(daemon.asked) == 1


@pytest.mark.parametrize("line", [line for line, _, _ in SENT])
def test_without_a_daemon_every_command_exits_with_3(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*line.split()) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Rejected("нет", "no"), 1),
        (Fatal("совсем\nнет", "not\nat all"), 1),
        (ConfigError("файл", "file"), 2),
        (client.NotRunning("нет её", "not there"), 3),
        (PermissionError(13, "Permission denied", "/x/journal.jsonl"), 1),
        (OSError(28, "No space left on device"), 1),
    ],
)
def test_each_error_has_its_exit_code_and_one_line(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(client, "ask", fail)
    assert run("status") == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_ctrl_c_ends_a_waiting_command_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "ask", interrupted)
    assert run("close") == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "line",
    [
        "", "halt", "start", "start --participant x", "mark", "mark first", "retake", "outcome --participant 1 ill",
        "accept --listened much", "retake --reason r --consent maybe", "status extra", "status --frobnicate",
        "mark 0", "mark 5", "accept --listened -5", "accept --listened nan", "accept --listened inf",
        "outcome --participant 1 absent --at 25:00:00", "outcome --participant 1 absent --at noon",
        "reassign --take a --to 2", "status --config /nowhere/station.toml", "verify --config /nowhere/station.toml",
    ],
)  # fmt: skip
def test_wrong_usage_exits_with_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*line.split()) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_wrong_configuration_exits_with_2_and_names_file_and_key(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace('number = "265"', "number = 265"))
    assert run("status") == 2
    said = capsys.readouterr().err
    assert str(config) in said
    assert "room" in said
    assert "number" in said


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_every_command_explains_itself(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, option) == 0
    assert capsys.readouterr().out


def test_close_waits_until_everything_is_published(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_POLL_S", 0)
    closed = STATUS | {"state": "closed", "alarms": []}
    daemon.answers = [closed | {"publishing": ["a", "b"]}, closed | {"publishing": ["b"]}, closed | {"stream": None}]
    assert run("close") == 0
    assert [command for command, _ in daemon.asked] == ["close", "status", "status"]


def test_close_does_not_wait_for_what_cannot_be_published(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_POLL_S", 0)
    alarm = {"code": "not_published", "text": "запись цела"}
    daemon.answers = [STATUS | {"publishing": ["a"], "alarms": [alarm]}]
    assert run("close") == 1
    assert "запись цела" in capsys.readouterr().err


def test_the_headline_names_state_participant_and_alarms(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 0
    assert daemon.asked
    said = capsys.readouterr().out
    assert "Иванов Иван" in said
    assert "! Потеряна часть звука" in said


def test_client_commands_load_neither_numpy_nor_sounddevice() -> None:
    code = (
        "import sys; from station import cli; code = cli.main(['status']);"
        "heavy = {'numpy', 'sounddevice', 'soundfile', 'openpyxl', 'requests', 'uvicorn'} & set(sys.modules);"
        "print(code, sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "3 []"


def test_status_tells_the_verdict_on_the_take_in_hand(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    metric = {
        "name": "noise",
        "grade": "fail",
        "value": -40.0,
        "unit": "dBFS",
        "reason": "Шумно.",
        "advice": "Закройте окно.",
    }
    verdict = {
        "schema": 1,
        "basis": "recording",
        "grade": "fail",
        "seconds": 61.0,
        "speech_s": 30.0,
        "metrics": [metric],
    }
    daemon.answers = [{**STATUS, "verdict": verdict}]
    assert run("status") == 0
    told = capsys.readouterr().out
    assert "плохо (01:01, речь 00:30)" in told
    assert "Шумно. Закройте окно." in told
