"""The power goes while the real daemon records to a flash drive's file systems, in the emulated machine.

Two rooms, one on vfat and one on exFAT, record in one machine; a cut takes both, and the next machine finds what the
disks were given.
"""

import contextlib
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from emulated import EmulatedRoom, add_sound_cards, disk_image, wait_for
from rig.kernel import NoMachine
from rig.machine import Machine
from rig.marker import Frames, marker
from rooms import RATE, frames_of
from untouched import MAX_LOSS_S, check_take, missing_at_the_end, unfinished

from station import recovery
from station.session import State

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.xdist_group("real")]

KINDS = ("vfat", "exfat")
CUTS_EACH = 10
MARKER_S = 300
LONGEST_WAIT_S = 3.0
CLOSING_S = 1.0

_log = logging.getLogger(__name__)
STATES = ("recording", "idle", "recording", "paused", "review", "closing")


@dataclass(frozen=True)
class Cut:
    """A room at the moment its power went: the frame of `sound` it was hearing, the frames its daemon told of."""

    state: str
    heard: int
    told: int
    sound: Frames


def test_a_power_cut_on_vfat_and_exfat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(5)  # noqa: S311 - moments, not secrets
    disks = [disk_image(tmp_path / f"{kind}.img", kind) for kind in KINDS]
    losses: dict[str, list[float]] = {kind: [] for kind in KINDS}
    cuts: list[Cut] = []
    for number in range(CUTS_EACH + 1):
        with machine_with(disks) as machine:
            rooms = [EmulatedRoom(machine, place, kind, f"/dev/vd{'ab'[place]}") for place, kind in enumerate(KINDS)]
            for room, cut in zip(rooms, cuts, strict=False):
                losses[room.kind].append(check_untouched(room, cut))
                _log.info(
                    "%s, %s: %.3f s lost; boot %.1f s", room.kind, cut.state, losses[room.kind][-1], machine.boot_s
                )
            sounds = [marker(MARKER_S, seed=2 * number + room.number) for room in rooms]
            go_on(rooms, sounds)
            if number == CUTS_EACH:
                close_and_verify(rooms)
            else:
                cuts = cut_power(machine, rooms, sounds, rng)
    with capsys.disabled():
        worst = {kind: round(max(lost), 3) for kind, lost in losses.items()}
        print(f"\n{CUTS_EACH} power cuts on each, worst loss, s: {worst}")  # noqa: T201 - figures for a person


@contextlib.contextmanager
def machine_with(disks: list[Path]) -> Iterator[Machine]:
    with contextlib.ExitStack() as stack:
        try:
            machine = stack.enter_context(Machine(disks))
        except NoMachine as refusal:
            pytest.skip(f"no emulated machine here: {refusal}")
        add_sound_cards(machine)
        yield machine


def go_on(rooms: list[EmulatedRoom], sounds: list[Frames]) -> None:
    """Sound, and the daemons: each finds what the last cut left."""
    for room, sound in zip(rooms, sounds, strict=True):
        room.play(sound)
        room.start()
        room.await_sound()


def cut_power(machine: Machine, rooms: list[EmulatedRoom], sounds: list[Frames], rng: random.Random) -> list[Cut]:
    """Bring each room to some state, and take the power of both at a random moment of it."""
    states = [rng.choice(STATES) for _ in rooms]
    for room, state in zip(rooms, states, strict=True):
        bring_to(room, state)
    end = rooms[0].heard() + round(rng.uniform(0, LONGEST_WAIT_S) * RATE)
    wait_for(lambda: rooms[0].heard() >= end)
    told = [frames_told(room) for room in rooms]
    for room, state in zip(rooms, states, strict=True):
        if state == "closing":
            room.begin("close")
            time.sleep(rng.uniform(0, CLOSING_S))  # not to wait for something: to be at a random moment
    now = time.time()
    machine.cut()
    known = zip(rooms, states, told, sounds, strict=True)
    return [Cut(state, room.heard_at(now), told, sound) for room, state, told, sound in known]


def frames_told(room: EmulatedRoom) -> int:
    stream = room.do("status")["stream"]
    return stream["frames"] if stream else 0


def bring_to(room: EmulatedRoom, state: str) -> None:
    """Let the room be in `state`, whatever it was doing."""
    now = room.do("status")
    if now["state"] == "closed":
        room.do("open")
    elif now["state"] in {"recording", "paused"}:
        now = room.do("stop")
    if now["state"] == "review":
        room.do("retake", reason="свет")
    if state not in {"idle", "closing"}:
        parts = len(now["participants"][0]["takes"])
        room.do("start", participant=1, variant=str(parts + 1))
    if state in {"paused", "review"}:
        room.do("pause" if state == "paused" else "stop")


def check_untouched(room: EmulatedRoom, cut: Cut) -> float:
    """Before any repair: files play, little is missing, what was answered is in the journal. Seconds lost."""
    folder = room.copy_out("left")
    day = recovery.replay(folder)
    assert cut.state == "closing" or day.state == State(cut.state), "an answered command is not in the journal"
    sounds = unfinished(folder)
    part = day.parts[-1]
    if part.frames is not None:
        assert part.file not in sounds or len(frames_of(folder / part.file)) == part.frames
        return 0.0
    stream = sounds[part.file]
    lost = missing_at_the_end(stream, cut.sound, cut.heard) if stream.any() else max(0, cut.told - len(stream))
    assert lost <= MAX_LOSS_S * RATE, f"{room.kind}: {lost / RATE:.3f} s missing after a cut while {cut.state}"
    check_take(folder, day, sounds, len(stream) + lost - round(MAX_LOSS_S * RATE))
    return lost / RATE


def close_and_verify(rooms: list[EmulatedRoom]) -> None:
    for room in rooms:
        bring_to(room, "idle")
        room.do("close")
    for room in rooms:
        wait_for(lambda room=room: not room.do("status")["publishing"])
        room.station("verify")
