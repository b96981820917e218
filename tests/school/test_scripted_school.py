"""One school's bad day, whole: rooms, scans, package, centre. What lacks is named exactly; mended, it completes; the
centre's matrix is the school's report, cell by cell."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import drawn
import pytest
from forty import EARLY, REMOVED, School
from organizer import Office, agree, matrix, organized
from rig.schoolday import SCHOOL

BLANK, DOUBLE, UNKNOWN = "пустой.jpg", "скан0006_ещё_раз.jpg", "Незнакомцев Н.jpg"
DPI = 150


@pytest.fixture
def office(tmp_path: Path, school: School) -> Iterator[Office]:
    with organized(tmp_path, school, papers="scans") as made:
        yield made


def put(office: Office, name: str, words: str, *, code: str = "", seed: int = 1) -> None:
    folder = office.file.parent / "scans"
    folder.mkdir(exist_ok=True)
    page = drawn.protocol(words, dpi=DPI, code=code, seed=seed)
    drawn.jpeg_of(drawn.scanned(page, seed=seed), folder / name, dpi=DPI)


def scan_everything(office: Office, school: School) -> None:
    """Forty protocols: by code, by the rule's name, by number; of namesakes only what tells them apart."""
    for number, person in school.people.items():
        if number % 3 == 0:
            code = f"exam:{SCHOOL}:2026-02-11:protocol:{number}"
            put(office, f"скан{number:04d}.jpg", person.full_name, code=code, seed=number)
        elif number % 3 == 1 or person.surname in {"Иванов", "Соколова"}:
            put(office, f"протокол_{number}.jpg", person.full_name, seed=number)
        else:
            put(office, f"{person.surname} {person.first_name[0]}.jpg", person.full_name, seed=number)
    put(office, "форма С-1.jpg", "Форма С-1", seed=101)
    for order, number in enumerate((EARLY, REMOVED)):
        put(office, f"акт_{number}.jpg", "АКТ", seed=102 + order)
    put(office, DOUBLE, school.people[6].full_name, code=f"exam:{SCHOOL}:2026-02-11:protocol:6", seed=201)
    put(office, UNKNOWN, "Незнакомцев", seed=202)
    folder = office.file.parent / "scans"
    drawn.jpeg_of(drawn.scanned(drawn.sheet(DPI), seed=203), folder / BLANK, dpi=DPI)


def settled(office: Office) -> dict[str, Any]:
    """The day once every scan has lain still long enough to be opened."""
    while True:
        day = office.package()
        if not any(fault["code"] == "scan_waiting" for fault in day["faults"]):
            return day


def test_a_bad_day_is_told_exactly_mended_and_arrives(school: School, office: Office) -> None:
    scan_everything(office, school)
    day = settled(office)
    told = {(fault["code"], fault["file"]) for fault in day["faults"]}
    assert told == {("scan_blank", BLANK), ("scan_two_protocols", DOUBLE), ("scan_unknown", UNKNOWN)}
    refused = office.run("package", "release", "--by", "Петрова А. А.", expect=1)
    assert "замечаний: 3" in refused
    for name, why in ((BLANK, "пустой лист"), (DOUBLE, "второй скан того же листа"), (UNKNOWN, "не из нашей школы")):
        office.run("scans", "set-aside", name, "--reason", why)
    assert office.package()["faults"] == []
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    centre = matrix(office)
    assert (centre["standing"], centre["missing"], centre["oddities"]) == ("complete", [], [])
    agree(office, centre)
    papers = [one["file"] for one in office.received() if one["folder"].endswith("_комплект")]
    assert len(papers) == 40 + 1 + 2 + 1
    assert "11.02.2026_201_701020_Абрамов И_протокол.jpg" in papers
