"""From the stop to the verdict of 16 minutes, by the real listening child; its CPU beside webrtcvad's; its memory.

    python -m benchmarks.verdict [MINUTES]

The child hears the take as the stream grows, here as fast as it can; the last second comes with the stop.
"""

import queue
import sys
import tempfile
import time
from datetime import UTC
from pathlib import Path

import numpy as np
from rig import speech

from exam.audio import AudioFormat, FrameSpan
from exam.clock import SystemClock
from station.audibility.thresholds import Thresholds
from station.listener import Listener
from station.messages import Heard, Judged
from station.session.day import Place
from station.situation import Setting, Situation, TakeSituation
from station.tape import Tape
from station.voice import Voice

GOAL_S = 3.0
CPU_GOAL_S = 60.0
"""CPU seconds an hour of audio."""
MEMORY_GOAL_MIB = 300
_SHAPE = AudioFormat(speech.RATE, 1)
_FILE = "поток_01.wav"
_PLACES = (30, 180, 420, 660)
_IDLE_S = 1.0


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 16.0
    sound = np.resize(speech.conversation(300, seed=77), round(minutes * 60) * speech.RATE)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tape = Tape(Path(folder, _FILE), _SHAPE)
        tape.append(sound.tobytes())
        tape.close()
        waited, cpu, memory = _listened(folder, len(sound))
    alone = _webrtcvad(sound)
    hourly = cpu * 60 / minutes
    print(f"stop -> verdict on {minutes:.0f} min: {waited:.2f} s (goal ≤ {GOAL_S:.0f})")
    print(f"all of the child's work: {hourly:.1f} CPU s an hour of audio (goal ≤ {CPU_GOAL_S:.0f}); "
          f"webrtcvad alone {alone * 60 / minutes:.1f}, ratio {cpu / alone:.0f}")  # fmt: skip
    print(f"memory at the most: {memory:.0f} MiB (goal < {MEMORY_GOAL_MIB})")
    return 0 if waited <= GOAL_S and hourly <= CPU_GOAL_S and memory < MEMORY_GOAL_MIB else 1


def _listened(folder: str, frames: int) -> tuple[float, float, float]:
    """Seconds from the stop to the verdict, CPU seconds of the child, MiB."""
    reports: queue.Queue[Heard | Judged] = queue.Queue()
    listener = Listener(Setting(shape=_SHAPE, seats=(), thresholds=Thresholds()), SystemClock(UTC), reports.put)
    try:
        listener.tell(_situation(folder, frames - speech.RATE, over=False))
        _await_idle(listener.pid)
        stopped = time.monotonic()
        listener.tell(_situation(folder, frames, over=True))
        while not isinstance(reports.get(timeout=60), Judged):
            pass
        return time.monotonic() - stopped, _cpu_s(listener.pid), _peak_mib(listener.pid)
    finally:
        listener.close()


def _situation(folder: str, frames: int, *, over: bool) -> Situation:
    marks = tuple((task, Place(_FILE, second * speech.RATE)) for task, second in enumerate(_PLACES, 1))
    take = TakeSituation(
        stem="Иванов И",
        spans=(FrameSpan(_FILE, 0, frames),) if over else (),
        open_from=None if over else Place(_FILE, 0),
        marks=marks,
        tasks=(1, 2, 3, 4),
        extended=False,
        gaps=(),
        wants_verdict=over,
    )
    return Situation(folder=folder, file=_FILE, frames=frames, current=None if over else take.stem, takes=(take,))


def _await_idle(pid: int) -> None:
    """Until it has heard all there is."""
    before = -1.0
    while (now := _cpu_s(pid)) - before > _IDLE_S / 20:
        before = now
        time.sleep(_IDLE_S)


def _cpu_s(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def _peak_mib(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def _webrtcvad(sound: "np.typing.NDArray[np.int16]") -> float:
    """CPU seconds of the detector of what is live, over the same sound."""
    voice, began = Voice(speech.RATE), time.process_time()
    for first in range(0, len(sound), speech.RATE):
        voice.speech(sound[first : first + speech.RATE])
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
