"""The centre's commands: what they print, what they find, what they copy; beside a served exchange or without one."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from centre_peers import FOLDER, WHO, Sent, Staged
from rig.schoolday import SCHOOL

from sync.exchange.centre.audit import Audit
from sync.exchange.centre.operators import Operators
from sync.exchange.database import Database
from sync.exchange.yard import Yard


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent(tmp_path_factory.mktemp("sent"))


@pytest.fixture
def staged(tmp_path: Path, sent: Sent) -> Iterator[Staged]:
    made = Staged(tmp_path / "exchange")
    made.admit(SCHOOL, "701021")
    sent.send(made)
    made.receive("701021", "2026-02-11_1", "письмо.txt", b"hello")
    yield made
    made.database.close()


def run(folder: Path, *words: str, told: str = "", expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "sync.cli", "exchange", words[0], "--folder", str(folder), *words[1:]],
        input=told, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == expect, (done.stdout, done.stderr)
    return done


@pytest.mark.slow
def test_people_are_admitted_and_shut_out(tmp_path: Path) -> None:
    staged = Staged(tmp_path)
    staged.database.close()
    assert "от 12 до 256" in run(tmp_path, "add-operator", WHO, told="short\n", expect=1).stderr
    run(tmp_path, "add-operator", WHO, told="correct horse battery\n")
    assert "уже заведён" in run(tmp_path, "add-operator", WHO, told="another password\n", expect=1).stderr
    made = run(tmp_path, "add-operator", "Иванов И.", "--generate").stdout.split()[-1]
    assert [line.split("  ")[0] for line in run(tmp_path, "operators").stdout.splitlines()] == ["Иванов И.", WHO]
    database = Database(Yard(tmp_path).database)
    people = Operators(database)
    assert people.proves("Иванов И.", made)
    assert people.proves(WHO, "correct horse battery")
    run(tmp_path, "add-operator", WHO, "--replace", told="another password\n")
    assert not people.proves(WHO, "correct horse battery")
    run(tmp_path, "remove-operator", WHO)
    assert not people.proves(WHO, "another password")
    assert "не заведён" in run(tmp_path, "remove-operator", WHO, expect=1).stderr
    database.close()
    acts = [(one.act, one.what) for one in Audit(tmp_path).read()]
    assert acts[-1] == ("operator_removed", WHO)
    assert all(made not in one for _, one in acts)
    assert "нет файлообмена" in run(tmp_path / "other", "add-operator", WHO, "--generate", expect=1).stderr


@pytest.mark.slow
def test_the_matrix_is_printed_in_three_ways(staged: Staged, sent: Sent) -> None:
    days = json.loads(run(staged.folder, "matrix", "--school", SCHOOL, "--json").stdout)
    assert [(day["school"], day["exam_date"], day["standing"]) for day in days] == [(SCHOOL, "2026-02-11", "complete")]
    cells = {row["number"]: row["cells"] for row in days[0]["rows"]}
    for row in sent.package.rows:
        told = {stage: cell["school"]["mark"] for stage, cell in cells[row.number].items()}
        assert told == {str(stage): str(cell.mark) for stage, cell in row.cells.items()}
        assert all(cell["agrees"] for cell in cells[row.number].values())
    table = run(staged.folder, "matrix", "--date", "2026-02-11", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff")), delimiter=";"))
    assert len(rows) == 40
    assert (rows[0]["фамилия"], rows[0]["в РЦОИ: РЦОИ"], rows[4]["записан: школа"]) == ("Абрамов", "да", "не требуется")
    assert "   1  +++++++  Абрамов Иван Сергеевич" in run(staged.folder, "matrix").stdout


@pytest.mark.slow
def test_one_flipped_byte_and_one_lost_file_are_found(staged: Staged) -> None:
    count = len(list((staged.folder / "schools").rglob("*.*")))
    assert f"Проверено файлов: {count}, целы {count}." in run(staged.folder, "verify").stdout
    rotten, lost = (staged.folder / "schools" / SCHOOL / FOLDER / f"протокол_00{number}.pdf" for number in (1, 2))
    rotten.write_bytes(b"S" + rotten.read_bytes()[1:])
    lost.unlink()
    done = run(staged.folder, "verify", "--school", SCHOOL, "--date", "2026-02-11", expect=1)
    assert [line.rpartition("/")[2] for line in done.stderr.splitlines()] == [
        "протокол_001.pdf: файл испорчен: SHA-256 другой",
        "протокол_002.pdf: файла в хранилище нет",
    ]
    run(staged.folder, "verify", "--school", "701021")


@pytest.mark.slow
def test_an_export_is_verified_never_replaces_and_is_written_down(staged: Staged, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(staged.folder, "export", "--school", SCHOOL, "--date", "2026-02-11", str(out))
    stored = staged.folder / "schools" / SCHOOL
    copied = {path.relative_to(out / SCHOOL): path.read_bytes() for path in (out / SCHOOL).rglob("*.*")}
    assert copied == {path.relative_to(stored): path.read_bytes() for path in stored.rglob("*.*")}
    inventory = next(out.glob("опись_*.csv")).read_text(encoding="utf-8-sig")
    assert inventory.count("скопирован") == len(copied)
    name = f"{FOLDER}/протокол_001.pdf"
    (out / SCHOOL / name).write_bytes(b"somebody's own")
    (stored / FOLDER / "протокол_002.pdf").write_bytes(b"rotten")
    (out / SCHOOL / FOLDER / "протокол_002.pdf").unlink()
    done = run(staged.folder, "export", "--school", SCHOOL, str(out), expect=1)
    assert done.stderr.splitlines() == [f"{SCHOOL}/{FOLDER}/протокол_002.pdf: в хранилище испорчен: не скопирован"]
    assert (out / SCHOOL / name).read_bytes() == b"somebody's own"
    assert len(list((out / SCHOOL / FOLDER).glob("протокол_001*"))) == 2, "the right one lies beside it"
    assert not list(out.rglob(".part-*"))
    assert not (out / SCHOOL / FOLDER / "протокол_002.pdf").exists()
    assert [one.act for one in Audit(staged.folder).read()] == ["exported", "exported"]
    run(staged.folder, "export", str(tmp_path / "all"), expect=1)
    assert (tmp_path / "all" / "701021" / "2026-02-11_1" / "письмо.txt").read_bytes() == b"hello"
