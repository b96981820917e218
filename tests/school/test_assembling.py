"""The school's day as it is put together: who lacks what, and why that is lawful or not."""

import shutil
from pathlib import Path

import pytest
from forty import ABSENT, DICTAPHONE, EARLY, REMOVED, RETAKE_ELSEWHERE, RETAKE_HERE, WRITTEN, School, sync_toml
from rig.schoolday import EXAM_DATE, at

from exam.regulation import Outcome
from sync import config as configuration
from sync.config import Config
from sync.school.decisions import Chosen, Headquarters, Settled, Told
from sync.school.gathering import gather
from sync.school.model import Mark, SchoolDay, Stage


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "school")


@pytest.fixture
def config(tmp_path: Path, school: School) -> Config:
    return configuration.load(
        sync_toml(tmp_path / "hq", school, target='kind = "folder"\nfolder = "/nowhere"', papers="by_hand")
    )


def codes(day: SchoolDay) -> list[tuple[str, int | None, str | None]]:
    return [(fault.code, fault.participant, fault.room) for fault in day.faults]


def test_the_whole_school_is_complete_though_a_computer_failed_in_the_middle(config: Config) -> None:
    day = gather(config)
    assert codes(day) == []
    assert [room.number for room in day.rooms] == ["201", "202", "203", "204"]
    assert day.rooms[3].stations == ("pc-204", "pc-204b")
    assert len(day.rooms[3].streams) == 2
    assert len(day.rows) == 40


@pytest.mark.parametrize(
    ("number", "recorded", "accepted", "why"),
    [
        (1, Mark.YES, Mark.YES, None),
        (ABSENT[0], Mark.NOT_NEEDED, Mark.NOT_NEEDED, "неявка"),
        (EARLY, Mark.YES, Mark.NOT_NEEDED, "завершил досрочно по уважительной причине"),
        (REMOVED, Mark.YES, Mark.NOT_NEEDED, "удалён"),
        (WRITTEN, Mark.NOT_NEEDED, Mark.NOT_NEEDED, "письменная форма"),
        (RETAKE_HERE, Mark.YES, Mark.YES, None),
        (RETAKE_ELSEWHERE, Mark.YES, Mark.YES, None),
        (DICTAPHONE, Mark.YES, Mark.YES, None),
    ],
)
def test_each_lack_has_its_lawful_reason(
    config: Config, number: int, recorded: Mark, accepted: Mark, why: str | None
) -> None:
    row = gather(config).row(number)
    assert row is not None
    assert (row.cells[Stage.RECORDED].mark, row.cells[Stage.ACCEPTED].mark) == (recorded, accepted)
    reason = row.cells[Stage.ACCEPTED].reason
    assert (reason.ru if reason else None) == why


def test_takes_in_two_rooms_belong_to_one_participant(config: Config) -> None:
    row = gather(config).row(RETAKE_ELSEWHERE)
    assert row is not None
    assert row.rooms == ("202", "203")
    assert [take.decision for take in row.takes] == ["rejected", "accepted"]
    assert row.take is not None
    assert (row.take.room, row.take.variant) == ("203", "2")


def test_a_room_of_which_nothing_came_is_named_and_so_is_everybody_in_it(school: School, config: Config) -> None:
    (school.folder / "pc-202").rename(school.folder / "elsewhere")
    day = gather(config)
    assert ("no_record_of_room", None, "202") in codes(day)
    lacking = {fault.participant for fault in day.faults if fault.code == "no_recording"}
    assert lacking == set(range(11, 21)) - {RETAKE_ELSEWHERE}


def test_a_damaged_recording_counts_as_not_here(school: School, config: Config) -> None:
    path = next((school.folder / "pc-201").rglob("*Абрамов И.mp3"))
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    day = gather(config)
    assert codes(day) == [("no_file", 1, None)]


def test_a_file_of_another_school_is_named_and_left_out(school: School, config: Config) -> None:
    path = next((school.folder / "pc-201").rglob("*Абрамов И.json"))
    path.write_text(path.read_text(encoding="utf-8").replace('"701020"', '"701021"', 1), encoding="utf-8")
    assert "other_school" in {fault.code for fault in gather(config).faults}


def test_what_the_organizer_says_stands_before_what_a_room_says(config: Config) -> None:
    office = Headquarters(config.state)
    office.add(Told(EXAM_DATE, 1, Outcome.ABSENT, None, "", "Петрова", at(16)))
    assert codes(gather(config)) == [("absent_but_recorded", 1, None)]
    office.add(Told(EXAM_DATE, 1, None, None, "", "Петрова", at(16)))
    assert codes(gather(config)) == []
    office.add(Told(EXAM_DATE, ABSENT[0], None, None, "", "Петрова", at(16)))
    assert codes(gather(config)) == [("no_recording", ABSENT[0], None)]


def test_who_came_after_all_is_not_absent(school: School, config: Config) -> None:
    school.rooms["203"].take(school.people[ABSENT[0]], starts=at(14, 30))
    school.rooms["203"].record()
    row = gather(config).row(ABSENT[0])
    assert row is not None
    assert row.said is None
    assert row.cells[Stage.ACCEPTED].mark is Mark.YES


def test_two_accepted_recordings_wait_for_a_choice(school: School, config: Config) -> None:
    school.rooms["203"].take(school.people[1], variant="9", starts=at(14, 30))
    school.rooms["203"].record()
    day = gather(config)
    assert codes(day) == [("two_accepted", 1, None)]
    row = day.row(1)
    assert row is not None
    Headquarters(config.state).add(Chosen(EXAM_DATE, 1, row.takes[0].stem, "Петрова", "послушали обе", at(16)))
    day = gather(config)
    assert codes(day) == []
    row = day.row(1)
    assert row is not None
    assert row.chosen == row.takes[0].stem


def test_a_room_that_was_never_closed_waits_for_somebody_who_answers_for_it(school: School, config: Config) -> None:
    next(iter(school.second.folder.glob("*_ведомость_*"))).unlink()
    assert codes(gather(config)) == [("room_open", None, "204")]
    Headquarters(config.state).add(Settled(EXAM_DATE, "204", "Петрова", "сверили с ведомостью", at(16)))
    assert codes(gather(config)) == []


def test_the_same_day_twice_on_disk_counts_once(school: School, config: Config) -> None:
    shutil.copytree(school.folder / "pc-201", school.folder / "pc-201-from-a-drive")
    day = gather(config)
    assert codes(day) == []
    row = day.row(1)
    assert row is not None
    assert len(row.takes) == 1


def test_who_has_not_come_yet_lacks_nothing_while_the_rooms_day_goes_on(school: School, config: Config) -> None:
    for path in school.rooms["201"].folder.glob("*_ведомость_*"):
        path.unlink()
    for path in school.rooms["201"].folder.glob("*Павел.json"):
        path.unlink()
    day = gather(config)
    assert codes(day) == [("room_open", None, "201")]
    row = day.row(10)
    assert row is not None
    assert {row.cells[stage].mark for stage in (Stage.RECORDED, Stage.ACCEPTED, Stage.HASHED)} == {Mark.OPEN}
    Headquarters(config.state).add(Settled(EXAM_DATE, "201", "Петрова", "день закончен", at(16)))
    assert ("no_recording", 10, None) in codes(gather(config))
