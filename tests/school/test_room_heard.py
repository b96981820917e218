"""What the agent tells of a room that really records: the station's public commands, and its file on the disk."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rooms import room

from sync.roomlook import Look, room_files

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_a_room_that_records_is_told_and_its_bytes_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with room(tmp_path) as there:
        for name, value in there.school.environment.items():
            monkeypatch.setenv(name, value)
        (file,) = room_files(tmp_path)
        look = Look(file, [tmp_path / "recordings"])
        station, silent = look.station()
        assert (station and station.state, silent) == ("closed", "")
        ready = look.ready(datetime.now(UTC))
        assert ready is not None
        assert {"microphone", "roster", "clock"} <= {light.code for light in ready.lights}
        there.do("open")
        there.do("start", "--participant", "1", "--variant", "1")
        there.await_frames(48_000)
        sizes = []
        for frames in (96_000, 192_000):
            there.await_frames(frames)
            station, _ = look.station()
            assert station is not None
            assert station.stream is not None
            sizes.append(station.stream.bytes)
        assert 0 < sizes[0] < sizes[1]
        assert (station.state, station.participant, station.done) == ("recording", 1, 0)
        assert station.expected > 0
        assert station.hours_left
    station, silent = look.station()
    assert station is None
    assert silent
