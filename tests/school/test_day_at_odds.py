"""Days on which the sources contradict each other: nothing is attributed to the wrong child or complete by mistake."""

import errno
import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from forty import ABSENT, EARLY, REMOVED, School, sync_toml
from msgspec.structs import replace
from organizer import Office
from rig.schoolday import EXAM_DATE, StagedRoom, at, write_roster

from exam.regulation import Outcome
from exam.roster import Participant
from sync import config as configuration
from sync import watch
from sync.config import Config
from sync.papers import scoring
from sync.papers.acts import acts_of
from sync.papers.scoring import Table
from sync.school import outgoing, releasing
from sync.school.decisions import FILE, Chosen, Headquarters, Told
from sync.school.gathering import gather
from sync.school.model import Mark, SchoolDay, Stage, Take


@pytest.fixture
def hq(tmp_path: Path, school: School) -> Office:
    """A headquarters that watches whatever lies in the school's folder; a folder takes what it sends."""
    (tmp_path / "out").mkdir()
    target = f'kind = "folder"\nfolder = "{tmp_path / "out"}"'
    return Office(sync_toml(tmp_path / "hq", school, target=target, papers="by_hand"), tmp_path / "out")


def looked(school: School, hq: Office) -> Config:
    """The configuration with every computer there is now."""
    return configuration.load(
        sync_toml(hq.file.parent, school, target=f'kind = "folder"\nfolder = "{hq.centre}"', papers="by_hand")
    )


def codes(day: SchoolDay) -> list[tuple[str, int | None, str | None]]:
    return [(fault.code, fault.participant, fault.room) for fault in day.faults]


def take_of(day: SchoolDay, number: int) -> Take | None:
    row = day.row(number)
    assert row is not None
    return row.take


def retold(room: Path, change: Any, *, name: str | None = None) -> None:
    """Change what a room's record says, or say it in another file."""
    path = next(room.rglob("*_ведомость_01.json"))
    told = json.loads(path.read_text(encoding="utf-8"))
    change(told)
    (path.with_name(name) if name else path).write_text(json.dumps(told), encoding="utf-8")


def without(school: School, number: int, room: str) -> None:
    """The participant was not recorded here."""
    for path in list((school.folder / f"pc-{room}").rglob(f"*{school.people[number].surname}*")):
        path.unlink()
    retold(
        school.folder / f"pc-{room}",
        lambda told: told.update(takes=[one for one in told["takes"] if one["participant"] != number]),
    )


def another_computer(school: School, name: str, *, station: str = "pc-201", first: int = 1) -> StagedRoom:
    return StagedRoom(school.folder / name, "201", list(school.people.values()), station=station, first=first)


def test_numbers_that_moved_after_the_exam_give_nobody_anothers_recording(school: School, hq: Office) -> None:
    moved = [
        Participant(
            one.number + (one.number > 5), one.surname, one.first_name, one.patronymic, one.class_name, one.room
        )
        for one in school.people.values()
    ]
    write_roster(school.roster, [*moved[:5], Participant(6, "Новиков", "Илья", "", "9А", "201"), *moved[5:]])
    day = gather(hq.config)
    told = {fault.participant for fault in day.faults if fault.code == "other_person"}
    assert told == set(range(6, 41))
    assert "был(а) Ершова Мария Сергеевна" in next(fault.reason.ru for fault in day.faults if fault.participant == 6)


def test_experts_get_no_recording_under_anothers_name(school: School, hq: Office, tmp_path: Path) -> None:
    hq.run("experts", "distribute", "--experts", "Петрова А. А.")
    known = {one.number: one for one in school.people.values()}
    known[1], known[2] = replace(known[2], number=1), replace(known[1], number=2)
    write_roster(school.roster, known.values())
    (tmp_path / "drive").mkdir()
    said = hq.run("experts", "export", "Петрова А. А.", str(tmp_path / "drive"), expect=1)
    assert said.count("под этим номером был другой") == 2
    assert not [path for path in (tmp_path / "drive").rglob("*.mp3") if "Абрамов" in path.name or "Белова" in path.name]


def test_no_act_and_no_scores_under_anothers_name(school: School, hq: Office) -> None:
    known = dict(school.people)
    known[EARLY], known[8] = replace(known[8], number=EARLY), replace(known[EARLY], number=8)
    write_roster(school.roster, known.values())
    day = gather(hq.config)
    made, refused = acts_of(day, {})
    assert [act.number for act in made] == [REMOVED]
    assert [(one.number, one.field) for one in refused] == [(EARLY, "Фамилия, имя, отчество")]
    columns = {name: at for at, name in enumerate(scoring.REQUIRED)}
    table = Table(columns, [(2, ["8", known[8].full_name, *"1112112132221", "20"])])
    problems = scoring.check(day, table, {}).problems
    assert [one.reason.ru[:35] for one in problems if one.cell] == ["в аудитории под этим номером был др"]


def test_a_place_that_is_not_there_is_called_by_its_own_name(hq: Office, tmp_path: Path) -> None:
    said = hq.run("package", "--out", str(tmp_path / "nowhere" / "day.csv"), expect=1)
    assert ".part-" not in said
    assert f"{tmp_path / 'nowhere'}: " in said


def test_a_name_mended_after_the_exam_takes_one_word(school: School, hq: Office) -> None:
    known = [*school.people.values()]
    known[0] = Participant(1, "Абрамова", "Иван", "Сергеевич", "9А", "201")
    known[21] = Participant(22, "Федоров", "Иван", "Сергеевич", "9Б", "203")  # ё or е is no other name
    write_roster(school.roster, known)
    day = gather(hq.config)
    assert codes(day) == [("other_person", 1, None)]
    take = take_of(day, 1)
    assert take is not None
    hq.run("package", "choose", "--take", take.stem, "--by", "Петрова", "--reason", "фамилия исправлена")
    assert codes(gather(hq.config)) == []


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_accepted_recordings_either_may_be_chosen(school: School, hq: Office, place: int) -> None:
    school.rooms["203"].take(school.people[1], variant="9", starts=at(14, 30))
    school.rooms["203"].take(school.people[1], variant="8", starts=at(14, 50), decision="rejected")
    school.rooms["203"].record()
    day = gather(hq.config)
    assert codes(day) == [("two_accepted", 1, None)]
    row = day.row(1)
    assert row is not None
    Headquarters(hq.config.state).add(Chosen(EXAM_DATE, 1, row.takes[place].stem, "Петрова", "слушали", at(16)))
    day = gather(hq.config)
    assert codes(day) == []
    assert take_of(day, 1) == row.takes[place]


def test_who_was_accepted_twice_waits_for_a_choice_unless_it_was_cut_anew(school: School, hq: Office) -> None:
    school.rooms["201"].take(school.people[1], starts=at(14), flags=("recut",))
    school.rooms["201"].take(school.people[3], decision="unreviewed", starts=at(14, 10), source="dictaphone")
    school.rooms["201"].take(school.people[2], variant="8", starts=at(14, 30))
    school.rooms["201"].record(until=at(16))
    day = gather(hq.config)
    assert codes(day) == [("two_accepted", 2, None)]
    take = take_of(day, 1)
    assert take is not None
    assert take.flags == ("recut",)


def test_a_repeat_with_the_same_variant_takes_one_word(school: School, hq: Office) -> None:
    without(school, 2, "201")
    room = another_computer(school, "pc-201-b", first=201)
    room.take(school.people[2], variant="5", decision="interrupted", starts=at(14))
    room.take(school.people[2], variant="5", starts=at(14, 30))
    room.record(opened=at(13, 50), until=at(16))
    looked(school, hq)
    day = gather(hq.config)
    assert codes(day) == [("same_variant", 2, None)]
    take = take_of(day, 2)
    assert take is not None
    hq.run("package", "choose", "--take", take.stem, "--by", "Петрова", "--reason", "КИМ не показан")
    assert codes(gather(hq.config)) == []


def test_of_two_recordings_of_one_name_the_accepted_one_stands(school: School, hq: Office) -> None:
    without(school, 2, "201")
    first, second = another_computer(school, "pc-201-b"), another_computer(school, "pc-201-c")
    first.take(school.people[2], variant="4", starts=at(11), decision="rejected")
    first.record(opened=at(10, 50), until=at(11, 50))
    second.take(school.people[2], variant="5", starts=at(12))
    second.record(opened=at(11, 55), until=at(16))
    day = gather(looked(school, hq))
    assert codes(day) == []
    take = take_of(day, 2)
    assert take is not None
    assert take.variant == "5"


def test_two_accepted_recordings_of_one_name_wait_for_a_choice_by_their_time(school: School, hq: Office) -> None:
    without(school, 2, "201")
    for name, hour in (("pc-201-b", 11), ("pc-201-c", 13)):
        room = another_computer(school, name)
        room.take(school.people[2], variant=str(hour), starts=at(hour))
        room.record(opened=at(hour) - timedelta(minutes=5), until=at(hour + 1))
    day = gather(looked(school, hq))
    assert codes(day) == [("two_accepted", 2, None)]
    take = take_of(day, 2)
    assert take is not None
    words = ("package", "choose", "--take", take.stem, "--by", "Петрова", "--reason", "слушали")
    assert "11:00:00, 13:00:00" in hq.run(*words, expect=1)
    hq.run(*words, "--started", "11:00:00")
    day = gather(hq.config)
    assert codes(day) == []
    take = take_of(day, 2)
    assert take is not None
    assert take.variant == "11"


def test_an_outcome_taken_back_leaves_a_recording_nobody_accepted(school: School, hq: Office) -> None:
    retold(
        school.folder / "pc-201",
        lambda told: told.update(outcomes=[one for one in told["outcomes"] if one["participant"] != EARLY]),
    )
    assert codes(gather(hq.config)) == [("not_accepted", EARLY, None)]


def test_a_recording_of_which_no_record_knows_leaves_the_room_open(school: School, hq: Office) -> None:
    without(school, 2, "201")
    another_computer(school, "pc-201-b", station="pc-201b", first=201).take(school.people[2], starts=at(16, 10))
    assert codes(gather(looked(school, hq))) == [("room_open", None, "201")]


def test_a_later_record_stands_though_the_clock_was_set_back(school: School, hq: Office) -> None:
    def later(told: dict[str, Any]) -> None:
        earlier = (datetime.fromisoformat(told["until"]) - timedelta(hours=1)).isoformat()
        told.update(number=2, until=earlier, closed_at=earlier)
        told["outcomes"] = [one for one in told["outcomes"] if one["participant"] != ABSENT[0]]

    retold(school.folder / "pc-201", later, name="11.02.2026_201_701020_ведомость_02.json")
    assert codes(gather(hq.config)) == [("no_recording", ABSENT[0], None)]


def test_a_stream_that_is_not_here_is_named_and_never_promised(school: School, hq: Office) -> None:
    next((school.folder / "pc-201").rglob("*поток_01.mp3")).unlink()
    day = gather(hq.config)
    assert codes(day) == [("no_stream", None, "201")]
    assert "поток_01" in day.faults[0].reason.ru
    made = releasing.release(hq.config, day, by="Петрова", now=at(17), incomplete="ищем")
    assert [one.path for one in made.files if one.kind == "stream" and "_201/" in one.path] == []


def test_who_does_not_send_streams_releases_without_them(hq: Office) -> None:
    hq.say("[package]", "[send]\nstreams = false\n\n[package]")
    made = releasing.release(hq.config, gather(hq.config), by="Петрова", now=at(17))
    assert {one.kind for one in made.files} == {"recording", "manifest"}


def test_a_school_that_records_the_stream_alone_completes(school: School, hq: Office) -> None:
    for room in school.recordings:
        for path in [path for path in room.rglob("*.*") if "поток" not in path.name and "ведомость" not in path.name]:
            path.unlink()
        retold(
            room,
            lambda told: told.update(recording="stream", takes=[one | {"manifest": None} for one in told["takes"]]),
        )
    day = gather(hq.config)
    assert codes(day) == []
    row = day.row(1)
    assert row is not None
    assert [row.cells[stage].mark for stage in (Stage.ACCEPTED, Stage.HASHED)] == [Mark.YES, Mark.NOT_NEEDED]


def test_a_room_that_records_persons_alone_owes_no_stream(school: School, hq: Office) -> None:
    for path in (school.folder / "pc-203").rglob("*поток*"):
        path.unlink()
    retold(school.folder / "pc-203", lambda told: told.update(recording="personal"))
    assert codes(gather(hq.config)) == []


def test_a_recording_beside_the_second_copy_of_its_manifest_is_here_and_is_sent(school: School, hq: Office) -> None:
    shutil.copytree(school.folder / "pc-201", school.folder / "pc-whole")
    next((school.folder / "pc-201").rglob("*Абрамов И.mp3")).unlink()
    config = looked(school, hq)
    assert codes(gather(config)) == []
    assert [one.item.path for one in watch.scan(config.recordings, streams=True).found if one.problem] == []


def test_a_decision_that_cannot_be_read_is_not_passed_over(hq: Office) -> None:
    Headquarters(hq.config.state).add(Told(EXAM_DATE, 1, Outcome.WRITTEN, None, "", "Петрова", at(16)))
    path = hq.config.state / FILE
    path.write_bytes(path.read_bytes().replace(b"written", b"writen"))
    (fault,) = gather(hq.config).faults
    assert (fault.code, "строки 1 не читаются" in fault.reason.ru) == ("damaged", True)


def test_words_without_sense_are_refused(hq: Office) -> None:
    assert "Есть: 201, 202, 203, 204" in hq.run(
        "package", "settle", "--room", "2O1", "--by", "П", "--reason", "х", expect=1
    )
    assert "--reason" in hq.run("package", "settle", "--room", "201", "--by", "П", "--reason", " ", expect=1)
    assert "--by" in hq.run("package", "release", "--by", " ", expect=1)


def test_a_table_overwrites_nothing_and_is_for_its_owner_alone(school: School, hq: Office, tmp_path: Path) -> None:
    hq.run("package", "--out", str(tmp_path / "day.csv"))
    assert (tmp_path / "day.csv").stat().st_mode & 0o777 == 0o600
    school.roster.rename(roster := school.roster.with_name("list.csv"))
    hq.say("roster.csv", roster.name)
    before = roster.read_bytes()
    assert "уже есть" in hq.run("package", "--out", str(roster), expect=1)
    assert roster.read_bytes() == before


def test_versions_are_counted_not_spelled_and_another_day_is_no_version(hq: Office) -> None:
    config, day = hq.config, gather(hq.config)
    made = releasing.release(config, day, by="Петрова", now=at(17))
    folder = releasing.folder_of(config.state, EXAM_DATE)
    (folder / ".part-0123456789abcdef").write_bytes(b"a scan, cut short by a kill")
    for version in (99, 100):
        changed = json.loads((folder / made.file).read_bytes()) | {"version": version, "school_name": f"№ {version}"}
        (folder / made.file.replace("_01", f"_{version}")).write_text(json.dumps(changed), encoding="utf-8")
    assert releasing.release(config, day, by="Петрова", now=at(18)).version == 101
    assert not list(folder.glob(".part-*"))
    stray = json.loads((folder / made.file).read_bytes()) | {"exam_date": "2026-03-11"}
    (folder / made.file.replace("11.02", "11.03")).write_text(json.dumps(stray), encoding="utf-8")
    refused = hq.run("package", "release", "--by", "Петрова", expect=1)
    assert "опись другого дня (11.03.2026)" in refused


def test_a_manifest_edited_after_the_release_is_never_sent_as_released(hq: Office) -> None:
    config = hq.config
    made = releasing.release(config, gather(config), by="Петрова", now=at(17))
    path = releasing.folder_of(config.state, EXAM_DATE) / made.file
    ((_, sha256),) = releasing.versions(config.state, EXAM_DATE)
    path.write_bytes(path.read_bytes().replace("Абрамов".encode(), "Абрамец".encode()))
    told = [one for one in outgoing.scan(config, streams=True).found if one.item.kind == "package"]
    assert [one.problem is not None and "изменена после передачи" in one.problem.ru for one in told] == [True]
    again = releasing.release(config, gather(config), by="Петрова", now=at(18))
    assert (again.version, again.previous) == (2, sha256)
    told = [one for one in outgoing.scan(config, streams=True).found if one.item.kind == "package"]
    assert [(one.item.path.rpartition("_")[2], one.problem) for one in told] == [("02.json", None)]


@pytest.mark.parametrize("place", ["pc-202", "pc-202/2026-02-11_202"])
def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_looked_at(
    school: School, hq: Office, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.iterdir

    def locked(path: Path) -> Iterator[Path]:
        if path == school.folder / place:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", locked)  # root may read everything
    day = gather(hq.config)
    (fault,) = (fault for fault in day.faults if fault.code == "damaged")
    assert fault.reason.ru.endswith("папка не читается: нет прав; проверьте права и диск")
    assert take_of(day, 1) is not None
