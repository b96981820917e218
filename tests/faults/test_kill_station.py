"""The real daemon is killed at random moments of every state while a marker plays: every file plays before any repair,
hardly anything is lost, and after the restart one take goes on, its gap as long as the hole that the marker shows."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rig.marker import Frames, align, marker
from rooms import RATE, Room, frames_of, lengths, room

from exam import manifest
from exam.clock import NS_PER_S
from exam.names import Kind
from exam.roomday import is_room_day
from station import client, journal, recovery
from station.session.events import Anchored, GapBegan, GapFound, StreamEnded, StreamStarted
from station.tape import HEADER_BYTES

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

STATES = ("idle", "recording", "paused", "review", "closing", "encoding")
KILLS_A_DAY = 12
MARKER_S = 400
WAIT_S = 1.2
LENGTH_S, LOST_S, PLACED_S = 0.1, 0.2, 0.02
_PATIENCE_S = 60.0


class Mortal:
    """A room whose daemon is killed again and again; what each death took, in seconds."""

    def __init__(self, here: Room, seed: int) -> None:
        self.room, self._random = here, random.Random(seed)  # noqa: S311 - moments, not secrets
        self._variant = 0
        self.lost_s: dict[str, list[float]] = {state: [] for state in STATES}

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        return client.ask(self.room.school.folder / "run" / "control.sock", command, arguments)

    def bring_to(self, state: str) -> None:
        """Whatever the room is doing; a take that runs goes on where it can."""
        now = self.ask("status")["state"]
        if now == "closed":
            self.ask("open")
        if state == "idle":
            if now in {"recording", "paused"}:
                self.ask("stop")
            if now in {"recording", "paused", "review"}:
                self.ask("accept")
        elif now == "paused":
            self.ask("resume")
        elif now != "recording":
            if now == "review":
                self.ask("accept")
            self._variant += 1
            self.ask("start", participant=self._random.randint(1, 4), variant=str(self._variant))
        for command in {"paused": ["pause"], "review": ["stop"], "encoding": ["stop", "accept"]}.get(state, []):
            self.ask(command)

    def die(self, state: str) -> None:
        """Die at a random moment of the state; all that is on the disk must be right as it is."""
        self.bring_to(state)
        closing = self.room.begin("close") if state == "closing" else None
        time.sleep(self._random.uniform(0, WAIT_S))  # the moment, not a wait for anything
        self.room.daemon.kill()
        killed_ns = time.monotonic_ns()
        self.room.daemon.wait()
        if closing is not None:
            closing.wait(_PATIENCE_S)
        for tape in self.room.folder.glob("*.wav"):
            if time.time() - tape.stat().st_mtime < _PATIENCE_S:
                check_length(tape)
        self.lost_s[state].append(self._lost_at(killed_ns))

    def die_and_come_back(self, state: str) -> None:
        self.die(state)
        was = recovery.replay(self.room.folder)
        self.room.start()
        now = self.ask("status")
        assert now["state"] == was.state
        assert now["take"] == was.current, "the same participant is recorded again"

    def _lost_at(self, killed_ns: int) -> float:
        """Sound that had come when the daemon died and is not in its stream, by when the journal says frames came."""
        events = [entry.event for entry in journal.read(self.room.folder)]
        begun = max((place for place, event in enumerate(events) if isinstance(event, StreamStarted)), default=0)
        anchors = [event for event in events[begun:] if isinstance(event, Anchored)]
        gaps = [isinstance(event, GapBegan) for event in events[begun:] if isinstance(event, GapBegan | GapFound)]
        is_deaf = bool(gaps) and gaps[-1]  # nothing has come yet since the restart: there is nothing to lose
        if not anchors or is_deaf or any(isinstance(event, StreamEnded) for event in events[begun:]):
            return 0.0
        last = anchors[-1]
        recorded = (self.room.folder / str(last.stream)).stat().st_size - HEADER_BYTES
        return (killed_ns - last.at_ns) / NS_PER_S - (recorded / 2 - last.frame) / RATE

    def finish(self) -> None:
        """The day closed and everything published."""
        now = self.ask("status")["state"]
        if now != "closed":
            self.ask("close")
        self.room.await_(lambda: not self.ask("status")["publishing"] and self.ask("status")["stream"] is None)
        verified = self.room.run("verify")
        assert verified.returncode == 0, verified.stdout


def check_length(tape: Path) -> None:
    true_s = (tape.stat().st_size - HEADER_BYTES) / 2 / RATE
    if true_s > 0:
        for reader, seconds in lengths(tape).items():
            assert abs(seconds - true_s) <= LENGTH_S, f"{reader} sees {seconds} s of {true_s} s in {tape.name}"


def holes(audio: Frames, played: Frames) -> dict[int, tuple[int, int]]:
    """By where silence begins in the recording: its frames, and how many frames of the marker are missing for it."""
    places = align(audio, played).discontinuities
    return {at.recorded_at: (at.recorded_frames, at.marker_frames) for at in places if at.kind == "silence"}


def check_day(folder: Path, played: Frames) -> list[float]:
    """Gaps of the joined stream less what the marker shows, in seconds; a take's gaps are holes of the same length."""
    told = [manifest.load(path) for path in sorted(folder.glob("*.json")) if not is_room_day(path.name)]
    stream = np.concatenate([frames_of(folder / part.audio.file) for part in told if part.kind is Kind.STREAM])
    for take in told:
        found = holes(frames_of(folder / take.audio.file), played) if take.kind is Kind.PARTICIPANT else {}
        within = [gap for gap in take.gaps if gap.first_frame in found]
        assert {gap.first_frame: gap.frames for gap in within} == {at: silent for at, (silent, _) in found.items()}
    return [(silent - missing) / RATE for silent, missing in holes(stream, played).values()]


def play_day(folder: Path, seed: int, states: list[str]) -> tuple[dict[str, list[float]], list[float]]:
    played = marker(MARKER_S, seed=seed)
    with room(folder) as here:
        here.server.play(played, here.microphone)
        mortal = Mortal(here, seed)
        for state in states:
            mortal.die_and_come_back(state)
        mortal.finish()
        return mortal.lost_s, check_day(here.folder, played)


@pytest.mark.parametrize("days", [1, pytest.param(17, marks=pytest.mark.slow)])
def test_killed_at_any_moment(tmp_path: Path, days: int, capsys: pytest.CaptureFixture[str]) -> None:
    lost: dict[str, list[float]] = {state: [] for state in STATES}
    errors: list[float] = []
    for day in range(days):
        (folder := tmp_path / str(day)).mkdir()
        states = list(STATES) * (KILLS_A_DAY // len(STATES))
        random.Random(day).shuffle(states)  # noqa: S311 - an order, not a secret
        lost_then, errors_then = play_day(folder, day, states)
        errors += errors_then
        for state, seconds in lost_then.items():
            lost[state] += seconds
    worst = {state: round(max(seconds), 3) for state, seconds in lost.items()}
    with capsys.disabled():
        print(f"\n{days * KILLS_A_DAY} kills; lost at most, s: {worst}")  # noqa: T201 - figures to read beside the verdict
        print("gap less hole, ms:", sorted(round(error * 1000) for error in errors))  # noqa: T201 - likewise
    assert len(errors) >= sum(len(lost[state]) for state in STATES if state != "closing"), "each death made a hole"
    assert max(worst.values()) <= LOST_S
    assert max(map(abs, errors)) <= PLACED_S
