"""The computer's wall clock is set forth and back by hours while a participant is recorded: nothing but a notice."""

import time
from pathlib import Path

import numpy as np
import pytest
from rig.marker import align, marker
from rig.wallclock import WallClock
from rooms import RATE, Room, frames_of, room

from exam import manifest
from station import journal
from station.session.events import ClockStepped

pytestmark = pytest.mark.real
HOUR_S = 3600
STEPS_S = (HOUR_S, -2 * HOUR_S, HOUR_S)
SAID_S = 14
MARGIN_S = 5.0 + 1.0  # pre-roll and post-roll; the press on its way


def step(here: Room, clock: WallClock, ahead_s: int, by_s: int) -> None:
    """Set the clock; wait until it is told and two seconds more are recorded."""
    clock.set(ahead_s)
    here.await_(lambda: any(f"{by_s:+d} " in alarm["text"] for alarm in clock_alarms(here)))
    here.await_frames(here.status()["stream"]["frames"] + 2 * RATE)


def clock_alarms(here: Room) -> list[dict[str, str]]:
    return [alarm for alarm in here.status()["alarms"] if alarm["code"] == "clock_step"]


def test_a_clock_set_forth_and_back_is_told_and_costs_no_frame(tmp_path: Path) -> None:
    clock, played = WallClock(tmp_path), marker(SAID_S, seed=5)
    with room(tmp_path, of_daemon=clock.environment) as here:
        here.do("open")
        stem = here.do("start", "--participant", "1")["take"]
        began = time.monotonic()
        playback = here.server.play(np.concatenate([played, np.zeros(RATE, np.int16)]), here.microphone)
        ahead_s = 0
        for by_s in STEPS_S:
            ahead_s += by_s
            step(here, clock, ahead_s, by_s)
        playback.wait(SAID_S + 30)
        lasted = time.monotonic() - began
        here.do("stop")
        here.do("accept")
        here.do("close")
        assert here.run("verify").returncode == 0
        told = manifest.load(here.folder / f"{stem}.json")
    taken = frames_of(here.folder / f"{stem}.wav")
    heard = align(taken, played)
    assert heard.unbroken, heard.discontinuities
    assert (heard.marker_first, heard.marker_end) == (0, len(played))
    assert told.gaps == ()
    assert lasted <= told.audio.frames / RATE <= lasted + MARGIN_S
    assert lasted - 1 <= (told.ended_at - told.started_at).total_seconds() <= lasted + MARGIN_S
    noted = [entry.event.seconds for entry in journal.read(here.folder) if isinstance(entry.event, ClockStepped)]
    assert noted == pytest.approx(STEPS_S, abs=0.05)
