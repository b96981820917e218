"""A school's day from its rooms to the centre, all of it real: the centre's matrix is the school's report."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forty import ABSENT, School, sync_toml
from organizer import Office, agree, matrix
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL

pytestmark = pytest.mark.slow


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path / "school")


@pytest.fixture
def office(tmp_path: Path, school: School) -> Iterator[Office]:
    """Papers by hand; recordings and package go to a centre that runs."""
    centre = tmp_path / "centre"
    program, token = exchange_for(SCHOOL, centre, "--tier", "centre")
    key = tmp_path / "hq" / "token"
    key.parent.mkdir()
    key.write_text(token)
    key.chmod(0o600)
    target = f'kind = "tus"\nurl = "http://127.0.0.1:{program.port}/files"\ntoken_file = "{key}"\ntier = "centre"'
    with program.running():
        yield Office(sync_toml(tmp_path / "hq", school, target=target, papers="by_hand"), centre)


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
    path.write_bytes(b"")
    office.run("package", "release", "--by", "Петрова А. А.", "--incomplete", "файл ищем")
    office.run("once", expect=1)
    day = matrix(office)
    assert (day["standing"], day["missing"], day["package"]["incomplete"]) == ("incomplete", [], "файл ищем")
    assert [fault["code"] for fault in day["faults"]] == ["no_file"]
    row = next(row for row in day["rows"] if row["number"] == 12)
    assert [row["cells"]["hashed"][who]["mark"] for who in ("school", "centre")] == ["no", "no"]
    assert row["cells"]["acknowledged"]["centre"]["mark"] == "open"
