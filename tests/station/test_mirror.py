"""The mirror: the same day on another disk, never in the first one's way, healed by following, the day if need be."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from days import BLOCK, IVANOV, PETROVA, RATE, STREAM, Room, audio_of, play_day, sound
from mirrored import MirroredRoom, contents, other_disk

from exam import manifest
from exam.errors import Rejected
from station import copying, recovery
from station.messages import Published
from station.publishing import FRAGMENTS
from station.session import State
from station.session import commands as ask
from station.session.commands import Command
from station.tape import HEADER_BYTES
from station.verify import verify

STREAM_FILE, TAKE = f"{STREAM}.wav", f"{IVANOV}.wav"


@pytest.fixture
def disk() -> Iterator[Path]:
    with other_disk() as folder:
        yield folder


@pytest.fixture
def room(tmp_path: Path, disk: Path) -> Iterator[MirroredRoom]:
    with MirroredRoom(tmp_path, disk) as started:
        yield started


def record(room: MirroredRoom, blocks: int) -> None:
    """So much of the first participant, until both disks have it."""
    room.hear(2)
    room.do(ask.Start(participant=1))
    room.hear(blocks)
    room.until(room.is_level)


def finish(room: MirroredRoom) -> None:
    """The participant is done, and so is the day."""
    room.do(ask.Stop())
    room.hear(1)
    room.do(ask.Accept())
    room.close()


def test_a_day_is_the_same_in_both_folders_while_it_is_recorded_and_after(room: MirroredRoom) -> None:
    record(room, 5)
    assert len(audio_of(room.second / TAKE)) >= 2 * 5 * BLOCK
    room.do(ask.Stop())
    room.hear(1)
    room.close()
    assert contents(room.first) == contents(room.second)
    assert room.alarm("second_copy_failed") == ""
    assert verify(room.second).ok


def test_the_whole_day_of_two_participants(room: MirroredRoom) -> None:
    play_day(room)
    room.until(lambda: room.status().publishing == () and room.is_equal())
    assert contents(room.first) == contents(room.second)
    room.clock.advance(10)
    assert [disk.folder for disk in room.status().disk] == [str(room.first), str(room.second)]


def test_a_mirror_that_comes_late_is_made_up(tmp_path: Path, disk: Path) -> None:
    """The disk was not there in the morning: all of the day is copied once it is."""
    with Room(tmp_path) as alone:
        play_day(alone)
    with MirroredRoom(tmp_path, disk) as room:
        room.until(lambda: room.status() and room.is_equal())
        assert contents(room.first) == contents(room.second)


def test_a_folder_on_the_same_disk_is_no_mirror(tmp_path: Path) -> None:
    """The flash drive is not plugged in: nothing is written where it would be."""
    second = tmp_path / "mnt" / "second"
    with MirroredRoom(tmp_path, second) as room:
        room.hear(2)
        room.do(ask.Open())
        room.until(lambda: "том же диске" in room.alarm("second_copy_failed"))
        room.hear(2)
    assert not second.exists()
    heard = audio_of(room.first / STREAM_FILE)
    assert heard == sound(1000 + 2 * BLOCK, len(heard) // 2)


def test_a_mirror_whose_folder_is_removed_is_told_and_healed(room: MirroredRoom) -> None:
    record(room, 5)
    shutil.rmtree(room.second.parent)
    room.hear(5)
    room.until(lambda: room.second.exists() and room.is_level())
    room.do(ask.Stop())
    room.hear(1)
    room.close()
    assert contents(room.first) == contents(room.second)


def test_another_file_under_a_name_of_ours_is_kept_aside(tmp_path: Path, disk: Path) -> None:
    with Room(tmp_path) as alone:
        play_day(alone)
    second = disk / alone.folder.name
    second.mkdir()
    (second / STREAM_FILE).write_bytes((alone.folder / STREAM_FILE).read_bytes()[:-500] + b"foreign" * 200)
    (second / f"{PETROVA}.json").write_bytes(b"{}")
    (second / "journal.jsonl").write_bytes(b'{"another": "journal"}\n')
    (second / "foreign.txt").write_bytes(b"of a person")
    before = contents(second)
    with MirroredRoom(tmp_path, disk) as room:
        room.until(lambda: room.status() and room.is_equal())
    after = contents(second)
    assert after.items() >= contents(room.first).items()
    assert after["foreign.txt"] == b"of a person"
    kept = [content[80:] for content in after.values()] + list(after.values())
    for name, content in before.items():
        assert content in kept or content[80:] in kept, name


def test_a_copy_that_differs_within_is_found_at_close_and_made_anew(room: MirroredRoom) -> None:
    record(room, 30)
    damaged = room.second / STREAM_FILE
    with damaged.open("r+b") as file:
        file.seek(2000)
        file.write(b"bit rot")
    room.do(ask.Stop())
    room.hear(1)
    room.close()
    assert contents(room.first).items() <= contents(room.second).items()
    assert b"bit rot" in (room.second / FRAGMENTS / STREAM_FILE).read_bytes()


def test_a_second_disk_whose_writes_hang_delays_nothing(room: MirroredRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Second best to a hung device: the mirror's writes never return, nor does shutdown wait for them."""
    hung, release = threading.Event(), threading.Event()
    write = copying._write

    def hang(*words: object) -> None:
        hung.set()
        release.wait(60)
        write(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_write", hang)
    monkeypatch.setattr("station.mirror._LAG_S", 0.5)
    monkeypatch.setattr("station.mirror._STOP_S", 0.1)
    monkeypatch.setattr("station.mirror._PATIENCE_S", 0.1)
    room.hear(2)
    room.do(ask.Start(participant=1))
    assert hung.wait(10)
    began = time.monotonic()
    room.hear(30)
    room.do(ask.Stop())
    room.hear(1)
    assert time.monotonic() - began < 5
    room.until(lambda: "отстаёт" in room.alarm("second_copy_failed"))
    began = time.monotonic()
    room.mirror.stop()
    assert time.monotonic() - began < 2
    release.set()
    assert len(audio_of(room.first / STREAM_FILE)) == 2 * (room.heard - 2 * BLOCK)


def test_a_stream_turns_to_its_next_part_before_a_flash_drive_would_end_it(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("station.reel._COPYABLE_BYTES", 10 * BLOCK)
    room.hear(2)
    room.do(ask.Start(participant=1))
    room.hear(18)
    room.do(ask.Stop())
    room.hear(1)
    room.close()
    half_a_second = RATE  # bytes: so often it is looked whether a file is too long
    most = HEADER_BYTES + 10 * BLOCK + half_a_second
    assert max(path.stat().st_size for path in room.second.glob("*поток*.wav")) <= most
    assert contents(room.first) == contents(room.second)
    assert verify(room.second).ok


def test_a_mirror_that_never_had_the_journal_is_no_way_on(room: MirroredRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both fail: the first disk dies while the second's folder is being made up for."""
    disk = FailingDisk(room.first, monkeypatch)
    record(room, 3)
    monkeypatch.setattr("station.recent.Recent.last", missing)
    (room.second / "journal.jsonl").write_bytes(b"")
    disk.spared, disk.is_dead, disk.error = path_of(room.journal._descriptor), True, errno.EIO
    monkeypatch.setattr(copying, "bring_level", unreadable)
    room.hear(3)
    assert (room.mirror.day, room.recorder.status.state) == (room.first, State.REVIEW)
    disk.error = 0


def missing(*_: object) -> None:
    raise LookupError


def unreadable(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


# -- the first disk fails ----------------------------------------------------------------------------------


def path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


class FailingDisk:
    """Writes below a folder fail from now on; what was written can be read, unless `is_dead`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.error, self.is_dead, self.spared = folder, 0, False, ""
        for name in ("pwrite", "write", "ftruncate", "fdatasync", "fsync"):
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), lambda: bool(self.error)))
        monkeypatch.setattr(os, "pread", self._failing(os.pread, lambda: self.is_dead))

    def _failing(self, real: Callable[..., Any], fails: Callable[[], bool]) -> Callable[..., Any]:
        def act(descriptor: int, *words: Any) -> Any:
            path = path_of(descriptor)
            if fails() and path.startswith(str(self.folder)) and path != self.spared:
                raise OSError(self.error, os.strerror(self.error))
            return real(descriptor, *words)

        return act


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("is_dead", [False, True])
def test_when_the_first_disk_fails_the_stream_goes_on_at_the_next_frame(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch, code: int, is_dead: bool
) -> None:
    disk = FailingDisk(room.first, monkeypatch)
    record(room, 20)
    room.hear(3)
    disk.is_dead, disk.error = is_dead, code
    room.hear(20)
    assert room.mirror.day == room.second
    assert str(room.second) in room.alarm("disk_failed")
    assert room.status().state is State.RECORDING
    room.do(ask.Stop())
    room.hear(1)
    room.do(ask.Accept())
    room.do(ask.Close())
    room.hear(1)
    reports = room.published(3)
    assert all(isinstance(report, Published) for report in reports), reports
    room.until(lambda: room.status().publishing == ())
    report = verify(room.second)
    assert report.ok, report.breaches
    parts = [audio_of(room.second / name) for name in (STREAM_FILE, STREAM_FILE.replace("01.wav", "02.wav"))]
    heard = b"".join(parts)
    assert heard == sound(1000 + 2 * BLOCK, len(heard) // 2), "not a frame is lost"
    told = manifest.load(room.second / f"{IVANOV}.json")
    assert told.gaps == ()
    assert [span.stream for span in told.spans] == [STREAM_FILE, STREAM_FILE.replace("01.wav", "02.wav")]


@pytest.mark.parametrize("spared", ["", "11.02.2026_265_701020_проба_02.wav"])
def test_a_test_recording_is_copied_and_ends_with_the_disk_it_was_made_on(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch, spared: str
) -> None:
    disk = FailingDisk(room.first, monkeypatch)
    room.hear(2)
    room.do(ask.Open())
    room.do(ask.Rehearse(quick=True))
    room.hear(20)
    room.until(room.is_level)
    room.do(ask.CancelRehearsal())
    room.do(ask.Rehearse(quick=True))
    room.hear(3)
    room.until(room.is_level)
    disk.spared = str(room.first / spared)
    disk.is_dead, disk.error = True, errno.EIO
    room.hear(20)
    assert room.mirror.day == room.second
    first, second = recovery.replay(room.second).rehearsals
    assert (first.ending, first.frames, second.ending, second.frames) == ("cancel", 20 * BLOCK, "disk_failed", 0)
    room.do(ask.Rehearse(quick=True))
    room.hear(3)
    assert (room.second / "11.02.2026_265_701020_проба_03.wav").exists()
    room.do(ask.Close())
    room.hear(1)
    room.until(lambda: room.status().publishing == ())
    report = verify(room.second)
    assert report.ok, report.breaches


def test_a_first_disk_that_comes_back_is_healed_and_the_day_returns_to_it_when_the_second_fails(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = FailingDisk(room.first, monkeypatch), FailingDisk(room.second, monkeypatch)
    record(room, 10)
    first.error = errno.ENOSPC
    room.hear(10)
    room.until(lambda: room.alarm("second_copy_failed"))
    assert room.alarm("disk_failed")
    first.error = 0
    room.until(lambda: not room.alarm("second_copy_failed") and not room.alarm("disk_failed"))
    room.until(room.is_level)
    second.error = errno.EIO
    room.hear(10)
    assert room.mirror.day == room.first
    second.error = 0
    finish(room)
    assert verify(room.first).ok, verify(room.first).breaches
    assert contents(room.first).items() <= contents(room.second).items()
    stream = b"".join(audio_of(path) for path in sorted(room.first.glob("*поток*.wav")))
    assert stream == sound(1000 + 2 * BLOCK, len(stream) // 2)


def test_when_both_disks_fail_the_take_ends_in_order_and_goes_on_when_one_is_back(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = FailingDisk(room.first, monkeypatch), FailingDisk(room.second, monkeypatch)
    record(room, 10)
    journal = path_of(room.journal._descriptor)
    second.error = first.error = errno.ENOSPC
    first.spared = journal  # it has space reserved
    room.hear(5)
    status = room.status()
    assert (status.state, status.stream) == (State.REVIEW, None)
    assert "No space left" in room.alarm("disk_failed")
    with pytest.raises(Rejected) as refused:
        room.do(ask.Start(participant=1))
    assert refused.value.code == "disk_failed"
    second.error = 0
    room.clock.advance(10)
    room.until(lambda: room.status().stream is not None)
    assert room.mirror.day == room.second
    room.do(ask.Start(participant=1))
    room.hear(5)
    first.error = 0
    finish(room)
    assert verify(room.second).ok, verify(room.second).breaches
    assert contents(room.second).items() <= contents(room.first).items()


SCRIPTS: dict[str, tuple[Command, ...]] = {
    "idle": (),
    "paused": (ask.Start(participant=1), ask.Pause()),
    "review": (ask.Start(participant=1), ask.Stop()),
    "reassigned": (ask.Start(participant=1), ask.Stop(), ask.Reassign(take=IVANOV, to=2, reason="перепутали")),
    "next": (ask.Start(participant=1), ask.Stop(), ask.Accept(), ask.Start(participant=2)),
    "closing": (ask.Start(participant=1), ask.Close()),
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_whatever_the_room_is_doing_nothing_is_lost_when_the_first_disk_dies(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    disk = FailingDisk(room.first, monkeypatch)
    room.hear(2)
    room.do(ask.Open())
    room.hear(5)
    for command in SCRIPTS[script]:
        room.do(command)
        if not isinstance(command, ask.Close):
            room.hear(4)
    room.until(room.is_level)
    disk.is_dead, disk.error = True, errno.EIO
    before = room.recorder.status.state
    room.hear(3)
    assert room.mirror.day == room.second
    assert room.recorder.status.state is before
    if before is not State.CLOSED:
        room.do(ask.Close())
    room.hear(3)
    room.until(lambda: room.status().publishing == () and room.status().stream is None)
    report = verify(room.second)
    assert report.ok, report.breaches
    stream = b"".join(audio_of(path) for path in sorted(room.second.glob("*поток*.wav")))
    assert stream == sound(1000 + 2 * BLOCK, len(stream) // 2)


def test_a_first_disk_that_dies_at_shutdown_leaves_the_day_to_the_second(
    room: MirroredRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FailingDisk(room.first, monkeypatch)
    record(room, 5)
    disk.error = errno.EIO
    room.stop()
    disk.error = 0
    assert room.day.parts[-1].frames == 5 * BLOCK
    room.start()
    assert room.mirror.day == room.second
    assert room.recorder.status.state is State.RECORDING
