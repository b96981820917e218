"""The folder of scans as it is looked at: what counts, what waits, what is opened once; and the command for people."""

import json
import os
import shutil
import time
from pathlib import Path

import drawn
import hostile_scans as hostile
import pytest
from rig import schoolday

from exam import roster
from exam.roster import Participant, Roster
from sync import config as configuration
from sync.cli import main
from sync.config import Config
from sync.scans import finding, opening
from sync.scans.looking import look
from sync.scans.model import Scans

PEOPLE = [
    Participant(1, "Иванов", "Иван", "Иванович", "9А", "265"),
    Participant(2, "Петрова", "Анна", "Сергеевна", "9А", "265"),
    Participant(17, "Сидоров", "Пётр", "Ильич", "9Б", "266"),
]
CONFIG = """
[school]
code = "701020"
roster = "roster.csv"
[exam]
date = 2026-02-11
[target]
kind = "folder"
folder = "/nowhere/else"
"""


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three different good scans, `1.jpg` to `3.jpg`, and one that is not assigned, `scan.jpg`."""
    folder = tmp_path_factory.mktemp("papers")
    for number in (1, 2, 3):
        drawn.jpeg_of(drawn.protocol(dpi=150, seed=number), folder / f"{number}.jpg", dpi=150)
    drawn.jpeg_of(drawn.protocol(dpi=150, seed=4), folder / "scan.jpg", dpi=150)
    return folder


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A school with an empty folder of scans; files are settled as soon as they are there."""
    schoolday.write_roster(tmp_path / "roster.csv", PEOPLE)
    (tmp_path / "sync.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "scans").mkdir()
    monkeypatch.setattr(finding, "SETTLES_NS", 0)
    monkeypatch.setenv("SYNC_CONFIG", str(tmp_path / "sync.toml"))
    return configuration.load(tmp_path / "sync.toml")


def people(school: Config) -> Roster:
    assert school.roster is not None
    return roster.load(school.roster)


def seen(school: Config, **how: float) -> Scans:
    return look(school, people(school), **how)


def put(school: Config, source: Path, name: str) -> Path:
    path = school.scans / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    return path


def codes(found: Scans) -> dict[str, str]:
    return {one.file: one.code for one in found.problems}


def test_scans_are_found_opened_once_and_given_to_their_people(
    school: Config, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(school, papers / "1.jpg", "Иванов И.jpg")
    put(school, papers / "2.jpg", "протоколы/9А/2.jpg")
    put(school, papers / "3.jpg", "scan0003.jpg")
    found = seen(school)
    assert [(one.file, one.participant) for one in found.papers] == [("Иванов И.jpg", 1), ("протоколы/9А/2.jpg", 2)]
    assert [one.file for one in found.unassigned] == ["scan0003.jpg"]
    monkeypatch.setattr(opening.subprocess, "Popen", None)  # nothing is opened again, not after renaming either
    assert seen(school) == found
    (school.scans / "scan0003.jpg").rename(school.scans / "17.jpg")
    assert [one.participant for one in seen(school).papers] == [17, 1, 2]


def test_what_is_still_copied_waits_and_so_does_what_there_was_no_time_for(
    school: Config, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(school, papers / "1.jpg", "1.jpg")
    assert seen(school, seconds=0).waiting == ("1.jpg",)
    monkeypatch.setattr(finding, "SETTLES_NS", 2_000_000_000)
    assert seen(school).waiting == ("1.jpg",)
    future = time.time() + 3600  # a clock that was set back: not new for an hour
    os.utime(school.scans / "1.jpg", (future, future))
    monkeypatch.setattr(finding, "SETTLES_NS", 1)
    assert [one.participant for one in seen(school).papers] == [1]


@pytest.mark.slow
def test_a_file_that_changes_is_opened_anew(school: Config, papers: Path) -> None:
    path = put(school, papers / "1.jpg", "1.jpg")
    first = seen(school).papers[0]
    shutil.copyfile(papers / "2.jpg", path)
    assert seen(school).papers[0].sha256 != first.sha256
    path.unlink()
    assert seen(school) == Scans()


def test_what_is_no_scan_is_passed_over_or_told(school: Config, papers: Path) -> None:
    for name in ("Thumbs.db", ".hidden.pdf", "~$a.docx", "17.pdf.part", "a.crdownload"):
        put(school, papers / "1.jpg", name)
    put(school, papers / "2.jpg", "letter.docx")
    (school.scans / "link.jpg").symlink_to(papers / "1.jpg")
    (school.scans / "elsewhere").symlink_to(papers)
    os.mkfifo(school.scans / "pipe.jpg")
    put(school, papers / "3.jpg", "a/b/c/d/e/f/g/3.jpg")
    with open(os.fsencode(school.scans) + b"/\xcf\xf0.jpg", "wb") as odd:  # noqa: PTH123 - a name that is no text
        odd.write(b"x")
    assert codes(seen(school)) == {
        "letter.docx": "not_a_scan", "link.jpg": "not_a_file", "elsewhere": "not_a_file", "pipe.jpg": "not_a_file",
        "a/b/c/d/e/f/g": "too_deep", "\\xcf\\xf0.jpg": "bad_name",
    }  # fmt: skip


def test_a_folder_that_is_not_there_or_is_too_full_is_told(
    school: Config, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(school, papers / "1.jpg", f"{number}.docx")
    monkeypatch.setattr(finding, "MAX_FILES", 2)
    assert codes(seen(school)) == {"": "too_many_files", "0.docx": "not_a_scan", "1.docx": "not_a_scan"}
    shutil.rmtree(school.scans)
    assert codes(seen(school)) == {"": "no_folder"}


def test_a_file_too_large_is_not_even_read(school: Config) -> None:
    with (school.scans / "a.pdf").open("wb") as sparse:
        sparse.truncate(5_000_000_000)
    [problem] = seen(school).problems
    assert (problem.code, problem.sha256) == ("too_large", "")
    assert "5000 МБ" in problem.reason.ru


@pytest.mark.slow
def test_a_lost_or_broken_memory_means_opening_again_and_nothing_worse(school: Config, papers: Path) -> None:
    put(school, papers / "1.jpg", "1.jpg")
    found = seen(school)
    memory = school.state / "scans/seen.json"
    for content in (b"{", b"", b'{"rules": 0, "files": {}}', b"\xff\xff"):
        memory.write_bytes(content)
        assert seen(school) == found
    memory.unlink()
    memory.mkdir()  # cannot be written
    assert seen(school) == found


@pytest.mark.slow
def test_memory_and_decisions_are_for_the_owner_alone(school: Config, papers: Path) -> None:
    put(school, papers / "1.jpg", "1.jpg")
    seen(school)
    assert (school.state / "scans").stat().st_mode & 0o777 == 0o700
    assert (school.state / "scans/seen.json").stat().st_mode & 0o777 == 0o600


def test_bad_files_do_not_keep_the_good_ones_from_being_found(school: Config, papers: Path) -> None:
    put(school, papers / "1.jpg", "1.jpg")
    hostile.empty(school.scans / "пусто.pdf")
    hostile.locked(school.scans / "17.pdf")
    hostile.cut(school.scans / "2.jpg", papers / "2.jpg")
    hostile.huge_picture(school.scans / "большой.png")
    found = seen(school)
    assert [one.participant for one in found.papers] == [1]
    assert codes(found) == {
        "пусто.pdf": "empty", "17.pdf": "encrypted", "2.jpg": "truncated", "большой.png": "too_many_pixels",
    }  # fmt: skip
    assert {one.file: one.participant for one in found.problems}["17.pdf"] == 17


def test_the_command_lists_assigns_sets_aside_and_takes_back(
    school: Config, papers: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(school, papers / "scan.jpg", "scan.jpg")
    put(school, papers / "1.jpg", "1.jpg")
    put(school, papers / "2.jpg", "Петрова.jpg")
    assert main(["scans"]) == 1
    told = capsys.readouterr().out
    assert "Протоколы: 1 из 3" in told
    assert "Петрова.jpg: не назначен; возможно: № 2 Петрова Анна Сергеевна." in told
    monkeypatch.chdir(school.scans)
    assert main(["scans", "assign", "scan.jpg", "--participant", "17"]) == 0
    assert "Сидоров" in capsys.readouterr().out
    assert main(["scans", "assign", str(school.scans / "Петрова.jpg"), "--kind", "act", "--participant", "2"]) == 0
    assert main(["scans", "set-aside", "1.jpg", "--reason", "дубль"]) == 0
    capsys.readouterr()
    assert main(["scans", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["file"]: (one["kind"], one["participant"]) for one in found["papers"]} == {
        "scan.jpg": ("protocol", 17), "Петрова.jpg": ("act", 2),
    }  # fmt: skip
    assert [one["reason"] for one in found["aside"]] == ["дубль"]
    assert main(["scans", "back", "1.jpg"]) == 0
    assert [one.participant for one in seen(school).papers if one.kind == "protocol"] == [1, 17]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["assign", "1.jpg", "--participant", "99"], 1, "99"),
        (["assign", "1.jpg"], 1, "--participant"),
        (["assign", "нет.jpg", "--participant", "1"], 1, "нет.jpg"),
        (["assign", "../../etc/passwd", "--participant", "1"], 1, "passwd"),
        (["set-aside", "1.jpg", "--reason", " "], 1, "причин"),
        (["back", "1.jpg"], 1, "1.jpg"),
    ],
)
def test_a_refusal_is_one_line_that_names_what_is_wrong(
    school: Config, capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    hostile.empty(school.scans / "1.jpg")
    assert main(["scans", *words]) == code
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


def test_without_a_roster_the_command_says_which_key_is_missing(
    school: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    school.file.write_text(CONFIG.replace('roster = "roster.csv"\n', ""), encoding="utf-8")
    assert main(["scans"]) == 2
    assert "school.roster" in capsys.readouterr().err


def test_names_are_the_same_in_either_form_of_unicode(school: Config, papers: Path) -> None:
    apart = "скан и\u0306.jpg"
    put(school, papers / "1.jpg", apart)
    assert main(["scans", "assign", "скан й.jpg", "--participant", "17"]) == 0
    [paper] = seen(school).papers
    assert (paper.file, paper.participant) == (apart, 17)
    assert (school.scans / paper.file).exists()


@pytest.mark.slow
def test_five_hundred_scans_are_opened_once_in_bounded_time(school: Config, papers: Path) -> None:
    content = (papers / "1.jpg").read_bytes()
    for number in range(500):
        (school.scans / f"scan{number:04}.jpg").write_bytes(content + str(number).encode())  # each another content
    started = time.monotonic()
    first = seen(school)
    took = time.monotonic() - started
    assert len(first.unassigned) == 500
    started = time.monotonic()
    assert seen(school) == first
    again = time.monotonic() - started
    assert again < min(2.0, took / 20)
