"""Small recordings and their manifests delivered by the agent, against `rclone copy` of the same files to the same
WebDAV server (Apache on loopback), by turns.

    scripts/bench webdav, or benchmarks.webdav [RECORDINGS] [TURNS]

The agent is the whole program: it starts, scans, hashes, sends, reads every file back, names it, keeps its ledger and
receipts on disk. rclone, as it comes, sends four files at a time and believes the server. Of the agent's time that
spent in the transport is told apart.
"""

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from far_webdav import PASSWORD, USER, DavServer, apache

from exam import manifest
from exam.manifest import Audio, Manifest
from exam.names import Kind

GOAL = 1.0
BYTES = 20_000
TIMED = """
import sys, time
from sync.transports.shelf import Shelved
spent = 0.0
def timed(act):
    def measured(*what):
        global spent
        began = time.perf_counter()
        try:
            return act(*what)
        finally:
            spent += time.perf_counter() - began
    return measured
for name in ("create", "send", "prove"):
    setattr(Shelved, name, timed(getattr(Shelved, name)))
from sync.cli import main
code = main(["once", "--config", sys.argv[1]])
print("spent", spent)
sys.exit(code)
"""
"""The agent, with a stopwatch around its transport."""


def school(base: Path, recordings: int) -> Path:
    """The recordings' folder of a school."""
    day = base / "recordings" / "2026-02-11_265"
    day.mkdir(parents=True)
    now = datetime.now(UTC)
    for number in range(recordings):
        content = random.Random(number).randbytes(BYTES)  # noqa: S311 - content, not a secret
        file = day / f"11.02.2026_265_701020_Иванов {number}.wav"
        file.write_bytes(content)
        manifest.publish(
            Manifest(
                kind=Kind.PARTICIPANT, exam_date=now.date(), room="265", school="701020", station="bench",
                started_at=now, ended_at=now, audio=Audio(file.name, "wav", 48000, 1, 0),
                size=BYTES, sha256=sha256(content).hexdigest(),
            ),
            day,
        )  # fmt: skip
    return base / "recordings"


def by_agent(base: Path, recordings: Path, url: str) -> tuple[float, float]:
    """Seconds of the whole program, and of it those in the transport."""
    base.mkdir()
    (base / "password").write_text(PASSWORD)
    (base / "password").chmod(0o600)
    config = base / "sync.toml"
    config.write_text(
        f'[school]\ncode = "701020"\n[watch]\nrecordings = ["{recordings}"]\n[target]\nkind = "webdav"\n'
        f'url = "{url}"\nuser = "{USER}"\npassword_file = "password"\n'
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", TIMED, str(config)], check=True, capture_output=True, text=True)
    whole = time.perf_counter() - began
    return whole, next(float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("spent"))


def by_rclone(recordings: Path, url: str) -> float:
    """Seconds of `rclone copy`."""
    rclone = str(Path(sys.executable).parent / "rclone")
    obscured = subprocess.run([rclone, "obscure", PASSWORD], check=True, capture_output=True, text=True).stdout.strip()
    far = {"TYPE": "webdav", "URL": url, "VENDOR": "other", "USER": USER, "PASS": obscured}
    environment = os.environ | {f"RCLONE_CONFIG_FAR_{key}": value for key, value in far.items()}
    began = time.perf_counter()
    subprocess.run([rclone, "copy", str(recordings), "far:"], check=True, capture_output=True, env=environment)
    return time.perf_counter() - began


def emptied(server: DavServer, expected: int) -> None:
    arrived = server.stored()
    assert len(arrived) == expected, f"{len(arrived)} of {expected} files arrived"
    for path in arrived:
        (server.target / path).unlink()


def main(recordings: int = 500, turns: int = 5) -> None:
    agent, transport, rclone = list[float](), list[float](), list[float]()
    files = 2 * recordings
    with tempfile.TemporaryDirectory() as folder, apache(Path(folder)) as server:
        base = Path(folder)
        told = school(base, recordings)
        for turn in range(turns):
            whole, inside = by_agent(base / f"school-{turn}", told, server.address())
            emptied(server, files)
            agent.append(whole)
            transport.append(inside)
            rclone.append(by_rclone(told, server.address()))
            emptied(server, files)
    ratio = statistics.median(theirs / ours for theirs, ours in zip(rclone, agent, strict=True))
    inside_ratio = statistics.median(theirs / ours for theirs, ours in zip(rclone, transport, strict=True))
    print(f"webdav: {files} files of at most {BYTES} bytes; agent {statistics.median(agent):.2f} s, of it in the "
          f"transport {statistics.median(transport):.2f} s; rclone {statistics.median(rclone):.2f} s")  # fmt: skip
    print(f"webdav: transport alone {inside_ratio:.2f} of rclone's speed")
    print(f"webdav: ratio {ratio:.2f} of rclone's speed (goal {GOAL}; median of {turns} paired turns)")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(*(int(word) for word in sys.argv[1:]))
