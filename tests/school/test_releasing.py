"""The package is released by somebody, travels last, and is corrected by a new version."""

import json
from pathlib import Path

from forty import ABSENT, School
from organizer import Office
from pypdfium2 import PdfDocument
from rig.schoolday import EXAM_DATE

from sync.school import releasing
from sync.school.gathering import gather
from sync.school.package import read


def manifests(office: Office) -> list[str]:
    return [one["file"] for one in office.received() if one["folder"].endswith("_комплект")]


def test_a_package_travels_last_and_says_what_the_centre_has(office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    received = {one["sha256"] for one in office.received()}
    folder = releasing.folder_of(office.config.state, EXAM_DATE)
    path = folder / "11.02.2026_701020_комплект_01.json"
    told = read(path.read_bytes(), path.name)
    assert {one.sha256 for one in told.files} <= received
    assert manifests(office) == [path.name]
    stored = {one["sha256"]: one["stored_at"] for one in office.received()}
    commit = next(one for one in office.received() if one["file"] == path.name)
    assert all(stored[one.sha256] <= commit["stored_at"] for one in told.files)
    day = office.package()
    assert [row["cells"]["acknowledged"]["mark"] for row in day["rows"]].count("yes") == 37
    told = office.run("package").splitlines()
    assert told[2] == "Комплект полон."
    assert "о передаче ещё не сказано" in told[3]
    office.run("package", "papers", "--by", "Петрова А. А.", "--to", "РЦОИ, Сидорова")
    assert "передал(а) Петрова А. А., принял(а) РЦОИ, Сидорова" in office.run("package").splitlines()[3]


def test_a_correction_is_a_new_version_that_names_the_one_before(office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    assert "ничего не изменилось" in office.run("package", "release", "--by", "Петрова А. А.", expect=1)
    office.run("once")
    assert "ничего не изменилось" in office.run("package", "release", "--by", "Петрова А. А.", expect=1)
    words = ("outcome", "--participant", str(ABSENT[0]), "extra_date", "--by", "Петрова А. А.")
    office.run("package", *words)
    office.run("package", "release", "--by", "Петрова А. А.")
    (first, sha256), (second, _) = releasing.versions(office.config.state, EXAM_DATE)
    assert (first.version, first.previous, second.version, second.previous) == (1, None, 2, sha256)
    office.run("once")
    assert manifests(office) == ["11.02.2026_701020_комплект_01.json", "11.02.2026_701020_комплект_02.json"]


def test_what_lacks_is_named_and_goes_only_with_a_reason(school: School, office: Office) -> None:
    path = next((school.folder / "pc-202").rglob("*Лебедева М.mp3"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    refused = office.run("package", "release", "--by", "Петрова А. А.", expect=1)
    assert "№ 12 Лебедева Мария Сергеевна" in refused
    office.run("package", "release", "--by", "Петрова А. А.", "--incomplete", "файл ищем")
    (told, _), *_ = releasing.versions(office.config.state, EXAM_DATE)
    assert told.incomplete == "файл ищем"
    assert [fault.code for fault in told.faults] == ["no_file"]
    office.run("once", expect=1)  # the damaged file is named; the package arrives all the same
    assert manifests(office) == ["11.02.2026_701020_комплект_01.json"]


def test_a_package_waits_for_what_it_tells_of(school: School, office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    path = next((school.folder / "pc-202").rglob("*Лебедева М.mp3"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")  # damaged after it was checked
    office.run("once", expect=1)
    assert manifests(office) == []
    path.write_bytes(content)
    office.run("once")
    assert manifests(office) == ["11.02.2026_701020_комплект_01.json"]


def test_a_version_that_was_replaced_waits_for_nothing_but_the_one_that_replaced_it(
    school: School, office: Office
) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    path = next((school.folder / "pc-202").rglob("*Лебедева М.mp3"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")  # damaged for good after it was checked
    office.run("once", expect=1)
    assert manifests(office) == []
    office.run("package", "release", "--by", "Петрова А. А.", "--incomplete", "файл испорчен")
    office.run("once", expect=1)  # the damaged file is still named
    assert manifests(office) == ["11.02.2026_701020_комплект_01.json", "11.02.2026_701020_комплект_02.json"]
    stored = {one["file"]: one["stored_at"] for one in office.received()}
    assert stored["11.02.2026_701020_комплект_02.json"] <= stored["11.02.2026_701020_комплект_01.json"]
    items = json.loads(office.run("status", "--json"))["items"]
    assert [item["state"] for item in items if item["kind"] == "package"] == ["delivered"] * 2


def test_a_school_that_wants_it_so_releases_by_itself_once_all_is_there(school: School, office: Office) -> None:
    office.say("[package]", '[send]\nrelease = "auto"\n\n[package]')
    path = next((school.folder / "pc-202").rglob("*Лебедева М.mp3"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    office.run("once", expect=1)
    assert manifests(office) == []
    path.write_bytes(content)
    office.run("once")
    office.run("once")
    assert manifests(office) == ["11.02.2026_701020_комплект_01.json"]


def test_the_table_opens_in_excel(office: Office, tmp_path: Path) -> None:
    office.run("package", "--out", str(tmp_path / "day.csv"), expect=None)
    lines = (tmp_path / "day.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 41
    assert lines[0].startswith("№;Участник;Класс;Аудитория;Вариант;")
    assert "неявка" in lines[ABSENT[0]]
    assert "уже есть" in office.run("package", "--out", str(tmp_path / "day.csv"), expect=1)


def test_the_report_is_a_paper_too(office: Office, tmp_path: Path) -> None:
    office.run("package", "--out", str(tmp_path / "day.pdf"))
    text = "\n".join(page.get_textpage().get_text_range() for page in PdfDocument(tmp_path / "day.pdf"))
    assert all(person in text for person in ("Абрамов Иван", "Кузнецова"))
    assert "Комплект полон" in text


def test_the_report_tells_the_day_as_json(office: Office) -> None:
    told = office.package()
    assert json.dumps(told["faults"]) == "[]"
    assert {row["person"]["number"] for row in told["rows"]} == set(range(1, 41))
    assert gather(office.config).is_complete


def test_a_day_that_was_delivered_and_deleted_says_so_first(school: School, office: Office) -> None:
    office.run("package", "release", "--by", "Петрова А. А.")
    office.run("once")
    for path in [path for path in school.folder.glob("pc-*/*/*") if "ведомость" not in path.name]:
        path.unlink()
    day = office.package()
    assert day["faults"][0]["code"] == "emptied"
    told = office.run("package", expect=None)
    assert "удалены по сроку хранения или убраны" in told.splitlines()[4]
    assert office.run("package", "release", "--by", "Петрова А. А.", expect=1)
    assert len(manifests(office)) == 1
