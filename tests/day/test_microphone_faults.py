"""The microphone goes and comes back: what is missing is told to 20 ms, and nothing foreign is ever heard.

A voice goes on at real time whatever happens (`rig.live`), so the marker in the recording proves what was missed and
where; it must be what the manifest says.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.live import LONG_PIPE, SHORT_PIPE, Voice
from rig.marker import Frames, align, marker
from rooms import RATE, Room, frames_of, room

from exam import manifest
from exam.audio import Gap

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("microphone")]
NEAR = RATE // 50
NOTICED = timedelta(seconds=2)
RESUMED_S = 2.0
SAID = marker(700, seed=31)
FOREIGN = marker(60, seed=32)


@dataclass
class Listening:
    """A room whose stream records a voice."""

    here: Room
    voice: Voice

    @property
    def capture_child(self) -> int:
        return next(
            int(pid)
            for task in Path(f"/proc/{self.here.daemon.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
            if "station.capture.child" in Path(f"/proc/{pid}/cmdline").read_text()
        )

    def go_on(self, seconds: float = 1.5) -> None:
        """Record so much more captured sound."""
        captured = self.here.status()["stream"]["captured_frames"] + seconds * RATE
        self.here.await_(lambda: self.here.status()["stream"]["captured_frames"] >= captured)

    def await_alarm(self, code: str, since: datetime) -> None:
        """The alarm was raised soon enough after `since`."""
        self.here.await_(lambda: code in self.alarms())
        assert self.alarms()[code] - since < NOTICED

    def alarms(self) -> dict[str, datetime]:
        standing = self.here.status()["alarms"]
        since = {alarm["code"]: datetime.fromisoformat(alarm["since"]) for alarm in standing}
        return {code: at for code, at in since.items() if code != "rehearsal_missing"}

    def end(self) -> tuple[tuple[Gap, ...], Frames]:
        """Close; the gaps the manifest tells, proved, and the recording."""
        told = self.here.status()["stream"]
        self.here.do("close")
        path = self.here.folder / told["file"]
        gaps = manifest.load(path.with_suffix(".json")).gaps
        assert [(gap["first_frame"], gap["frames"]) for gap in told["gaps"]] == [
            (g.first_frame, g.frames) for g in gaps
        ]
        recorded = frames_of(path)
        _prove(recorded, gaps)
        assert self.here.run("verify").returncode == 0
        return gaps, recorded

    def resumed_ns(self, recorded: Frames, gap: Gap) -> int:
        """When what is heard after the gap was said."""
        after = align(recorded[gap.end + NEAR :], SAID)
        return self.voice.began_ns + (after.marker_first - after.recorded_first - NEAR) * 1_000_000_000 // RATE


def _prove(recorded: Frames, gaps: Sequence[Gap]) -> None:
    """What the marker shows to be missing is what the gaps say, in place and length."""
    shown = align(recorded, SAID).discontinuities
    for gap in gaps:
        here = [one for one in shown if gap.first_frame - NEAR <= one.recorded_at <= gap.end + NEAR]
        missing = sum(one.marker_frames for one in here)
        assert abs(missing - gap.frames) <= NEAR, (gap, shown)
        shown = tuple(one for one in shown if one not in here)
    assert shown == (), (gaps, shown)


@contextmanager
def listening(folder: Path, pipe_bytes: int = LONG_PIPE) -> Iterator[Listening]:
    with room(folder, live=True, hears=False) as here, Voice(SAID, here.microphone, pipe_bytes) as voice:
        here.await_(lambda: bool(here.status()["levels"]["rms_dbfs"]))
        here.do("open")
        made = Listening(here, voice)
        made.go_on(1)
        yield made


def now() -> datetime:
    return datetime.now(UTC)


def test_unplugged_and_returned_while_another_source_is_there_that_is_never_heard(tmp_path: Path) -> None:
    with listening(tmp_path) as room_:
        here = room_.here
        other = here.server.add_live_microphone("other")
        with Voice(FOREIGN, other):
            pulled = now()
            here.server.remove(here.microphone)
            room_.await_alarm("device_lost", pulled)
            room_.await_alarm("device_changed", pulled)
            here.server.plug(here.microphone)
            returned_ns = time.monotonic_ns()
            room_.go_on()
            assert room_.alarms() == {}
            gaps, recorded = room_.end()
        assert [gap.reason for gap in gaps] == ["device_lost"]
        assert room_.resumed_ns(recorded, gaps[0]) - returned_ns < RESUMED_S * 1e9
        with pytest.raises(ValueError, match="not in the recording"):
            align(recorded, FOREIGN)


def test_the_sound_server_is_killed_and_started_again(tmp_path: Path) -> None:
    with listening(tmp_path) as room_:
        killed = now()
        room_.here.server.kill()
        room_.await_alarm("device_lost", killed)
        room_.here.server.restart()
        returned_ns = time.monotonic_ns()
        room_.go_on()
        gaps, recorded = room_.end()
        assert [gap.reason for gap in gaps] == ["device_lost"]
        assert room_.resumed_ns(recorded, gaps[0]) - returned_ns < RESUMED_S * 1e9


@pytest.mark.alone  # where it was lost is told to 20 ms by when what followed came: a busy machine tells that worse
def test_a_sound_server_that_stands_still_loses_only_what_it_could_not_keep(tmp_path: Path) -> None:
    with listening(tmp_path, SHORT_PIPE) as room_:
        with room_.here.server.stalled():
            time.sleep(0.15)  # a third of a second is kept
        room_.go_on(2)
        assert room_.here.status()["stream"]["gaps"] == []
        stopped = now()
        with room_.here.server.stalled():
            room_.await_alarm("device_stalled", stopped)
        room_.go_on(2.5)
        assert room_.alarms().keys() <= {"overflow"}
        gaps, _ = room_.end()
        assert [gap.reason for gap in gaps] == ["dropped"]


@pytest.mark.slow
def test_a_sound_server_that_stands_still_for_long_is_left_and_found_again(tmp_path: Path) -> None:
    with listening(tmp_path, SHORT_PIPE) as room_:
        with room_.here.server.stalled():
            room_.here.await_(lambda: "device_lost" in room_.alarms())
        returned_ns = time.monotonic_ns()
        room_.go_on()
        gaps, recorded = room_.end()
        assert [gap.reason for gap in gaps] == ["device_lost"]
        assert room_.resumed_ns(recorded, gaps[0]) - returned_ns < RESUMED_S * 1e9


def test_the_capture_process_is_killed(tmp_path: Path) -> None:
    with listening(tmp_path) as room_:
        killed_ns = time.monotonic_ns()
        os.kill(room_.capture_child, signal.SIGKILL)
        room_.go_on()
        gaps, recorded = room_.end()
        assert [gap.reason for gap in gaps] == ["device_lost"]
        assert room_.resumed_ns(recorded, gaps[0]) - killed_ns < RESUMED_S * 1e9


def test_a_station_and_a_capture_process_that_stand_still_lose_nothing(tmp_path: Path) -> None:
    with listening(tmp_path) as room_:
        for pid in (room_.here.daemon.pid, room_.capture_child):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(3)
            os.kill(pid, signal.SIGCONT)
            room_.go_on(3.5)  # of which three had waited
        gaps, _ = room_.end()
        assert gaps == ()


def test_a_microphone_absent_at_start_is_awaited_and_no_other_taken(tmp_path: Path) -> None:
    with room(tmp_path, "pulse:room", live=True, hears=False) as here, Voice(SAID, here.microphone) as voice:
        here.end()
        here.server.remove(here.microphone)
        other = here.server.add_live_microphone("other")
        with Voice(FOREIGN, other):
            began = now()
            here.start(hears=False)
            room_ = Listening(here, voice)
            room_.await_alarm("device_lost", began + timedelta(seconds=3))
            assert here.status()["levels"]["rms_dbfs"] == []
            assert here.run("open").returncode == 1
            here.server.plug(here.microphone)
            here.await_(lambda: bool(here.status()["levels"]["rms_dbfs"]))
            here.do("open")
            room_.go_on()
            gaps, recorded = room_.end()
        assert gaps == ()
        with pytest.raises(ValueError, match="not in the recording"):
            align(recorded, FOREIGN)


@pytest.mark.slow
def test_ten_minutes_beside_four_busy_processes(tmp_path: Path) -> None:
    """Whatever the computer cannot keep is told; the capture itself keeps all."""
    with listening(tmp_path) as room_:
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(4)]
        try:
            time.sleep(600)
        finally:
            for process in busy:
                process.kill()
                process.wait()
        room_.end()
