"""What a person can still put right: a take cut from the stream, a wrong clock, speech in a pause."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from days import BLOCK, IVANOV, MORNING, PETROVA, POST_ROLL, RATE, STREAM, Room, alarms_of, audio_of
from rig import speech

from exam import manifest
from exam.audio import FrameSpan
from exam.errors import Rejected
from station import journal as journals
from station.messages import Block, Published
from station.session import State, StreamPart
from station.session import commands as ask
from station.session.day import Anchor
from station.session.events import ClockStepped
from station.session.places import spans_between
from station.verify import verify
from station.voice import FRAME_S, Voice

TEN, ELEVEN = MORNING.replace(hour=10), MORNING.replace(hour=11)


def part(number: int, minutes: float, frames: int | None, *anchors: Anchor) -> StreamPart:
    return StreamPart(f"{number}.wav", TEN + timedelta(minutes=minutes), frames, anchors=anchors)


def between(first_s: float, last_s: float, *parts: StreamPart, running: int = 0) -> tuple[FrameSpan, ...]:
    first, last = TEN + timedelta(seconds=first_s), TEN + timedelta(seconds=last_s)
    return spans_between(parts, first, last, running=running, sample_rate=100)


def test_times_of_day_are_found_across_the_parts_of_the_stream() -> None:
    day = part(1, 0, 6000), part(2, 2, None)
    assert between(10, 20, *day) == (FrameSpan("1.wav", 1000, 1000),)
    assert between(50, 130, *day, running=5000) == (FrameSpan("1.wav", 5000, 1000), FrameSpan("2.wav", 0, 1000))
    assert between(70, 110, *day) == (), "the stream was not running then"
    assert between(-100, 900, *day, running=30) == (FrameSpan("1.wav", 0, 6000), FrameSpan("2.wav", 0, 30))


def test_a_time_is_counted_from_the_anchor_before_it() -> None:
    drifting = part(1, 0, 10**6, Anchor(0, TEN, 0, ""), Anchor(6030, TEN + timedelta(minutes=1), 0, ""))
    assert between(59, 61, drifting) == (FrameSpan("1.wav", 5900, 230),)


def at(room: Room, seconds: float = 0) -> str:
    return f"{room.clock.wall + timedelta(seconds=seconds):%H:%M:%S}"


def finished(room: Room, recordings: int) -> None:
    room.do(ask.Close())
    room.hear(3)
    for report in room.published(recordings):
        assert isinstance(report, Published), report


def test_a_forgotten_start_is_cut_from_the_stream(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(60)
        room.do(ask.Recut(participant=1, first=at(room, -5), last=at(room, -2)))
        finished(room, 2)
    told = manifest.load(room.folder / f"{IVANOV}.json")
    (span,) = told.spans
    assert span.frames == pytest.approx(3 * RATE, abs=BLOCK)
    assert span.end == pytest.approx(60 * BLOCK - 2 * RATE, abs=RATE)
    stream = audio_of(room.folder / f"{STREAM}.wav")
    assert audio_of(room.folder / f"{IVANOV}.wav") == stream[2 * span.first_frame : 2 * span.end]
    assert (told.flags, told.outcome) == (("recut",), "unreviewed")
    assert verify(room.folder).ok


def test_a_recut_is_a_take_of_its_own_and_the_old_one_stays(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(30)
        room.do(ask.Start(participant=1, variant="7"))
        room.hear(20)
        room.do(ask.Stop())
        room.do(ask.Accept())
        room.hear(12)
        before = room.published(1)
        status = room.do(ask.Recut(participant=1, first=at(room, -4), last=at(room, -1)))
        takes = next(person.takes for person in status.participants if person.number == 1)
        assert [(take.take, take.accepted) for take in takes] == [(1, False), (2, True)]
        finished(room, 2)
    assert isinstance(before[0], Published)
    assert manifest.load(room.folder / f"{IVANOV}.json").take == 1
    second = manifest.load(room.folder / f"{IVANOV}_дубль_2.json")
    assert (second.outcome, second.variant) == ("accepted", "7"), "it takes the place of the accepted one"
    assert verify(room.folder).ok


def test_what_the_stream_does_not_hold_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(30)
        with pytest.raises(Rejected) as caught:
            room.do(ask.Recut(participant=1, first="07:00:00", last="07:10:00"))
    assert caught.value.code == "no_stream"
    assert "09:00:00–" in caught.value.en


def test_a_wrong_clock_is_corrected_for_the_papers_and_the_day_opens(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.clock.wall -= timedelta(days=400, hours=3)
        room.hear(2)
        with pytest.raises(Rejected) as caught:
            room.do(ask.Open())
        assert (caught.value.code, "station clock" in caught.value.en) == ("wrong_date", True)
        room.do(ask.SetClock(now="09:05:00"))
        room.do(ask.Start(participant=1))
        room.hear(5)
        room.do(ask.Stop())
        room.hear(2)
        finished(room, 2)
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert told.started_at.replace(microsecond=0) == MORNING.replace(minute=5)
    assert verify(room.folder).ok


def test_the_correction_outlives_a_restart_and_moves_what_was_noted_before(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.start()
    room.hear(2)
    room.do(ask.Start(participant=1))
    room.hear(5)
    room.do(ask.SetClock(now=at(room, 3600)))
    room.stop()
    room.clock.advance(2)
    room.start()
    room.hear(3)
    room.do(ask.Stop())
    room.hear(2)
    finished(room, 3)
    room.stop()
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert told.started_at - MORNING > timedelta(minutes=59)
    assert timedelta() < told.ended_at - told.started_at < timedelta(seconds=5)
    assert [gap.reason for gap in told.gaps] == ["outage"]
    assert sum(gap.frames for gap in told.gaps) < 3 * RATE, "a corrected clock is no outage"
    assert verify(room.folder).ok


def test_speech_is_told_from_silence_and_hum() -> None:
    voice = Voice(speech.RATE)
    assert voice.speech(speech.conversation(5.0, seed=1)).sum() * FRAME_S > 2
    assert not Voice(speech.RATE).speech(np.zeros(speech.RATE, np.int16)).any()


def test_speech_in_a_pause_is_told_and_remembered(tmp_path: Path) -> None:
    spoken = speech.conversation(6.0, seed=2)[:: speech.RATE // RATE].tobytes()
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Start(participant=1))
        room.hear(5)
        room.do(ask.Pause())
        for first in range(0, len(spoken) - 2 * BLOCK, 2 * BLOCK):
            room.clock.advance(BLOCK / RATE)
            data = spoken[first : first + 2 * BLOCK]
            room.inbox.post(Block(room.run, room.heard, room.clock.ns, overflow=False, data=data))
            room.heard += BLOCK
            room.handled()
        status = room.do(ask.SetOutcome(participant=4, outcome=None))
        assert status.state is State.PAUSED
        assert "speech_in_pause" in alarms_of(status)
        assert alarms_of(room.do(ask.Start(participant=2, end_previous=True))) == []
        room.hear(3)
        finished(room, 3)
    assert "speech_in_pause" in manifest.load(room.folder / f"{IVANOV}.json").flags
    assert "speech_in_pause" not in manifest.load(room.folder / f"{PETROVA}.json").flags
    assert verify(room.folder).ok


def test_a_clock_set_while_recording_is_told_and_changes_no_duration(tmp_path: Path) -> None:
    with Room(tmp_path) as room:
        room.hear(2)
        room.do(ask.Start(participant=1))
        room.hear(5)
        room.clock.wall += timedelta(hours=1)
        room.hear(5)
        status = room.do(ask.Stop())
        assert alarms_of(status) == ["clock_step"]
        room.clock.wall -= timedelta(hours=1)
        room.hear(3)
        room.do(ask.SetClock(now=at(room)))
        assert alarms_of(room.do(ask.Accept())) == []
        finished(room, 2)
    steps = [entry.event.seconds for entry in journals.read(room.folder) if isinstance(entry.event, ClockStepped)]
    assert steps == [pytest.approx(3600, abs=0.2), pytest.approx(-3600, abs=0.2)]
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert told.audio.frames == 10 * BLOCK + POST_ROLL
    assert told.gaps == ()
    assert verify(room.folder).ok
