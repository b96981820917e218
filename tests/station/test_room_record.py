"""What the headquarters are told of a room: at each close, and whenever that is not true any more."""

import errno
import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from days import DAY, IVANOV, MORNING, PETROVA, STREAM, Room, alarms_of, config_for, manifests_in, play_day, rules_for
from mirrored import MirroredRoom, other_disk

from exam import roomday
from exam.clock import CorrectedClock
from exam.regulation import Outcome
from exam.roomday import RoomDay
from station import journal as journals
from station import recordkeeping, recovery
from station.config import Config
from station.merging import merge
from station.rest import at_rest
from station.roomrecord import Draft, computer_of, computer_of_day, is_over, room_day_of, say_the_same
from station.session import Day, State, evolve
from station.session import commands as ask
from station.session import events as happened
from station.session.events import Event
from station.verify import verify

NAME = "11.02.2026_265_701020_ведомость_{:02d}.json"


def records(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if roomday.is_room_day(path.name))


def after(*events: Event, day: Day | None = None) -> Day:
    """The day after these, one a minute."""
    day = day or Day()
    for minute, event in enumerate(events):
        day = evolve(day, event, MORNING + timedelta(minutes=minute))
    return day


def brief_day(room: Room) -> None:
    """One participant, accepted; nobody has closed the day yet."""
    room.hear(1)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(3)
    room.do(ask.Stop())
    room.hear(1)
    room.do(ask.Accept())
    room.hear(1)


def close(room: Room) -> RoomDay:
    room.do(ask.Close())
    room.hear(1)
    return room.told()


# -- pure ------------------------------------------------------------------------------------------------------


def test_a_record_tells_what_the_journal_does(tmp_path: Path) -> None:
    day = after(
        happened.DayOpened(),
        happened.OutcomeSet(participant=4, outcome=Outcome.ABSENT, at="09:00:00", note="болеет"),
        happened.StreamStarted(stream=f"{STREAM}.wav"),
        happened.TakeStarted(stream=f"{STREAM}.wav", stem=IVANOV, participant=1, take=1, variant="7"),
        happened.TakeStopped(stream=f"{STREAM}.wav", frame=80, ending="operator"),
        happened.TakeDecided(stem=IVANOV, decision="accepted", listened=2.5),
        happened.RecordingPublished(stem=IVANOV, sha256="a" * 64, manifest_sha256="b" * 64),
        happened.TakeReassigned(stem=IVANOV, new_stem=PETROVA, participant=2, take=1, reason="перепутали"),
        happened.DayClosed(),
        happened.StreamEnded(stream=f"{STREAM}.wav", frame=100, ending="close"),
    )
    told = room_day_of(day, rules_for(), config_for(tmp_path), MORNING)
    assert (told.exam_date, told.room, told.school, told.station) == (DAY, "265", "701020", "701020-265")
    assert (told.scheme, told.recording, told.streams) == (2, "both", (STREAM,))
    assert (told.opened_at, told.closed_at) == (MORNING, MORNING + timedelta(minutes=8))
    assert [person.full_name for person in told.listed] == ["Иванов Иван Иванович", "Петрова Анна"]
    (absent,) = told.outcomes
    assert (absent.participant, absent.outcome, absent.at, absent.note) == (4, Outcome.ABSENT, "09:00:00", "болеет")
    assert absent.noted_at == MORNING + timedelta(minutes=1)
    first, second = told.takes
    assert (first.stem, first.counts, first.manifest, first.listened) == (IVANOV, False, "b" * 64, 2.5)
    assert (second.stem, second.participant, second.counts, second.replaces) == (PETROVA, 2, True, IVANOV)
    assert second.manifest is None


def test_a_day_opened_again_is_not_closed_and_began_when_it_did() -> None:
    again = after(happened.DayOpened(), happened.DayClosed(), happened.DayOpened())
    assert (again.opened_at, again.closed_at) == (MORNING, MORNING + timedelta(minutes=1))
    record = room_day_of(again, rules_for(), config_for(Path("/")), MORNING)
    assert (record.opened_at, record.closed_at) == (MORNING, None)


def test_a_corrected_clock_moves_what_was_not_told_yet() -> None:
    absent = happened.OutcomeSet(participant=4, outcome=Outcome.ABSENT)
    hour = happened.ClockCorrected(seconds=3600)
    before = after(happened.DayOpened(), absent, hour, happened.DayClosed())
    assert before.opened_at == MORNING + timedelta(hours=1)
    assert before.outcomes[4].noted_at == MORNING + timedelta(hours=1, minutes=1)
    told = after(happened.DayOpened(), absent, happened.DayClosed(), hour)
    assert told.opened_at == MORNING, "the headquarters know the room's computer by it"
    assert told.outcomes[4].noted_at == MORNING + timedelta(minutes=1)


def test_a_day_is_over_when_it_is_closed_and_sealed_or_its_date_is_past() -> None:
    opened = after(happened.DayOpened(), happened.StreamStarted(stream=f"{STREAM}.wav"))
    closed = after(happened.DayClosed(), day=opened)
    sealed = after(happened.StreamEnded(stream=f"{STREAM}.wav", frame=9, ending="close"), day=closed)
    assert [is_over(day, MORNING, rules_for()) for day in (opened, closed, sealed)] == [False, False, True]
    assert is_over(opened, MORNING + timedelta(days=1), rules_for())


@pytest.mark.parametrize(("number", "computer"), [(1, 1), (100, 1), (200, 1), (201, 2), (300, 2), (301, 3)])
def test_a_number_tells_which_computer_counts(number: int, computer: int) -> None:
    assert computer_of(number) == computer
    stream = f"{STREAM[:-2]}{number:02d}.wav"
    assert computer_of_day(after(happened.DayOpened(), happened.StreamStarted(stream=stream))) == computer
    assert computer_of_day(Day()) is None


# -- the folder ------------------------------------------------------------------------------------------------


def draft(folder: Path, after_number: int = 0, **change: object) -> Draft:
    (folder / journals.FILE).write_bytes(b"one\ntwo\n")
    told = room_day_of(after(happened.DayOpened(), happened.DayClosed()), rules_for(), config_for(folder), MORNING)
    return Draft(msgspec.structs.replace(told, **change), after_number, journals.FILE, 4)


def test_a_record_has_the_next_number_and_its_journals_digest(tmp_path: Path) -> None:
    assert recordkeeping.publish(tmp_path, draft(tmp_path)) == NAME.format(1)
    assert roomday.load(tmp_path / NAME.format(1)).journal == hashlib.sha256(b"one\n").hexdigest()
    later = draft(tmp_path, until=MORNING + timedelta(hours=1))
    assert recordkeeping.publish(tmp_path, later) == NAME.format(1), "it says nothing new"
    assert recordkeeping.publish(tmp_path, draft(tmp_path, scheme=1)) == NAME.format(2)
    assert records(tmp_path) == [NAME.format(1), NAME.format(2)]


def test_numbers_under_other_names_and_of_other_computers_are_left_free(tmp_path: Path) -> None:
    for name in (NAME.format(4).replace(".json", "~0a1b.json"), NAME.format(201)):
        (tmp_path / name).write_text("{")
    assert recordkeeping.publish(tmp_path, draft(tmp_path)) == NAME.format(5)
    assert recordkeeping.publish(tmp_path, draft(tmp_path, 200)) == NAME.format(202)


def test_a_journal_that_lacks_its_end_gives_no_record(tmp_path: Path) -> None:
    told = draft(tmp_path)
    (tmp_path / journals.FILE).write_bytes(b"on")
    with pytest.raises(OSError, match="Input/output"):
        recordkeeping.publish(tmp_path, told)
    assert records(tmp_path) == []


# -- the station -----------------------------------------------------------------------------------------------


def test_each_close_publishes_a_record_after_every_manifest(room: Room) -> None:
    brief_day(room)
    first = close(room)
    assert (first.number, first.closed_at is not None, first.streams) == (1, True, (STREAM,))
    (take,) = first.takes
    assert take.manifest == hashlib.sha256((room.folder / f"{IVANOV}.json").read_bytes()).hexdigest()
    written = (room.folder / NAME.format(1)).stat().st_mtime_ns
    assert all(path.stat().st_mtime_ns <= written for path in manifests_in(room.folder))
    room.hear(1)
    room.do(ask.Open())
    room.hear(2)
    second = close(room)
    assert (second.number, len(second.streams), second.opened_at) == (2, 2, first.opened_at)
    assert second.until > first.until
    report = verify(room.folder)
    assert (report.breaches, report.notes) == ((), ())


def test_whatever_changes_while_the_day_is_closed_is_told(room: Room) -> None:
    brief_day(room)
    close(room)
    room.do(ask.SetOutcome(participant=2, outcome=Outcome.ABSENT))
    told = room.told()
    assert (told.number, [(one.participant, one.outcome) for one in told.outcomes]) == (2, [(2, Outcome.ABSENT)])
    room.do(ask.Correct(take=IVANOV, variant="8", reason="описка"))
    told = room.told()
    assert [(take.variant, take.counts, take.manifest is not None) for take in told.takes] == [
        ("7", False, True),
        ("8", True, True),
    ], "the new manifest is there before it is told of"
    room.do(ask.SetOutcome(participant=2, outcome=None))
    assert room.told().outcomes == ()
    assert verify(room.folder).ok


def test_a_restart_tells_nothing_twice(room: Room) -> None:
    brief_day(room)
    close(room)
    room.stop()
    room.start()
    assert room.told().number == 1
    assert records(room.folder) == [NAME.format(1)]


def test_what_was_not_told_before_the_power_went_is_told_at_the_next_start(room: Room) -> None:
    brief_day(room)
    close(room)
    room.stop()
    (room.folder / NAME.format(1)).unlink()
    assert [note.file for note in verify(room.folder).notes] == [journals.FILE]
    room.start()
    assert room.told().number == 1
    assert verify(room.folder).notes == ()


def test_a_day_that_was_never_opened_has_no_record(room: Room) -> None:
    room.hear(1)
    room.do(ask.SetOutcome(participant=4, outcome=Outcome.ABSENT))
    room.handled()
    assert (records(room.folder), room.recorder._due.is_telling) == ([], False)


def test_a_day_that_goes_on_has_no_record(room: Room) -> None:
    brief_day(room)
    room.published(1)
    room.handled()
    assert records(room.folder) == []


def test_a_disk_that_takes_no_record_disturbs_nothing_and_is_tried_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [OSError(errno.ENOSPC, "No space left on device")] * 2
    publish = roomday.publish

    def refused(record: RoomDay, folder: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return publish(record, folder)

    monkeypatch.setattr(roomday, "publish", refused)
    brief_day(room)
    room.do(ask.Close())
    room.hear(1)
    room.published(3)  # two recordings, and what the record came to
    room.handled()
    assert alarms_of(room.recorder.status) == ["not_published"]
    room.do(ask.Open())
    room.hear(2)
    room.do(ask.Close())
    room.hear(1)
    room.published(2)
    room.handled()
    for seconds in (61, 1):
        room.clock.advance(seconds)
        room.handled()
    assert room.told().number == 1
    room.handled()
    assert "not_published" not in alarms_of(room.recorder.status)
    assert verify(room.folder).ok


def test_a_computer_that_failed_is_told_of_by_recover(room: Room) -> None:
    room.hear(1)
    room.do(ask.Start(participant=1, variant="7"))
    room.do(ask.SetOutcome(participant=2, outcome=Outcome.WRITTEN))
    room.hear(3)
    copy = room.folder.parent / "from-the-broken-pc"
    shutil.copytree(room.folder, copy)
    for _ in range(2):  # the second time there is nothing new
        with at_rest(copy, room.config, room.rules, CorrectedClock(room.clock)) as rest:
            rest.recover()
            rest.publish(lambda _stem: None)
    (name,) = records(copy)
    told = roomday.load(copy / name)
    assert (told.opened_at is not None, told.closed_at) == (True, None)
    assert [(take.decision, take.manifest is not None) for take in told.takes] == [("interrupted", True)]
    assert [one.outcome for one in told.outcomes] == [Outcome.WRITTEN]
    assert verify(copy).ok


def test_outcomes_outlive_the_journal(room: Room) -> None:
    brief_day(room)
    room.do(ask.SetOutcome(participant=2, outcome=Outcome.ABSENT, note="болеет"))
    before = close(room)
    room.stop()
    (room.folder / journals.FILE).unlink()
    with at_rest(room.folder, room.config, room.rules, CorrectedClock(room.clock)) as rest:
        rest.recover()
        rest.publish(lambda _stem: None)
        assert rest.day.state is State.CLOSED
    last = recordkeeping.last_of(room.folder, 1)
    assert last is not None
    assert say_the_same(last, before)
    assert verify(room.folder).breaches == ()
    room.start()


def test_a_record_of_another_days_journal_is_a_breach(room: Room) -> None:
    brief_day(room)
    close(room)
    room.stop()
    path = room.folder / NAME.format(1)
    written = path.read_bytes()
    for key, value in (("number", 2), ("closed_at", None), ("journal", "0" * 64), ("outcomes", 7)):
        path.write_bytes(json.dumps({**json.loads(written), key: value}, ensure_ascii=False).encode())
        found = {(breach.invariant, breach.file) for breach in verify(room.folder).breaches}
        expected = {"number": {(4, path.name)}, "journal": set()}.get(key, {(10, path.name)})
        assert found == expected, key
    rewritten = {**json.loads(written), "journal": "0" * 64, "takes": []}
    path.write_bytes(json.dumps(rewritten, ensure_ascii=False).encode())
    assert [breach.invariant for breach in verify(room.folder).breaches] == [10]
    path.write_bytes(written)
    assert verify(room.folder).ok
    room.start()


def test_a_past_day_that_nobody_closed_is_told_when_the_station_starts(room: Room) -> None:
    brief_day(room)
    room.published(1)
    room.stop()
    room.clock.advance(86_400)
    room.start()
    told = room.told()
    assert (told.closed_at, told.number, len(told.takes)) == (None, 1, 1)


def test_a_records_station_is_the_computers(tmp_path: Path) -> None:
    its: Config = msgspec.structs.replace(
        config_for(tmp_path), room=msgspec.structs.replace(config_for(tmp_path).room, station=2)
    )
    rules = msgspec.structs.replace(rules_for(), station=2)
    told = room_day_of(after(happened.DayOpened()), rules, its, MORNING)
    assert (told.station, told.number) == ("701020-265-2", 200)


def test_a_whole_day_is_told(tmp_path: Path) -> None:
    with Room(tmp_path, "mp3") as room:
        play_day(room)
    last = recordkeeping.last_of(room.folder, 1)
    assert last is not None
    assert last.journal == hashlib.sha256((room.folder / journals.FILE).read_bytes()).hexdigest()
    assert [take.stem for take in last.takes] == [*recovery.replay(room.folder).takes] == [IVANOV, PETROVA]


def test_the_second_disk_has_the_record_too(tmp_path: Path) -> None:
    with other_disk() as disk, MirroredRoom(tmp_path, disk) as room:
        room.hear(2)
        room.do(ask.Open())
        room.hear(2)
        close(room)
        room.stop()
        copy = room.second / NAME.format(1)
        assert copy.read_bytes() == (room.first / NAME.format(1)).read_bytes()
        assert verify(room.second).ok
        room.start()


def test_merging_copies_the_record_after_the_manifests(tmp_path: Path) -> None:
    source, target = tmp_path / "a" / "day", tmp_path / "b" / "day"
    source.mkdir(parents=True)
    (source / journals.FILE).write_bytes(b"")
    names = [NAME.format(1), "11.02.2026_265_701020_Яковлева Я.json", "11.02.2026_265_701020_Иванов И.json"]
    for name in names:
        (source / name).write_bytes(b"{}")
    told: list[str] = []
    target.mkdir(parents=True)
    (target / journals.FILE).write_bytes(b"")
    merge(source, target, told.append)
    assert told[-1] == NAME.format(1)
