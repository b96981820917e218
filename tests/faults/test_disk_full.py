"""Real full, vanishing and failing disks under the real daemon; loss is measured with the marker signal."""

import os
import random
import shutil
import signal
from functools import partial
from pathlib import Path

import pytest
from disks_of_a_room import LARGE, alarm, day_in, equal, frozen_when_told, mounted, room_on, stream_of
from rig.marker import align, marker
from rooms import RATE, Room, frames_of, lengths

from exam import manifest

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount file systems"),
]

SMALL = "size=1500k"  # eight seconds of a stream and a take
SEED = 31
KILLS = 4
MIRRORED_WITHIN_S = 0.3


def begin(room: Room) -> None:
    room.server.play(marker(120, SEED), room.microphone)
    room.do("open")
    room.do("start", "--participant", "1", "--variant", "3")


def finish(room: Room) -> None:
    room.do("stop")
    room.do("accept")
    room.do("close")
    assert room.run("verify").returncode == 0, room.run("verify").stdout


def test_when_the_first_disk_fills_the_stream_goes_on_in_the_mirror_without_a_lost_frame(tmp_path: Path) -> None:
    with (
        mounted(tmp_path / "recordings", SMALL),
        mounted(tmp_path / "second", f"size={LARGE}"),
        room_on(tmp_path, tmp_path / "second") as room,
    ):
        begin(room)
        room.await_(lambda: room.status()["stream"]["file"].endswith("поток_02.wav"))
        assert "второ" in alarm(room, "disk_failed")
        room.await_frames(3 * RATE)
        assert room.status()["state"] == "recording"
        finish(room)
        day = day_in(tmp_path / "second")
        heard = align(stream_of(day), marker(120, SEED))
        assert heard.unbroken, heard.discontinuities
        told = next(manifest.load(path) for path in day.glob("*Иванов*.json"))
        assert told.gaps == ()
        assert [span.stream[-6:] for span in told.spans] == ["01.wav", "02.wav"]
        assert align(frames_of(day / told.audio.file), marker(120, SEED)).unbroken


def test_without_a_mirror_a_full_disk_ends_the_take_in_order_and_the_day_goes_on_when_there_is_space(
    tmp_path: Path,
) -> None:
    with mounted(tmp_path / "recordings", SMALL) as disk, room_on(tmp_path) as room:
        begin(room)
        room.await_(lambda: bool(alarm(room, "disk_failed")))
        status = room.status()
        assert (status["state"], status["stream"]) == ("review", None)
        day = day_in(tmp_path / "recordings")
        for tape in day.glob("*.wav"):
            assert max(lengths(tape).values()) - min(lengths(tape).values()) < 0.1
        assert align(frames_of(next(day.glob("*поток_01.wav"))), marker(120, SEED)).unbroken
        assert room.run("start", "--participant", "2").returncode == 1
        disk.remount(f"size={LARGE}")
        room.await_(lambda: room.status()["stream"] is not None)
        room.await_(lambda: not alarm(room, "disk_failed") and not alarm(room, "not_published"))
        room.do("start", "--participant", "1")
        room.await_frames(2 * RATE)
        finish(room)


@pytest.mark.slow
def test_no_free_inode_is_a_full_disk(tmp_path: Path) -> None:
    """The day cannot even begin on the first disk: it does on the second."""
    with (
        mounted(tmp_path / "recordings", f"size={LARGE},nr_inodes=6") as disk,
        mounted(tmp_path / "second", f"size={LARGE}"),
        room_on(tmp_path, tmp_path / "second") as room,
    ):
        day = day_in(disk.path)
        for number in range(6):
            try:
                (day / f"{number}.txt").touch()
            except OSError:
                break
        begin(room)
        room.await_frames(2 * RATE)
        assert room.status()["state"] == "recording"
        finish(room)
        assert align(stream_of(day_in(tmp_path / "second")), marker(120, SEED)).unbroken


@pytest.mark.parametrize("fault", ["unmounted", "read-only", "full", "removed"])
def test_a_mirror_that_fails_and_returns_harms_nothing_and_is_healed(tmp_path: Path, fault: str) -> None:
    with (
        mounted(tmp_path / "second", f"size={LARGE}") as disk,
        room_on(tmp_path, disk.path) as room,
    ):
        begin(room)
        room.await_frames(2 * RATE)
        filler = disk.path / "filler"
        match fault:
            case "unmounted":
                disk.take_away()
            case "read-only":
                # A file that is open for writing keeps the kernel from it, as the mirror's is for moments.
                room.await_(lambda: _remounted(disk.path))
            case "full":
                _fill(filler)
            case "removed":
                shutil.rmtree(day_in(disk.path))
        if fault != "removed":
            room.await_(lambda: bool(alarm(room, "second_copy_failed")))
        room.await_frames(5 * RATE)
        match fault:
            case "unmounted":
                disk.mount(f"size={LARGE}")
            case "read-only":
                disk.remount("rw")
            case "full":
                filler.unlink()
        room.await_frames(8 * RATE)
        finish(room)
        first, second = day_in(tmp_path / "recordings"), day_in(disk.path)
        room.await_(lambda: equal(first, second))
        room.await_(lambda: not alarm(room, "second_copy_failed"))
        assert align(stream_of(first), marker(120, SEED)).unbroken


def test_after_a_kill_the_day_comes_back_from_the_other_disk_alone(tmp_path: Path) -> None:
    random_ = random.Random(SEED)  # noqa: S311 - moments, not secrets
    with (
        mounted(tmp_path / "second", f"size={LARGE}") as disk,
        room_on(tmp_path, disk.path) as room,
    ):
        begin(room)
        day, other = day_in(tmp_path / "recordings"), day_in(disk.path)
        for number in range(1, KILLS + 1):
            room.await_frames(round(random_.uniform(2.5, 3.5) * RATE))
            room.await_(partial(equal_parts, day, other, number - 1))
            room.end(signal.SIGKILL)
            part = f"*поток_{number:02d}.wav"
            lost = len(frames_of(next(day.glob(part)))) - len(frames_of(next(other.glob(part))))
            assert lost / RATE <= MIRRORED_WITHIN_S
            shutil.rmtree(day)
            day, other = other, day
            room.start()
            assert room.status()["state"] == "recording", "the same participant goes on"
        room.await_frames(RATE)
        finish(room)
        room.await_(lambda: equal(day, other))
        told = next(manifest.load(path) for path in day.glob("*Иванов*.json"))
        assert len(told.gaps) == KILLS
        heard = align(frames_of(day / told.audio.file), marker(120, SEED))
        assert [place.kind for place in heard.discontinuities] == ["silence"] * KILLS
        for gap, place in zip(told.gaps, heard.discontinuities, strict=True):
            assert gap.first_frame == pytest.approx(place.recorded_at, abs=0.02 * RATE)
            # To a block: the sound server takes its time to be even again. Here it must only be the same outage.
            assert gap.frames == pytest.approx(place.marker_frames, abs=0.1 * RATE)


def test_a_second_disk_that_hangs_is_told_and_delays_nothing(tmp_path: Path) -> None:
    """A frozen file system: whoever writes to it waits, for as long as it takes."""
    with frozen_when_told(tmp_path) as disk, room_on(tmp_path, disk.path) as room:
        begin(room)
        room.await_frames(2 * RATE)
        disk.freeze()
        room.await_(lambda: "отстаёт" in alarm(room, "second_copy_failed"))
        room.do("pause")
        room.do("resume")
        disk.thaw()
        room.await_(lambda: not alarm(room, "second_copy_failed"))
        finish(room)
        first, second = day_in(tmp_path / "recordings"), day_in(disk.path)
        room.await_(lambda: equal(first, second))
        assert align(stream_of(first), marker(120, SEED)).unbroken


def equal_parts(day: Path, other: Path, ended: int) -> bool:
    """Whether the parts before the one being recorded have been healed on the other disk."""
    parts = {path.name: path.stat().st_size for path in sorted(day.glob("*поток*.wav"))[:ended]}
    return parts.items() <= {path.name: path.stat().st_size for path in other.glob("*поток*.wav")}.items()


def _remounted(path: Path) -> bool:
    return os.system(f"mount -o remount,ro {path} 2>/dev/null") == 0  # noqa: S605 - a path of ours


def _fill(filler: Path) -> None:
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        except OSError:
            pass
