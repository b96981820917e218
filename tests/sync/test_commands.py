"""The commands as an operator and a program meet them."""

import json
import re
from pathlib import Path

import pytest
from school import School, Target, noise

from exam.errors import Fatal
from sync.cli import main
from sync.receipts import KEY_FILE, Receipts


@pytest.mark.parametrize("words", [["--help"], ["once", "--help"], ["exchange", "serve", "--help"], ["--version"]])
def test_help_and_version_go_to_stdout(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["fly"], ["exchange"], ["status", "--jsn"], ["exchange", "serve"]])
def test_wrong_usage_is_two(words: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2


def test_a_school_is_admitted_and_its_token_is_the_last_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exchange", "add-school", "701020", "--folder", str(tmp_path)]) == 0
    assert re.fullmatch(r"\S{20,}", capsys.readouterr().out.split()[-1])
    assert main(["exchange", "packages", "--folder", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_lost_token_is_replaced_as_the_refusal_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    admit = ["exchange", "add-school", "701020", "--folder", str(tmp_path)]
    assert main(admit) == 0
    first = capsys.readouterr().out.split()[-1]
    assert main(admit) == 1
    assert "--replace" in capsys.readouterr().err
    assert main([*admit, "--replace"]) == 0
    assert capsys.readouterr().out.split()[-1] != first


def test_a_disk_that_refuses_is_told_in_one_line_with_the_remedy(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school.state.write_text("a file where the folder should be")
    school.send_to(Target(9, tmp_path))
    assert main(["once", "--config", str(school.base / "sync.toml")]) == 1
    told = capsys.readouterr().err
    assert "Записи целы" in told
    assert told.count("\n") == 1


def test_status_before_anything_happened(school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    school.send_to(Target(9, tmp_path))
    assert main(["status", "--json", "--config", str(school.base / "sync.toml")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["items"], told["package"]) == ([], {"complete": False, "missing": []})
    assert told["left"] == {"files": 0, "size": 0, "rate": None, "seconds": None}
    assert not school.state.exists(), "reading creates nothing"


def test_status_speaks_russian_to_people(school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    school.record("Иванов И", noise(10))
    school.send_to(Target(9, tmp_path))
    config = str(school.base / "sync.toml")
    assert main(["once", "--config", config]) == 1
    told = capsys.readouterr().err
    assert "Нет связи с сервером" in told
    assert "Не доставлено: 2" in told
    assert main(["--config", config, "status"]) == 0
    assert "Комплект не полон: не доставлено 2" in capsys.readouterr().out


def test_a_name_cannot_speak_for_the_program(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school.record("Иванов И", noise(10))
    for path in list(school.day.iterdir()):
        path.rename(path.with_name("x\nКомплект полон: доставлено всё.\x1b[2J" + path.suffix))
    (manifest,) = school.day.glob("*.json")
    told = json.loads(manifest.read_bytes())
    told["audio"]["file"] = manifest.with_suffix(".wav").name
    manifest.write_text(json.dumps(told))
    school.send_to(Target(9, tmp_path))
    config = str(school.base / "sync.toml")
    assert main(["once", "--config", config]) == 1
    assert main(["status", "--config", config]) == 0
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "доставлено всё" in text
        assert not any(line.startswith("Комплект полон") for line in text.splitlines())
        assert "\x1b" not in text


def test_a_server_beyond_this_machine_without_tls_is_warned_of(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    school.send_to(Target(9, tmp_path), url="http://exchange.example:8464/files")
    assert main(["once", "--config", str(school.base / "sync.toml")]) == 1
    assert "not encrypted" in capsys.readouterr().err


def test_the_state_folder_may_not_lie_among_the_recordings(school: School, tmp_path: Path) -> None:
    school.settings["state"] = '[state]\nfolder = "recordings/../recordings/state"'
    school.send_to(Target(9, tmp_path))
    assert main(["status", "--config", str(school.base / "sync.toml")]) == 2


def test_a_damaged_server_key_is_named(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("?")
    with pytest.raises(Fatal, match=KEY_FILE):
        _ = Receipts(tmp_path).key
