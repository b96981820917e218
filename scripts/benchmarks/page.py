"""What the room page costs, and how soon it shows: beside a station without a page, at the same time.

    python -m benchmarks.page [SECONDS] [PRESSES]

CPU: two stations record the same microphone, one has a page; first nobody looks at it, then one does. The viewer is a
WebSocket client, so what a browser spends on drawing is not in it. Latency: from the press, an HTTP request like the
page's, to its answer and to the status on the page's socket. Meters: from a sound's first sample, said into a live
microphone at a known time, to its cell on the socket; beyond what the capture itself takes to have it on the tape.
"""

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rig.live import Voice
from rig.ports import free_port
from rig.sound import SoundServer
from rig.visitor import Visitor, await_message, visitor
from showing import programs
from showing.demo import ROSTER
from showing.school import ROOM, School, today
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from benchmarks import browser
from benchmarks.cpu import cpu_ns
from exam import names
from station import client
from station.tape import TapeReader

CPU_GOAL, PRESS_GOAL_MS, RATE_GOAL, LAG_GOAL_MS = 0.3, 150.0, 15.0, 300.0
_SETTLE_S = 8.0
_RATE = 48000
_STEPS, _STEP_S = 15, 1.0
_QUIET, _LOUD = 30, 6000
_HEARD, _HEARD_DBFS = 1000, -40.0
_PATIENCE_S = 30.0
_POLL_S = 0.002


def main() -> int:
    words = [float(word) for word in sys.argv[1:]]
    seconds, presses = words[0] if words else 60.0, round(words[1]) if words[1:] else 50
    with tempfile.TemporaryDirectory(prefix="bench-") as name, SoundServer() as server, contextlib.ExitStack() as stack:
        voice = stack.enter_context(Voice(_steps(4 * seconds + 120), server.add_live_microphone("room")))
        schools = {"bare": School(Path(name, "bare")), "paged": School(Path(name, "paged"), port=free_port())}
        pids = {}
        for key, school in schools.items():
            school.write(device="pulse", roster=ROSTER)
            pids[key] = stack.enter_context(programs.station(school, server.environment)).pid
            _await_sound(school)
            school.call("station", "open")
        page = visitor(schools["paged"].folder / "run" / "control.page")
        pids["page"] = _child(pids["paged"], b"station.web")
        nobody = _measured(pids, seconds)
        with page.live(visible=True) as live, _reading(live) as cells:
            somebody = _measured(pids, seconds)
        _print_cpu(nobody, somebody)
        print(f"meters: {len(cells) / (seconds + _SETTLE_S):.1f} cells a second (goal >= {RATE_GOAL:.0f})")
        _print_presses(page, presses)
        _print_browser(page, presses)
        _print_lags(page, voice, schools["paged"])
    return 0


def _steps(seconds: float) -> "np.typing.NDArray[np.int16]":
    """A second of quiet, a second of noise, and so on."""
    loudness = np.repeat([_QUIET, _LOUD], round(_STEP_S * _RATE))
    turn = np.random.default_rng(1).uniform(-1, 1, len(loudness)) * loudness
    return np.tile(turn.astype(np.int16), round(seconds / 2 / _STEP_S))


def _await_sound(school: School) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not client.ask(_control(school), "status")["levels"]["rms_dbfs"]:
        assert time.monotonic() < deadline, "no sound"
        time.sleep(_POLL_S)


def _control(school: School) -> Path:
    return school.folder / "run" / "control.sock"


def _child(daemon: int, module: bytes) -> int:
    """The daemon's child that runs this module."""
    for task in Path(f"/proc/{daemon}/task").iterdir():
        for pid in (task / "children").read_text().split():
            if module in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise LookupError(module)


@contextlib.contextmanager
def _reading(live: ClientConnection) -> Iterator[list[Any]]:
    """The cells that come, read as a browser does."""
    cells: list[Any] = []

    def read() -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                cells.extend(await_message(live, lambda told: "levels" in told, _PATIENCE_S)["levels"]["cells"])

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield cells
    live.close()
    reader.join()


def _measured(pids: Mapping[str, int], seconds: float) -> Mapping[str, float]:
    """CPU seconds a minute of each, children included."""
    time.sleep(_SETTLE_S)
    began, before = time.monotonic(), {key: cpu_ns(pid) for key, pid in pids.items()}
    time.sleep(seconds)
    passed = time.monotonic() - began
    return {key: (cpu_ns(pid) - before[key]) / 1e9 * 60 / passed for key, pid in pids.items()}


def _print_cpu(nobody: Mapping[str, float], somebody: Mapping[str, float]) -> None:
    print("CPU s a minute: a station without a page, one with it, the page's process in that")
    for name, costs in (("nobody looks", nobody), ("one viewer", somebody)):
        more = costs["paged"] - costs["bare"]
        print(f"  {name:13s} {costs['bare']:.3f}   {costs['paged']:.3f}   {costs['page']:.3f}   {more:+.3f} more "
              f"(goal <= {CPU_GOAL})")  # fmt: skip


def _print_presses(page: Visitor, presses: int) -> None:
    """Pause and resume by turns; when the answer came, and when the page's socket told of it."""
    answered, shown = [], []
    page.order("start", participant=1, variant="1")
    with page.live() as live:
        await_message(live, lambda told: "status" in told, _PATIENCE_S)
        for number in range(presses):
            command, state = (("pause", "paused"), ("resume", "recording"))[number % 2]
            seen = threading.Event()
            times: list[float] = []

            def watch(state: str = state, seen: threading.Event = seen, times: list[float] = times) -> None:
                await_message(live, lambda told: (told.get("status") or {}).get("state") == state, _PATIENCE_S)
                times.append(time.perf_counter())
                seen.set()

            threading.Thread(target=watch, daemon=True).start()
            began = time.perf_counter()
            page.order(command)
            answered.append((time.perf_counter() - began) * 1000)
            assert seen.wait(_PATIENCE_S)
            shown.append((times[0] - began) * 1000)
    page.order("stop")
    for name, taken in (("answer", answered), ("status on the socket", shown)):
        print(f"press to {name}: p50 {statistics.median(taken):.0f} ms, p95 {_p95(taken):.0f} ms "
              f"(goal <= {PRESS_GOAL_MS:.0f})")  # fmt: skip


def _print_browser(page: Visitor, presses: int) -> None:
    """The same in a browser, to what stands on the page."""
    page.order("start", participant=2, variant="1")
    clicks, keys, frames = browser.measured(page, presses)
    page.order("stop")
    for name, taken in (("click", clicks), ("space bar", keys)):
        print(f"{name} to the page in Chromium: p50 {statistics.median(taken):.0f} ms, p95 {_p95(taken):.0f} ms "
              f"(goal <= {PRESS_GOAL_MS:.0f})")  # fmt: skip
    print(f"meters in Chromium: {frames:.1f} frames a second (goal >= {RATE_GOAL:.0f})")


def _print_lags(page: Visitor, voice: Voice, school: School) -> None:
    """From the first loud sample to its frames on the tape, and to its cell on the socket."""
    folder = school.folder / "recordings" / names.day_folder(today(), ROOM)
    tape = folder / client.ask(_control(school), "status")["stream"]["file"]
    on_tape: list[float] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch_tape, args=(tape, on_tape, over))
    watcher.start()
    shown, was_loud = [], True
    with page.live(visible=True) as live:
        while len(shown) < _STEPS:
            told = await_message(live, lambda told: "levels" in told, _PATIENCE_S)
            now = time.monotonic()
            for ((rms, _),) in told["levels"]["cells"]:
                is_loud = rms > _HEARD_DBFS
                if is_loud and not was_loud:
                    shown.append(now)
                was_loud = is_loud
    over.set()
    watcher.join()
    began = voice.began_ns / 1e9 + _STEP_S
    late = [(at - began) % (2 * _STEP_S) * 1000 for at in shown[1:]]
    beyond = [min((at - there for there in on_tape if there <= at), default=0.0) * 1000 for at in shown[1:]]
    print(f"meters: a sound is on the socket p50 {statistics.median(late):.0f} ms, p95 {_p95(late):.0f} ms after it "
          f"began; p50 {statistics.median(beyond):.0f} ms, p95 {_p95(beyond):.0f} ms after it was on the tape "
          f"(goal <= {LAG_GOAL_MS:.0f})")  # fmt: skip


def _watch_tape(path: Path, times: list[float], over: threading.Event) -> None:
    """When each step came to be on the disk."""
    was_loud = True
    with TapeReader(path) as tape:
        at = tape.grown()
        while not over.wait(_POLL_S):
            have = tape.grown()
            if have == at:
                continue
            now, sound = time.monotonic(), np.frombuffer(tape.read(at, have - at), "<i2")
            at = have
            is_loud = np.abs(sound.astype(np.int32)) > _HEARD
            if is_loud.any() and not was_loud:
                times.append(now)
            was_loud = bool(is_loud[-480:].any())


def _p95(taken: Sequence[float]) -> float:
    return sorted(taken)[round(0.95 * (len(taken) - 1))]


if __name__ == "__main__":
    sys.exit(main())
