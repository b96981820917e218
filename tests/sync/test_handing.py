"""Packing for a person, as the commands show it and as other programs open the result."""

import csv
import io
import os
import subprocess
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from by_hand import GIVEN, UTF8, answer, by_hand, contents, inventory, recorded, seen_by_7z, states, status, sync, zips
from school import School, Target, noise, sha256

from exam.names import Kind

UTF8_FLAG = 0x800
FIRST, SECOND = "701020_2026-02-11_01.zip", "701020_2026-02-11_02.zip"


def test_a_day_becomes_zips_with_inventories_and_ends_handed_over(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = by_hand(school)
    for number in range(1, 5):
        answer(school, number, 300_000)
    school.record("поток_01", noise(50), kind=Kind.STREAM, delivery=noise(400_000, 9))
    assert sync(school, "once") == 1, "packed is not handed over"
    assert "Не передано архивов: 2" in capsys.readouterr().err
    assert [path.name for path in zips(outbox)] == [FIRST, SECOND]
    assert contents(outbox) == recorded(school)
    assert all(path.stat().st_size <= 1_000_000 for path in zips(outbox))
    assert set(states(school).values()) == {"uploaded"}

    assert sync(school, "handed-over", "--all", *GIVEN, "--at", "2026-02-11T18:30+07:00") == 1, "before it was packed"
    assert "--at" in capsys.readouterr().err
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    assert sync(school, "once") == 0
    found = status(school)
    assert {item.state for item in found.items} == {"handed_over"}
    assert all(item.receipt is None for item in found.items), "handed over by a person is not delivered"
    assert found.package.complete, "nothing is left to be done here"
    for word in ("Петрова А. А.", "личный кабинет", FIRST):
        assert word in str(found.items[0].reason)


def test_other_programs_open_the_zip_and_show_its_names(school: School, tmp_path: Path) -> None:
    outbox = by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    (path,) = zips(outbox)
    with ZipFile(path) as archive:
        told = archive.infolist()
    assert all(each.flag_bits & UTF8_FLAG for each in told), "so Explorer shows Cyrillic"
    assert {each.compress_type for each in told} == {ZIP_STORED}
    assert {each.filename for each in told} == {"опись.txt", *recorded(school)}
    assert set(seen_by_7z(path)) == {each.filename for each in told}
    out = tmp_path / "unzipped"
    subprocess.run(["unzip", "-q", str(path), "-d", str(out)], check=True, env=os.environ | UTF8)
    unzipped = {
        found.relative_to(out).as_posix(): sha256(found.read_bytes()) for found in out.rglob("*") if found.is_file()
    }
    assert unzipped.pop("опись.txt")
    assert unzipped == recorded(school)


def test_inventories_say_what_is_where_and_what_lacks(school: School) -> None:
    outbox = by_hand(school)
    answer(school, 7)
    answer(school, 7, take=2)
    answer(school, 8)
    (school.day / "11.02.2026_265_701020_Иванов 8.mp3").write_bytes(noise(20_000, 5))
    assert sync(school, "pack") == 1
    (path,) = zips(outbox)
    beside = inventory(outbox)
    for word in (
        "Школа 701020, дата проведения 11.02.2026", FIRST, sha256(path.read_bytes()), "№ 7 Иванов Иван Иванович, 9А",
        "дубль 2", "архивов 1, файлов 4", "Сдал", "Принял", "Дата, время", "НЕ ВОШЛО",
        "Иванов 8.json: ждёт своей записи",
        "изменён после завершения записи",
    ):  # fmt: skip
        assert word in beside, word
    with ZipFile(path) as archive:
        raw = archive.read("опись.txt")
    assert raw.startswith(b"\xef\xbb\xbf"), "an old Notepad needs the mark"
    assert raw.count(b"\n") == raw.count(b"\r\n") > 10
    assert "Иванов 8.mp3: Файл" in raw.decode("utf-8-sig")
    for name, digest in contents(outbox).items():
        assert any(digest in line and name in line for line in raw.decode().splitlines())
        assert any(digest in line and name in line for line in beside.splitlines())
    (table,) = outbox.glob("*.csv")
    rows = list(csv.reader(io.StringIO(table.read_bytes().decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:7] == ["№", "Файл", "Участник", "Размер, байт", "SHA-256", "ZIP", "SHA-256 архива"]
    assert {row[1]: row[4] for row in rows[1:] if row[0]} == contents(outbox)
    assert [row[1].rpartition("_")[2] for row in rows[1:] if not row[0]] == ["Иванов 8.json", "Иванов 8.mp3"]


def test_participants_stay_whole_and_what_is_too_large_stands_alone(school: School) -> None:
    outbox = by_hand(school)
    answer(school, 1, 600_000)
    answer(school, 2, 300_000)
    answer(school, 2, 300_000, take=2)  # the two of them do not fit beside the first participant
    answer(school, 3, 1_500_000)  # larger than an archive is to be
    answer(school, 4, 700_000)
    answer(school, 4, 700_000, take=2)  # fits into no archive whole
    assert sync(school, "pack") == 0
    assert contents(outbox) == recorded(school)
    holds = {
        path.name: {name.rpartition("_701020_")[2] for name in contents(outbox, path.name)} for path in zips(outbox)
    }
    for names in holds.values():
        assert {name.replace(".mp3", ".json") for name in names if name.endswith(".mp3")} <= names
    assert {name for name, held in holds.items() if any("Иванов 2" in name for name in held)} == {SECOND}
    large = [path for path in zips(outbox) if path.stat().st_size > 1_000_000]
    assert len(large) == 1
    assert holds[large[0].name] == {"Иванов 3.mp3", "Иванов 3.json"}
    assert inventory(outbox).count("Больше заданного размера") == 1


def test_a_later_recording_goes_into_the_next_zip(school: School) -> None:
    outbox = by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    before = zips(outbox)[0].read_bytes()
    answer(school, 1, take=2)
    assert sync(school, "pack") == 0
    assert zips(outbox)[0].read_bytes() == before
    assert {name.rpartition("_")[2] for name in contents(outbox, SECOND)} == {"2.mp3", "2.json"}
    assert contents(outbox) == recorded(school)
    assert sorted(states(school).values()) == ["handed_over", "handed_over", "uploaded", "uploaded"]
    assert sync(school, "once") == 1


def test_rooms_with_one_name_do_not_unpack_over_each_other(school: School) -> None:
    outbox = by_hand(school, more='[watch]\nrecordings = ["recordings", "other"]\n')
    answer(school, 1)
    school.recordings.rename(school.base / "other")
    answer(school, 1, seed=50)
    assert sync(school, "pack") == 0
    names = list(contents(outbox))
    assert len(names) == 4
    assert len({name.casefold() for name in names}) == 4
    assert sum("~" in name for name in names) == 2


@pytest.mark.slow
def test_a_hundred_participants(school: School) -> None:
    outbox = by_hand(school)
    for number in range(1, 101):
        answer(school, number, 30_000)
    assert sync(school, "pack") == 0
    assert contents(outbox) == recorded(school)
    assert 3 <= len(zips(outbox)) <= 5
    assert all(path.stat().st_size <= 1_000_000 for path in zips(outbox))
    assert sync(school, "pack") == 0, "and nothing is left to do"
    assert len(contents(outbox)) == 200


def test_pack_of_nothing_is_done(school: School) -> None:
    outbox = by_hand(school)
    school.recordings.mkdir()
    assert sync(school, "pack") == 0
    assert not zips(outbox)


def test_the_inventory_a_person_wrote_into_is_kept(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    outbox = by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    (path,) = outbox.glob("*_опись.txt")
    path.write_text("сдала Петрова", encoding="utf-8")
    answer(school, 2)
    assert sync(school, "pack") == 0
    assert "сохранён как" in capsys.readouterr().err
    assert [one.read_text(encoding="utf-8") for one in outbox.glob("*опись~*.txt")] == ["сдала Петрова"]
    assert SECOND in path.read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('folder = "recordings/zip"', "target.folder"),
        ("zip_megabytes = 0", "target.zip_megabytes"),
        ("x = 1", "target.x"),
    ],
)
def test_wrong_settings_are_refused(school: School, more: str, key: str, capsys: pytest.CaptureFixture[str]) -> None:
    (school.base / "sync.toml").write_text(f'[school]\ncode = "701020"\n[target]\nkind = "manual"\n{more}\n')
    assert sync(school, "pack") == 2
    assert key in capsys.readouterr().err
    assert not school.state.exists()


def test_the_commands_are_for_this_kind_only(
    school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school.send_to(Target(9, tmp_path))
    assert sync(school, "pack") == 2
    assert "target.kind" in capsys.readouterr().err


def test_status_names_the_state_in_words(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    capsys.readouterr()
    assert sync(school, "status") == 0
    told = capsys.readouterr().out
    assert f"упаковано в {FIRST}, ждёт передачи человеком" in told
    assert "отправ" not in told
    assert "не передано 2" in told
    assert sync(school, "handed-over", FIRST, *GIVEN) == 0
    capsys.readouterr()
    assert sync(school, "status") == 0
    told = capsys.readouterr().out
    assert "передано человеком: сдал Петрова А. А., принял РЦОИ, Сидоров" in told
    assert "2026-02-11_265: передано человеком 2 из 2" in told
    assert "доставка не доказана" in told
    assert "доставлено всё" not in told
