"""What start-up makes of a crash: the day goes on, files are sealed, torn takes are cut anew, nothing is deleted."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from days import BLOCK, IVANOV, PETROVA, RATE, SHAPE, STREAM, Room, audio_of

from exam import manifest
from exam.audio import Gap
from exam.clock import NS_PER_S, boot_id
from exam.errors import Rejected
from station import journal as journals
from station import recovery
from station.journal import Journal
from station.messages import CaptureLost, Published
from station.publishing import FRAGMENTS
from station.rebuilding import rebuild
from station.session import Day, State
from station.session import commands as ask
from station.session.commands import Command
from station.session.events import Event, GapFound, StreamEnded, StreamStarted
from station.tape import HEADER_BYTES, TapeReader
from station.verify import verify

TAKE, STREAM_FILE = f"{IVANOV}.wav", f"{STREAM}.wav"
SCRIPTS: dict[str, tuple[Command, ...]] = {
    "idle": (),
    "recording": (ask.Start(participant=1),),
    "paused": (ask.Start(participant=1), ask.Pause()),
    "review": (ask.Start(participant=1), ask.Stop()),
    "reassigned": (ask.Start(participant=1), ask.Stop(), ask.Reassign(take=IVANOV, to=2, reason="перепутали")),
    "closing": (ask.Start(participant=1), ask.Close()),
}


def crashed(tmp_path: Path, script: str, outage_s: float = 60) -> Room:
    """A room on whose disk is what a kill leaves: the daemon goes on elsewhere, unheeded, and ends."""
    alive = Room(tmp_path / "alive")
    alive.start()
    alive.hear(2)
    alive.do(ask.Open())
    alive.hear(5)
    for command in SCRIPTS[script]:
        alive.do(command)
        if not isinstance(command, ask.Close):
            alive.hear(4)
    alive.do(ask.SetOutcome(participant=4, outcome=None))  # answered: all before it is on disk
    room = copied(alive, tmp_path / "after")
    alive.stop()
    room.clock.advance(outage_s)
    return room


def copied(alive: Room, folder: Path) -> Room:
    """Another daemon over what a kill would leave now, its clock going on from here."""
    room = Room(folder)
    shutil.copytree(alive.folder, room.folder)
    room.clock.ns, room.clock.wall, room.run = alive.clock.ns, alive.clock.wall, alive.run
    return room


def finished(room: Room, recordings: int) -> Day:
    """The day closed and published after the restart, everything right."""
    if room.day.state is not State.CLOSED:
        room.hear(2)
        room.do(ask.Close())
        room.hear(2)
    for report in room.published(recordings):
        assert isinstance(report, Published), report
    room.stop()
    report = verify(room.folder)
    assert report.ok, report.breaches
    assert room.day.unpublished() == ()
    return room.day


def torn(room: Room, name: str, frames: int, rest: int = 1) -> None:
    """The file lost its end: `frames` frames and `rest` bytes are left, the header still tells of more."""
    path = room.folder / name
    path.write_bytes(path.read_bytes()[: HEADER_BYTES + 2 * frames + rest])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: audio_of(path) for path in folder.glob("*.wav")}


IN_HAND = {"recording", "paused", "review", "reassigned"}
OUTAGE_S, LONG_OUTAGE_S = 60, 601


@pytest.mark.parametrize("script", SCRIPTS)
def test_after_a_short_outage_the_same_participant_goes_on(tmp_path: Path, script: str) -> None:
    room = crashed(tmp_path, script)
    before, was = contents(room.folder), room.day
    room.start()
    assert room.day.state is was.state
    room.hear(3)
    if room.day.state is State.RECORDING:
        room.do(ask.Stop())
    day = finished(room, {"idle": 2, "closing": 2}.get(script, 3))
    assert [take.decision for take in day.takes.values() if take.counts] == ["unreviewed"] * (script != "idle")
    second = STREAM_FILE.replace("01.wav", "02.wav")
    assert [part.file for part in day.parts] == [STREAM_FILE, second][: len(day.parts)]
    if script != "closing":
        (outage,) = day.parts[1].gaps
        assert (outage.first_frame, outage.reason) == (0, "outage")
        assert outage.frames == pytest.approx(OUTAGE_S * RATE, abs=2 * BLOCK)
    for name, audio in before.items():
        kept = [audio_of(path) for path in room.folder.rglob(name)]
        assert any(now.startswith(audio) for now in kept), "nothing is deleted, overwritten or cut"


def test_the_joined_take_is_one_file_whose_gap_is_the_outage(tmp_path: Path) -> None:
    room = crashed(tmp_path, "recording")
    room.start()
    room.hear(3)
    room.do(ask.Stop())
    day = finished(room, 3)
    (take,) = day.takes.values()
    assert [span.stream[-6:] for span in take.spans] == ["01.wav", "02.wav"]
    told = manifest.load(room.folder / f"{IVANOV}.json")
    (gap,) = told.gaps
    assert gap.reason == "outage"
    assert gap.first_frame == take.spans[0].frames, "the hole is where the first part ends"
    assert gap.frames == day.parts[1].gaps[0].frames
    assert not any(audio_of(room.folder / TAKE)[2 * gap.first_frame : 2 * gap.end])
    assert (room.folder / FRAGMENTS / TAKE).exists(), "the torn file is kept aside"


@pytest.mark.parametrize("script", SCRIPTS)
def test_after_a_long_outage_a_take_is_interrupted(tmp_path: Path, script: str) -> None:
    room = crashed(tmp_path, script, LONG_OUTAGE_S)
    tail = room.clock.wall - timedelta(seconds=LONG_OUTAGE_S)
    room.start()
    assert room.day.state in {State.IDLE, State.CLOSED}
    day = finished(room, 2 if script in {"idle", "closing"} else 3)
    decision = "interrupted" if script in {"recording", "paused"} else "unreviewed"
    assert [take.decision for take in day.takes.values() if take.counts] == [decision] * (script != "idle")
    assert not any(part.gaps for part in day.parts), "the next part begins with the next sound"
    for take in day.takes.values():
        assert take.ended_at is not None
        assert take.ended_at <= tail + timedelta(seconds=0.5), "it ended when the power did, not at the restart"


def test_the_machine_came_up_anew(tmp_path: Path) -> None:
    """Another boot: the steady clock begins again, the outage is told by the wall clock."""
    room = crashed(tmp_path, "recording")
    path = room.folder / "journal.jsonl"
    path.write_text(path.read_text().replace(boot_id(), "00000000-another-boot"))
    room.clock.ns = 5 * NS_PER_S
    room.start()
    room.hear(3)
    room.do(ask.Stop())
    day = finished(room, 3)
    assert day.parts[1].gaps[0].frames == pytest.approx(OUTAGE_S * RATE, abs=2 * BLOCK)


def unplugged(folder: Path) -> Room:
    """An open day whose microphone went after five blocks, three seconds ago."""
    alive = Room(folder)
    alive.start()
    alive.hear(2)
    alive.do(ask.Open())
    alive.hear(5)
    alive.inbox.post(CaptureLost(alive.run, "unplugged"))
    alive.handled()
    alive.clock.advance(3)
    return alive


def test_a_crash_while_the_microphone_is_away_leaves_no_silence_unmarked(tmp_path: Path) -> None:
    alive = unplugged(tmp_path / "alive")
    alive.handled()
    alive.handled()  # what the first was answered before has been done
    room = copied(alive, tmp_path / "after")
    alive.stop()
    room.start()
    room.hear(2)
    day = finished(room, 2)
    assert [(gap.first_frame, gap.reason) for gap in day.parts[0].gaps] == [(5 * BLOCK, "device_lost")]
    assert day.parts[0].gaps[0].end == day.parts[0].frames


def test_a_crash_just_after_the_microphone_came_back_keeps_its_first_sound(tmp_path: Path) -> None:
    alive = unplugged(tmp_path / "alive")
    alive.run += 1
    alive.hear(1)
    room = copied(alive, tmp_path / "after")
    alive.stop()
    room.start()
    room.hear(2)
    day = finished(room, 2)
    part = day.parts[0]
    assert [(gap.first_frame, gap.frames) for gap in part.gaps] == [(5 * BLOCK, 3 * RATE)]
    assert part.frames == part.gaps[0].end + BLOCK


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("outage_s", [OUTAGE_S, LONG_OUTAGE_S])
def test_recovering_twice_finds_nothing_more_to_do(tmp_path: Path, script: str, outage_s: float) -> None:
    room = crashed(tmp_path, script, outage_s)
    room.start()
    room.stop()
    day, again = room.day, Room(tmp_path / "after")
    again.clock = room.clock
    lines = (room.folder / "journal.jsonl").read_bytes()
    again.start()
    again.stop()
    new = (room.folder / "journal.jsonl").read_bytes()[len(lines) :]
    assert b"decided" not in new
    assert b"stopped" not in new
    assert again.day.state is day.state


@pytest.mark.parametrize("left", [None, b"", b'{"schema":1,"st', bytes(500)])
def test_a_manifest_that_a_disk_lost_is_published_again(tmp_path: Path, left: bytes | None) -> None:
    room = crashed(tmp_path, "review", LONG_OUTAGE_S)
    room.start()
    finished(room, 3)
    path = room.folder / (IVANOV + manifest.SUFFIX)
    before = path.read_bytes()
    path.unlink() if left is None else path.write_bytes(left)
    again = Room(tmp_path / "after")
    again.clock = room.clock
    again.start()
    finished(again, 1)
    assert path.read_bytes() == before
    assert (left is None) != (room.folder / FRAGMENTS / path.name).exists()


def test_a_manifest_that_cannot_be_read_does_not_keep_the_day_from_going_on(tmp_path: Path) -> None:
    room = crashed(tmp_path, "review", LONG_OUTAGE_S)
    room.start()
    finished(room, 3)
    path = room.folder / (IVANOV + manifest.SUFFIX)
    path.unlink()
    path.mkdir()
    again = Room(tmp_path / "after")
    again.clock = room.clock
    again.start()
    again.hear(2)
    again.do(ask.Open())
    again.hear(2)
    assert again.recorder.status.stream is not None
    again.stop()


@pytest.mark.parametrize("left", [0, 1, 300, 1999])
@pytest.mark.parametrize("outage_s", [OUTAGE_S, LONG_OUTAGE_S])
def test_a_torn_take_is_cut_from_the_stream(tmp_path: Path, left: int, outage_s: float) -> None:
    room = crashed(tmp_path, "recording", outage_s)
    torn(room, TAKE, left)
    room.start()
    room.hear(2)
    day = finished(room, 3)
    assert list(day.takes) == [IVANOV], "it keeps its name"
    kept = room.folder / FRAGMENTS / TAKE
    assert len(audio_of(kept)) == 2 * left, "the torn file is kept aside, sealed"
    with TapeReader(kept) as tape:
        assert tape.is_whole
    told = manifest.load(room.folder / f"{IVANOV}.json")
    assert told.audio.frames == sum(span.frames for span in day.takes[IVANOV].spans)


@pytest.mark.parametrize("size", [0, 1, HEADER_BYTES - 1])
def test_a_take_without_even_a_header_is_cut_from_the_stream(tmp_path: Path, size: int) -> None:
    room = crashed(tmp_path, "review")
    (room.folder / TAKE).write_bytes((room.folder / TAKE).read_bytes()[:size])
    room.start()
    assert list(finished(room, 3).takes) == [IVANOV]
    assert (room.folder / FRAGMENTS / TAKE).stat().st_size == size


def test_a_lost_take_is_cut_from_the_stream_under_its_own_name(tmp_path: Path) -> None:
    room = crashed(tmp_path, "review")
    whole = audio_of(room.folder / TAKE)
    (room.folder / TAKE).unlink()
    room.start()
    assert list(finished(room, 3).takes) == [IVANOV]
    assert audio_of(room.folder / TAKE) == whole


@pytest.mark.parametrize("outage_s", [OUTAGE_S, LONG_OUTAGE_S])
def test_a_take_that_outlived_the_stream_completes_it(tmp_path: Path, outage_s: float) -> None:
    room = crashed(tmp_path, "recording", outage_s)
    whole, take = audio_of(room.folder / STREAM_FILE), audio_of(room.folder / TAKE)
    torn(room, STREAM_FILE, len(whole) // 2 - 3 * BLOCK)
    room.start()
    room.hear(2)
    day = finished(room, 3)
    assert audio_of(room.folder / STREAM_FILE) == whole
    assert audio_of(room.folder / TAKE).startswith(take)
    assert day.parts[0].frames == len(whole) // 2


def test_spans_end_where_a_torn_stream_ends(tmp_path: Path) -> None:
    room = crashed(tmp_path, "recording", LONG_OUTAGE_S)
    torn(room, STREAM_FILE, 5 * BLOCK)
    torn(room, TAKE, 10)
    room.start()
    day = finished(room, 3)
    assert day.takes[IVANOV].spans[-1].end == day.parts[0].frames == 5 * BLOCK


def ahead(room: Room, *events: Event) -> None:
    """The journal named them; then came the kill, before the tape."""
    journal = Journal(room.folder, room.clock)
    journal.append(events)
    journal.close()


@pytest.mark.parametrize("outage_s", [OUTAGE_S, LONG_OUTAGE_S])
@pytest.mark.parametrize("taped", [0, 1, BLOCK])
def test_of_a_gap_that_was_named_only_what_is_taped_is_told(tmp_path: Path, taped: int, outage_s: float) -> None:
    room = crashed(tmp_path, "recording", outage_s)
    frames = len(audio_of(room.folder / STREAM_FILE)) // 2
    gap = GapFound(stream=STREAM_FILE, frame=frames, frames=5 * BLOCK, reason="dropped")
    ahead(room, gap)
    with (room.folder / STREAM_FILE).open("ab") as file:
        file.write(bytes(2 * taped))
    room.start()
    day = finished(room, 3)
    assert day.parts[0].frames == frames + taped
    assert day.parts[0].gaps == ((Gap(frames, taped, "dropped"),) if taped else ())
    journal = room.folder / journals.FILE
    journal.write_bytes(b"broken" + journal.read_bytes()[6:])
    for path in room.folder.glob("*.json"):
        path.unlink()
    rebuilt = rebuild(room.folder, room.rules, SHAPE, room.clock)
    assert [part.gaps for part in rebuilt.parts] == [part.gaps for part in day.parts]


@pytest.mark.parametrize("left", [None, b"", b"RIFF"])
def test_a_part_that_was_named_but_never_came_is_passed_over(tmp_path: Path, left: bytes | None) -> None:
    room = crashed(tmp_path, "recording")
    frames = len(audio_of(room.folder / STREAM_FILE)) // 2
    second = STREAM_FILE.replace("_01", "_02")
    ahead(
        room,
        StreamEnded(stream=STREAM_FILE, frame=frames, ending="file_limit"),
        StreamStarted(stream=second),
        GapFound(stream=second, frames=5 * BLOCK, reason="dropped"),
    )
    if left is not None:
        (room.folder / second).write_bytes(left)
    room.start()
    day = finished(room, 3)
    assert [part.frames for part in day.parts[:2]] == [frames, 0]
    assert day.parts[1].gaps == ()
    assert day.takes[IVANOV].spans[-1].stream == day.parts[2].file, "the take went on"
    assert verify(room.folder).ok


def test_a_stream_that_never_began_leaves_nothing_due(tmp_path: Path) -> None:
    room = crashed(tmp_path, "idle", LONG_OUTAGE_S)
    (room.folder / STREAM_FILE).write_bytes(b"")
    room.start()
    day = finished(room, 1)
    assert [part.frames for part in day.parts] == [0, 3 * BLOCK]


def test_a_torn_take_of_a_reassigned_recording_is_cut_for_its_new_owner(tmp_path: Path) -> None:
    room = crashed(tmp_path, "reassigned")
    torn(room, TAKE, 100)
    room.start()
    day = finished(room, 3)
    counting = {take.stem: (take.participant, take.replaces) for take in day.takes.values() if take.counts}
    assert counting == {PETROVA: (2, IVANOV)}


def test_a_journal_that_contradicts_itself_is_refused_with_its_line(tmp_path: Path) -> None:
    room = crashed(tmp_path, "review")
    path = room.folder / "journal.jsonl"
    lines = [line for line in path.read_text().splitlines(keepends=True) if json.loads(line)["type"] != "day_opened"]
    path.write_text("".join(lines))
    with pytest.raises(Rejected) as caught:
        recovery.replay(room.folder)
    assert caught.value.code == "bad_journal"
    assert "journal.jsonl" in caught.value.en
