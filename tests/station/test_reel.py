"""The stream across its parts: a file that can grow no further, a disk that is full, a disk with space again."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from days import BLOCK, IVANOV, RATE, STREAM, Room, alarms_of, audio_of, sound

from exam import manifest
from exam.errors import Rejected
from station.messages import Published
from station.session import State
from station.session import commands as ask
from station.tape import HEADER_BYTES, TapeReader
from station.verify import verify

SECOND = f"{STREAM[:-2]}02"


class Disk:
    """Refuses writes as a file system does: to files beyond `limit` bytes, or all that grow a file once `full`."""

    def __init__(self) -> None:
        self.limit, self.full = 1 << 60, False
        self._pwrite = os.pwrite

    def pwrite(self, descriptor: int, data: bytes, offset: int) -> int:
        if offset >= HEADER_BYTES and offset + len(data) > self.limit:
            if offset < self.limit:
                self._pwrite(descriptor, bytes(data)[: self.limit - offset], offset)
            raise OSError(errno.EFBIG, "File too large")
        if offset >= HEADER_BYTES and self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._pwrite(descriptor, data, offset)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(os, "pwrite", made.pwrite)
    return made


@pytest.mark.parametrize("blocks", [3, 3.5])
def test_a_stream_that_can_grow_no_further_goes_on_in_the_next_part(tmp_path: Path, disk: Disk, blocks: float) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Start(participant=1))
        disk.limit = HEADER_BYTES + round(blocks * 2 * BLOCK)
        room.hear(4)
        disk.limit = 1 << 60
        room.hear(6)
        room.do(ask.Stop())
        room.hear(2)
        room.do(ask.Close())
        room.hear(2)
        assert all(isinstance(report, Published) for report in room.published(3))
    one, two = (audio_of(room.folder / f"{stem}.wav") for stem in (STREAM, SECOND))
    assert one == sound(1000 + 2 * BLOCK, 3 * BLOCK)
    assert len(one + two) >= 2 * 12 * BLOCK
    assert one + two == sound(1000 + 2 * BLOCK, 14 * BLOCK)[: len(one + two)], "no frame lost, none twice"
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert [span.stream for span in told.spans] == [f"{STREAM}.wav", f"{SECOND}.wav"]
    assert told.gaps == ()
    assert audio_of(room.folder / f"{IVANOV}.wav") == (one + two)[: 2 * told.audio.frames]
    assert verify(room.folder).ok


def test_a_gap_goes_on_across_the_limit(tmp_path: Path, disk: Disk) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(10)
        disk.limit = HEADER_BYTES + 2 * (21 * BLOCK)
        room.lose(2.0)
        room.handled()
        room.handled()  # the silence is written after the messages of a turn
        disk.limit = 1 << 60
        room.hear(3)
        room.do(ask.Close())
        room.hear(2)
        room.published(2)
    one, two = room.day.parts
    assert [gap.reason for gap in one.gaps + two.gaps] == ["device_lost", "device_lost"]
    assert (one.gaps[0].end, two.gaps[0].first_frame) == (one.frames, 0)
    assert one.gaps[0].frames + two.gaps[0].frames == pytest.approx(2 * RATE, abs=BLOCK)
    assert verify(room.folder).ok


def test_a_full_disk_ends_the_take_in_order_and_is_returned_to(tmp_path: Path, disk: Disk) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Start(participant=1))
        room.hear(5)
        disk.full = True
        room.hear(3)
        status = room.do(ask.SetOutcome(participant=4, outcome=None))
        assert (status.state, status.stream) == (State.REVIEW, None)
        assert alarms_of(status) == ["disk_failed"]
        with pytest.raises(Rejected) as caught:
            room.do(ask.Start(participant=2))
        assert caught.value.code == "disk_failed"
        for path in room.folder.glob("*.wav"):
            with TapeReader(path) as tape:
                assert tape.is_whole, "playable to the last frame that was written"
        disk.full = False
        room.clock.advance(11)
        room.handled()
        room.hear(2)
        status = room.do(ask.Start(participant=1))
        assert (status.state, alarms_of(status)) == (State.RECORDING, [])
        room.hear(3)
        room.do(ask.Stop())
        room.hear(2)
        room.do(ask.Close())
        room.hear(2)
        assert all(isinstance(report, Published) for report in room.published(3))
    first, second = room.day.parts
    assert audio_of(room.folder / first.file) == sound(1000 + 2 * BLOCK, 5 * BLOCK)
    assert [gap.reason for gap in second.gaps] == ["outage"]
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert "ended_by_disk_full" in told.flags
    assert len(told.spans) == 2
    assert verify(room.folder).ok


def test_a_disk_too_small_for_the_day_is_refused_with_what_to_free(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.recorder._space._storage = type(room.config.storage)(hours=24, reserve_gb=10**6)
        with pytest.raises(Rejected) as caught:
            room.do(ask.Open())
    assert caught.value.code == "disk_low"
    assert "GB more" in caught.value.en
