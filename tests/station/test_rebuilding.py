"""A day copied from a broken PC's disk: journal and manifests gone or torn, every take comes back under its name."""

import json
import shutil
from pathlib import Path

import pytest
from days import IVANOV, PETROVA, SHAPE, STREAM, Room, audio_of, play_day

from exam import manifest
from exam.clock import CorrectedClock
from station import journal as journals
from station import recovery
from station.publishing import FRAGMENTS
from station.rebuilding import replay_or_rebuild
from station.rest import Rest, at_rest
from station.session import State
from station.session import commands as ask
from station.tape import HEADER_BYTES
from station.verify import verify


@pytest.fixture
def day(tmp_path: Path) -> Room:
    """A whole day, closed and published."""
    with Room(tmp_path / "school") as room:
        play_day(room)
    return room


def recovered(room: Room) -> Rest:
    with at_rest(room.folder, room.config, room.rules, CorrectedClock(room.clock)) as rest:
        rest.recover()
        rest.publish(lambda _stem: None)
        return rest


def spans(room: Room) -> dict[str, object]:
    return {stem: manifest.load(room.folder / f"{stem}.json").spans for stem in (IVANOV, PETROVA)}


def test_without_journal_and_manifests_every_take_comes_back_with_its_spans(day: Room) -> None:
    before, audio = spans(day), {path.name: audio_of(path) for path in day.folder.glob("*.wav")}
    for path in (*day.folder.glob("*.json"), day.folder / journals.FILE):
        path.unlink()
    rest = recovered(day)
    assert spans(day) == before
    assert {path.name: audio_of(path) for path in day.folder.glob("*.wav")} == audio
    told = manifest.load(day.folder / f"{IVANOV}.json")
    assert (told.participant and told.participant.number, told.flags) == (1, ("restored",))
    assert list(rest.day.takes) == [IVANOV, PETROVA], "in the order in which they were recorded"
    assert verify(day.folder).ok


def test_manifests_that_are_left_are_kept_as_they_are(day: Room) -> None:
    before = {path.name: path.read_bytes() for path in day.folder.glob("*.json")}
    (day.folder / journals.FILE).unlink()
    recovered(day)
    assert {path.name: path.read_bytes() for path in day.folder.glob("*.json")} == before
    report = verify(day.folder)
    assert report.ok, report.breaches


@pytest.mark.parametrize("kind", ["take_started", "stopped", "decided", "stream_ended"])
def test_a_broken_line_costs_only_what_it_said(day: Room, kind: str) -> None:
    path = day.folder / journals.FILE
    lines = path.read_bytes().splitlines(keepends=True)
    broken = next(number for number, line in enumerate(lines) if json.loads(line)["type"] == kind)
    lines[broken] = b"\x00\xff" + lines[broken][2:]
    path.write_bytes(b"".join(lines))
    for stem in (IVANOV, PETROVA):
        (day.folder / f"{stem}.json").unlink()
    recovered(day)
    told = manifest.load(day.folder / f"{IVANOV}.json")
    assert told.variant == (None if kind == "take_started" else "7")
    assert told.outcome == ("unreviewed" if kind == "decided" else "accepted")
    assert (day.folder / FRAGMENTS / journals.FILE).read_bytes() == b"".join(lines), "the broken journal is kept"
    assert verify(day.folder).ok


def test_the_daemon_does_the_same_by_itself_and_the_day_goes_on(day: Room) -> None:
    path = day.folder / journals.FILE
    path.write_bytes(path.read_bytes().replace(b'"day_closed"', b'"day_c\x00sed"'))
    found = replay_or_rebuild(day.folder, day.rules, SHAPE, CorrectedClock(day.clock))
    assert found.state is State.IDLE, "nothing says that it was closed"
    assert recovery.replay(day.folder).state is State.IDLE


@pytest.mark.parametrize("left", [0, 1, 44, HEADER_BYTES - 8])
def test_sound_without_its_header_is_rescued_under_a_new_name(day: Room, left: int) -> None:
    stream = day.folder / f"{STREAM}.wav"
    whole = stream.read_bytes()
    stream.write_bytes(whole[:left] + bytes(HEADER_BYTES - left) + whole[HEADER_BYTES:])
    damaged = stream.read_bytes()
    for path in (*day.folder.glob("*.json"), day.folder / journals.FILE):
        path.unlink()
    rest = recovered(day)
    assert stream.read_bytes() == damaged
    rescued = day.folder / f"{STREAM[:-2]}02.wav"
    assert audio_of(rescued) == whole[HEADER_BYTES:]
    assert {span.stream for take in rest.day.takes.values() for span in take.spans} == {rescued.name}


def test_a_take_that_is_in_no_stream_keeps_its_name_and_says_so(day: Room) -> None:
    for path in {*day.folder.glob("*.json"), *day.folder.glob("*поток*"), day.folder / journals.FILE}:
        path.unlink()
    recovered(day)
    told = manifest.load(day.folder / f"{IVANOV}.json")
    assert (told.spans, told.source, told.flags) == ((), "other_pc", ("restored", "no_stream"))
    assert verify(day.folder).ok


def test_recovering_a_day_that_is_whole_changes_nothing(day: Room) -> None:
    copy = day.folder.parent / "copy"
    shutil.copytree(day.folder, copy)
    recovered(day)
    for path in copy.iterdir():
        assert (day.folder / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("are_manifests_left", [True, False])
def test_test_recordings_are_told_again(tmp_path: Path, are_manifests_left: bool) -> None:
    with Room(tmp_path) as room:
        room.hear(1)
        room.do(ask.Rehearse(quick=True))
        room.hear(250)
        room.do(ask.AcceptRehearsal(by="Петров"))
        room.do(ask.Rehearse())
        room.hear(100)
        room.do(ask.Open())
        room.hear(10)
        room.do(ask.Close())
        room.hear(1)
        room.published(3)
        room.handled()
    before = room.day.rehearsals
    assert [rehearsal.ending for rehearsal in before] == ["done", "open"]
    broken = (room.folder / journals.FILE).read_bytes()
    (room.folder / journals.FILE).write_bytes(broken.replace(b"day_opened", b"day_0pened", 1))
    for path in () if are_manifests_left else room.folder.glob("*.json"):
        path.unlink()
    recovered(room)
    after = room.day.rehearsals
    told = [(rehearsal.stem, rehearsal.frames, rehearsal.steps, rehearsal.quick) for rehearsal in after]
    assert told == [(rehearsal.stem, rehearsal.frames, rehearsal.steps, rehearsal.quick) for rehearsal in before]
    assert after[0].accepted_by == "Петров"
    if are_manifests_left:
        assert [rehearsal.ending for rehearsal in after] == ["done", "open"]
        assert after[0].verdict == before[0].verdict
    report = verify(room.folder)
    assert report.ok, report.breaches
