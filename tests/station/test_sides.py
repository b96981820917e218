"""Which of two folders is the day after a restart, and what the one has of the other. Nothing is deleted."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from days import BLOCK, IVANOV, RATE, STREAM, Room, audio_of, sound
from mirrored import MirroredRoom, contents, other_disk

from exam import manifest
from station import sides
from station.journal import FILE
from station.publishing import FRAGMENTS
from station.session import State
from station.session import commands as ask
from station.tape import HEADER_BYTES
from station.verify import verify

STREAM_FILE, TAKE = f"{STREAM}.wav", f"{IVANOV}.wav"


@pytest.fixture
def disk() -> Iterator[Path]:
    with other_disk() as folder:
        yield folder


@pytest.fixture
def killed(tmp_path: Path, disk: Path) -> MirroredRoom:
    """What a kill leaves on both disks in the middle of a take; the daemon goes on elsewhere, unheeded, and ends."""
    with MirroredRoom(tmp_path / "alive", disk / "alive") as alive:
        alive.hear(2)
        alive.do(ask.Start(participant=1))
        alive.hear(20)
        alive.until(alive.is_level)
        room = MirroredRoom(tmp_path / "after", disk / "after")
        shutil.copytree(alive.first, room.first)
        shutil.copytree(alive.second, room.second)
    room.clock.ns, room.clock.wall, room.run = alive.clock.ns, alive.clock.wall, alive.run
    room.clock.advance(30)
    return room


def finish(room: MirroredRoom) -> None:
    """The take goes on and ends; the day is closed and equal on both disks."""
    room.hear(5)
    assert room.status().state is State.RECORDING
    room.do(ask.Stop())
    room.hear(1)
    room.do(ask.Accept())
    room.close()
    report = verify(room.mirror.day)
    assert report.ok, report.breaches
    assert contents(room.mirror.day).items() <= contents(room.other_side).items()


def cut(path: Path, frames: int) -> None:
    """The file lost all after so many frames; its header tells of more."""
    path.write_bytes(path.read_bytes()[: HEADER_BYTES + 2 * frames])


@pytest.mark.parametrize("gone", ["first", "second"])
def test_the_day_comes_back_from_either_disk_alone(killed: MirroredRoom, gone: str) -> None:
    lost = killed.first if gone == "first" else killed.second
    shutil.rmtree(lost)
    with killed:
        assert killed.mirror.day == (killed.second if gone == "first" else killed.first)
        finish(killed)
        told = manifest.load(killed.mirror.day / f"{IVANOV}.json")
        assert [gap.reason for gap in told.gaps] == ["outage"]
        assert audio_of(killed.folder / STREAM_FILE) == sound(1000 + 2 * BLOCK, 20 * BLOCK)


def test_tapes_torn_on_both_disks_are_completed_from_each_other(killed: MirroredRoom) -> None:
    """A power cut took the end of the stream on the one disk, of the take on the other; the journals know as much."""
    cut(killed.first / STREAM_FILE, 7 * BLOCK)
    cut(killed.second / TAKE, 9 * BLOCK)
    take = audio_of(killed.first / TAKE)
    with killed:
        assert killed.mirror.day == killed.second, "it holds more"
        killed.handled()  # by then the take has its tape again
        assert audio_of(killed.second / STREAM_FILE) == sound(1000 + 2 * BLOCK, 20 * BLOCK)
        assert audio_of(killed.second / TAKE)[: len(take)] == take
        finish(killed)


def test_a_disk_that_took_the_journal_but_no_sound_is_not_the_day(killed: MirroredRoom) -> None:
    (killed.first / STREAM_FILE).unlink()
    (killed.first / TAKE).unlink()
    with killed:
        assert killed.mirror.day == killed.second
        finish(killed)


def test_the_folder_whose_journal_knows_more_is_the_day(killed: MirroredRoom) -> None:
    journal = killed.first / FILE
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    with killed:
        assert killed.mirror.day == killed.second
        finish(killed)
        assert contents(killed.first).items() >= contents(killed.second).items()


@pytest.mark.parametrize("later", ["first", "second"])
def test_of_two_days_that_diverged_the_later_goes_on_and_the_other_journal_is_kept(
    tmp_path: Path, disk: Path, later: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The station ran now with the one disk, now with the other."""
    rooms = {"first": Room(tmp_path), "second": Room(disk)}
    rooms["first" if later == "second" else "second"].clock.advance(-60)
    for room in rooms.values():
        with room:
            room.hear(2)
            room.do(ask.Open())
            room.hear(3)
    earlier = rooms["first" if later == "second" else "second"]
    other_journal = (earlier.folder / FILE).read_bytes()
    both = MirroredRoom(tmp_path, disk)
    both.clock.advance(20)
    with both:
        assert both.mirror.day == rooms[later].folder
        assert "разошлись" in caplog.text
        both.hear(3)
        both.close()
        kept = [path.read_bytes() for path in (earlier.folder / FRAGMENTS).glob("*.jsonl")]
        assert kept == [other_journal]
        assert contents(both.mirror.day).items() <= contents(both.other_side).items()


def test_a_first_disk_that_takes_nothing_leaves_the_day_to_the_second(tmp_path: Path, disk: Path) -> None:
    (tmp_path / "recordings").write_bytes(b"a file where the folder should be")
    second = disk / "day"
    second.mkdir()
    places = sides.usable(sides.choose(tmp_path / "recordings" / "day", second))
    assert places.day == second


def test_a_second_disk_that_hangs_keeps_nobody_waiting(killed: MirroredRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(sides, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(sides, "_is_ahead", lambda *_: released.wait(30))
    places = sides.choose(killed.first, killed.second)
    released.set()
    assert (places.day, places.answers) == (killed.first, False)


def test_a_stream_part_that_ended_before_is_fetched_from_the_other_disk(tmp_path: Path, disk: Path) -> None:
    """The first disk was repaired and has lost the end of a finished file, not the journal."""
    with MirroredRoom(tmp_path, disk) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(int(5 * RATE / BLOCK))
        room.until(room.is_level)
    whole = audio_of(room.first / STREAM_FILE)
    cut(room.first / STREAM_FILE, 3 * BLOCK)
    with room:
        room.until(lambda: audio_of(room.first / STREAM_FILE) == whole)
        room.hear(2)
        room.close()
    assert verify(room.first).ok, verify(room.first).breaches
