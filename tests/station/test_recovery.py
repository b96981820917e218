"""What start-up makes of a crash: the day goes on, files are sealed, torn takes are recut, nothing is deleted."""

import json
import shutil
from pathlib import Path

import pytest
from days import BLOCK, IVANOV, PETROVA, STREAM, Room, audio_of

from exam import manifest
from exam.errors import Rejected
from station import recovery
from station.messages import Published
from station.session import Day, State
from station.session import commands as ask
from station.session.commands import Command
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


def crashed(tmp_path: Path, script: str) -> Room:
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
    room = Room(tmp_path / "after")
    shutil.copytree(alive.folder, room.folder)
    alive.stop()
    room.clock.advance(60)
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


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_state_has_a_way_out(tmp_path: Path, script: str) -> None:
    room = crashed(tmp_path, script)
    before = contents(room.folder)
    room.start()
    day = finished(room, 2 if script in {"idle", "closing"} else 3)
    decision = "interrupted" if script in {"recording", "paused"} else "unreviewed"
    assert [take.decision for take in day.takes.values() if take.counts] == [decision] * (script != "idle")
    assert [part.file for part in day.parts] == [STREAM_FILE, STREAM_FILE.replace("01.wav", "02.wav")][: len(day.parts)]
    for name, audio in before.items():
        assert contents(room.folder)[name].startswith(audio), "nothing is deleted, overwritten or cut"


@pytest.mark.parametrize("script", SCRIPTS)
def test_recovering_twice_finds_nothing_more_to_do(tmp_path: Path, script: str) -> None:
    room = crashed(tmp_path, script)
    room.start()
    room.stop()
    day, again = room.day, Room(tmp_path / "after")
    lines = (room.folder / "journal.jsonl").read_bytes()
    again.start()
    again.stop()
    assert again.day.takes == day.takes
    new = (room.folder / "journal.jsonl").read_bytes()[len(lines) :]
    assert b"recut" not in new
    assert b"decided" not in new


@pytest.mark.parametrize("left", [0, 1, 300, 1999])
def test_a_torn_take_is_recut_from_the_stream(tmp_path: Path, left: int) -> None:
    room = crashed(tmp_path, "recording")
    torn(room, TAKE, left)
    room.start()
    day = finished(room, 3)
    take = day.takes[f"{IVANOV}_дубль_2"]
    assert (take.replaces, take.decision) == (IVANOV, "interrupted")
    assert day.takes[IVANOV].superseded
    assert len(audio_of(room.folder / TAKE)) == 2 * left, "the torn file is kept aside, sealed"
    with TapeReader(room.folder / TAKE) as tape:
        assert tape.is_whole
    assert not (room.folder / f"{IVANOV}.json").exists()
    told = manifest.load(room.folder / f"{IVANOV}_дубль_2.json")
    assert told.replaces == IVANOV
    assert told.audio.frames == sum(span.frames for span in take.spans)


@pytest.mark.parametrize("size", [0, 1, HEADER_BYTES - 1])
def test_a_take_without_even_a_header_is_recut(tmp_path: Path, size: int) -> None:
    room = crashed(tmp_path, "review")
    (room.folder / TAKE).write_bytes((room.folder / TAKE).read_bytes()[:size])
    room.start()
    day = finished(room, 3)
    assert day.takes[f"{IVANOV}_дубль_2"].replaces == IVANOV
    assert (room.folder / TAKE).stat().st_size == size


def test_a_lost_take_is_cut_from_the_stream_under_its_own_name(tmp_path: Path) -> None:
    room = crashed(tmp_path, "review")
    whole = audio_of(room.folder / TAKE)
    (room.folder / TAKE).unlink()
    room.start()
    assert list(finished(room, 3).takes) == [IVANOV]
    assert audio_of(room.folder / TAKE) == whole


def test_spans_end_where_a_torn_stream_ends(tmp_path: Path) -> None:
    room = crashed(tmp_path, "recording")
    torn(room, STREAM_FILE, 5 * BLOCK)
    room.start()
    day = finished(room, 3)
    take = day.takes[f"{IVANOV}_дубль_2"]
    assert take.spans[-1].end == day.parts[0].frames == 5 * BLOCK


def test_a_stream_that_never_began_leaves_nothing_due(tmp_path: Path) -> None:
    room = crashed(tmp_path, "idle")
    (room.folder / STREAM_FILE).write_bytes(b"")
    room.start()
    day = finished(room, 1)
    assert [part.frames for part in day.parts] == [0, 3 * BLOCK]


def test_a_torn_take_of_a_reassigned_recording_is_recut_for_its_new_owner(tmp_path: Path) -> None:
    room = crashed(tmp_path, "reassigned")
    torn(room, TAKE, 100)
    room.start()
    day = finished(room, 3)
    counting = {take.stem: (take.participant, take.replaces) for take in day.takes.values() if take.counts}
    assert counting == {f"{PETROVA}_дубль_2": (2, PETROVA)}


def test_a_journal_that_contradicts_itself_is_refused_with_its_line(tmp_path: Path) -> None:
    room = crashed(tmp_path, "review")
    path = room.folder / "journal.jsonl"
    lines = [line for line in path.read_text().splitlines(keepends=True) if json.loads(line)["type"] != "day_opened"]
    path.write_text("".join(lines))
    with pytest.raises(Rejected) as caught:
        recovery.replay(room.folder)
    assert caught.value.code == "bad_journal"
    assert "journal.jsonl" in caught.value.en
