"""CPU per recorded minute: the station beside `arecord` and sounddevice's own way, all on one virtual microphone.

    python -m benchmarks.cpu [SECONDS]

All three record at the same time, so the machine's noise is common. CPU is the kernel's exact run time of every thread
(schedstat), not sampled ticks. Twice: the open day (stream, levels, live speech and alarms), and a participant's take
(its own tape, and the work on its verdict, which has a budget of its own). `tapes` is the station without the child
that listens.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from rig import speech
from rig.sound import SoundServer
from showing import programs
from showing.demo import ROSTER
from showing.school import School

TAPES_GOAL, LIVE_GOAL = 2.0, 4.0
VERDICT_GOAL_S = 60.0
"""CPU seconds an hour of audio."""
_SETTLE_S = 8.0
_ARECORD = ["arecord", "-q", "-D", "pulse", "-f", "S16_LE", "-r", "48000", "-c", "1"]

# The way of sounddevice's example rec_unlimited.py: its default stream, a queue, a sound file.
_REC_UNLIMITED = """
import queue, sys, sounddevice, soundfile
blocks = queue.Queue()
with soundfile.SoundFile(sys.argv[1], mode="x", samplerate=48000, channels=1) as file:
    with sounddevice.InputStream(samplerate=48000, device="pulse", channels=1,
                                 callback=lambda sound, *_: blocks.put(sound.copy())):
        while True:
            file.write(blocks.get())
"""


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="bench-") as name, SoundServer() as server:
        folder = Path(name)
        room = server.add_microphone("room")
        environment = os.environ | server.environment
        server.play(speech.conversation(2 * seconds + 40, seed=1), room)
        school = School(folder)
        school.write(device="pulse", roster=ROSTER)
        references = {
            "arecord": [*_ARECORD, str(folder / "a.wav")],
            "sounddevice": [sys.executable, "-c", _REC_UNLIMITED, str(folder / "s.wav")],
        }
        running = {key: subprocess.Popen(words, env=environment) for key, words in references.items()}
        try:
            with programs.station(school, server.environment) as daemon:
                _await_sound(school)
                school.call("station", "open")
                pids = {"station": daemon.pid} | {key: process.pid for key, process in running.items()}
                live = _measured(pids, seconds)
                school.call("station", "start", "--participant", "1")
                _print(live, _measured(pids, seconds))
        finally:
            for process in running.values():
                process.terminate()
                process.wait()
    return 0


def _await_sound(school: School) -> None:
    while not json.loads(school.call("station", "status", "--json"))["levels"]["rms_dbfs"]:
        time.sleep(0.1)


def _measured(pids: Mapping[str, int], seconds: float) -> Mapping[str, float]:
    """CPU seconds a minute of each, children included; of the station also by themselves those that listen."""
    time.sleep(_SETTLE_S)
    pids = {**pids, "listening": _listening(pids["station"])}
    began, before = time.monotonic(), {key: cpu_ns(pid) for key, pid in pids.items()}
    time.sleep(seconds)
    passed = time.monotonic() - began
    return {key: (cpu_ns(pid) - before[key]) / 1e9 * 60 / passed for key, pid in pids.items()}


def _listening(daemon: int) -> int:
    children = (
        pid for task in Path(f"/proc/{daemon}/task").iterdir() for pid in (task / "children").read_text().split()
    )
    return next(int(pid) for pid in children if b"station.listening" in Path(f"/proc/{pid}/cmdline").read_bytes())


def cpu_ns(pid: int) -> int:
    """The kernel's run time of a process and its children, exact."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
        total += sum(cpu_ns(int(child)) for child in (task / "children").read_text().split())
    return total


def _print(live: Mapping[str, float], take: Mapping[str, float]) -> None:
    for name, costs in (("an open day", live), ("a take", take)):
        tapes = costs["station"] - costs["listening"]
        print(f"{name}: CPU s per recorded minute")
        print(f"  arecord      {costs['arecord']:.3f}   sounddevice {costs['sounddevice']:.3f}")
        print(f"  tapes        {tapes:.3f}   {tapes / costs['arecord']:.2f} × arecord (goal ≤ {TAPES_GOAL:.0f}), "
              f"{tapes / costs['sounddevice']:.2f} × sounddevice (goal < 1)")  # fmt: skip
        print(f"  listening    {costs['listening']:.3f}")
    ratio = live["station"] / live["arecord"]
    print(
        f"tapes, levels, live speech and alarms: {live['station']:.3f}, {ratio:.2f} × arecord (goal ≤ {LIVE_GOAL:.0f})"
    )
    verdict = (take["listening"] - live["listening"]) * 60
    print(f"the verdict's work: {verdict:.1f} CPU s an hour of audio (goal ≤ {VERDICT_GOAL_S:.0f})")


if __name__ == "__main__":
    sys.exit(main())
