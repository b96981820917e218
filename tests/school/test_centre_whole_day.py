"""A school's day from its rooms to the centre, all of it real: the centre's matrix is the school's report."""

import pytest
from forty import ABSENT, School
from organizer import Office, agree, matrix

pytestmark = pytest.mark.slow


def test_the_centres_matrix_is_the_schools_report(office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    day = matrix(office)
    assert (day["standing"], day["package"]["version"], day["missing"], day["oddities"]) == ("complete", 1, [], [])
    agree(office, day)


def test_a_correction_after_release_is_the_centres_next_version(office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    words = ("outcome", "--participant", str(ABSENT[0]), "extra_date", "--by", "Петрова А. А.")
    office.run("package", *words)
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    day = matrix(office)
    assert (day["standing"], day["package"]["version"]) == ("complete", 2)
    agree(office, day)
    row = next(row for row in day["rows"] if row["number"] == ABSENT[0])
    assert [note["ru"] for note in row["notes"]] == ["отметка ответственного организатора, не аудитории"]


def test_what_the_school_could_not_send_is_not_at_the_centre_either(school: School, office: Office) -> None:
    path = next((school.folder / "pc-202").rglob("*Лебедева М.mp3"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    office.run("package", "release", "--by", "Петрова А. А.", "--incomplete", "файл ищем")
    office.run("once", expect=1)
    day = matrix(office)
    assert (day["standing"], day["missing"], day["package"]["incomplete"]) == ("incomplete", [], "файл ищем")
    assert [fault["code"] for fault in day["faults"]] == ["no_file"]
    row = next(row for row in day["rows"] if row["number"] == 12)
    assert [row["cells"]["hashed"][who]["mark"] for who in ("school", "centre")] == ["no", "no"]
    assert row["cells"]["acknowledged"]["centre"]["mark"] == "open"
