"""The centre's matrix beside the school's: the same squares from other evidence, and what contradicts is named."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from centre_peers import FOLDER, NOON, Sent, Staged
from forty import RETAKE_ELSEWHERE
from msgspec.structs import replace
from rig.schoolday import EXAM_DATE, SCHOOL

from sync.exchange.centre.versions import changes
from sync.exchange.centre.words import CentreDay, CentreRow, Standing, summary_of
from sync.plan import Reason
from sync.school.model import Cell, Mark, Stage
from sync.school.package import Package, digest, written

OF_THE_DAY = (Stage.EXPECTED, Stage.RECORDED, Stage.ACCEPTED, Stage.SCANNED, Stage.HASHED)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent(tmp_path_factory.mktemp("sent"))


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    made = Staged(tmp_path / "exchange")
    made.admit(SCHOOL)
    yield made
    made.database.close()


def day(staged: Staged) -> CentreDay:
    return staged.collecting().day(SCHOOL, EXAM_DATE)


def row(found: CentreDay, number: int) -> CentreRow:
    return next(one for one in found.rows if one.person.number == number)


def with_row(told: Package, number: int, **changed: object) -> Package:
    rows = [replace(one, **changed) if one.number == number else one for one in told.rows]
    return replace(told, rows=tuple(rows))


def with_cell(told: Package, number: int, stage: Stage, mark: Mark) -> Package:
    cells = next(one.cells for one in told.rows if one.number == number)
    return with_row(told, number, cells={**cells, stage: Cell(mark)})


def codes(found: CentreDay) -> list[str]:
    return [one.code for one in found.oddities]


def test_the_centre_agrees_square_by_square(sent: Sent, staged: Staged) -> None:
    sent.send(staged)
    found = day(staged)
    assert found.standing is Standing.COMPLETE
    told = {one.person.number: one for one in sent.day.rows}
    assert len(found.rows) == len(told) == 40
    for one in found.rows:
        mine = told[one.person.number]
        assert {s: (p.school, p.centre) for s, p in one.cells.items() if s in OF_THE_DAY} == {
            stage: (mine.cells[stage], mine.cells[stage]) for stage in OF_THE_DAY
        }
        assert one.cells[Stage.ACKNOWLEDGED].centre.mark is Mark.YES
        assert one.is_agreed
        assert not one.notes
        assert [take.stem for take in one.takes] == [take.stem for take in mine.takes]
        assert one.outcome is (mine.said.outcome if mine.said else None)
    summary = summary_of(found)
    assert (summary.rooms, summary.expected, summary.recorded, summary.accepted) == (4, 40, 37, 35)
    assert (summary.scanned, summary.received, summary.version) == (40, 40, 1)
    both = row(found, RETAKE_ELSEWHERE)
    assert [(take.room, take.decision, take.stands) for take in both.takes] == [
        ("202", "rejected", False),
        ("203", "accepted", True),
    ]


def test_before_the_package_nothing_is_held_against_anybody(sent: Sent, staged: Staged) -> None:
    for folder, name, content in sent.rooms:
        staged.receive(SCHOOL, folder, name, content)
    found = day(staged)
    assert found.standing is Standing.ARRIVING
    assert len(found.rows) == 40
    marks = {pair.centre.mark for one in found.rows for pair in one.cells.values()}
    assert Mark.NO not in marks
    assert summary_of(found).accepted == 35


def test_what_has_not_come_is_awaited_not_denied(sent: Sent, staged: Staged) -> None:
    sent.send(staged, but=("Абрамов И.mp3", "Белова М.json", "протокол_003"))
    found = day(staged)
    assert found.standing is Standing.LACKING
    assert [path.rpartition("/")[2] for path in found.missing] == [
        "11.02.2026_201_701020_Абрамов И.mp3",
        "11.02.2026_201_701020_Белова М.json",
        "протокол_003.pdf",
    ]
    assert [one.person.number for one in found.rows if not one.is_yes(Stage.ACKNOWLEDGED)] == [1, 2, 3]
    assert row(found, 1).cells[Stage.HASHED].centre.mark is Mark.OPEN
    assert row(found, 3).cells[Stage.SCANNED].centre.mark is Mark.OPEN
    assert all(one.is_agreed for one in found.rows)
    for folder, name, content in (*sent.rooms, *sent.papers()):
        staged.receive(SCHOOL, folder, name, content)
    assert day(staged).standing is Standing.COMPLETE


def test_what_contradicts_is_named(sent: Sent, staged: Staged) -> None:
    told = with_cell(sent.package, 3, Stage.ACCEPTED, Mark.NO)
    told = with_cell(told, 6, Stage.RECORDED, Mark.NOT_NEEDED)
    sent.send(staged, package=told)
    found = day(staged)
    assert found.standing is Standing.DISAGREES
    assert [one.person.number for one in found.rows if not one.is_agreed] == [3, 6]


def test_an_accepted_take_that_was_rejected_in_its_room_is_told_of(sent: Sent, staged: Staged) -> None:
    takes = next(one.takes for one in sent.package.rows if one.number == RETAKE_ELSEWHERE)
    only = (takes[0],)  # the rejected one
    told = with_row(sent.package, RETAKE_ELSEWHERE, takes=only, recording=only[0].recording)
    sent.send(staged, package=told, but=("_203_701020_Мельников", "_203_701020_ведомость"))
    found = row(day(staged), RETAKE_ELSEWHERE)
    assert found.is_agreed
    assert [note.ru for note in found.notes] == ["запись выбрана ответственным организатором, в аудитории: отклонена"]


def test_what_a_person_chose_at_the_school_is_taken_and_said(sent: Sent, staged: Staged) -> None:
    first = next(one.takes[0] for one in sent.package.rows if one.number == 1)
    told = with_row(sent.package, 2, outcome="extra_date")
    sent.send(staged, package=told)
    notes = [note.ru for note in row(day(staged), 2).notes]
    assert notes == ["отметка ответственного организатора, не аудитории"]
    assert row(day(staged), 1).takes[0].stem == first.stem


def test_who_is_not_in_the_package_is_shown_all_the_same(sent: Sent, staged: Staged) -> None:
    rows = tuple(one for one in sent.package.rows if one.number != 11)
    sent.send(staged, package=replace(sent.package, rows=rows))
    found = row(day(staged), 11)
    assert not found.is_agreed
    assert found.notes


def test_another_school_another_day_and_nonsense_are_named_and_left_out(sent: Sent, staged: Staged) -> None:
    sent.send(staged)
    name = "11.02.2026_201_701020_Абрамов И.json"
    content = next(one for _, each, one in sent.rooms if each == name)
    staged.receive(SCHOOL, "2026-02-11_201", "11.02.2026_201_701020_А.json", content.replace(b'"701020"', b'"701021"'))
    staged.receive(
        SCHOOL, "2026-02-11_201", "11.02.2026_201_701020_Б.json", content.replace(b"2026-02-11", b"2026-03-11")
    )
    staged.receive(SCHOOL, "2026-02-11_201", "11.02.2026_201_701020_В.json", b"{")
    foreign = replace(sent.package, school="701021", version=7)
    staged.receive(SCHOOL, FOLDER, "11.02.2026_701020_комплект_07.json", written(foreign))
    found = day(staged)
    assert codes(found) == ["foreign_school", "other_date", "broken", "foreign_school"]
    assert found.package is not None
    assert found.package.version == 1
    assert len(found.rows) == 40


def test_two_packages_of_one_version_the_first_stands_and_it_is_said(sent: Sent, staged: Staged) -> None:
    sent.send(staged)
    staged.receive(SCHOOL, FOLDER, sent.package.file, written(sent.released(by="Другой")))
    found = day(staged)
    assert codes(found) == ["two_of_one_version"]
    assert found.package is not None
    assert found.package.by == "Петрова А. А."
    assert found.standing is Standing.DISAGREES


def test_a_correction_stands_and_what_it_changed_is_told(sent: Sent, staged: Staged) -> None:
    sent.send(staged)
    second = replace(with_row(sent.package, 5, outcome="extra_date"), version=2, previous=digest(written(sent.package)))
    sent.release(staged, second)
    found = day(staged)
    assert [(one.version, one.stands) for one in found.versions] == [(1, False), (2, True)]
    assert not found.oddities
    told = changes(sent.package, second)
    assert told == [
        Reason(
            "№ 5 Дмитриев Иван Сергеевич: отметка неявка → дополнительный срок",
            "№ 5 Дмитриев Иван Сергеевич: outcome absent → extra_date",
        )
    ]
    third = replace(second, version=3, previous="0" * 64, released_at=NOON)
    sent.release(staged, third)
    assert codes(day(staged)) == ["no_previous"]


def test_a_file_that_rots_in_the_store_is_named_and_never_kept_as_known(sent: Sent, staged: Staged) -> None:
    sent.send(staged)
    path = staged.folder / "schools" / SCHOOL / FOLDER / sent.package.file
    path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 2'))
    found = day(staged)
    assert codes(found) == ["broken"]
    assert "испорчен" in found.oddities[0].reason.ru
    path.write_bytes(written(sent.package))
    assert day(staged).standing is Standing.COMPLETE


def test_days_are_what_folders_say_and_the_rest_is_not_lost(staged: Staged) -> None:
    for number in range(60):
        staged.receive(SCHOOL, f"2030-{1 + number // 28:02d}-{1 + number % 28:02d}_201", "a.txt", b"a")
    staged.receive(SCHOOL, "other", "письмо.txt", b"b")
    staged.refuse(SCHOOL, "2026-02-11_201", "x.mp3")
    assert len(staged.collecting().days(SCHOOL)) == 40
    files, _ = staged.collecting().undated(SCHOOL)
    assert [file.name for file in files] == ["письмо.txt"]
    assert [one.reason.ru for one in day(staged).set_aside] == ["повредился в пути"]
    assert day(staged).standing is Standing.ARRIVING
