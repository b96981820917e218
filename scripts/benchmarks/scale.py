"""One exchange, many schools at once: throughput, memory, and how long requests take.

    python scripts/benchmarks/scale.py [SCHOOLS …] [--seconds N] [--keep FOLDER] [-- OPTIONS OF exchange serve …]

Each school has five rooms, each room an agent's life in small: it creates an upload, sends it in one PATCH, asks for
the receipt until it has it; a recording (mp3), then its manifest (2 kB), then the next participant. A participant's mp3
is 15 MB; here it is 1 MB, so that a run has thousands of files in it and not hundreds: what a file costs beside its
bytes weighs fifteen times as much as in truth.

The exchange is a real process on a real disk; the clients share the machine's processors with it, in one process of
their own whose time is told apart. Words after `--` go to `exchange serve`, say where it is to store.
"""

import argparse
import asyncio
import base64
import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from sync.exchange.accounts import Accounts
from sync.exchange.database import Database

ROOMS = 5
RECORDING, MANIFEST = 1_000_000, 2_000
MB = 1_000_000
_READY_S = 60.0
_POLL_S = 0.25
_ACCEPTED, _REFUSED = 202, 300
_TICKS = os.sysconf("SC_CLK_TCK")
_CONTENT = os.urandom(RECORDING)


@dataclass
class Measured:
    """Seconds of requests by kind, bytes and files with a receipt, what was refused."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    bytes: int = 0
    files: int = 0
    refused: dict[int, int] = field(default_factory=lambda: defaultdict(int))


class Room:
    """One connection that delivers without a pause until `until` (monotonic seconds)."""

    def __init__(self, port: int, token: str, name: str, measured: Measured, until: float) -> None:
        self._port, self._token, self._name = port, token, name
        self._measured, self._until = measured, until
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def work(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        for number in count():
            for size, ending in ((RECORDING, "mp3"), (MANIFEST, "json")):
                if time.monotonic() > self._until:
                    self._writer.close()
                    return
                await self._deliver(f"{self._name}-{number}.{ending}", size)

    async def _deliver(self, name: str, size: int) -> None:
        content = name.encode().ljust(64) + _CONTENT[: size - 64]
        digest = hashlib.sha256(content).hexdigest()
        told = {"filename": name, "folder": "2026-02-11_265", "sha256": digest}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
        created = await self._ask("create", "POST", "/files", {"Upload-Length": str(size), "Upload-Metadata": metadata})
        if created is None:
            return
        kind = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        sent = await self._ask("send 1 MB" if size == RECORDING else "send 2 kB", "PATCH", created, kind, content)
        while sent is not None and time.monotonic() < self._until + _READY_S:
            if await self._ask("receipt", "GET", f"/receipts/{digest}", {}) != "":
                self._measured.files += 1
                self._measured.bytes += size
                return
            await asyncio.sleep(_POLL_S)

    async def _ask(
        self, kind: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> str | None:
        """What was answered: the address of a creation, "" for 202; None when it was refused."""
        began = time.perf_counter()
        told = {"Host": "x", "Authorization": f"Bearer {self._token}", "Tus-Resumable": "1.0.0", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in (told | {"Content-Length": str(len(body))}).items())
        self._writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        self._writer.write(body)
        await self._writer.drain()
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        answered = dict(line.lower().split(": ", 1) if "location" not in line.lower() else ("location", line[10:])
                        for line in lines if line)  # fmt: skip
        if length := int(answered.get("content-length", 0)):
            await self._reader.readexactly(length)
        self._measured.seconds[kind].append(time.perf_counter() - began)
        status = int(first.split()[1])
        if status >= _REFUSED:
            self._measured.refused[status] += 1
            return None
        return "" if status == _ACCEPTED else answered.get("location", "done")


@dataclass(frozen=True)
class Point:
    """One row: `schools` at once; rates over the whole run; memory in MiB; CPU seconds a second of each side."""

    schools: int
    measured: Measured
    seconds: float
    peak_mib: float
    server_cpu: float
    client_cpu: float

    def row(self) -> str:
        shown = [f"{self.schools} × {ROOMS}", f"{self.measured.bytes / MB / self.seconds:.1f}"]
        shown += [f"{self.measured.files / self.seconds:.0f}", f"{self.peak_mib:.0f}"]
        shown += [f"{self.server_cpu:.2f}", f"{self.client_cpu:.2f}"]
        shown += [quantiles(self.measured.seconds[kind]) for kind in KINDS]
        return "| " + " | ".join(shown) + " |"


KINDS = ("create", "send 1 MB", "send 2 kB", "receipt")
HEADINGS = ("schools × rooms", "MB/s", "files/s", "RSS, MiB", "CPU", "clients' CPU", *(f"{kind}, s" for kind in KINDS))


def quantiles(seconds: Sequence[float]) -> str:
    """The median and the 99th percentile."""
    if not seconds:
        return "—"
    in_order = sorted(seconds)
    return f"{statistics.median(in_order):.2f} / {in_order[len(in_order) * 99 // 100]:.2f}"


@contextmanager
def exchange(folder: Path, options: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Port and process of a real one."""
    words = ["-m", "sync.cli", "exchange", "serve", "--folder", str(folder), "--port", "0", *options]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert server.stdout
        url = server.stdout.readline().strip()
        assert url, (folder / "log").read_text()
        yield int(url.rpartition(":")[2]), server.pid
    finally:
        server.terminate()
        server.wait()


def measure(schools: int, seconds: float, base: Path, options: Sequence[str]) -> Point:
    with tempfile.TemporaryDirectory(dir=base) as name:
        folder = Path(name)
        accounts = Accounts(Database(folder / "exchange.db"))
        tokens = [accounts.add(f"7{number:05}") for number in range(schools)]
        with exchange(folder, options) as (port, pid):
            before, ours = cpu_s(pid), sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            began = time.monotonic()
            measured = asyncio.run(send(port, tokens, began + seconds))
            took = time.monotonic() - began
            own = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - ours
            return Point(schools, measured, took, peak_mib(pid), (cpu_s(pid) - before) / took, own / took)


async def send(port: int, tokens: Sequence[str], until: float) -> Measured:
    measured = Measured()
    rooms = [
        Room(port, token, f"{school}-{room}", measured, until)
        for school, token in enumerate(tokens)
        for room in range(ROOMS)
    ]
    await asyncio.gather(*(room.work() for room in rooms))
    return measured


def cpu_s(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS


def peak_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    words = sys.argv[1:]
    own, options = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser()
    parser.add_argument("schools", type=int, nargs="*", default=[10, 100, 300])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--store", help="passed on to `exchange serve`")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()), metavar="FOLDER")
    asked = parser.parse_args(own)
    if asked.store:
        options = [*options, "--store", asked.store]
    print("| " + " | ".join(HEADINGS) + " |\n|" + "---|" * len(HEADINGS))
    for schools in asked.schools:
        point = measure(schools, asked.seconds, asked.keep, options)
        print(point.row(), flush=True)
        if point.measured.refused:
            print(f"refused: {dict(point.measured.refused)}", file=sys.stderr)


if __name__ == "__main__":
    main()
