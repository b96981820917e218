"""The journal: what is written is read again, a torn end loses nothing, a broken line is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from days import MORNING, STREAM, StillClock

from exam.audio import FrameSpan, Gap, Mark
from exam.errors import Rejected
from exam.language import VARIABLE
from exam.manifest import Step
from exam.regulation import Outcome
from station import journal as journals
from station.audibility.findings import Metric, Place, Verdict
from station.journal import Journal
from station.session import events as happened
from station.session.events import Event

HERE: dict[str, Any] = {"stream": f"{STREAM}.wav", "frame": 4800}
EVERY: list[Event] = [
    happened.DayOpened(),
    happened.DayClosed(**HERE),
    happened.StreamStarted(stream=f"{STREAM}.wav"),
    happened.StreamEnded(ending="crash", **HERE),
    happened.GapFound(frames=7, reason="dropped", **HERE),
    happened.TakeStarted(stem="Ё«»\u2028\n\"'", participant=1, take=2, variant="7", **HERE),
    happened.TakeStarted(stem="s", participant=1, take=1, **HERE),
    happened.Chosen(participant=3, variant="12", other_room=True, document_checked=True, **HERE),
    happened.Chosen(participant=None),
    happened.TakeHeard(stem="s", opinion="badly", seconds=12.5, sha256="0" * 64, **HERE),
    happened.TaskMarked(task=4, **HERE),
    happened.TakePaused(**HERE),
    happened.TakeResumed(**HERE),
    happened.TakeStopped(ending="operator", **HERE),
    happened.TakeContinued(**HERE),
    happened.TakeDecided(stem="s", decision="accepted", listened=3.5, **HERE),
    happened.TakeDecided(stem="s", decision="rejected", listened="declined", reason="шум", consent=False, **HERE),
    happened.TakeCancelled(stem="s", **HERE),
    happened.OutcomeSet(participant=1, outcome=Outcome.REMOVED, at="09:10:11", note="}\n", **HERE),
    happened.OutcomeSet(participant=1, outcome=None),
    happened.TakeReassigned(stem="s", new_stem="t", participant=2, take=1, reason="r", **HERE),
    happened.TakeCorrected(stem="s", new_stem="t", take=2, variant="8", reason="r"),
    happened.GapBegan(reason="outage", **HERE),
    happened.Anchored(at=MORNING, at_ns=5, boot="b", **HERE),
    happened.TakeAdded(
        stem="s",
        participant=1,
        take=2,
        variant=None,
        decision="accepted",
        spans=(FrameSpan("x.wav", 1, 2),),
        marks=(Mark(1, 1),),
        flags=("recut",),
        started_at=MORNING,
        ended_at=MORNING,
    ),
    happened.SpeechInPause(stem="s", speech_s=1.5, **HERE),
    happened.ClockCorrected(seconds=-3600.5),
    happened.ClockStepped(seconds=3600.0),
    happened.RecordingPublished(stem="s", sha256="0" * 64),
    happened.ManifestLost(stem="s"),
    happened.OverflowSeen(**HERE),
    happened.ChainHead(head="0" * 64, **HERE),
    happened.RehearsalBegan(stem="s", quick=True, at=MORNING),
    happened.RehearsalEnded(
        stem="s", ending="done", frames=7, steps=(Step("silence", 1, 2),), gaps=(Gap(1, 2, "dropped"),), at=MORNING
    ),
    happened.RehearsalJudged(
        stem="s",
        verdict=Verdict(
            basis="rehearsal",
            grade="warn",
            seconds=7.0,
            speech_s=3.5,
            metrics=(Metric(name="noise", grade="warn", value=-50.5, channel=0, places=(Place(1.0, 2.0),)),),
        ),
    ),
    happened.RehearsalAccepted(stem="s", by="Петров"),
    happened.TakeJudged(
        stem="s", verdict=Verdict(basis="recording", grade="pass", seconds=7.0, speech_s=3.5, metrics=()), **HERE
    ),
    happened.AlarmRaised(code="noise", severity="red", text="шумно", since=MORNING, **HERE),
    happened.AlarmCleared(code="noise", **HERE),
]


def write(folder: Path, *events: Event) -> None:
    journal = Journal(folder, StillClock())
    journal.append(events)
    journal.close()


def seqs(folder: Path) -> list[int]:
    return [entry.seq for entry in journals.read(folder)]


def test_every_kind_of_event_is_tried() -> None:
    assert {type(event) for event in EVERY} == set(Event.__subclasses__())


def test_what_is_written_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path, StillClock())
    written = journal.append(EVERY) + journal.append([]) + journal.append(EVERY[:1])
    read = tuple(journals.read(tmp_path))
    assert read == written
    assert [entry.event for entry in read] == [*EVERY, EVERY[0]]
    assert [entry.seq for entry in read] == list(range(1, len(EVERY) + 2))
    journal.close()


def test_each_line_is_one_json_object_with_the_promised_keys(tmp_path: Path) -> None:
    write(tmp_path, *EVERY)
    lines = (tmp_path / journals.FILE).read_bytes().split(b"\n")
    assert len(lines) == len(EVERY) + 1
    for line in lines[:-1]:
        assert {"seq", "type", "wall", "monotonic_ns", "boot_id", "stream", "frame"} <= json.loads(line).keys()


def test_the_next_daemon_counts_on(tmp_path: Path) -> None:
    for _ in range(3):
        write(tmp_path, happened.DayOpened(), happened.DayOpened())
    assert seqs(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert list(journals.read(tmp_path)) == []
    (tmp_path / journals.FILE).write_bytes(b"")
    assert list(journals.read(tmp_path)) == []


def test_a_line_torn_anywhere_is_passed_over_and_writing_goes_on_after_it(tmp_path: Path) -> None:
    event = happened.OutcomeSet(participant=1, outcome=None, note="{«}»")
    write(tmp_path, event, event)
    whole = (tmp_path / journals.FILE).read_bytes()
    second = whole.index(b"\n") + 1
    for end in range(second, len(whole) - 1):
        folder = tmp_path / str(end)
        folder.mkdir()
        (folder / journals.FILE).write_bytes(whole[:end])
        assert seqs(folder) == [1]
        write(folder, event)
        write(folder, event)
        assert seqs(folder) == [1, 2, 3], whole[second:end]
        assert (folder / journals.FILE).read_bytes().startswith(whole[:end]), "nothing is cut away"


def test_a_line_that_only_lacks_its_end_of_line_counts(tmp_path: Path) -> None:
    write(tmp_path, happened.DayOpened(), happened.DayOpened())
    path = tmp_path / journals.FILE
    path.write_bytes(path.read_bytes()[:-1])
    write(tmp_path, happened.DayOpened())
    assert seqs(tmp_path) == [1, 2, 3]


@pytest.mark.parametrize(
    "line",
    [b"{}", b"nonsense}", b'{"seq":2,"type":"halted"}', b'{"seq":"x","type":"day_opened"}', b"\xff}", b"[1]}"],
)
@pytest.mark.parametrize(("language", "word"), [("ru", "строка 2"), ("en", "line 2")])
def test_a_broken_line_in_the_middle_is_named(
    tmp_path: Path, line: bytes, language: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, language)
    write(tmp_path, happened.DayOpened(), happened.DayOpened(), happened.DayOpened())
    lines = (tmp_path / journals.FILE).read_bytes().split(b"\n")
    (tmp_path / journals.FILE).write_bytes(b"\n".join([lines[0], line, *lines[2:]]))
    with pytest.raises(Rejected) as caught:
        list(journals.read(tmp_path))
    assert caught.value.code == "bad_journal"
    assert word in str(caught.value)
    assert str(tmp_path / journals.FILE) in str(caught.value)


def test_a_disk_that_takes_only_a_part_is_written_to_again_or_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk's short write must not pass for a whole line: the command would be answered and forgotten."""
    journal, whole = Journal(tmp_path, StillClock()), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:10]))
    journal.append([happened.DayOpened()])
    assert seqs(tmp_path) == [1]
    journal.close()


# -- salvage -----------------------------------------------------------------------------------------------------


def lost(folder: Path) -> list[tuple[int, int, int | None]]:
    return [(damage.line, damage.first_lost, damage.last_lost) for damage in journals.salvage(folder)[1]]


def test_a_whole_journal_and_none_have_nothing_to_salvage(tmp_path: Path) -> None:
    assert journals.salvage(tmp_path) == ((), ())
    write(tmp_path, *EVERY)
    assert journals.salvage(tmp_path) == (tuple(journals.read(tmp_path)), ())


@pytest.mark.parametrize("junk", [b"", b"nonsense}", b"\0" * 200, b"[" * 100_000, b'{"seq":2}', b"\xff\xfe"])
def test_what_stands_before_and_after_a_broken_place_is_read(tmp_path: Path, junk: bytes) -> None:
    write(tmp_path, *EVERY)
    whole = tuple(journals.read(tmp_path))
    lines = (tmp_path / journals.FILE).read_bytes().split(b"\n")
    for first in range(len(EVERY) - 1):
        for end in {first + 1, min(first + 3, len(EVERY) - 1)}:
            (tmp_path / journals.FILE).write_bytes(b"\n".join([*lines[:first], junk, *lines[end:]]))
            assert journals.salvage(tmp_path)[0] == whole[:first] + whole[end:]
            assert lost(tmp_path) == [(first + 1 if junk else first + 2, first + 1, end)]


def test_a_torn_end_is_no_damage_and_a_broken_one_is(tmp_path: Path) -> None:
    write(tmp_path, *EVERY[:4])
    whole = (tmp_path / journals.FILE).read_bytes()
    third = whole.rindex(b"\n", 0, -1) + 1
    for end in range(third, len(whole) - 1):
        (tmp_path / journals.FILE).write_bytes(whole[:end])
        assert len(journals.salvage(tmp_path)[0]) == 3
        assert lost(tmp_path) == []
    (tmp_path / journals.FILE).write_bytes(whole[:third] + b"\0" * 4096)
    assert lost(tmp_path) == []
    (tmp_path / journals.FILE).write_bytes(whole[:third] + b"rubbish}\n")
    assert lost(tmp_path) == [(4, 4, None)]


def test_a_line_that_comes_again_counts_once(tmp_path: Path) -> None:
    write(tmp_path, *EVERY[:3])
    path = tmp_path / journals.FILE
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], lines[1], lines[0], lines[2], lines[1], b""]))
    assert [entry.seq for entry in journals.salvage(tmp_path)[0]] == [1, 2, 3]
    assert lost(tmp_path) == [(3, 1, 1), (5, 2, 2)]
    assert "повторяется" in journals.salvage(tmp_path)[1][0].text


@pytest.mark.parametrize("place", range(0, 4000, 97))
def test_a_sector_of_zeros_costs_only_the_lines_it_touches(tmp_path: Path, place: int) -> None:
    write(tmp_path, *EVERY)
    path = tmp_path / journals.FILE
    content = path.read_bytes()
    whole = list(journals.read(tmp_path))
    spoilt = content[:place] + b"\0" * min(512, len(content) - place) + content[place + 512 :]
    path.write_bytes(spoilt)
    entries, damages = journals.salvage(tmp_path)
    kept = {entry.seq for entry in entries}
    gone = {seq for each in damages for seq in range(each.first_lost, (each.last_lost or len(EVERY)) + 1)}
    assert [entry for entry in whole if entry.seq in kept] == list(entries)
    assert kept.isdisjoint(gone)
    touched = content[:place].count(b"\n") + 1, content[: place + 512].count(b"\n") + 1
    assert kept >= set(range(1, len(EVERY) + 1)) - set(range(touched[0], touched[1] + 1))
    if len(damages) and damages[-1].last_lost is not None:
        assert kept | gone == set(range(1, len(EVERY) + 1))
