"""What stands on the other side in these tests: the server's process, a plain client, Node.js programs."""

import base64
import hashlib
import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sync.model import Receipt

DEADLINE_S = 60.0
T = TypeVar("T")
VERSION = {"Tus-Resumable": "1.0.0"}
_PROGRAM, _MAIN = [sys.executable, "-c"], "import sys; from sync.cli import main; sys.exit(main())"
_SERVE = ["exchange", "serve", "--folder"]


def until(found: Callable[[], T | None], what: str) -> T:
    """Ask again and again until there is an answer; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        answer = found()
        if answer is not None:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"not within {DEADLINE_S} s: {what}")


class Served:
    """One exchange's process; its port stays the same when it is started again, as clients expect."""

    def __init__(self, folder: Path, *options: str, log: Path | None = None) -> None:
        self.folder, self.options = folder, options
        self._log = log or folder.parent / "exchange.log"
        self.first = ""
        """Python that its process runs before anything else: shorter times than a test can wait for."""
        self.url = ""
        self._port = 0
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def start(self) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [
                    *_PROGRAM,
                    f"{self.first}\n{_MAIN}",
                    *_SERVE,
                    str(self.folder),
                    "--port",
                    str(self._port),
                    *self.options,
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE_S)
        self.url = self._process.stdout.readline().strip() if ready else ""
        assert self.url.startswith(("http://", "https://")), self.log
        self._port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        """SIGKILL: what a crash leaves."""
        assert self._process
        self._process.kill()
        self._process.wait(DEADLINE_S)

    def died(self) -> None:
        """Wait for a death it brings upon itself."""
        assert self._process
        self._process.wait(DEADLINE_S)

    def stop(self, asks: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        assert self._process
        self._process.send_signal(asks)
        return self._process.wait(DEADLINE_S)

    def end(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill()
        if self._process and self._process.stdout:
            self._process.stdout.close()


class Client:
    """A plain tus client that says exactly what a test wants said."""

    def __init__(self, served: Served, token: str) -> None:
        self.served = served
        self.headers = {"Authorization": f"Bearer {token}", **VERSION}

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> requests.Response:
        return requests.request(
            method, self.served.url + path, headers=self.headers | dict(headers or {}), timeout=DEADLINE_S, **more
        )

    def create(self, length: int, **metadata: str | bytes) -> requests.Response:
        return self.ask("POST", "/files", {"Upload-Length": str(length), "Upload-Metadata": encoded(metadata)})

    def patch(self, path: str, offset: int, body: Any, headers: Mapping[str, str] | None = None) -> requests.Response:
        kind = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        return self.ask("PATCH", path, kind | dict(headers or {}), data=body)

    def offset(self, path: str) -> int:
        return int(self.ask("HEAD", path).headers["Upload-Offset"])

    def begin_patch(self, path: str, headers: Mapping[str, str], part: bytes) -> socket.socket:
        """The connection of a PATCH at offset 0 that has sent only `part` of its body."""
        where = urlsplit(self.served.url)
        kind = {"Host": "x", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        lines = [f"{name}: {value}" for name, value in {**kind, **self.headers, **headers}.items()]
        connection = socket.create_connection((where.hostname, where.port), DEADLINE_S)
        connection.sendall("\r\n".join([f"PATCH {path} HTTP/1.1", *lines, "", ""]).encode() + part)
        return connection

    def offset_reaches(self, path: str, least: int) -> None:
        until(lambda: self.offset(path) >= least or None, f"offset {least}")

    def upload(self, content: bytes, **metadata: str | bytes) -> str:
        """Send all of `content`; the upload's path."""
        created = self.create(len(content), **metadata)
        assert created.status_code == 201, created.text
        path = created.headers["Location"]
        if content:
            answer = self.patch(path, 0, content)
            assert answer.status_code == 204, answer.text
            assert answer.headers["Upload-Offset"] == str(len(content))
        return path

    def receipt(self, sha256: str) -> Receipt:
        """The receipt, waited for while the server verifies."""
        answer = until(lambda: self._verified(sha256), f"receipt of {sha256}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Receipt)

    def settled(self, sha256: str) -> requests.Response:
        return until(lambda: self._verified(sha256), f"verdict on {sha256}")

    def key(self) -> Ed25519PublicKey:
        raw = base64.b64decode(requests.get(self.served.url + "/key", timeout=DEADLINE_S).json()["key"])
        return Ed25519PublicKey.from_public_bytes(raw)

    def _verified(self, sha256: str) -> requests.Response | None:
        answer = self.ask("GET", f"/receipts/{sha256}")
        return None if answer.status_code == 202 else answer


def encoded(metadata: Mapping[str, str | bytes]) -> str:
    """Upload-Metadata as clients write it."""
    raw = {key: value.encode() if isinstance(value, str) else value for key, value in metadata.items()}
    return ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in raw.items())


def noise(seed: str, size: int) -> bytes:
    """Bytes like a recording's: the same for the same seed, nothing repeated."""
    return hashlib.shake_256(seed.encode()).digest(size)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def upload_checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    digest = hashlib.new(algorithm, content).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


def run_node(folder: Path, script: str, request: Mapping[str, Any]) -> Any:
    """Run a script that reads one JSON document and prints one."""
    done = subprocess.run(
        ["node", script],
        cwd=folder,
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
