"""The power goes while the real daemon records to ext4: what was synced is there, plays, and the day goes on."""

import contextlib
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rig.marker import marker
from rig.powercut import NoDisk, PowerCutDisk
from rig.witness import Witness
from rooms import RATE, Room, frames_of, room
from untouched import MAX_LOSS_S, check_take, missing_at_the_end, unfinished

from station import client, recovery
from station.session import State

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

LONGEST_WAIT_S = 2.5
CLOSING_S = 0.8
"""What closing takes: the command's start, the last sound on its way, sealing, publishing."""
STATES = ("idle", "recording", "paused", "review", "closing")


@dataclass
class Bench:
    """A room that records to a disk whose power can go, and a witness of what it could hear."""

    room: Room
    disk: PowerCutDisk
    witness: Witness
    cuts: int = 0


@dataclass(frozen=True)
class Last:
    """The moment of a cut: frames the witness had heard, frames of the stream part the daemon told of."""

    heard: int
    told: int


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PowerCutDisk]:
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(PowerCutDisk(tmp_path / "disk.img", tmp_path / "recordings"))
        except NoDisk as refusal:
            pytest.skip(f"no ext4 on a loop device here: {refusal}")
        yield made


@pytest.fixture
def bench(tmp_path: Path, disk: PowerCutDisk) -> Iterator[Bench]:
    with room(tmp_path) as here:
        here.server.play(marker(600, seed=11), here.microphone)
        with Witness(here.server, here.microphone, tmp_path / "witness.raw") as witness:
            yield Bench(here, disk, witness)


def test_a_power_cut_while_recording_and_while_idle(bench: Bench) -> None:
    rng = random.Random(3)  # noqa: S311 - moments, not secrets
    for state in ("recording", "idle"):
        cut_and_go_on(bench, state, rng)
    all_is_well_at_the_end(bench)


@pytest.mark.slow
def test_a_power_cut_at_any_moment(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(4)  # noqa: S311 - moments, not secrets
    losses = {state: [cut_and_go_on(bench, state, rng) for _ in range(5)] for state in STATES}
    all_is_well_at_the_end(bench)
    with capsys.disabled():
        worst = {state: round(max(lost), 3) for state, lost in losses.items()}
        print(f"\next4: {bench.cuts} power cuts, worst loss by state, s: {worst}")  # noqa: T201 - figures for a person


def cut_and_go_on(bench: Bench, state: str, rng: random.Random) -> float:
    """Cut the power at a random moment of `state`; seconds of the stream that were lost."""
    bring_to(bench, state)
    closing = bench.room.begin("close") if state == "closing" else None
    wait_s = rng.uniform(0, CLOSING_S if closing else LONGEST_WAIT_S)
    await_sound(bench, bench.witness.frames + round(wait_s * RATE))
    last = Last(bench.witness.frames, frames_told(bench.room))
    bench.disk.cut()
    bench.room.end(signal.SIGKILL)
    if closing:
        closing.wait(60)
    bench.disk.power_on()
    bench.cuts += 1
    lost = check_untouched(bench, state, last)
    bench.room.start()
    return lost


def frames_told(here: Room) -> int:
    stream = client.ask(here.school.folder / "run" / "control.sock", "status")["stream"]
    return stream["frames"] if stream else 0


def bring_to(bench: Bench, state: str) -> None:
    """Let the room be in `state`, whatever it was doing."""
    here = bench.room
    now = here.status()["state"]
    if now == "closed":
        here.do("open")
    elif now in {"recording", "paused"}:
        here.do("stop")
        now = "review"
    if now == "review":
        here.do("retake", "--reason", "свет")
    if state != "idle":
        number = str(bench.cuts % 4 + 1)
        here.do("start", "--participant", number, "--variant", str(bench.cuts + 1))
    if state in {"paused", "review"}:
        await_sound(bench, bench.witness.frames + RATE)
        here.do("pause" if state == "paused" else "stop")


def await_sound(bench: Bench, frames: int) -> None:
    bench.room.await_(lambda: bench.witness.frames >= frames)


def check_untouched(bench: Bench, state: str, last: Last) -> float:
    """Before any repair: files play, little is missing, what was answered is in the journal. Seconds lost."""
    folder = bench.room.folder
    day = recovery.replay(folder)
    assert state == "closing" or day.state == State(state), "an answered command is not in the journal"
    sounds = unfinished(folder)
    part = day.parts[-1]
    if part.frames is not None:
        assert len(frames_of(folder / part.file)) == part.frames
        return 0.0
    stream = sounds[part.file]
    source = bench.witness.heard(0, last.heard + RATE)
    lost = missing_at_the_end(stream, source, last.heard) if stream.any() else max(0, last.told - len(stream))
    assert lost <= MAX_LOSS_S * RATE, f"{lost / RATE:.3f} s of the stream are missing after a cut while {state}"
    check_take(folder, day, sounds, len(stream) + lost - round(MAX_LOSS_S * RATE))
    return lost / RATE


def all_is_well_at_the_end(bench: Bench) -> None:
    here = bench.room
    bring_to(bench, "idle")
    here.do("close")
    here.await_(lambda: not recovery.replay(here.folder).unpublished())
    verified = here.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert list(here.folder.glob("*.wav")), "nothing was recorded"
