"""Whatever happens to the copy's disk in between: once all is written and the disk is back, both folders are equal."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from days import SHAPE, sound
from hypothesis import given, settings
from hypothesis import strategies as st
from mirrored import contents, other_disk

from exam import durable
from exam.errors import ExamError
from station import copying, journal
from station.following import Following
from station.publishing import set_aside
from station.tape import Tape, TapeReader, header

FRAMES = 500
FOREIGN = b"somebody else's file"
Step = Callable[["Disks"], object]


class Disks:
    """A day being written in `source` and its copy on another disk, which fails when told."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source, self.target = source, target
        self.tapes: list[Tape] = []
        self.room_bytes: int | None = None
        self.published = self.foreign = 0
        self.journal = (source / journal.FILE).open("ab", buffering=0)
        self.follow()

    def follow(self) -> None:
        self.following = Following(self.source, self.target, SHAPE, nullcontext, scan_s=0)

    def begin(self) -> None:
        self.tapes.append(Tape(self.source / f"поток_{len(self.tapes):02d}.wav", SHAPE))

    def record(self) -> None:
        for tape in self.tapes[-2:]:
            tape.append(sound(tape.frames + 7000 * len(self.tapes), FRAMES))

    def hold(self) -> None:
        for tape in self.tapes[-1:]:
            tape.hold(os.urandom(FRAMES * SHAPE.frame_bytes), gap=FRAMES // 3)

    def note(self) -> None:
        self.journal.write(b'{"an": "event"}\n')

    def half_note(self) -> None:
        self.journal.write(b'{"to')

    def publish(self) -> None:
        self.published += 1
        durable.publish(self.source / f"копия {self.published}.mp3", os.urandom(3000))

    def tear(self) -> None:
        """A take's tape is made anew in the day's folder, the torn one set aside."""
        if self.tapes and self.tapes[-1].frames:
            torn = self.tapes[-1]
            set_aside(torn.path)
            self.tapes[-1] = Tape(torn.path, SHAPE)
            self.tapes[-1].append(torn.read(0, torn.frames // 2))
            torn.close()

    def turn(self, *, settled: bool = False) -> bool:
        """As the mirror does it: after a failure nothing is taken as known."""
        with mock.patch.object(copying, "_write", self.write):
            try:
                return self.following.turn(is_settled=settled)
            except (OSError, ExamError):
                self.follow()
                return False

    def write(self, descriptor: int, piece: bytes, offset: int) -> None:
        """A disk with so many bytes left takes a part of what it is given."""
        if self.room_bytes is not None:
            taken, self.room_bytes = piece[: self.room_bytes], max(0, self.room_bytes - len(piece))
            if len(taken) < len(piece):
                os.pwrite(descriptor, taken, offset)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.pwrite(descriptor, piece, offset)

    def fill(self) -> None:
        self.room_bytes = 1234

    def free(self) -> None:
        self.room_bytes = None

    def lose(self) -> None:
        shutil.rmtree(self.target, ignore_errors=True)
        self.foreign = 0

    def cut_power(self) -> None:
        """The end of every copy is gone, whatever its header says."""
        for path in self.target.glob("*.*"):
            if FOREIGN not in path.read_bytes():  # that one was there long before
                os.truncate(path, path.stat().st_size // 2)
        self.follow()

    def intrude(self) -> None:
        """Another file under a name of ours."""
        if self.tapes and self.target.is_dir():
            (self.target / self.tapes[-1].path.name).write_bytes(header(SHAPE, len(FOREIGN)) + FOREIGN)
            self.foreign += 1
            self.follow()

    def restart(self) -> None:
        self.follow()


STEPS: list[Step] = [
    Disks.begin, Disks.record, Disks.record, Disks.hold, Disks.note, Disks.half_note, Disks.publish, Disks.tear,
    Disks.fill, Disks.free, Disks.lose, Disks.cut_power, Disks.intrude, Disks.restart,
    *[Disks.turn] * 4,
]  # fmt: skip


@settings(max_examples=60)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=40))
def test_in_the_end_both_are_equal_and_nothing_foreign_is_lost(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as name, other_disk() as other:
        disks = Disks(Path(name), other / "day")
        for step in steps:
            step(disks)
        disks.note()
        disks.free()
        for tape in disks.tapes:
            tape.close()
        await_(disks, lambda: disks.following.differing is not None)
        assert disks.following.differing == ()
        ours, copy = contents(disks.source), contents(disks.target)
        assert ours.items() <= copy.items()
        if disks.foreign:
            assert any(FOREIGN in content for content in copy.values())


def await_(disks: Disks, true: Callable[[], Any]) -> None:
    for _ in range(30):
        if true():
            return
        disks.turn(settled=True)
    raise AssertionError(disks.following.error or "not in 30 turns")


def test_a_long_copy_is_not_made_anew_because_what_was_held_has_found_another_place(tmp_path: Path) -> None:
    with other_disk() as other:
        disks = Disks(tmp_path, other / "day")
        disks.begin()
        tape, second = disks.tapes[0], SHAPE.sample_rate
        tape.append(sound(0, 20 * second))
        tape.hold(held := sound(20 * second, second))
        disks.turn()
        tape.append_silence(second // 2)
        tape.append(held)
        disks.turn()
        disks.turn()
        assert set(contents(other / "day")) == {tape.path.name, journal.FILE}
        with TapeReader(other / "day" / tape.path.name) as copy:
            assert copy.read(0, copy.frames) == tape.read(0, tape.frames)
            assert copy.frames == tape.frames


def test_a_copy_holds_no_sound_that_its_journal_does_not_tell_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with other_disk() as other:
        disks = Disks(tmp_path, other / "day")
        disks.begin()
        disks.record()
        bring_level = copying.bring_level

        def while_the_day_goes_on(source: Path, *arguments: Any, **options: Any) -> Any:
            copied = bring_level(source, *arguments, **options)
            if source.name == journal.FILE:
                disks.note()
                disks.record()
            return copied

        monkeypatch.setattr(copying, "bring_level", while_the_day_goes_on)
        disks.turn()
        with TapeReader(other / "day" / disks.tapes[0].path.name) as copy:
            assert copy.frames == FRAMES
        assert disks.tapes[0].frames == 2 * FRAMES


def test_a_copy_is_a_whole_recording_after_every_turn(tmp_path: Path) -> None:
    with other_disk() as other:
        disks = Disks(tmp_path, other / "day")
        disks.begin()
        for _ in range(20):
            disks.record()
            disks.turn()
            with TapeReader(other / "day" / disks.tapes[0].path.name) as copy:
                assert copy.is_whole
                assert copy.frames == disks.tapes[0].frames
