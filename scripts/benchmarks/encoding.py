"""Encoding to MP3: our child process against the `lame` program at the same settings, in one run, by turns.

    python scripts/benchmarks/encoding.py [MINUTES] [TURNS]

By default 15 minutes, one interview: ours pays 0.15 s for starting Python whatever the length.
Both read the same WAV of real speech and write to the same disk. Ours starts Python, encodes, measures, syncs and
hashes; `lame` encodes, without its ReplayGain analysis, which ours does not make. Needs the packages lame, ffmpeg.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))

from rig import speech

from station import encoding

GOAL = 0.95
TAG_BYTES = 1000
"""More than what LAME's own header adds to a file."""
Cost = tuple[float, float]
"""Seconds of the clock, seconds of CPU."""


def timed(command: Sequence[str]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - began
    assert status == 0, command
    return elapsed, usage.ru_utime + usage.ru_stime


def turn(master: Path, folder: Path) -> tuple[Cost, Cost]:
    """Ours and lame's, once each."""
    targets = folder / "ours.mp3", folder / "lame.mp3"
    for target in targets:
        target.unlink(missing_ok=True)
    settings = ["--cbr", "-b", str(encoding.KBIT_PER_CHANNEL), "-m", "m", "-q", str(encoding.LAME_QUALITY)]
    ours = timed([sys.executable, "-m", "station.encoding", str(master), str(targets[0]), "mp3"])
    nice_lame = ["nice", "-n", "10", "lame", "--quiet", "--noreplaygain", *settings]
    lame = timed([*nice_lame, str(master), str(targets[1])])
    assert abs(targets[0].stat().st_size - targets[1].stat().st_size) < TAG_BYTES, "not the same settings"
    return ours, lame


def main(minutes: float = 15, turns: int = 7) -> None:
    with tempfile.TemporaryDirectory() as name:
        master = Path(name) / "speech.wav"
        soundfile.write(master, speech.conversation(minutes * 60, seed=1), speech.RATE)
        turn(master, Path(name))  # warms the file cache for both
        costs = [turn(master, Path(name)) for _ in range(turns)]
    seconds = minutes * 60
    print(
        f"{minutes:g} min of speech, 48 kHz mono -> MP3 64 kbit/s CBR, quality {encoding.LAME_QUALITY}, {turns} turns"
    )
    for kind, word in enumerate(("clock", "CPU")):
        ours = statistics.median(our[kind] for our, _ in costs)
        lame = statistics.median(its[kind] for _, its in costs)
        ratio = statistics.median(its[kind] / our[kind] for our, its in costs)
        print(f"{word}: ours {ours:.2f} s ({seconds / ours:.0f} x real time), ", end="")
        print(f"lame {lame:.2f} s ({seconds / lame:.0f} x)")
        print(f"  ours / lame = {ratio:.3f} of its speed; goal >= {GOAL}: {'met' if ratio >= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((float, int), sys.argv[1:], strict=False)))
