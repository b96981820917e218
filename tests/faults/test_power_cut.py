"""The power goes while the real daemon records to ext4: what was synced is there, plays, and the day goes on."""

import contextlib
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rig.marker import Alignment, Frames, align, marker
from rig.players import played
from rig.powercut import NoDisk, PowerCutDisk
from rig.witness import Witness
from rooms import RATE, Room, frames_of, room

from exam import manifest
from station import client, recovery
from station.session import Day, State

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

MAX_LOSS_S = 1.0
LONGEST_WAIT_S = 2.5
CLOSING_S = 0.8
"""What closing takes: the command's start, the last sound on its way, sealing, publishing."""
BEFORE_S = 4.0
"""How far before a recording's presumed start its first sound may be looked for."""
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
    sounds = {path.name: shortest(path) for path in folder.glob("*.wav") if not is_published(path)}
    part = day.parts[-1]
    if part.frames is not None:
        assert len(frames_of(folder / part.file)) == part.frames
        return 0.0
    stream = sounds[part.file]
    lost = last.heard - placed(bench, stream, last.heard).marker_end if len(stream) else last.told
    assert lost <= MAX_LOSS_S * RATE, f"{lost / RATE:.3f} s of the stream are missing after a cut while {state}"
    check_take(day, sounds, len(stream) + lost - round(MAX_LOSS_S * RATE))
    return lost / RATE


def is_published(path: Path) -> bool:
    return path.with_name(path.name.removesuffix(".wav") + manifest.SUFFIX).exists()


def shortest(path: Path) -> Frames:
    """What every player plays of a file."""
    sounds = played(path)
    stored = frames_of(path)
    for player, sound in sounds.items():
        assert np.array_equal(sound, stored[: len(sound)]), f"{player} plays other samples than {path.name} holds"
    return min(sounds.values(), key=len)


def placed(bench: Bench, stream: Frames, heard: int) -> Alignment:
    """Where the stream's last run lies in what the witness heard until `heard`; ends of both are last."""
    first = max(0, heard - len(stream) - round(BEFORE_S * RATE))
    place = align(stream, bench.witness.heard(first, heard + RATE))
    assert place.recorded_end == len(stream), "the file's end is not what was heard"
    assert place.unbroken, place.discontinuities
    return Alignment(place.recorded_first, place.recorded_end, place.marker_first + first, place.marker_end + first, ())


def check_take(day: Day, sounds: dict[str, Frames], until: int) -> None:
    """The participant's own file holds its spans of the stream, at least what lies before the frame `until`."""
    take = day.take
    if take is None:
        return
    stream, own = sounds[day.parts[-1].file], sounds[take.tape + ".wav"]
    spans = [(span.first_frame, span.end) for span in take.spans]
    spans += [(take.open_from.frame, len(stream))] if take.open_from else []
    whole = np.concatenate([stream[first:end] for first, end in spans])
    common = min(len(own), len(whole))
    assert np.array_equal(own[:common], whole[:common])
    needed = sum(max(0, min(end, until) - first) for first, end in spans)
    assert len(own) >= needed, "the participant's own file is shorter than what was synced"


def all_is_well_at_the_end(bench: Bench) -> None:
    here = bench.room
    bring_to(bench, "idle")
    here.do("close")
    here.await_(lambda: not recovery.replay(here.folder).unpublished())
    verified = here.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert list(here.folder.glob("*.wav")), "nothing was recorded"
