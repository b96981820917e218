"""Acts from the journal: filled with what it knows, refused without a time, looking as on the forms."""

import io
import subprocess
from datetime import date
from pathlib import Path

import docx
import pytest
from msgspec.structs import replace
from paper_day import EARLY, EXTRA, REMOVED, paper_day, row

from exam.regulation import Outcome
from exam.roster import Participant
from sync.papers import act_docx, act_pdf
from sync.papers.acts import Act, Digits, Letters, Ruled, Top, acts_of
from sync.papers.criteria import CATEGORIES
from sync.papers.personal import Personal
from sync.school.model import Said, SchoolDay

PERSONAL = {REMOVED: Personal(series="6919", document="123456", born=date(2010, 2, 11), category=CATEGORIES["тнр"])}


def act_of(number: int, day: SchoolDay | None = None) -> Act:
    made, _ = acts_of(day or paper_day(), PERSONAL, "70")
    return next(act for act in made if act.number == number)


def text_of(content: bytes, tmp_path: Path) -> str:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(content)
    done = subprocess.run(["pdftotext", "-layout", paper, "-"], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_acts_are_due_for_early_ends_and_removals_with_a_time() -> None:
    made, refused = acts_of(paper_day(), {})
    assert [(act.number, len(act.pages)) for act in made] == [(EARLY, 1), (REMOVED, 2)]
    (one,) = refused
    assert (one.number, one.field) == (EXTRA, "Время завершения итогового собеседования по русскому языку")
    assert "Жук Ия" in one.reason.ru
    assert "--participant 7 extra_date --at" in one.reason.ru


@pytest.mark.parametrize("at", ["", "9:5", "24:00:00", "11:15", "около 11"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    day = paper_day(row(Participant(1, "Иванов", "Иван"), said=Said(Outcome.REMOVED, at, "телефон", "265")))
    made, refused = acts_of(day, {})
    assert made == []
    assert refused[0].field == "Время удаления участника с итогового собеседования"


def test_what_the_journal_knows_is_filled_in() -> None:
    page = act_of(EARLY).pages[0]
    top = next(block for block in page if isinstance(block, Top))
    assert [value for value, *_ in top.boxes] == ["70", "МБОУ СОШ № 1", "265", "русский язык", "11-02-2026"]
    assert [block.lines for block in page if isinstance(block, Letters)] == [("ВОЛКОВ",), ("ПЁТР",), ("ИЛЬИЧ",)]
    assert "носовое кровотечение" in [block.text for block in page if isinstance(block, Ruled)]
    digits = {block.label: [text for text, *_ in block.groups] for block in page if isinstance(block, Digits)}
    assert digits["Время завершения итогового собеседования по русскому языку"] == ["09", "47", "05"]
    assert digits["Документ, удостоверяющий личность"] == ["", ""]
    assert digits["Дата"] == ["", "", ""]
    assert act_of(EARLY).open == ("Документ, удостоверяющий личность", "Дата рождения")


def test_what_is_personal_comes_from_the_personal_file() -> None:
    act = act_of(REMOVED)
    digits = {block.label: [text for text, *_ in block.groups] for block in act.pages[1] if isinstance(block, Digits)}
    assert digits["Документ, удостоверяющий личность (паспорт)"] == ["6919", "123456"]
    assert digits["Дата рождения (в формате ДД.ММ.ГГГГ)"] == ["11", "02", "2010"]
    assert digits["Время удаления участника с итогового собеседования"] == ["09", "05"]
    assert digits["Дата подписания"] == ["", "", ""]
    assert act.open == ()


@pytest.mark.parametrize(("born", "hints"), [(date(2010, 2, 11), 1), (date(2010, 2, 12), 0), (None, 1)])
def test_appendix_14_is_thought_of_from_16_on(born: date | None, hints: int) -> None:
    made, _ = acts_of(paper_day(), {REMOVED: Personal(born=born)})
    assert len(made[1].hints) == hints


def test_both_files_say_the_same(tmp_path: Path) -> None:
    acts = [act_of(EARLY), act_of(REMOVED)]
    printed = text_of(act_pdf.draw(acts), tmp_path)
    paper = docx.Document(io.BytesIO(act_docx.write(acts)))
    cells = [cell.text for table in paper.tables for line in table.rows for cell in line.cells]
    typed = "\n".join([*(paragraph.text for paragraph in paper.paragraphs), *cells])
    for words in ("носовое кровотечение", "телефон", "Руководитель ОО", "Черновик", "Экземпляр 2 из 2", "11-02-2026",
                  "Участник итогового собеседования"):  # fmt: skip
        assert words in printed
        assert words in typed
    assert "Г У С Е В" in " ".join(printed.split())
    assert "".join(cells).count("ГУСЕВ") == 2
    assert printed.count("\f") == 3


def test_a_long_name_goes_on_in_the_next_line(tmp_path: Path) -> None:
    long = "Константинопольский-Белосельский"
    told = Said(Outcome.EARLY_END, "10:00:00", "ухудшение самочувствия " * 15, "265")
    day = paper_day(row(Participant(1, long, "Иван"), said=told))
    act = act_of(1, replace(day, school_name="Муниципальное бюджетное общеобразовательное учреждение " * 3))
    lines = next(block.lines for block in act.pages[0] if isinstance(block, Letters))
    assert "".join(lines) == long.upper()
    assert [len(line) for line in lines] == [26, 6]
    assert text_of(act_pdf.draw([act]), tmp_path).count("\f") == 1


def test_the_same_acts_are_the_same_pdf() -> None:
    assert act_pdf.draw([act_of(REMOVED)]) == act_pdf.draw([act_of(REMOVED)])
