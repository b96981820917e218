"""`station-sync papers`: whole papers of the school of forty, refusals in one line each, nothing overwritten."""

import json
from pathlib import Path

import openpyxl
import pytest
from forty import EARLY, REMOVED, WRITTEN, School, sync_toml
from rig.schoolday import EXAM_DATE, at

from exam.errors import ConfigError
from exam.regulation import Outcome
from sync import cli
from sync import config as configuration
from sync.papers.criteria import CRITERIA
from sync.papers.labels import labels_of
from sync.papers.verdicts import FILE
from sync.school.decisions import Headquarters, Told
from sync.school.gathering import gather

pytestmark = pytest.mark.slow

HEADING = "№;Фамилия;Серия;Номер документа;Дата рождения;Категория ОВЗ\n"


class Desk:
    """The organizer's desk: the configuration, and the commands run with it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.school = School(folder / "school")
        self.file = sync_toml(folder / "hq", self.school, target='kind = "folder"\nfolder = "/nowhere"')
        personal = folder / "hq" / "personal.csv"
        personal.write_text(f"{HEADING}{WRITTEN};Щербакова;6919;654321;01.03.2010;глухие\n", encoding="utf-8")
        personal.chmod(0o600)
        self.say("[package]", '[papers]\npersonal = "personal.csv"\nregion = "70"\nate = "Томск"\n\n[package]')

    def say(self, before: str, after: str) -> None:
        self.file.write_text(self.file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    def run(self, *words: str) -> tuple[int, str, str]:
        code = cli.main(["papers", *words, "--config", str(self.file)])
        told = self._capsys.readouterr()
        return code, told.out, told.err

    def scores(self, name: str, changed: dict[tuple[int, str], object] | None = None) -> Path:
        """A filled copy of the draft; `changed`: by participant and criterion."""
        draft = self.folder / f"draft-{name}"
        assert self.run("form-c1", "--out", str(draft))[0] == 0
        book = openpyxl.load_workbook(draft)
        for cells in book.worksheets[0].iter_rows(min_row=9):
            for cell, each in zip(cells[6:19], CRITERIA, strict=True):
                if isinstance(cells[0].value, int) and cell.fill.fgColor.rgb != "00D9D9D9":
                    cell.value = (changed or {}).get((cells[0].value, each.name), 1)
        book.save(self.folder / name)
        return self.folder / name


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def tell(desk: Desk, number: int, outcome: Outcome | None) -> None:
    """The organizer's word, without a time."""
    told = Told(EXAM_DATE, number, outcome, None, "", "Зорина", at(12))
    Headquarters(configuration.load(desk.file).state).add(told)


def test_papers_are_new_files_and_private_where_they_must_be(desk: Desk) -> None:
    modes = {}
    for command, name in (("room-sheets", "a.pdf"), ("room-sheets", "a.xlsx"), ("acts", "b.pdf"), ("acts", "b.docx"),
                          ("form-c1", "c.xlsx"), ("labels", "d.pdf")):  # fmt: skip
        path = desk.folder / name
        code, out, _ = desk.run(command, "--out", str(path), "--json")
        assert (code, json.loads(out)) == (0, {"file": str(path), "size": path.stat().st_size})
        modes[name] = path.stat().st_mode & 0o777
    assert modes == {"a.pdf": 0o600, "a.xlsx": 0o600, "b.pdf": 0o600, "b.docx": 0o600, "c.xlsx": 0o600, "d.pdf": 0o640}
    before = (desk.folder / "b.pdf").read_bytes()
    code, _, err = desk.run("acts", "--out", str(desk.folder / "b.pdf"))
    assert (code, (desk.folder / "b.pdf").read_bytes()) == (1, before)
    assert "уже есть и не тронут" in err


def test_an_act_without_a_time_is_refused_and_the_others_are_made(desk: Desk) -> None:
    tell(desk, EARLY, Outcome.EARLY_END)
    code, out, err = desk.run("acts", "--out", str(desk.folder / "acts.pdf"))
    assert code == 1
    assert "«Время завершения итогового собеседования по русскому языку» не указано" in err
    assert f"№ {EARLY}" in err
    assert "Готово" in out
    code, out, err = desk.run("acts", "--participant", str(EARLY), "--out", str(desk.folder / "one.pdf"))
    assert (code, out, (desk.folder / "one.pdf").exists()) == (1, "", False)


def test_nobody_to_make_an_act_of_is_said(desk: Desk) -> None:
    tell(desk, EARLY, None)
    tell(desk, REMOVED, None)
    code, _, err = desk.run("acts", "--out", str(desk.folder / "acts.pdf"))
    assert (code, err.count("\n")) == (1, 1)
    assert "составлять не по кому" in err


def test_right_scores_pass_and_fill_the_form(desk: Desk) -> None:
    scores = desk.scores("scores.xlsx")
    code, out, err = desk.run("check", str(scores))
    assert (code, err) == (0, "")
    assert out == "Баллы верны: участников 36, зачёт 36, незачёт 0.\n"
    code, _, _ = desk.run("form-c1", "--scores", str(scores), "--out", str(desk.folder / "filled.xlsx"))
    assert code == 0
    assert desk.run("check", str(desk.folder / "filled.xlsx"))[0] == 0


def test_every_wrong_cell_is_named_and_nothing_is_made(desk: Desk) -> None:
    scores = desk.scores("scores.xlsx", {(1, "М2"): 2, (2, "Р1"): "-", (3, "Ч1"): "x"})
    code, out, err = desk.run("check", str(scores))
    assert (code, out) == (1, "")
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        "N9 (М2, Абрамов Иван Сергеевич)", "P10 (Р1, Белова Мария Сергеевна)", "G11 (Ч1, Васильев Иван Сергеевич)",
    ]  # fmt: skip
    target = desk.folder / "filled.xlsx"
    assert desk.run("form-c1", "--scores", str(scores), "--out", str(target))[0] == 1
    assert not target.exists()
    code, out, _ = desk.run("check", str(scores), "--json")
    assert (code, len(json.loads(out)["files"][0]["problems"])) == (1, 3)


def test_two_experts_are_compared_and_the_organizer_decides_once(desk: Desk) -> None:
    first = desk.scores("first.xlsx")
    second = desk.scores("second.xlsx", {(1, "М1"): 2, (4, "П1"): 0})
    both = (str(first), "--second", str(second))
    code, _, err = desk.run("check", *both)
    assert code == 1
    assert [line.split(". ")[0] for line in err.splitlines()] == [
        "Эксперты разошлись: № 1 Абрамов Иван Сергеевич, М1: 1 и 2",
        "Эксперты разошлись: № 4 Громова Мария Сергеевна, П1: 1 и 0",
    ]
    for number, counts in (("1", "second"), ("4", "first")):
        words = ("--participant", number, "--counts", counts, "--by", "Зорина", "--reason", "прослушали втроём")
        assert desk.run("settle", *both, *words)[0] == 0
    filled = desk.folder / "filled.xlsx"
    assert desk.run("form-c1", "--scores", *both, "--out", str(filled))[0] == 0
    rows = {line[0]: line for line in openpyxl.load_workbook(filled).worksheets[0].values}
    assert (rows[1][12], rows[4][9]) == (2, 1)
    third = desk.scores("third.xlsx", {(1, "М1"): 0, (4, "П1"): 0})
    assert "№ 1 " in desk.run("check", str(first), "--second", str(third))[2]
    kept = (configuration.load(desk.file).state / FILE).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["counts"] for line in kept] == ["second", "first"]


def test_what_needs_no_decision_takes_none(desk: Desk) -> None:
    first = desk.scores("first.xlsx")
    second = desk.scores("second.xlsx", {(1, "М1"): 2})
    words = ("--counts", "first", "--by", "Зорина", "--reason", "так")
    code, _, err = desk.run("settle", str(first), "--second", str(second), "--participant", "2", *words)
    assert (code, "эксперты не расходятся" in err) == (1, True)
    blank = ("--counts", "first", "--by", " ", "--reason", "так")
    code, _, err = desk.run("settle", str(first), "--second", str(second), "--participant", "1", *blank)
    assert (code, "кто решил" in err) == (1, True)
    code, _, err = desk.run("check", str(first), "--second", str(first))
    assert (code, "Дважды назван один файл" in err) == (1, True)


def test_the_personal_file_lies_where_nothing_is_sent_from(desk: Desk) -> None:
    desk.say('"personal.csv"', '"scans/personal.csv"')
    with pytest.raises(ConfigError, match=r"papers\.personal"):
        configuration.load(desk.file)
    desk.say('"scans/personal.csv"', f'"{desk.school.recordings[0]}/personal.csv"')
    with pytest.raises(ConfigError, match=r"papers\.personal"):
        configuration.load(desk.file)


def test_an_open_personal_file_stops_what_needs_it_and_says_nothing_of_it(desk: Desk) -> None:
    (desk.folder / "hq" / "personal.csv").chmod(0o644)
    code, _, err = desk.run("acts", "--out", str(desk.folder / "acts.pdf"))
    assert code == 2
    assert "chmod 600" in err
    assert "654321" not in err
    assert desk.run("room-sheets", "--out", str(desk.folder / "rooms.pdf"))[0] == 0


def test_labels_say_whose_paper_it_is_without_a_name(desk: Desk) -> None:
    labels = labels_of(gather(configuration.load(desk.file)))
    codes = [label.code for label in labels]
    assert codes[0] == "exam:701020:2026-02-11:protocol:1"
    assert codes[40:] == [
        *(f"exam:701020:2026-02-11:act:{number}" for number in (EARLY, REMOVED)),
        *(f"exam:701020:2026-02-11:room_sheet:{room}" for room in (201, 202, 203, 204)),
        "exam:701020:2026-02-11:form_c1",
    ]
    assert len(set(codes)) == len(codes) == 47
    assert all(code.isascii() for code in codes)
