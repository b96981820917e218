"""The recorder's thread with real tapes, journal and publisher: what the parts do together."""

from itertools import pairwise
from pathlib import Path

import pytest
from days import (
    BLOCK,
    IVANOV,
    PETROVA,
    POST_ROLL,
    RATE,
    STREAM,
    Room,
    alarms_of,
    audio_of,
    manifests_in,
    play_day,
    sound,
)

from exam import manifest
from exam.audio import Gap
from exam.errors import Rejected
from station.config import DeliveryFormat, Recording
from station.messages import Block, CaptureLost, Published
from station.session import State
from station.session import commands as ask
from station.verify import verify


def test_a_day_from_open_to_publication(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        play_day(room)
        status = room.do(ask.SetOutcome(participant=4, outcome=None))
    assert (status.state, status.stream, status.publishing) == (State.CLOSED, None, ())
    assert verify(room.folder).ok
    first, second = (manifest.load(room.folder / f"{stem}.json") for stem in (IVANOV, PETROVA))
    assert [gap.reason for gap in (*first.gaps, *second.gaps)] == ["dropped", "device_lost"]
    assert first.spans[-1].end == second.spans[0].first_frame, "pre-roll begins where the take before ended"
    assert all(before.end <= after.first_frame for before, after in pairwise(first.spans))


def test_every_captured_frame_is_in_the_stream(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(1)
        room.do(ask.Open())
        room.hear(6)
    assert audio_of(room.folder / f"{STREAM}.wav") == sound(1000 + BLOCK, 6 * BLOCK)


def test_a_take_ended_while_the_microphone_is_away_is_published_with_its_gap(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Start(participant=1))
        room.hear(5)
        room.lose(2.0)
        room.do(ask.Stop())
        room.do(ask.Accept())
        room.clock.advance(2.0)
        room.handled()
        room.hear(4)
        room.do(ask.Close())
        room.hear(1)
        assert all(isinstance(report, Published) for report in room.published(2))
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert told.gaps == (Gap(5 * BLOCK, 2 * RATE + POST_ROLL, "device_lost"),)
    assert verify(room.folder).ok


@pytest.mark.parametrize("delivery", ["mp3", "flac"])
def test_a_day_opened_and_closed_without_a_sound_ends(tmp_path: Path, delivery: DeliveryFormat) -> None:
    with Room(tmp_path, delivery) as room:
        room.hear(1)
        room.do(ask.Open())
        room.do(ask.Close())
    assert (room.day.state, room.day.unpublished()) == (State.CLOSED, ())
    assert verify(room.folder).ok


def test_a_day_is_not_opened_without_sound(room: Room) -> None:
    with pytest.raises(Rejected) as caught:
        room.do(ask.Open())
    assert caught.value.code == "device_lost"
    room.hear(1)
    room.clock.advance(60)
    with pytest.raises(Rejected):
        room.do(ask.Start(participant=1))
    assert not list(room.folder.glob("*.wav"))


def test_a_refused_command_leaves_no_file_and_no_line(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    before = {path.name for path in room.folder.iterdir()}, (room.folder / "journal.jsonl").read_bytes()
    for command in (ask.Stop(), ask.Start(participant=99), ask.Start(participant=3), ask.Open(), ask.Accept()):
        with pytest.raises(Rejected):
            room.do(command)
    assert before == ({path.name for path in room.folder.iterdir()}, (room.folder / "journal.jsonl").read_bytes())


def test_a_closed_day_is_opened_again_in_a_new_part(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    room.hear(2)
    room.do(ask.Close())
    room.do(ask.Start(participant=1))
    room.hear(2)
    assert [part.file[-6:] for part in room.day.parts] == ["01.wav", "02.wav"]
    assert room.day.take is not None
    assert room.day.take.open_from is not None
    assert room.day.take.open_from.frame == 0


@pytest.mark.parametrize(
    ("recording", "files", "manifests"),
    [("stream", [], [STREAM]), ("personal", [IVANOV], [IVANOV]), ("both", [IVANOV], [IVANOV, STREAM])],
)
def test_takes_have_files_of_their_own_unless_the_school_records_the_stream_alone(
    tmp_path: Path, recording: Recording, files: list[str], manifests: list[str]
) -> None:
    with Room(tmp_path, recording=recording) as room:
        room.hear(1)
        room.do(ask.Start(participant=1))
        room.hear(2)
        room.do(ask.Stop())
        room.hear(1)
        room.do(ask.Accept())
        room.do(ask.Close())
        room.hear(1)
        room.published(len(manifests))
    assert [path.name for path in room.folder.glob("*Иванов*.wav")] == [f"{stem}.wav" for stem in files]
    assert (room.folder / f"{STREAM}.wav").exists(), "the stream is the safety copy in every mode"
    assert {path.name for path in manifests_in(room.folder)} == {f"{stem}.json" for stem in manifests}
    assert verify(room.folder).ok


def test_status_tells_the_open_gap_live(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    room.hear(2)
    room.lose(5.0)
    room.handled()
    status = room.do(ask.SetOutcome(participant=4, outcome=None))
    assert status.stream is not None
    assert [gap.open for gap in status.stream.gaps] == [True]
    assert status.stream.captured_frames == 2 * BLOCK
    assert alarms_of(status) == ["device_lost"]


def alarms(room: Room) -> list[str]:
    return alarms_of(room.recorder.status)


def hear(room: Room, data: bytes) -> None:
    """A block of this very sound."""
    room.clock.advance(BLOCK / RATE)
    room.inbox.post(Block(room.run, room.heard, room.clock.ns, overflow=False, data=data))
    room.heard += BLOCK
    room.handled()


@pytest.mark.parametrize("code", ["device_lost", "device_changed", "device_stalled"])
def test_why_there_is_no_sound_is_said_by_its_code_until_there_is(room: Room, code: str) -> None:
    room.hear(1)
    room.do(ask.Open())
    room.hear(1)
    room.inbox.post(CaptureLost(room.run, "why", code))
    room.handled()
    status = room.do(ask.SetOutcome(participant=4, outcome=None))
    assert alarms_of(status) == [code]
    assert "why" in status.alarms[-1].text
    room.hear(1)
    assert alarms(room) == []


def test_a_stall_alone_is_no_loss(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    room.hear(2)
    room.inbox.post(CaptureLost(room.run, "late", "device_stalled"))
    room.handled()
    room.hear(2)
    status = room.do(ask.SetOutcome(participant=4, outcome=None))
    assert status.stream is not None
    assert (status.stream.frames, status.stream.gaps) == (4 * BLOCK, ())


def test_utter_silence_is_an_alarm_after_two_seconds_and_is_recorded(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    for _ in range(19):
        hear(room, bytes(2 * BLOCK))
    assert alarms(room) == []
    hear(room, bytes(2 * BLOCK))
    assert alarms(room) == ["silence"]
    hear(room, bytes(2 * BLOCK - 1) + b"\1")
    assert alarms(room) == []
    status = room.do(ask.SetOutcome(participant=4, outcome=None))
    assert status.stream is not None
    assert status.stream.captured_frames == 21 * BLOCK


def test_a_chain_that_cannot_be_written_is_told_until_it_can(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    in_the_way = room.folder / f"{STREAM}.chain"
    in_the_way.mkdir()
    room.hear(220)  # its first line is due after ten seconds, the disk is looked at every ten
    alarm = room.recorder.status.alarms[-1]
    assert (alarm.code, alarm.severity) == ("disk_failed", "warn")
    assert in_the_way.name in alarm.text
    in_the_way.rmdir()
    room.hear(110)
    assert alarms(room) == []
    room.do(ask.Close())
    room.hear(1)
    room.published(1)
    assert verify(room.folder).ok


def test_the_drift_of_the_devices_clock_is_told_and_kept_in_the_streams_manifest(room: Room) -> None:
    room.hear(1)
    room.do(ask.Open())
    for _ in range(1300):
        room.hear(1)
        room.clock.advance(-100e-6 * BLOCK / RATE)  # the next block comes sooner than the computer expects
    stream = room.recorder.status.stream
    assert stream is not None
    assert stream.drift_ppm == pytest.approx(100, abs=0.2)
    room.do(ask.Close())
    room.hear(1)
    room.published(1)
    assert manifest.load(room.folder / f"{STREAM}.json").drift_ppm == pytest.approx(100, abs=0.2)
