"""The record of handing over: kept for good, idempotent, refused with words for what cannot have been."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from by_hand import GIVEN, answer, by_hand, contents, recorded, states, sync, zips
from school import School

from sync.handing.giving import FILE
from sync.ledger import Ledger

FIRST, SECOND = "701020_2026-02-11_01.zip", "701020_2026-02-11_02.zip"


@pytest.fixture
def packed(school: School) -> Path:
    """The folder, with two ZIPs that wait."""
    outbox = by_hand(school)
    answer(school, 1, 600_000)
    answer(school, 2, 600_000)
    assert sync(school, "pack") == 0
    assert [path.name for path in zips(outbox)] == [FIRST, SECOND]
    return outbox


def lines(school: School) -> list[str]:
    return (school.state / FILE).read_text(encoding="utf-8").splitlines()


def by_state(school: School) -> dict[str, int]:
    return dict(Counter(states(school).values()))


def listed(school: School, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert sync(school, "handovers", "--json") == 0
    return list(json.loads(capsys.readouterr().out))


def test_one_zip_after_the_other(school: School, packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packed.is_dir()
    assert sync(school, "handed-over", FIRST, *GIVEN, "--note", "по  описи") == 0
    assert by_state(school) == {"handed_over": 2, "uploaded": 2}
    assert sync(school, "handed-over", "--all", "--by", "Я", "--to", "Они", "--way", "накопитель") == 0
    assert by_state(school) == {"handed_over": 4}
    first, second = listed(school, capsys)
    assert (first["number"], first["way"], first["note"]) == (1, "личный кабинет", "по описи")
    assert (second["number"], second["by"], second["taken_back"]) == (2, "Я", None)
    capsys.readouterr()
    assert sync(school, "handovers") == 0
    told = capsys.readouterr().out
    assert "сдал Петрова А. А., принял РЦОИ, Сидоров" in told
    assert SECOND in told


def test_said_twice_it_is_recorded_once(school: School, packed: Path) -> None:
    assert packed.is_dir()
    for _ in range(2):
        assert sync(school, "handed-over", FIRST, SECOND, FIRST, *GIVEN) == 0
    assert sync(school, "handed-over", "--all", *GIVEN) == 0, "nothing waits any more"
    assert len(lines(school)) == 1


def test_another_way_is_another_record(school: School, packed: Path) -> None:
    assert packed.is_dir()
    assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    assert sync(school, "handed-over", FIRST, *GIVEN[:-1], "накопитель") == 0
    assert len(lines(school)) == 2


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["чужой.zip", *GIVEN], (1, "не наш")),
        (["701020_2026-02-11_09.zip", *GIVEN], (1, "не наш")),
        ([f"/nowhere/{FIRST}", *GIVEN], (1, "не читается")),
        ([FIRST, *GIVEN, "--at", "2126-02-11T18:30"], (1, "ещё не наступило")),
        ([FIRST, *GIVEN[:-1], " \n "], (1, "--way")),
        ([*GIVEN], (2, "--all")),
        (["--all", FIRST, *GIVEN], (2, "--all")),
    ],
)
def test_what_cannot_have_been_is_refused(
    school: School, packed: Path, words: list[str], refusal: tuple[int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert packed.is_dir()
    code, told = refusal
    assert sync(school, "handed-over", *words) == code
    assert told in capsys.readouterr().err
    assert not (school.state / FILE).exists()
    assert by_state(school) == {"uploaded": 4}


def test_an_altered_zip_was_not_handed_over(school: School, packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (packed / FIRST).open("r+b") as file:
        file.seek(5000)
        file.write(b"\0\0\0\0")
    assert sync(school, "handed-over", "--all", *GIVEN) == 1
    assert "изменён после упаковки" in capsys.readouterr().err
    assert not (school.state / FILE).exists(), "nor are the others: a person has to say again what was given"
    assert sync(school, "pack") == 0
    assert "упакованы заново" in capsys.readouterr().err
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    assert by_state(school) == {"handed_over": 4}


def test_a_zip_moved_to_a_drive_is_known_by_its_content(
    school: School, packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (packed / FIRST).rename(tmp_path / FIRST)
    assert sync(school, "pack") == 0, "it looks lost, and is packed again"
    third = packed / "701020_2026-02-11_03.zip"
    assert third.exists()
    assert sync(school, "handed-over", str(tmp_path / FIRST), *GIVEN) == 0
    assert by_state(school) == {"handed_over": 2, "uploaded": 2}
    capsys.readouterr()
    assert sync(school, "pack") == 0
    assert "этот не нужен" in capsys.readouterr().err
    (path,) = packed.glob("*_опись.txt")
    told = path.read_bytes().decode("utf-8-sig")
    assert f"Архив {FIRST}" in told
    assert f"Архив {third.name}" not in told.partition("НЕ ПЕРЕДАВАТЬ")[0]
    assert third.name in told.partition("НЕ ПЕРЕДАВАТЬ")[2]


def test_a_mistaken_record_is_corrected_and_kept(
    school: School, packed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert packed.is_dir()
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    before = lines(school)
    back = ["--by", "Директор", "--reason", "не тот накопитель"]
    assert sync(school, "take-back", "2", *back) == 1
    assert "№ 2 нет" in capsys.readouterr().err
    for _ in range(2):
        assert sync(school, "take-back", "1", *back) == 0
    assert lines(school)[:1] == before
    assert len(lines(school)) == 2
    assert by_state(school) == {"uploaded": 4}
    assert listed(school, capsys)[0]["taken_back"]["reason"] == "не тот накопитель"  # type: ignore[index]
    assert sync(school, "pack") == 0
    assert len(zips(packed)) == 2, "the ZIPs are still good"
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    assert [each["number"] for each in listed(school, capsys)] == [1, 2]
    assert by_state(school) == {"handed_over": 4}


def test_a_crash_between_record_and_ledger_is_mended(
    school: School, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash:
        crash.setattr("sync.handing.giving.settle", lambda *_: None)
        assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    assert packed.is_dir()
    assert by_state(school) == {"uploaded": 4}
    assert sync(school, "once") == 1
    assert by_state(school) == {"handed_over": 2, "uploaded": 2}


def test_a_lost_ledger_is_told_anew_by_records_and_zips(school: School, packed: Path) -> None:
    assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    for path in school.state.glob("ledger.sqlite*"):
        path.unlink()
    assert sync(school, "pack") == 0
    assert by_state(school) == {"handed_over": 2, "uploaded": 2}
    assert len(zips(packed)) == 2
    assert contents(packed) == recorded(school)


def test_a_torn_line_hides_no_other(school: School, packed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packed.is_dir()
    assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    with (school.state / FILE).open("ab") as file:
        file.write(b'{"event": "handed_over", "num')  # as a power cut leaves it
    assert sync(school, "handed-over", SECOND, *GIVEN) == 0
    assert by_state(school) == {"handed_over": 4}
    assert len(lines(school)) == 3
    capsys.readouterr()
    assert sync(school, "handovers") == 1
    told = capsys.readouterr()
    assert FIRST in told.out
    assert SECOND in told.out
    assert "строки 2 не читаются" in told.err


def test_the_records_are_synced_before_anything_is_answered(
    school: School, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packed.is_dir()
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        real(descriptor)

    moved = Ledger.move_all

    def move_all(self: Ledger, *steps: object) -> None:
        assert FILE in synced
        moved(self, *steps)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Ledger, "move_all", move_all)
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    assert synced.count(FILE) == 1
