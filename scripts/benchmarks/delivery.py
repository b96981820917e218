"""What a school's many files cost: deciding that nothing is to be done, memory, small files.

    python scripts/benchmarks/delivery.py [DELIVERED] [SMALL] [MEGABYTES]

* `station-sync once`, the whole program, where DELIVERED files are delivered and nothing is to be done, beside
  `git status` over the same files, by turns;
* its peak memory when one file of so many megabytes comes to them, sent to our exchange;
* SMALL files to our exchange, beside a bare loop that sends the same bytes to it by the same requests over one
  connection, by turns: what is left is the agent's scan, hashing, ledger and receipts on disk.
"""

import base64
import contextlib
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rig.ports import free_port
from rig.program import Program

from exam import manifest
from exam.manifest import Audio, Manifest
from exam.names import Kind
from sync.exchange import identity
from sync.exchange.accounts import add_school
from sync.exchange.yard import Yard
from sync.ledger import Ledger
from sync.model import ItemState, Receipt
from sync.receipts import KEY_FILE, Receipts
from sync.watch import scan

IDLE_GOAL_S, MEMORY_GOAL_MIB = 1.0, 60
MB = 1_000_000
TURNS = 5
SCHOOL = "701020"
DAY_FILES = 500
_WAY = (ItemState.CREATING, ItemState.UPLOADING, ItemState.UPLOADED)
_PEAK = """
import sys
from sync.cli import main
code = main(["once", "--config", sys.argv[1]])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""
"""The agent, and its peak in KiB: what getrusage tells began with this process's own."""


class School:
    """Recordings, each with its manifest, in days of so many files."""

    def __init__(self, base: Path) -> None:
        self.base, self.recordings, self.state = base, base / "recordings", base / "state"
        self.recordings.mkdir(parents=True)
        self.state.mkdir(mode=0o700)
        self._template = self._published(base)
        self._recorded = 0

    def record(self, content: bytes) -> None:
        """One more; written without syncs, for nobody cuts the power of a benchmark."""
        day = self.recordings / f"2026-02-{11 + self._recorded // DAY_FILES:02d}_265"
        day.mkdir(exist_ok=True)
        name = f"11.02.2026_265_{SCHOOL}_Кузнецова А_{self._recorded:05d}"
        self._recorded += 1
        (day / f"{name}.wav").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        told = msgspec.json.decode(self._template)
        told["audio"]["file"] = f"{name}.wav"
        told |= {"size": len(content), "sha256": sha256}
        (day / f"{name}.json").write_bytes(msgspec.json.encode(told))

    def send_to(self, url: str, token: str) -> Path:
        """Its sync.toml."""
        file = self.base / "token"
        file.touch(mode=0o600)
        file.write_text(token)
        path = self.base / "sync.toml"
        keys = f'kind = "tus"\nurl = "{url}"\ntoken_file = "token"\n'
        path.write_text(f'[school]\ncode = "{SCHOOL}"\n[target]\n{keys}')
        return path

    def deliver_all(self, url: str, key: Ed25519PrivateKey) -> None:
        """Account for everything as delivered, with receipts that are good."""
        (self.state / KEY_FILE).write_bytes(base64.b64encode(key.public_key().public_bytes_raw()))
        (self.state / "receipts").mkdir()
        receipts = Receipts(self.state)
        seen = scan([self.recordings], streams=True)
        with closing(Ledger(self.state)) as ledger:
            ledger.set_target(url, SCHOOL)
            ledger.note_manifests(seen.read, seen.places)
            ledger.note_found(seen.found)
            for state in _WAY:
                ledger.move_all([(row, state, {}) for row in ledger.rows().values()])
            ledger.move_all([
                (row, ItemState.DELIVERED, _proved(self.state, receipts, key, row.sha256, row.size))
                for row in ledger.rows().values()
            ])  # fmt: skip

    def _published(self, base: Path) -> bytes:
        now = datetime.now(UTC)
        one = Manifest(
            kind=Kind.PARTICIPANT, exam_date=now.date(), room="265", school=SCHOOL, station="bench",
            started_at=now, ended_at=now, audio=Audio("a.wav", "wav", 48000, 1, 0), size=0, sha256="0" * 64,
        )  # fmt: skip
        manifest.publish(one, base)
        return (base / "a.json").read_bytes()


def _proved(state: Path, receipts: Receipts, key: Ed25519PrivateKey, sha256: str, size: int) -> dict[str, str]:
    receipt = Receipt("bench", "bench", "hub", sha256, size, datetime.now(UTC), "server-hash").signed_by(key)
    (state / "receipts" / f"{sha256}.json").write_bytes(msgspec.json.encode(receipt))
    return {"receipt": receipt.receipt_id, "receipt_mark": receipts.mark(sha256)}


@contextmanager
def exchange(base: Path) -> Iterator[tuple[str, str, Ed25519PrivateKey]]:
    """Our exchange: its URL, a school's token, and what it signs with."""
    folder, port = base / "exchange", free_port()
    token, signer = add_school(folder, SCHOOL), identity.load(Yard(folder).key, "hub")
    command = [sys.executable, "-m", "sync.cli", "exchange", "serve", "--folder", str(folder), "--port", str(port)]
    with Program(command, port, base / "exchange.log").running():
        yield f"http://127.0.0.1:{port}/files", token, signer.key


def once(config: Path) -> float:
    """Seconds of the whole program."""
    return timed([sys.executable, "-m", "sync.cli", "once", "--config", str(config)])


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def cpu_s() -> float:
    """Of all programs that were started and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def idle(school: School, config: Path, delivered: int) -> None:
    """Prints what it takes to find that nothing is to be done."""
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", str(school.recordings), *words], check=True, capture_output=True)
    once(config)
    before = cpu_s()
    once(config)
    spent = cpu_s() - before
    status = ["git", "-C", str(school.recordings), "status", "--porcelain"]
    turns = [(once(config), timed(status)) for _ in range(TURNS)]
    ours, git = (statistics.median(column) for column in zip(*turns, strict=True))
    print(
        f"delivery: nothing to do, {delivered} files delivered: {ours:.2f} s, CPU {spent:.2f} s "
        f"(goal <= {IDLE_GOAL_S:.0f} s)"
    )
    print(f"delivery: ratio {ours / git:.1f} of `git status` over the same files ({git:.2f} s)")


def memory(school: School, config: Path, megabytes: int) -> None:
    """Prints the agent's peak memory while it sends one large file more."""
    school.record(os.urandom(megabytes * MB))
    done = subprocess.run([sys.executable, "-c", _PEAK, str(config)], check=True, capture_output=True, text=True)
    peak = int(done.stdout.splitlines()[-1]) / 1024
    print(f"delivery: peak memory {peak:.1f} MiB with one file of {megabytes} MB more (goal < {MEMORY_GOAL_MIB})")


def by_bare_loop(url: str, token: str, contents: list[bytes]) -> float:
    """Seconds for the same requests over one connection, with nothing of an agent around them."""
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"})
    began = time.perf_counter()
    for number, content in enumerate(contents):
        sha256 = hashlib.sha256(content).hexdigest()
        told = {"filename": f"{number:05d}.wav", "folder": "2026-02-11_bare", "sha256": sha256}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
        headers = {"Upload-Length": str(len(content)), "Upload-Metadata": metadata}
        created = session.post(url, headers=headers, timeout=60)
        upload = urljoin(url, created.headers["Location"])
        headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        assert session.patch(upload, data=content, headers=headers, timeout=60).ok
        while session.get(urljoin(url, f"receipts/{sha256}"), timeout=60).status_code != requests.codes.ok:
            pass
    return time.perf_counter() - began


def small(base: Path, url: str, token: str, count: int) -> None:
    """Prints how fast small files go, recordings and manifests alike."""
    school = School(base)
    for _ in range(count // 2):
        school.record(os.urandom(20_000))
    contents = [path.read_bytes() for path in sorted(school.recordings.rglob("*")) if path.is_file()]
    bare = by_bare_loop(url, token, [content + b"bare" for content in contents])
    ours = once(school.send_to(url, token))
    print(f"delivery: {count} small files to our exchange: {count / ours:.0f} a second, {ours:.1f} s in all")
    print(f"delivery: ratio {bare / ours:.2f} of a bare loop of the same requests ({count / bare:.0f} a second)")


def main(delivered: int = 10_000, small_files: int = 1000, megabytes: int = 500) -> None:
    with tempfile.TemporaryDirectory() as folder, exchange(Path(folder)) as (url, token, key):
        school = School(Path(folder) / "idle")
        for number in range(delivered // 2):
            school.record(number.to_bytes(8) * 20)
        config = school.send_to(url, token)
        school.deliver_all(url, key)
        idle(school, config, delivered)
        small(Path(folder) / "small", url, token, small_files)
        memory(school, config, megabytes)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*(int(word) for word in sys.argv[1:]))
