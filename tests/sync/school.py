"""A school with finished recordings, its agent as a program, and real servers to deliver to."""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from rig.exchange import exchange_for

from exam import manifest
from exam.audio import FrameSpan
from exam.manifest import Audio, Delivery, Manifest
from exam.names import Kind, day_folder

NODE = Path(__file__).parents[1] / "node"
DAY = day_folder(date(2026, 2, 11), "265")
MOMENT = datetime(2026, 2, 11, 9, 0, tzinfo=UTC)


def noise(size: int, seed: int = 1) -> bytes:
    """`size` bytes that compress to nothing smaller and differ by seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - content, not a secret


def wait_for(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Poll a real condition; fail after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.005)


@dataclass
class Target:
    """A server that runs: where to create uploads, where it keeps them, and the key it wants."""

    port: int
    folder: Path
    token: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/files"

    def stored(self) -> dict[str, int]:
        """How often each content (by SHA-256) lies at the far end; bookkeeping files and empty uploads left out."""
        found: dict[str, int] = {}
        for path in self.folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # a server at work moves its files
                if path.is_file() and path.stat().st_size and not self._bookkeeping(path):
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[digest] = found.get(digest, 0) + 1
        return found

    def _bookkeeping(self, path: Path) -> bool:
        return path.suffix in {".META", ".db", ".sqlite"} or (path.with_suffix("").exists() and path.suffix == ".json")


@dataclass
class School:
    """One folder with `recordings/`, `sync.toml` and the agent's state."""

    base: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def recordings(self) -> Path:
        return self.base / "recordings"

    @property
    def day(self) -> Path:
        return self.recordings / DAY

    @property
    def state(self) -> Path:
        return self.base / "state"

    def record(
        self, label: str, content: bytes, *, kind: Kind = Kind.PARTICIPANT, delivery: bytes | None = None, **told: Any
    ) -> str:
        """A finished recording; returns its stem."""
        self.day.mkdir(parents=True, exist_ok=True)
        stem = f"11.02.2026_265_701020_{label}"
        (self.day / f"{stem}.wav").write_bytes(content)
        copies: tuple[Delivery, ...] = ()
        if delivery is not None:
            (self.day / f"{stem}.mp3").write_bytes(delivery)
            copies = (Delivery(f"{stem}.mp3", "mp3", 100, len(delivery), sha256(delivery), "test"),)
        fields: dict[str, Any] = {"size": len(content), "sha256": sha256(content), "deliveries": copies}
        manifest.publish(
            Manifest(
                kind=kind,
                exam_date=date(2026, 2, 11),
                room="265",
                school="701020",
                station="test",
                started_at=MOMENT,
                ended_at=MOMENT,
                audio=Audio(f"{stem}.wav", "wav", 48000, 1, len(content) // 2),
                spans=(FrameSpan("stream.wav", 0, len(content) // 2),),
                **(fields | told),
            ),
            self.day,
        )
        return stem

    def send_to(self, target: Target, *, url: str | None = None, **target_keys: str) -> None:
        """Write `sync.toml`."""
        keys = {"kind": "tus", "url": url or target.url} | target_keys
        if target.token:
            token = self.base / "token"
            token.write_text(target.token)
            token.chmod(0o600)
            keys["token_file"] = "token"
        lines = [f'{key} = "{value}"' for key, value in keys.items()]
        text = '[school]\ncode = "701020"\n[target]\n' + "\n".join(lines) + "\n"
        (self.base / "sync.toml").write_text(text + "\n".join(self.settings.values()))

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """The agent as a program, its output kept."""
        self.base.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [sys.executable, "-m", "sync.cli", *words, "--config", str(self.base / "sync.toml")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"EXAM_LANGUAGE": "en"},
            preexec_fn=_interruptible,  # noqa: PLW1509 - no threads matter here: the child only restores a signal
        )

    def run(self, *words: str, within_s: float = 120.0) -> "subprocess.CompletedProcess[str]":
        started = self.start(*words)
        try:
            out, err = started.communicate(timeout=within_s)
        except BaseException:
            started.kill()
            started.communicate()
            raise
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    def once(self) -> "subprocess.CompletedProcess[str]":
        return self.run("once")

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.run("status", "--json").stdout))

    def states(self) -> dict[str, str]:
        """State by file name."""
        return {item["path"].rpartition("/")[2]: item["state"] for item in self.status()["items"]}


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def running(command: list[str], **more: Any) -> Iterator[str]:
    """A server as a program; gives the first line it prints, ends it by its pid."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()


@contextmanager
def node_server(script: str, folder: Path) -> Iterator[Target]:
    install_node_peers()
    folder.mkdir(parents=True)
    with running(["node", str(NODE / script), str(folder)]) as port:
        yield Target(int(port), folder)


@contextmanager
def exchange(folder: Path) -> Iterator[Target]:
    """Our own exchange with one school admitted."""
    program, token = exchange_for("701020", folder)
    with program.running():
        yield Target(program.port, folder, token)


def install_node_peers() -> None:
    """Once for all test processes."""
    with (NODE / "package.json").open() as lock:  # the same lock everywhere these packages are installed
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (NODE / "node_modules" / ".package-lock.json").exists():
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NODE, check=True, capture_output=True)
