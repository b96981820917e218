"""The client's side of the control socket. Imports no audio, no numpy: a command answers at once."""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from exam.errors import ExamError, Rejected


class NotRunning(ExamError):
    """No daemon answers at the socket."""

    code = "not_running"


_PATIENCE_S = 90.0
_GLANCE_PATIENCE_S = 10.0  # a status is answered beside everything else the station does

SERVICE_FOLDER = Path("/run/station")
"""Where the systemd unit gives each instance, named like its configuration file, a runtime directory."""


def listening(school: str, room: str, config: Path) -> Path:
    """The socket of this room's daemon, started from this shell or as a service with the same configuration."""
    own, service = socket_path(school, room), SERVICE_FOLDER / config.stem / "control.sock"
    return service if _is_there(service, unseen=True) and not _is_there(own, unseen=False) else own


def _is_there(path: Path, *, unseen: bool) -> bool:
    """`unseen`: what is answered where one may not even look: a service's folder is closed to strangers because it
    is there, one's own home is closed to a sandbox whatever it holds."""
    try:
        return path.exists()
    except OSError:
        return unseen


def socket_path(school: str, room: str) -> Path:
    """Where a daemon of this environment listens: $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR, else /run/user."""
    if directory := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(directory) / "control.sock"
    directory = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return Path(directory) / f"station-{school}-{room}.sock"


def page_socket(control: Path) -> Path:
    """Where the page's process beside that control socket gives launch tokens."""
    return control.with_suffix(".page")


def sessions_file(control: Path) -> Path:
    """Where it keeps who was let in, hashed."""
    return control.with_suffix(".sessions")


def ask(path: Path, command: str, args: dict[str, Any] | None = None, timeout_s: float | None = None) -> dict[str, Any]:
    """Send one command; the status after it.

    Raises NotRunning when no daemon listens, Rejected with the daemon's words when it refuses, or when it is
    silent for `timeout_s`, or may not be spoken to.
    """
    if timeout_s is None:
        timeout_s = _GLANCE_PATIENCE_S if command == "status" else _PATIENCE_S
    line = json.dumps({"id": secrets.token_hex(8), "command": command, "args": args or {}}) + "\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(line.encode())
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline() or b"{}")
    except TimeoutError as error:
        raise Rejected(
            f"Станция запущена, но не отвечает {timeout_s:.0f} с. Повторите; если не поможет, перезапустите её: "
            "записанное сохранено, день продолжится.",
            f"The station runs but does not answer for {timeout_s:.0f} s. Ask again; if that does not help, restart "
            "it: what was recorded is safe, the day goes on.",
            code="timeout",
        ) from error
    except PermissionError as error:
        raise Rejected(
            f"Нет прав на {path}. Станция может работать; войдите пользователем её группы или через sudo.",
            f"No permission for {path}. The station may be running; be a user of its group, or use sudo.",
            code="no_permission",
        ) from error
    except (OSError, ValueError) as error:
        raise NotRunning(
            f"Станция не запущена (нет ответа на {path}). Запустите её: station run.",
            f"The station is not running (no answer at {path}). Start it: station run.",
        ) from error
    if not answer.get("ok"):
        refusal = answer.get("error") or {"code": "failed", "text": "no answer"}
        raise Rejected(refusal["text"], refusal["text"], code=refusal["code"])
    status: dict[str, Any] = answer["status"]
    return status
