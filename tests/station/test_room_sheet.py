"""The room sheet tells what the journal tells, on any number of pages, and can be checked against the audio."""

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from days import DAY, IVANOV, MORNING, STREAM, ZONE
from desk_days import Desk
from msgspec.structs import replace

from exam import roster
from exam.audio import FrameSpan
from exam.regulation import Outcome
from exam.roster import Participant
from station import config, daybook
from station.daybook import Daybook
from station.heads import Row
from station.roomsheet import making, pdf, rows, xlsx
from station.roomsheet.rows import Line, Place, Sheet
from station.session import Day, Take
from station.session.day import OutcomeNote, State
from station.session.day import Place as Frame
from station.verify import claims, verify

PLACE = Place("701020", "МБОУ СОШ № 1", "265", DAY, 2, "both", ZONE)
PEOPLE = {
    person.number: person
    for person in (
        Participant(1, "Иванов", "Иван", "Иванович", "9А", "265"),
        Participant(2, "Петрова", "Анна", "", "9А", "265"),
        Participant(3, "Сидоров", "Олег", "", "9Б", "300"),
        Participant(4, "Яковлева", "Яна", "", "9В", "265"),
    )
}


def take(stem: str, participant: int, number: int = 1, minutes: int = 0, **told: object) -> Take:
    began = MORNING + timedelta(minutes=minutes)
    return Take(stem=stem, tape=stem, participant=participant, number=number, variant="7", started_at=began,
                ended_at=began + timedelta(minutes=15), spans=(FrameSpan("s.wav", 0, 9),), **told)  # type: ignore[arg-type]  # fmt: skip


def sheet(*takes: Take, outcomes: dict[int, OutcomeNote] | None = None, place: Place = PLACE) -> Sheet:
    day = Day(takes={take.stem: take for take in takes}, outcomes=outcomes or {})
    head = Row("09:16:00", 1, "a", "s.wav", 9, "ab12cd34" * 8, "ab12 cd34 ab12 cd34 ab12")
    return rows.sheet_of(Daybook(day, (head,), 9, MORNING), PEOPLE, place)


def of(found: Sheet, number: int) -> list[Line]:
    return [line for line in found.lines if line.number == str(number)]


def pages(content: bytes, folder: Path) -> list[str]:
    """The words of each page, as another program reads them."""
    (folder / "read.pdf").write_bytes(content)
    command = ["pdftotext", "-layout", str(folder / "read.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")[:-1]


# -- what stands in it -----------------------------------------------------------------------------------------


def test_a_line_tells_who_when_and_how_it_went() -> None:
    (line,) = of(sheet(take("a", 1, decision="accepted", opinion="well", listened=42.4)), 1)
    assert line == Line(
        number="1", name="Иванов Иван Иванович", class_name="9А", variant="7", began="09:00:00", ended="09:15:00",
        recording="дубль 1", listened="слышно хорошо, 42 с", code="ab12 cd34 ab12 cd34 ab12",
    )  # fmt: skip


def test_everyone_of_the_list_has_a_line_and_so_has_whoever_came_from_elsewhere() -> None:
    found = sheet(take("a", 1), take("b", 3, minutes=20))
    assert [line.number for line in found.lines] == ["1", "2", "4", "3"]
    assert of(found, 3)[0].mark == "из аудитории 300"
    assert of(found, 2)[0] == Line("2", "Петрова Анна", "9А")


def test_a_repeat_has_a_line_of_its_own_and_the_outcome_stands_in_the_last() -> None:
    note = {1: OutcomeNote(Outcome.EARLY_END, "09:50:10", "акт прил. 10")}
    first = take("a", 1, decision="rejected", opinion="badly", listened=5.0)
    second = take("b", 1, 2, minutes=30, decision="early_end", listened="declined", source="dictaphone")
    one, two = of(sheet(first, second, outcomes=note), 1)
    assert (one.mark, one.listened) == ("запись плохая, повтор", "слышно плохо, 5 с")
    assert two.mark == "повторно; завершил досрочно 09:50:10 (акт прил. 10)"
    assert (two.recording, two.listened) == ("дубль 2, диктофон", "отказ от прослушивания")
    assert two.code == "ещё нет", "no head covers it yet"


@pytest.mark.parametrize(
    ("outcome", "word"),
    [(Outcome.ABSENT, "неявка"), (Outcome.REMOVED, "удалён"), (Outcome.WRITTEN, "письменная форма")],
)
def test_who_was_not_recorded_has_the_reason(outcome: Outcome, word: str) -> None:
    (line,) = of(sheet(outcomes={2: OutcomeNote(outcome, None, "")}), 2)
    assert (line.mark, line.began) == (word, "")


def test_a_cancelled_take_is_not_on_paper() -> None:
    assert of(sheet(take("a", 1, cancelled=True)), 1) == [Line("1", "Иванов Иван Иванович", "9А")]


def test_an_imported_take_has_no_stream_to_prove() -> None:
    (line,) = of(sheet(replace(take("a", 1, source="conference"), spans=())), 1)
    assert (line.code, line.recording) == ("—", "дубль 1, видеосвязь")


def test_a_take_being_recorded_has_no_end_yet() -> None:
    open_take = replace(take("a", 1), ended_at=None, open_from=Frame("s.wav", 0))
    day = Day(state=State.RECORDING, takes={"a": open_take}, current="a")
    assert of(rows.sheet_of(Daybook(day, (), 1, MORNING), PEOPLE, PLACE), 1)[0].ended == "идёт"


def test_where_nobody_listens_it_says_so() -> None:
    place = Place("701020", "", "265", DAY, 1, "stream", ZONE)
    found = sheet(take("a", 1), place=place)
    assert of(found, 1)[0].listened == "не проводится"
    assert found.signers == ("Собеседник", "Эксперт", "Технический специалист")


def test_who_the_roster_has_lost_is_on_paper_all_the_same() -> None:
    assert of(sheet(take("a", 99)), 99)[0].name == "№ 99"


def test_a_roster_without_rooms_expects_everyone_here() -> None:
    people = {1: Participant(1, "Иванов", "Иван"), 2: Participant(2, "Петрова", "Анна")}
    assert [line.number for line in rows.blank(people, PLACE).lines[:2]] == ["1", "2"]


# -- how it looks ----------------------------------------------------------------------------------------------


def crowd(count: int) -> dict[int, Participant]:
    long = ["Абдурахмангаджиевская-Константинопольская", "Александра-Мария", "Святославовна"]
    hostile = ["<b>=cmd|'/C calc'!A0</b>", "&Имя"]
    named = {1: Participant(1, *long, "9А", "265"), 2: Participant(2, *hostile, "", "9А", "265"),
             3: Participant(3, "Ы" * 90, "Иван", "", "9А", "265")}  # fmt: skip
    return named | {n: Participant(n, f"Фамилия{n}", "Имя", "Отчество", "9А", "265") for n in range(4, count + 1)}


def test_two_hundred_participants_take_pages_with_a_heading_each(tmp_path: Path) -> None:
    people = crowd(200)
    takes = {f"t{n}": take(f"t{n}", n, minutes=n) for n in people}
    found = rows.sheet_of(Daybook(Day(takes=takes), (), 1, MORNING), people, PLACE)
    read = pages(pdf.draw(found), tmp_path)
    assert len(read) > 5
    for number, page in enumerate(read, start=1):
        assert f"Лист {number} из {len(read)}" in page
        assert "Фамилия, имя, отчество" in page or number == len(read)
        assert "Аудитория: 265" in page
    words = " ".join(" ".join(read).split())
    assert all(f"Фамилия{n} " in words for n in range(4, 201))
    assert "это не официальный бланк" in words
    for part in ("Абдурахмангаджиевская", "Святославовна", "<b>=cmd|'/C calc'!A0</b>", "Ы" * 12):
        assert part in words, part


def test_the_same_sheet_is_the_same_file() -> None:
    found = sheet(take("a", 1))
    assert pdf.draw(found) == pdf.draw(found)
    assert xlsx.write(found) == xlsx.write(found)


def test_the_table_holds_words_and_no_formulas(tmp_path: Path) -> None:
    people = crowd(3) | {4: Participant(4, "=HYPERLINK(1)", "Имя", "", "", "265")}
    found = rows.sheet_of(Daybook(Day(outcomes={4: OutcomeNote(Outcome.ABSENT, None, "a\x07b")}), (), 1, MORNING),
                          people, PLACE)  # fmt: skip
    (tmp_path / "sheet.xlsx").write_bytes(xlsx.write(found))
    table = openpyxl.load_workbook(tmp_path / "sheet.xlsx").active
    cells = {str(cell.value): cell for row in table.iter_rows() for cell in row if cell.value}
    assert all(cell.data_type == "s" for cell in cells.values())
    assert "=HYPERLINK(1) Имя" in cells
    assert "неявка (ab)" in cells
    heading = cells["Фамилия, имя, отчество"].row
    assert table.print_title_rows == f"${heading}:${heading}"
    assert table.page_setup.orientation == "landscape"


# -- of a real day ---------------------------------------------------------------------------------------------


def test_a_days_sheet_is_the_journals_whatever_the_files_say(finished: Desk) -> None:
    settings = config.load(finished.top / "station.toml")
    book = daybook.read(finished.folder)
    before = making.made(settings, ".pdf")
    for path in finished.folder.iterdir():
        if path.name != "journal.jsonl":
            os.utime(path, (0, 0))
    assert making.made(settings, ".pdf") == before
    found = rows.sheet_of(book, roster.load(settings.roster), making.place_of(settings))
    ivanov, petrova, _ = found.lines
    noted = book.day.takes[IVANOV]
    assert ivanov.began == f"{noted.started_at:%H:%M:%S}"
    assert ivanov.listened == "2 с"
    assert (ivanov.name, petrova.name) == ("Иванов Иван Иванович", "Петрова Анна")
    assert "В списке аудитории: 3. Записано: 2, из них принято: 1." in found.remarks[0]


def test_the_codes_on_paper_prove_the_stream(finished: Desk, tmp_path: Path) -> None:
    done = finished.run("room-sheet", "--out", str(tmp_path / "sheet.pdf"))
    assert (done.returncode, done.stderr) == (0, "")
    found = rows.sheet_of(daybook.read(finished.folder), PEOPLE, PLACE)
    codes = [line.code for line in found.lines if line.code]
    words = " ".join(" ".join(pages((tmp_path / "sheet.pdf").read_bytes(), tmp_path)).split())
    of_stream = words.split(f"{STREAM}: ")[1][:24]
    assert len(codes) == 2
    report = verify(finished.folder, [claims.claim(code) for code in (*codes, of_stream)])
    assert (report.ok, report.confirmed) == (True, 3)


@pytest.mark.parametrize("suffix", ["pdf", "xlsx"])
def test_a_blank_sheet_needs_no_day(finished: Desk, tmp_path: Path, suffix: str) -> None:
    (finished.top / "station.toml").write_text(
        (finished.top / "station.toml").read_text(encoding="utf-8").replace('"recordings"', '"later"'), encoding="utf-8"
    )
    target = tmp_path / f"blank.{suffix}"
    refused = finished.run("room-sheet", "--out", str(target))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "ещё ничего не записано" in refused.stderr
    told = finished.told("room-sheet", "--blank", "--out", str(target))
    assert told == {"file": str(target), "size": target.stat().st_size}


def test_a_file_that_is_there_is_left_alone(finished: Desk, tmp_path: Path) -> None:
    target = tmp_path / "sheet.pdf"
    target.write_bytes(b"mine")
    done = finished.run("room-sheet", "--out", str(target))
    assert (done.returncode, target.read_bytes()) == (1, b"mine")
    assert "не тронут" in done.stderr


@pytest.mark.parametrize(("out", "code"), [("sheet.doc", 2), ("no/such/folder/sheet.pdf", 1)])
def test_a_wrong_target_is_one_line(finished: Desk, tmp_path: Path, out: str, code: int) -> None:
    done = finished.run("room-sheet", "--out", str(tmp_path / out))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)


def test_a_wrong_roster_is_named(finished: Desk, tmp_path: Path) -> None:
    (finished.top / "roster.csv").write_text("number,surname,first_name\n1,Иванов,Иван\n1,Пётр,Пётр\n")
    done = finished.run("room-sheet", "--out", str(tmp_path / "sheet.pdf"))
    assert done.returncode == 2
    assert "строка 3" in done.stderr
