"""Test recordings: made from the stream's blocks, judged, accepted; and never in the way of anything else."""

import errno
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from days import BLOCK, RATE, SHAPE, STREAM, Room, audio_of, sound
from rehearsed_days import FULL_BLOCKS, GOOD, PROBA, QUICK_BLOCKS

from exam import manifest
from exam.audio import Gap
from exam.errors import Rejected
from exam.manifest import Step
from exam.names import Kind
from station import script, tape
from station.messages import CaptureLost, DiskStatus, Published
from station.session import State
from station.session import commands as ask
from station.verify import verify

# -- the script ------------------------------------------------------------------------------------------------


def test_the_whole_takes_less_than_two_minutes_and_the_quick_one_twenty_seconds() -> None:
    assert script.length_s(script.FULL) <= 120
    assert script.length_s(script.QUICK) <= 22
    heard = {part.step: part.heard_s for part in script.FULL}
    assert heard["silence"] >= 10
    assert min(heard["interlocutor"], heard["participant"]) >= 8


@pytest.mark.parametrize("parts", [script.FULL, script.QUICK])
def test_steps_follow_each_other_each_after_its_time_to_get_ready(parts: tuple[script.Part, ...]) -> None:
    seen = [script.at(parts, tenth * RATE // 10, SHAPE) for tenth in range(round(10 * script.length_s(parts)))]
    order = list(dict.fromkeys((step.step, step.listening) for step in seen if step is not None))
    assert order == [(part.step, listening) for part in parts for listening in (False, True)]
    assert None not in seen
    assert script.at(parts, round(script.length_s(parts) * RATE), SHAPE) is None
    for step in script.steps(parts, round(script.length_s(parts) * RATE), SHAPE):
        first, last = (script.at(parts, at, SHAPE) for at in (step.first_frame, step.first_frame + step.frames - 1))
        assert first is not None
        assert last is not None
        assert (first.step, first.listening, last.step, last.listening) == (step.step, True, step.step, True)
        assert first.seconds_left == pytest.approx(step.frames / RATE, abs=0.01)


def test_a_step_that_was_cut_short_is_not_judged() -> None:
    whole = script.steps(script.FULL, FULL_BLOCKS * BLOCK, SHAPE)
    assert script.steps(script.FULL, FULL_BLOCKS * BLOCK - 1, SHAPE) == whole[:2]
    assert script.steps(script.FULL, 0, SHAPE) == ()


# -- a test recording ------------------------------------------------------------------------------------------


def test_on_a_closed_day_it_is_recorded_to_the_frame_judged_and_published(room: Room) -> None:
    room.hear(1)
    status = room.do(ask.Rehearse())
    assert status.rehearsal is not None
    assert status.rehearsal.running is not None
    assert (status.rehearsal.running.step, status.rehearsal.running.listening) == ("silence", False)
    room.hear(80)
    running = room.recorder.status.rehearsal
    assert running is not None
    assert running.running is not None
    assert running.running.listening
    assert running.running.seconds_left == 9.0
    room.hear(FULL_BLOCKS)
    (report,) = room.published(1)
    room.handled()
    assert isinstance(report, Published)
    assert audio_of(room.folder / f"{PROBA}.wav") == sound(1000 + BLOCK, FULL_BLOCKS * BLOCK)
    told = manifest.load(room.folder / f"{PROBA}.json")
    assert (told.kind, told.participant, told.spans, told.gaps, told.flags) == (Kind.REHEARSAL, None, (), (), ())
    assert told.steps == (
        Step("silence", 7 * RATE, 10 * RATE),
        Step("interlocutor", 25 * RATE, 12 * RATE),
        Step("participant", 45 * RATE, 12 * RATE),
    )
    assert told.verdict is not None
    assert told.verdict["basis"] == "rehearsal"
    (known,) = room.day.rehearsals
    assert known.verdict is not None
    assert (known.ending, known.grade) == ("done", told.verdict["grade"])
    status = room.recorder.status
    assert (status.state, status.stream) == (State.CLOSED, None)
    assert status.rehearsal is not None
    assert (status.rehearsal.published, status.rehearsal.running, status.rehearsal.ending) == (True, None, "done")
    assert verify(room.folder).ok, verify(room.folder).breaches


def test_between_participants_the_stream_goes_on_frame_for_frame(room: Room) -> None:
    room.hear(1)
    room.do(ask.Start(participant=1))
    room.hear(20)
    room.do(ask.Stop())
    room.hear(2)
    room.do(ask.Rehearse(quick=True))  # in review: the participant listens, or leaves
    room.hear(QUICK_BLOCKS + 3)
    room.do(ask.Accept())
    room.do(ask.Start(participant=2))
    room.hear(20)
    room.do(ask.Close())
    room.hear(1)
    assert all(isinstance(report, Published) for report in room.published(4))
    room.handled()
    stream = audio_of(room.folder / f"{STREAM}.wav")
    assert stream == sound(1000 + BLOCK, len(stream) // 2)
    rehearsed = audio_of(room.folder / f"{PROBA}.wav")
    assert len(rehearsed) == 2 * QUICK_BLOCKS * BLOCK
    assert rehearsed in stream
    assert room.day.parts[0].gaps == ()
    assert room.day.rehearsals[0].quick
    assert verify(room.folder).ok, verify(room.folder).breaches


def test_what_is_lost_meanwhile_is_a_gap_of_it(room: Room) -> None:
    room.hear(1)
    room.do(ask.Rehearse(quick=True))
    room.hear(10)
    room.drop(2)
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    told = manifest.load(room.folder / f"{PROBA}.json")
    assert told.gaps == (Gap(10 * BLOCK, 2 * BLOCK, "dropped"),)
    assert told.audio.frames == QUICK_BLOCKS * BLOCK
    assert verify(room.folder).ok


def test_it_is_refused_while_somebody_is_recorded_and_while_one_runs_and_without_sound(room: Room) -> None:
    with pytest.raises(Rejected) as caught:
        room.do(ask.Rehearse())
    assert caught.value.code == "device_lost"
    room.hear(1)
    room.do(ask.Start(participant=1))
    room.hear(2)
    for press in (None, ask.Pause()):
        if press is not None:
            room.do(press)
        with pytest.raises(Rejected) as caught:
            room.do(ask.Rehearse())
        assert caught.value.code == "wrong_state"
    room.do(ask.Stop())
    room.do(ask.Rehearse())
    with pytest.raises(Rejected, match="cancel"):
        room.do(ask.Rehearse(quick=True))
    room.do(ask.CancelRehearsal())
    with pytest.raises(Rejected):
        room.do(ask.CancelRehearsal())


@pytest.mark.parametrize(
    ("command", "ending", "opens"),
    [
        (ask.Start(participant=1), "start", False),
        (ask.Start(participant=1), "start", True),
        (ask.Open(), "open", False),
        (ask.Close(), "close", True),
        (ask.CancelRehearsal(), "cancel", False),
    ],
)
def test_whatever_begins_or_ends_something_ends_it_at_once_and_it_is_kept(
    room: Room, command: ask.Command, ending: str, opens: bool
) -> None:
    room.hear(1)
    if opens:
        room.do(ask.Open())
    room.do(ask.Rehearse())
    room.hear(200)
    room.do(command)
    (known,) = room.day.rehearsals
    assert (known.ending, known.frames, known.verdict) == (ending, 200 * BLOCK, None)
    assert [step.step for step in known.steps] == ["silence"]
    room.hear(2)
    room.published(1)
    told = manifest.load(room.folder / f"{PROBA}.json")
    assert (told.flags, told.verdict, told.audio.frames) == ((f"ended_by_{ending}",), None, 200 * BLOCK)
    assert verify(room.folder).ok, verify(room.folder).breaches


def test_a_refused_command_does_not_end_it(room: Room) -> None:
    room.hear(1)
    room.do(ask.Rehearse())
    for command in (ask.Start(participant=99), ask.Close(), ask.Stop()):
        with pytest.raises(Rejected):
            room.do(command)
    assert room.day.rehearsal is not None


def test_the_lost_microphone_ends_it(room: Room) -> None:
    room.hear(1)
    room.do(ask.Rehearse())
    room.hear(5)
    room.inbox.post(CaptureLost(room.run, "late", "device_stalled"))
    room.handled()
    assert room.day.rehearsal is not None
    room.lose(1.0)
    (known,) = room.day.rehearsals
    assert (known.ending, known.frames) == ("device_lost", 5 * BLOCK)


@pytest.mark.parametrize("days", [-30, 2])
def test_on_another_date_than_the_exams_a_day_can_be_rehearsed_but_not_opened(room: Room, days: int) -> None:
    room.clock.wall += timedelta(days=days)
    room.hear(1)
    with pytest.raises(Rejected):
        room.do(ask.Open())
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    assert room.day.rehearsals[0].ending == "done"
    assert verify(room.folder).ok


@pytest.mark.parametrize("goes", ["orderly", "killed"])
def test_a_station_that_ends_meanwhile_leaves_a_playable_file_and_starts_clean(tmp_path: Path, goes: str) -> None:
    with Room(tmp_path) as room:
        room.hear(1)
        room.do(ask.Rehearse())
        room.hear(50)
        if goes == "killed":
            room.stop = lambda: None  # type: ignore[method-assign]
            journal = (room.folder / "journal.jsonl").read_bytes()
    if goes == "killed":
        del room.stop
        room.stop()
        (room.folder / "journal.jsonl").write_bytes(journal)
        (room.folder / f"{PROBA}.json").unlink(missing_ok=True)
    assert tape.seal(room.folder / f"{PROBA}.wav") == 50 * BLOCK
    room.clock.advance(5)
    with room:
        room.hear(1)
        assert isinstance(room.published(1)[0], Published)
        (known,) = room.day.rehearsals
        assert (known.ending, known.frames) == ("crash" if goes == "killed" else "shutdown", 50 * BLOCK)
        room.do(ask.Rehearse())
        assert room.day.rehearsals[-1].stem.endswith("проба_02")
    assert verify(room.folder).ok, verify(room.folder).breaches


def test_a_disk_that_fails_it_fails_nothing_else(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    room.hear(1)
    room.do(ask.Start(participant=1))
    room.hear(2)
    room.do(ask.Stop())
    room.do(ask.Rehearse())
    room.hear(2)
    with monkeypatch.context() as patched:
        patched.setattr("station.rehearsing._append", full)
        room.hear(2)
    room.hear(2)
    (known,) = room.day.rehearsals
    assert (known.ending, known.frames) == ("disk_failed", 0)
    assert room.recorder.status.stream is not None
    room.do(ask.Close())
    room.hear(1)
    room.published(2)
    room.handled()
    assert room.day.unpublished() == ()
    stream = audio_of(room.folder / f"{STREAM}.wav")
    assert len(stream) > 2 * 8 * BLOCK
    assert stream == sound(1000 + BLOCK, len(stream) // 2)
    assert verify(room.folder).ok, verify(room.folder).breaches


def test_a_disk_that_takes_no_file_refuses_it_in_words(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    room.hear(1)
    monkeypatch.setattr("station.rehearsing.Tape", full)
    with pytest.raises(Rejected, match="нет места на диске"):
        room.do(ask.Rehearse())
    assert room.day.rehearsals == ()


def test_the_last_hour_of_a_disk_is_the_exams(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.hear(1)
    with monkeypatch.context() as patched:
        patched.setattr("station.disks.disk_status", lambda folder, _shape: DiskStatus(str(folder), 1, 0.9))
        with pytest.raises(Rejected) as caught:
            room.do(ask.Rehearse())
    assert caught.value.code == "disk_low"
    assert (room.day.rehearsals, list(room.folder.glob("*.wav"))) == ((), [])
    room.do(ask.Rehearse())


def test_one_that_cannot_be_judged_is_published_without_a_verdict(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    run = type(room.publisher)._run

    def broken(self: object, module: list[str], told: bytes = b"") -> tuple[int, bytes, str]:
        return (1, b"", "broken") if module[0] == "station.judging" else run(self, module, told)  # type: ignore[arg-type]

    monkeypatch.setattr(type(room.publisher), "_run", broken)
    room.hear(1)
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    assert manifest.load(room.folder / f"{PROBA}.json").verdict is None
    status = room.recorder.status.rehearsal
    assert status is not None
    assert (status.published, status.grade) == (True, None)
    assert verify(room.folder).ok


@pytest.mark.parametrize(
    ("changed", "invariants"),
    [
        ({"steps": []}, {6, 10}),
        ({"steps": [{"step": "silence", "first_frame": 0, "frames": 10**9}]}, {1, 6, 10}),
        ({"flags": ["ended_by_start"]}, {6, 10}),
        ({"verdict": {**msgspec.to_builtins(GOOD), "grade": "warn"}}, {6, 10}),
        ({"verdict": None}, {6, 10}),
        ({"sha256": "0" * 64}, {6}),
    ],
)
def test_verify_finds_a_changed_manifest(room: Room, changed: dict[str, object], invariants: set[int]) -> None:
    room.hear(1)
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    assert verify(room.folder).ok
    path = room.folder / f"{PROBA}.json"
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | changed))
    assert {breach.invariant for breach in verify(room.folder).breaches} == invariants


def test_verify_misses_a_test_recording_whose_manifest_is_gone_and_one_that_nobody_knows(room: Room) -> None:
    room.hear(1)
    room.do(ask.Rehearse(quick=True))
    room.hear(QUICK_BLOCKS)
    room.published(1)
    room.handled()
    (room.folder / f"{PROBA}.json").unlink()
    foreign = room.folder / f"{PROBA[:-2]}07.wav"
    foreign.write_bytes((room.folder / f"{PROBA}.wav").read_bytes())
    breaches = {(breach.invariant, breach.file) for breach in verify(room.folder).breaches}
    assert breaches == {(6, f"{PROBA}.json"), (4, foreign.name)}
