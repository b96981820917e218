"""A room's day that was delivered, with whatever receipts a test wants; and what became of it."""

import base64
import hashlib
import json
import os
import signal
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from rig.schoolday import SCHOOL, ZONE, StagedRoom, at

from exam.roster import Participant
from sync import config
from sync.cli import main
from sync.config import Config
from sync.model import Receipt, Tier
from sync.retention.deleting import look
from sync.retention.judging import Verdict

PEOPLE = tuple(Participant(number, f"Ученик{number}", "Иван", "", "9А", "201") for number in range(1, 4))
UNTIL = date(2026, 6, 30)
LATER = datetime(2026, 7, 1, 10, 0, tzinfo=ZONE)


class Retained:
    """`base` with recordings, state, `sync.toml`. Nothing is proved until `prove` says so."""

    def __init__(self, base: Path, *, retention: str = f"until = {UNTIL}", people: int = 3) -> None:
        self.base = base
        self.key = Ed25519PrivateKey.generate()
        self.room = StagedRoom(base / "recordings", "201", PEOPLE)
        for person in PEOPLE[:people]:
            self.room.take(person)
        self.room.stream()
        self.room.record()
        (self.day / "journal.jsonl").write_text('{"seq": 1}\n')
        (base / "scans").mkdir(exist_ok=True)
        (base / "scans" / "протокол 1.pdf").write_bytes(b"%PDF-1.4 a scan")
        os.utime(base / "scans" / "протокол 1.pdf", (at(17).timestamp(),) * 2)
        self.state.mkdir(exist_ok=True)
        public = base64.b64encode(self.key.public_key().public_bytes_raw())
        (self.state / "server.key").write_bytes(public + b"\n")
        self.keep(retention)

    @property
    def day(self) -> Path:
        return self.room.folder

    @property
    def state(self) -> Path:
        return self.base / "state"

    @property
    def config(self) -> Config:
        return config.load(self.base / "sync.toml")

    def keep(self, retention: str) -> None:
        """Write `sync.toml` with this `[retention]`."""
        (self.base / "sync.toml").write_text(
            f'[school]\ncode = "{SCHOOL}"\ntime_zone = "Asia/Tomsk"\n'
            f'[target]\nkind = "tus"\nurl = "http://127.0.0.1:9/files"\n[retention]\n{retention}\n'
        )

    def delivered(self) -> list[Path]:
        """Whatever travels: encoded copies, manifests, the room's record."""
        return sorted([*self.day.glob("*.mp3"), *self.day.glob("*.json")])

    def prove(self, *files: Path, tier: Tier = "centre", key: Ed25519PrivateKey | None = None, **other: Any) -> None:
        """Keep a receipt for each of these files, by default all that travel; `other`: what a forger changed."""
        folder = self.state / "receipts"
        folder.mkdir(exist_ok=True)
        for path in files or self.delivered():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            receipt = Receipt(f"r-{digest[:8]}", "exchange-1", tier, digest, len(content), at(18), "server-hash")
            signed = msgspec.structs.replace(receipt.signed_by(key or self.key), **other)
            (folder / f"{digest}.json").write_bytes(msgspec.json.encode(signed))

    def verdicts(self, now: datetime = LATER) -> dict[str, Verdict]:
        """By file name."""
        return {Path(each.file.path).name: each for each in look(self.config, lambda: now)}

    def deletable(self, now: datetime = LATER) -> set[str]:
        return {name for name, verdict in self.verdicts(now).items() if verdict.deletable}

    def names(self) -> set[str]:
        """What lies in the day folder."""
        return {path.name for path in self.day.iterdir()}

    def run(self, *words: str) -> int:
        return main(["retention", *words, "--config", str(self.base / "sync.toml")])

    def lines(self) -> list[dict[str, Any]]:
        path = self.state / "deletions.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def records(self) -> list[dict[str, Any]]:
        """The signed records, their signatures checked by other means than ours."""
        return [checked(path) for path in sorted((self.state / "deletions").glob("*.json"))]


def checked(path: Path) -> dict[str, Any]:
    record = dict(json.loads(path.read_bytes()))
    unsigned = record | {"signature": None}
    canonical = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(record["key"]))
    key.verify(base64.b64decode(record["signature"]), canonical)
    return record


TOUCHES = frozenset({"open", "os.remove", "os.rename", "os.mkdir", "os.link", "os.chown"})
UNLINKS = frozenset({"os.remove"})


def killed_at(step: int, words: tuple[str, ...], touches: frozenset[str] = TOUCHES) -> bool:
    """Run a command in a child that dies by SIGKILL just before its `step`th touch of the disk; whether it died."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event in touches and not _is_program(arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        code = 99
        try:
            code = main(list(words))
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _is_program(arguments: tuple[Any, ...]) -> bool:
    """Modules being imported are no touch of ours."""
    name = str(arguments[0]) if arguments else ""
    return name.endswith((".py", ".pyc", ".so", ".toml")) or "/lib/" in name or "zoneinfo" in name
