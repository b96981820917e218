"""A school with one computer and three children: it packages and sends by itself, with no server of its own."""

from pathlib import Path

from organizer import Office
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL, StagedRoom, write_roster

from exam.roster import Participant


def test_one_computer_three_children_and_no_server(tmp_path: Path) -> None:
    people = [
        Participant(1, "Аникина", "Вера", class_name="9"),
        Participant(2, "Бобров", "Лев", class_name="9"),
        Participant(3, "Белов", "Лев", class_name="9"),
    ]
    room = StagedRoom(tmp_path / "recordings", "1", people)
    room.stream()
    for person in people:
        room.take(person)
    room.record()
    write_roster(tmp_path / "roster.csv", people)
    centre = tmp_path / "centre"
    program, token = exchange_for(SCHOOL, centre, "--tier", "centre")
    (tmp_path / "token").write_text(token)
    (tmp_path / "token").chmod(0o600)
    (tmp_path / "sync.toml").write_text(
        f"""[school]
code = "{SCHOOL}"
roster = "roster.csv"
[package]
papers = "by_hand"
[target]
kind = "tus"
url = "http://127.0.0.1:{program.port}/files"
token_file = "token"
""",
        encoding="utf-8",
    )
    office = Office(tmp_path / "sync.toml", centre)
    with program.running():
        assert "Участников: 3. Принятых записей: 3" in office.run("package")
        office.run("package", "release", "--by", "Смирнова Е. Е.")
        office.run("once")
        assert [one["file"] for one in office.received()][-1] == f"11.02.2026_{SCHOOL}_комплект_01.json"
        assert {row["cells"]["acknowledged"]["mark"] for row in office.package()["rows"]} == {"yes"}
