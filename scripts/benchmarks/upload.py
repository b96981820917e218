"""One large upload by the agent, hashing and all, against `curl` sending one PATCH to a created upload on the same
server, by turns, on a line shaped to 1 Gbit/s; and the agent's peak memory.

    python scripts/benchmarks/upload.py [MEGABYTES] [TURNS]

The line is a pair of virtual cards between two network namespaces, slowed by `tc`; the real tus server stands at the
far end of it. Needs root, ip, tc, curl, node and the packages of tests/node. Where the line cannot be had it says so
and measures on loopback, which is no substitute: the goal is for the shaped line.

The agent is the whole program: it starts, scans, creates, hashes while it sends, verifies by reading back. Its time is
taken from the first byte sent to the last one acknowledged, curl's likewise; start-up and reading back are told apart.
"""

import contextlib
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

import requests

from exam import manifest
from exam.manifest import Audio, Manifest
from exam.names import Kind

GOAL, MEMORY_GOAL_MIB = 0.9, 60
MB = 1_000_000
RATE = "1gbit"
SERVER = Path(__file__).parents[2] / "tests" / "node" / "tus_server.mjs"
TIMED = """
import resource, sys, time
from sync.transports import tus
send = tus.Tus.send
def timed(*what):
    began = time.perf_counter()
    send(*what)
    print("sent", what[2].size, time.perf_counter() - began, flush=True)
tus.Tus.send = timed
from sync.cli import main
code = main(["once", "--config", sys.argv[1]])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""
"""The agent, with a stopwatch around its sending."""


@contextmanager
def shaped_line() -> Iterator[tuple[str, list[str]]]:
    """The far end's address and the words that run a program there. Raises OSError when the line cannot be had."""
    far = f"bench-{os.getpid()}"
    near_card, far_card = f"bn{os.getpid()}", f"bf{os.getpid()}"

    def do(words: str) -> None:
        subprocess.run(words.split(), check=True, capture_output=True)

    try:
        do(f"ip netns add {far}")
        do(f"ip link add {near_card} type veth peer name {far_card} netns {far}")
        do(f"ip addr add 10.213.7.1/30 dev {near_card}")
        do(f"ip -n {far} addr add 10.213.7.2/30 dev {far_card}")
        for where in (f"ip link set {near_card} up", f"ip -n {far} link set {far_card} up"):
            do(where)
        do(f"tc qdisc add dev {near_card} root tbf rate {RATE} burst 256kb latency 50ms")
        do(f"ip netns exec {far} tc qdisc add dev {far_card} root tbf rate {RATE} burst 256kb latency 50ms")
        yield "10.213.7.2", ["ip", "netns", "exec", far]
    except subprocess.CalledProcessError as error:
        raise OSError(error.stderr.decode().strip()) from error
    finally:
        for words in (f"ip link del {near_card}", f"ip netns del {far}"):
            subprocess.run(words.split(), check=False, capture_output=True)


@contextmanager
def served(host: str, prefix: list[str], folder: Path) -> Iterator[str]:
    """The creation URL of a real tus server."""
    server = subprocess.Popen([*prefix, "node", str(SERVER), str(folder), host], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield f"http://{host}:{int(server.stdout.readline())}/files"
    finally:
        server.terminate()
        server.wait()


def school(base: Path, url: str, content: Path, sha256: str) -> Path:
    """A school with one recording; returns its sync.toml."""
    day = base / "recordings" / "2026-02-11_265"
    day.mkdir(parents=True)
    file = day / "11.02.2026_265_701020_Ivanov I.wav"
    file.hardlink_to(content)
    now = datetime.now(UTC)
    manifest.publish(
        Manifest(
            kind=Kind.PARTICIPANT, exam_date=now.date(), room="265", school="701020", station="bench",
            started_at=now, ended_at=now, audio=Audio(file.name, "wav", 48000, 1, 0),
            size=content.stat().st_size, sha256=sha256,
        ),
        day,
    )  # fmt: skip
    config = base / "sync.toml"
    config.write_text(f'[school]\ncode = "701020"\n[target]\nkind = "tus"\nurl = "{url}"\n')
    return config


def by_agent(config: Path, size: int) -> tuple[float, float, float]:
    """Seconds of sending, seconds of the whole program, peak memory in MiB."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", TIMED, str(config)], check=True, capture_output=True, text=True)
    whole = time.perf_counter() - began
    told = [line.split() for line in done.stdout.splitlines()]
    sending = next(float(seconds) for word, *rest in told if word == "sent" and int(rest[0]) == size
                   for seconds in rest[1:])  # fmt: skip
    return sending, whole, next(int(rest[0]) for word, *rest in told if word == "peak") / 1024


def by_curl(url: str, content: Path) -> float:
    """Seconds of curl's one PATCH."""
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": str(content.stat().st_size),
        "Upload-Metadata": "filename YQ==",
    }
    upload = urljoin(url, requests.post(url, headers=headers, timeout=10).headers["Location"])
    command = ["curl", "-sS", "-f", "-X", "PATCH", "-T", str(content), "-H", "Tus-Resumable: 1.0.0"]
    command += ["-H", "Upload-Offset: 0", "-H", "Content-Type: application/offset+octet-stream", "-H", "Expect:"]
    done = subprocess.run([*command, "-w", "%{time_total}", upload], check=True, capture_output=True, text=True)
    return float(done.stdout)


def emptied(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def measure(url: str, stored: Path, base: Path, megabytes: int, turns: int) -> None:
    content = base / "content"
    with content.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(MB))
    sha256 = hashlib.file_digest(content.open("rb"), "sha256").hexdigest()
    agent_turns, curl_s = [], []
    for turn in range(turns):
        agent_turns.append(by_agent(school(base / f"school-{turn}", url, content, sha256), megabytes * MB))
        emptied(stored)
        curl_s.append(by_curl(url, content))
        emptied(stored)
    sending, whole, peak = (statistics.median(column) for column in zip(*agent_turns, strict=True))
    ratio = statistics.median(curl / agent[0] for curl, agent in zip(curl_s, agent_turns, strict=True))
    curl = statistics.median(curl_s)
    print(f"upload: agent {megabytes / sending:.1f} MB/s, curl {megabytes / curl:.1f} MB/s, {megabytes} MB")
    print(f"upload: agent from start to proof {whole:.2f} s, of it sending {sending:.2f} s; curl {curl:.2f} s")
    print(f"upload: ratio {ratio:.3f} of curl (goal {GOAL}; median of {turns} paired turns)")
    print(f"upload: peak memory {peak:.1f} MiB (goal < {MEMORY_GOAL_MIB})")


def main(megabytes: int = 500, turns: int = 5) -> None:
    with ExitStack() as held:
        base = Path(held.enter_context(tempfile.TemporaryDirectory()))
        host, prefix = "127.0.0.1", list[str]()
        try:
            host, prefix = held.enter_context(shaped_line())
            print(f"upload: on a line of {RATE}")
        except OSError as error:
            print(f"upload: NOT on a shaped line, which could not be had ({error}); on loopback instead")
        stored = base / "stored"
        stored.mkdir()
        url = held.enter_context(served(host, prefix, stored))
        measure(url, stored, base, megabytes, turns)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*(int(word) for word in sys.argv[1:]))
