"""The sheets of all rooms, merged: everybody in order of time, takes in several rooms linked, sums that agree."""

import io
import subprocess
from pathlib import Path

import openpyxl
from msgspec.structs import replace
from paper_day import ZONE, paper_day, row, take

from exam.roster import Participant
from sync.papers import rooms, rooms_pdf, rooms_xlsx
from sync.papers.rooms import Line, Sheets


def sheets() -> Sheets:
    return rooms.sheets_of(paper_day(), ZONE)


def test_everybody_stands_in_the_room_in_order_of_time() -> None:
    told = {room.number: [(line.number, line.began, line.ended) for line in room.lines] for room in sheets().rooms}
    assert told == {
        "12а": [("4", "09:00:00", "09:15:00"), ("5", "10:00:00", "10:15:00"), ("6", "", "")],
        "265": [
            ("5", "09:00:00", "09:15:00"), ("1", "09:20:00", "09:35:00"), ("3", "09:40:00", "09:55:00"), ("2", "", ""),
            ("7", "", ""),
        ],
    }  # fmt: skip


def line_of(room: str, number: str) -> Line:
    (found,) = [line for one in sheets().rooms if one.number == room for line in one.lines if line.number == number]
    return found


def test_outcomes_and_takes_are_told() -> None:
    assert line_of("265", "3").mark == "завершил досрочно 09:47:05 (носовое кровотечение)"
    assert line_of("265", "2").mark == "неявка"
    assert line_of("265", "5").mark == "запись плохая, повтор; также ауд. 12а"
    again = line_of("12а", "5")
    assert (again.mark, again.take) == ("повторно; принята; также ауд. 265", "дубль 1, диктофон, идёт в комплект")


def test_sums_of_rooms_and_school_agree() -> None:
    told = sheets()
    assert told.rooms[1].total == (
        "Участников: 5. Записано: 3, записей с повторами: 3, принято: 1. Отметки: неявка — 1, завершил досрочно — 1, "
        "дополнительная дата — 1. Нет ни записи, ни отметки: 0."
    )
    assert told.total.startswith("Всего по школе. Участников: 7. Записано: 4, записей с повторами: 5, принято: 2.")


def test_who_was_never_anywhere_is_not_left_out() -> None:
    day = paper_day(row(Participant(1, "Иванов", "Иван")), row(Participant(2, "Ким", "Ян"), take("12а", 2, 0)))
    told = rooms.sheets_of(day, ZONE)
    assert [(room.number, room.lines[0].mark) for room in told.rooms if room.lines] == [
        ("12а", "принята"), ("без аудитории", "нет ни записи, ни отметки"),
    ]  # fmt: skip


def test_both_files_hold_every_line(tmp_path: Path) -> None:
    told = sheets()
    book = openpyxl.load_workbook(io.BytesIO(rooms_xlsx.write(told)))
    assert book.sheetnames == ["12а", "265"]
    paper = tmp_path / "rooms.pdf"
    paper.write_bytes(rooms_pdf.draw(told))
    printed = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    for room in told.rooms:
        cells = {cell for line in book[room.number].values for cell in line}
        assert f"Аудитория {room.number}" in printed
        for line in room.lines:
            assert {line.number, line.name, line.mark} <= cells
            assert line.name in printed
    assert printed.count("Лист ") == 2
    assert rooms_pdf.draw(told) == rooms_pdf.draw(told)


def test_a_room_of_many_goes_on_with_its_number_on_each_page(tmp_path: Path) -> None:
    long = "Константинопольская-Белосельская Александра-Виктория Максимилиановна"
    people = [row(Participant(number, long, ""), take("265", number, number)) for number in range(1, 61)]
    told = rooms.sheets_of(replace(paper_day(*people), rooms=()), ZONE)
    paper = tmp_path / "rooms.pdf"
    paper.write_bytes(rooms_pdf.draw(told))
    printed = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True).stdout
    pages = printed.split("\f")[:-1]
    assert len(pages) > 2
    assert all("Аудитория 265" in page for page in pages if long.split("-", maxsplit=1)[0] in page)
