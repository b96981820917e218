"""A sound card's own ring (snd-aloop in the emulated machine) while the computer is busy, or the recorder stands still.

PulseAudio hides stalls of many seconds; a card forgets what its ring has no room for. What the manifest says is
missing must be what the marker signal shows.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated import EmulatedRoom, add_sound_cards, disk_image, wait_for
from rig.kernel import NoMachine
from rig.machine import Machine
from rig.marker import Discontinuity, Frames, align, marker
from rooms import RATE, frames_of

from exam import manifest
from exam.manifest import Manifest
from exam.names import Kind
from exam.roomday import is_room_day

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.xdist_group("real")]

BUSY_S = 600
BUSY_PROCESSES = 4
STOPPED_S = 3
RING_S, PERIOD_S = 1.9, 0.04
TOLERANCE = round(0.02 * RATE)
MARKER_S = 900


@pytest.fixture
def here(tmp_path: Path) -> Iterator[EmulatedRoom]:
    """A room that hears the marker and has opened its day."""
    with contextlib.ExitStack() as stack:
        try:
            machine = stack.enter_context(Machine([disk_image(tmp_path / "disk.img", "ext4")]))
        except NoMachine as refusal:
            pytest.skip(f"no emulated machine here: {refusal}")
        add_sound_cards(machine)
        room = EmulatedRoom(machine, 0, "ext4", "/dev/vda")
        room.play(marker(MARKER_S, seed=21))
        room.start()
        room.await_sound()
        room.do("open")
        yield room


def test_a_busy_computer_loses_nothing(here: EmulatedRoom, capsys: pytest.CaptureFixture[str]) -> None:
    here.do("start", participant=1, variant="1")
    busy = [here.machine.start("while :; do :; done") for _ in range(BUSY_PROCESSES)]
    listen(here, BUSY_S)
    for process in busy:
        here.machine.run(f"kill {process}")
    recording, stream = closed(here)
    place = align(stream, marker(MARKER_S, seed=21))
    say(capsys, f"busy {BUSY_S} s: lost {place.lost_frames} frames, {place.discontinuities[:5]}")
    assert place.unbroken
    assert recording.gaps == ()


def test_a_daemon_that_stands_still_for_3_s_loses_nothing(here: EmulatedRoom) -> None:
    ring = setting(here, "buffer_size"), setting(here, "period_size")
    assert ring[0] >= RING_S * RATE, "the capture child may not be kept from reading for long"
    assert ring[1] <= PERIOD_S * RATE, "the card tells of its sound too seldom: a kill loses what it has not told of"
    listen(here, 3)
    stop_for(here, here.daemon, STOPPED_S)
    listen(here, 3)
    recording, stream = closed(here)
    assert align(stream, marker(MARKER_S, seed=21)).unbroken
    assert recording.gaps == ()


def test_what_the_card_forgot_is_said_and_placed(here: EmulatedRoom, capsys: pytest.CaptureFixture[str]) -> None:
    listen(here, 3)
    child = int(here.machine.run(f"pgrep -P {here.daemon} -f station.capture.child").split()[0])
    for _ in range(2):
        stop_for(here, child, STOPPED_S)
        listen(here, 5)
    recording, stream = closed(here)
    losses = align(stream, marker(MARKER_S, seed=21)).discontinuities
    say(capsys, f"card forgot: signal shows {losses}, manifest says {recording.gaps}")
    assert_told(recording, losses)


def setting(here: EmulatedRoom, name: str) -> int:
    """What the card records with, in frames."""
    lines = here.machine.run("cat /proc/asound/card0/pcm1c/sub0/hw_params").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def assert_told(recording: Manifest, losses: tuple[Discontinuity, ...]) -> None:
    """Each loss is a gap of the manifest, where it is and as long as it is, and the timeline is kept."""
    assert losses, "the card's ring took it all: stop the child for longer"
    assert len(recording.gaps) == len(losses)
    for gap, loss in zip(recording.gaps, losses, strict=True):
        assert loss.kind == "silence"
        assert abs(gap.first_frame - loss.recorded_at) <= TOLERANCE
        assert abs(gap.frames - loss.marker_frames) <= TOLERANCE, "the manifest names another length"
        assert abs(loss.recorded_frames - loss.marker_frames) <= TOLERANCE, "the file's timeline is not kept"


def stop_for(here: EmulatedRoom, process: int, seconds: float) -> None:
    """SIGSTOP; SIGCONT once so much more sound was played."""
    here.machine.run(f"kill -STOP {process}")
    listen(here, seconds)
    here.machine.run(f"kill -CONT {process}")


def listen(here: EmulatedRoom, seconds: float) -> None:
    """Wait until so much more of the marker was played."""
    end = here.heard() + round(seconds * RATE)
    wait_for(lambda: here.heard() >= end, 60 + 2 * seconds)


def closed(here: EmulatedRoom) -> tuple[Manifest, Frames]:
    """The day's end: the stream with its manifest. What was played must have had no fault of its own."""
    assert "underrun" not in here.log.read_text()
    here.do("close")
    wait_for(lambda: not here.do("status")["publishing"])
    here.station("verify")
    folder = here.copy_out("day")
    recordings = [manifest.load(path) for path in folder.glob("*.json") if not is_room_day(path.name)]
    stream = next(recording for recording in recordings if recording.kind is Kind.STREAM)
    return stream, frames_of(folder / stream.audio.file)


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Figures for a person."""
    with capsys.disabled():
        print(f"\n{text}")  # noqa: T201 - likewise
