"""SHA-256 of a large file as the agent computes it, against `openssl dgst -sha256`, in one run, by turns.

    python scripts/benchmarks/hashing.py [MEGABYTES] [TURNS]

Both read the same cached file; openssl's time includes starting it. Needs the program openssl.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sync.source import Source

GOAL = 0.95
MB = 1_000_000


def by_openssl(path: Path) -> str:
    command = ["openssl", "dgst", "-sha256", "-r", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout[:64]


def by_us(path: Path, size: int, sha256: str) -> None:
    """As before each upload: raises unless the hash is right."""
    with Source(path, size, sha256) as source:
        source.prove()


def turn(path: Path, size: int, sha256: str) -> tuple[float, float]:
    """Seconds: ours, openssl's."""
    began = time.perf_counter()
    by_us(path, size, sha256)
    between = time.perf_counter()
    assert by_openssl(path) == sha256
    return between - began, time.perf_counter() - between


def main(megabytes: int = 1000, turns: int = 7) -> None:
    size = megabytes * MB
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording.wav"
        with path.open("wb") as file:
            for _ in range(megabytes):
                file.write(os.urandom(MB))
        sha256 = by_openssl(path)
        turns_s = [turn(path, size, sha256) for _ in range(turns)]
    ours, openssl = (statistics.median(column) for column in zip(*turns_s, strict=True))
    ratio = statistics.median(theirs / mine for mine, theirs in turns_s)
    print(f"hashing: ours {megabytes / ours:.0f} MB/s, openssl {megabytes / openssl:.0f} MB/s")
    print(f"hashing: ratio {ratio:.3f} of openssl (goal {GOAL}; median of {turns} paired turns, {megabytes} MB)")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
