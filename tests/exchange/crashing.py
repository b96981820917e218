"""Schools that upload without a pause and remember what they were told, while the exchange dies again and again."""

import json
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import requests
from exchange_peers import DEADLINE_S, Client, noise, sha256

KIB = 1024


@dataclass
class Told:
    """What was acknowledged: the largest offset of each upload, each receipt by SHA-256. `log`: noted there at once."""

    offsets: dict[str, int] = field(default_factory=dict)
    receipts: dict[str, str] = field(default_factory=dict)
    log: Path | None = None

    def offset(self, path: str, offset: int) -> None:
        self.offsets[path] = max(offset, self.offsets.get(path, 0))
        self._write("offset", path, offset)

    def receipt(self, digest: str, receipt: str) -> None:
        self.receipts[digest] = receipt
        self._write("receipt", digest, receipt)

    def _write(self, *words: object) -> None:
        if self.log:
            with self.log.open("a") as log:
                log.write(json.dumps(words) + "\n")

    def write_again(self) -> None:
        """All of it, into a new log."""
        for path, offset in self.offsets.items():
            self._write("offset", path, offset)
        for digest, receipt in self.receipts.items():
            self._write("receipt", digest, receipt)

    @classmethod
    def read(cls, log: Path) -> "Told":
        """What was written down; a last line that is not whole was never finished saying."""
        told = cls()
        for line in log.read_text().splitlines(keepends=True) if log.exists() else ():
            if line.endswith("\n"):
                kind, what, value = json.loads(line)
                (told.offset if kind == "offset" else told.receipt)(what, value)
        return told


def check_kept(client: Client, told: Iterable[Told]) -> None:
    """Whatever was acknowledged is still so, and what has a receipt lies there, byte for byte, once."""
    held = [sha256(path.read_bytes()) for path in (client.served.folder / "schools").rglob("*") if path.is_file()]
    for one in told:
        for path, offset in one.offsets.items():
            assert client.offset(path) >= offset, path
        for digest, receipt in one.receipts.items():
            assert client.ask("GET", f"/receipts/{digest}").text == receipt
            assert held.count(digest) == 1


class Sender:
    """One client that delivers file after file in parts, whatever the server lives through. A thread of its own."""

    def __init__(self, client: Client, name: str, size: int, log: Path | None = None) -> None:
        self.client, self.name, self.size = client, name, size
        self.told = Told(log=log)
        self.breaches: list[str] = []
        self.delivered = 0
        self._random = random.Random(name)  # noqa: S311 - sizes of parts, no secrets
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._enough, self._given_up = threading.Event(), threading.Event()
        self._upload: dict[int, str] = {}

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        """Let it deliver the file it is at."""
        self._enough.set()
        self._thread.join(DEADLINE_S)
        self.give_up()

    def give_up(self) -> None:
        """End it as it is."""
        self._enough.set()
        self._given_up.set()
        self._thread.join()

    def _deliver(self) -> None:
        while not self._enough.is_set():
            content = noise(f"{self.name}-{self.delivered}", self.size)
            while not self._tried(self.delivered, content):
                if self._given_up.wait(0.02):  # the server is away, or verifies
                    return
            self.delivered += 1

    def _tried(self, number: int, content: bytes) -> bool:
        """Whether file `number` now has its receipt."""
        try:
            return self._step(number, content)
        except requests.RequestException:
            return False

    def _step(self, number: int, content: bytes) -> bool:
        if number not in self._upload:
            created = self.client.create(len(content), filename=f"{self.name}-{number}.mp3", sha256=sha256(content))
            if created.status_code != 201:
                return False
            self._upload[number] = created.headers["Location"]
            self.told.offset(self._upload[number], 0)
        path = self._upload[number]
        offset = self._asked(path)
        while offset < len(content):
            part = content[offset : offset + self._random.randrange(1, 512 * KIB)]
            answer = self.client.patch(path, offset, part)
            if answer.status_code != 204:
                return False
            offset = int(answer.headers["Upload-Offset"])
            self._note(path, offset)
        answer = self.client.ask("GET", f"/receipts/{sha256(content)}")
        if answer.status_code != 200:
            return False
        self.told.receipt(sha256(content), answer.text)
        return True

    def _asked(self, path: str) -> int:
        answer = self.client.ask("HEAD", path)
        if answer.status_code != 200:
            self.breaches.append(f"{path}: acknowledged, now {answer.status_code}")
            answer.raise_for_status()
        offset = int(answer.headers["Upload-Offset"])
        self._note(path, offset)
        return offset

    def _note(self, path: str, offset: int) -> None:
        if offset < self.told.offsets[path]:
            self.breaches.append(f"{path}: {offset}, though {self.told.offsets[path]} were acknowledged")
        self.told.offset(path, offset)
