"""Nothing is deleted but what the centre signed for, past its date, by a person; and each deletion is on record."""

import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from by_hand import GIVEN, answer, by_hand, sync
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from retained import LATER, TOUCHES, UNLINKS, UNTIL, Retained, killed_at
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL, ZONE
from school import School

from sync import config
from sync.cli import main
from sync.retention import commands, looking, removing
from sync.retention.deleting import look

CONFIRM = ("delete", "--by", "Завуч И. И.", "--confirm")


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_clock", lambda _config: lambda: LATER)


@pytest.fixture
def room(tmp_path: Path) -> Retained:
    return Retained(tmp_path)


def test_a_recording_may_go_when_copy_and_manifest_are_signed_for_and_the_day_has_passed(room: Retained) -> None:
    assert room.deletable() == set()
    room.prove()
    stays = {"journal.jsonl", "протокол 1.pdf"}
    assert room.deletable() == set(room.verdicts()) - stays
    assert any(name.endswith(".wav") for name in room.deletable())
    room.prove(room.base / "scans" / "протокол 1.pdf")
    assert set(room.verdicts()) - room.deletable() == {"journal.jsonl"}


def test_one_proof_of_two_is_none(room: Retained) -> None:
    room.prove(*room.day.glob("*.mp3"))
    assert room.deletable() == set()
    room.prove(next(room.day.glob("*Ученик1*.json")))
    assert {name.split("_")[3].split(".")[0] for name in room.deletable()} == {"Ученик1 И"}


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        ({"tier": "hub"}, "принято в Штабе"),
        ({"tier": "folder"}, "лежит в папке"),
        ({"signature": None}, "не подписана"),
        ({"method": "read-back", "signature": None}, "не подписана"),
        ({"key": Ed25519PrivateKey.generate()}, "подпись сервера неверна"),
        ({"size": 1}, "о других данных"),
        ({"sha256": "0" * 64}, "о других данных"),
        ({"server": "another"}, "подпись сервера неверна"),
    ],
)
def test_what_is_no_receipt_of_the_centre_never_suffices(
    room: Retained, forged: dict[str, Any], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room.prove()
    room.prove(next(room.day.glob("*Ученик2*.mp3")), **forged)
    theirs = {name for name in room.names() if "Ученик2" in name}
    assert len(theirs) == 3
    assert theirs.isdisjoint(room.deletable())
    assert all(reason in str(room.verdicts()[name].reason) for name in theirs)
    assert room.run(*CONFIRM) == 0
    assert theirs <= room.names()
    assert "Удалено файлов: 10" in capsys.readouterr().out


def test_a_hub_receipt_forged_into_the_centre_is_found_by_its_signature(room: Retained) -> None:
    room.prove(tier="hub")
    for path in (room.state / "receipts").iterdir():
        path.write_text(path.read_text().replace('"tier":"hub"', '"tier":"centre"'))
    assert room.deletable() == set()


@pytest.mark.parametrize(
    ("retention", "today", "may"),
    [
        ("", LATER, False),
        (f"until = {UNTIL}", datetime(2026, 6, 30, 23, 59, tzinfo=ZONE), False),
        (f"until = {UNTIL}", datetime(2026, 7, 1, 0, 1, tzinfo=ZONE), True),
        ("until = 2026-02-10", LATER, False),
        ("days = 30", datetime(2026, 3, 13, 12, tzinfo=ZONE), False),
        ("days = 30", datetime(2026, 3, 14, 12, tzinfo=ZONE), True),
    ],
)
def test_without_a_day_or_before_it_nothing_may_go(
    room: Retained, retention: str, today: datetime, *, may: bool
) -> None:
    room.prove()
    room.keep(retention)
    assert bool(room.deletable(today)) is may


@pytest.mark.parametrize("retention", ["until = 2026-06-30\ndays = 3", "days = 0", 'until = "soon"', "forever = true"])
def test_a_retention_that_cannot_be_meant_is_refused(
    room: Retained, retention: str, capsys: pytest.CaptureFixture[str]
) -> None:
    room.keep(retention)
    assert room.run() == 2
    assert "retention" in capsys.readouterr().err


def test_only_a_confirmed_call_deletes_and_it_is_signed_for(room: Retained, capsys: pytest.CaptureFixture[str]) -> None:
    room.prove()
    before = {path.name: path.read_bytes() for path in room.day.iterdir()}
    assert room.run("delete", "--by", "Завуч И. И.") == 0
    assert "Ничего не удалено" in capsys.readouterr().out
    assert room.names() == set(before)
    assert room.lines() == []
    assert room.run(*CONFIRM) == 0
    assert str(room.state / "deletions") in capsys.readouterr().out
    assert room.names() == {"journal.jsonl"}
    (record,) = room.records()
    gone = {Path(each["path"]).name: each for each in record["files"]}
    assert set(gone) == set(before) - {"journal.jsonl"}
    assert all(each["sha256"] == hashlib.sha256(before[name]).hexdigest() for name, each in gone.items())
    assert {each["by"] for each in record["files"]} == {"Завуч И. И."}
    assert all(each["proofs"][0]["kind"] == "receipt" for each in record["files"])
    assert (record["term"], record["kept"]) == ({"until": str(UNTIL), "days": None}, [])
    assert stat.S_IMODE((room.state / "installation.key").stat().st_mode) == 0o600
    assert room.run(*CONFIRM) == 0
    assert "Удалять нечего" in capsys.readouterr().out
    assert len(room.records()) == 1


def test_told_per_file_as_json(room: Retained, capsys: pytest.CaptureFixture[str]) -> None:
    room.prove()
    assert room.run("--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["deletable"] == sum(each["deletable"] for each in told["files"]) == 13
    assert {Path(each["path"]).name for each in told["files"]} == room.names() | {"протокол 1.pdf"}
    assert all((each["reason"] is None) is each["deletable"] for each in told["files"])


def test_a_file_changed_on_disk_stays_with_its_manifest(room: Retained, capsys: pytest.CaptureFixture[str]) -> None:
    room.prove()
    master = next(room.day.glob("*Ученик2*.wav"))
    content = bytearray(master.read_bytes())
    content[7] ^= 1
    master.write_bytes(content)
    assert room.run(*CONFIRM) == 1
    assert "Остались на месте" in capsys.readouterr().err
    assert {name for name in room.names() if "Ученик2" in name} == {master.name, master.stem + ".json"}
    (record,) = room.records()
    assert {Path(each["path"]).name for each in record["kept"]} == {master.name, master.stem + ".json"}


def test_a_manifest_stays_as_long_as_another_file_of_its_recording(room: Retained) -> None:
    room.prove()
    with next(room.day.glob("*Ученик3*.wav")).open("ab") as file:
        file.write(b"longer")
    assert {name for name in room.deletable() if "Ученик3" in name} == {
        path.name for path in room.day.glob("*Ученик3*.mp3")
    }


def test_links_are_told_and_never_followed(room: Retained, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for path in list(room.day.glob("*Ученик1*")):
        shutil.copy(path, outside / path.name)
    linked = next(room.day.glob("*Ученик1*.mp3"))
    linked.unlink()
    linked.symlink_to(outside / linked.name)
    (room.base / "recordings" / "2026-02-11_999").symlink_to(outside)
    room.prove()
    before = sorted(path.name for path in outside.iterdir())
    assert room.run(*CONFIRM) == 0
    assert sorted(path.name for path in outside.iterdir()) == before
    assert linked.is_symlink()
    assert (room.base / "recordings" / "2026-02-11_999").is_symlink()


def test_a_folder_or_file_swapped_after_it_was_judged_is_left(room: Retained, tmp_path: Path) -> None:
    room.prove()
    going = [each.file for each in look(room.config, lambda: LATER) if each.deletable]
    file = next(each for each in going if each.path.endswith("Ученик1 И.mp3"))
    outside = tmp_path / "outside"
    shutil.copytree(room.day, outside)
    shutil.move(room.day, tmp_path / "aside")
    room.day.symlink_to(outside)
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        removing.remove(file, lambda: None)
    assert (outside / Path(file.path).name).exists()
    room.day.unlink()
    shutil.move(tmp_path / "aside", room.day)

    def swap() -> None:
        there = room.day / Path(file.path).name
        there.rename(tmp_path / "taken")
        shutil.copy(tmp_path / "taken", there)

    with pytest.raises(removing.NotTheSame):
        removing.remove(file, swap)
    assert (room.day / Path(file.path).name).exists()


def test_a_receipt_lost_between_look_and_deletion_keeps_the_file(
    room: Retained, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    room.prove()
    lost = hashlib.sha256(next(room.day.glob("*Ученик1*.mp3")).read_bytes()).hexdigest()
    real = removing.remove

    def lose(file: Any, agree: Any) -> None:
        (room.state / "receipts" / f"{lost}.json").unlink(missing_ok=True)
        real(file, agree)

    monkeypatch.setattr(removing, "remove", lose)
    assert room.run(*CONFIRM) == 1
    assert "нет квитанции РЦОИ" in capsys.readouterr().err
    assert len([name for name in room.names() if "Ученик1" in name]) == 3


def test_two_recordings_of_one_name_are_told_apart_by_the_mark(room: Retained) -> None:
    first = next(room.day.glob("*Ученик1*.mp3"))
    told = json.loads((room.day / f"{first.stem}.json").read_text())
    other = b"another computer's recording of the same name"
    digest = hashlib.sha256(other).hexdigest()
    told["deliveries"][0] |= {"sha256": digest, "size": len(other)}
    told |= {"sha256": digest, "size": len(other)}
    told["audio"]["file"] = first.name
    (room.day / f"{first.stem}~{digest[:8]}.mp3").write_bytes(other)
    (room.day / f"{first.stem}~12345678.json").write_text(json.dumps(told, ensure_ascii=False))
    room.prove(first, room.day / f"{first.stem}.json")
    assert room.deletable() == {f"{first.stem}.{end}" for end in ("mp3", "json", "wav")}


@pytest.mark.parametrize("touches", [UNLINKS, pytest.param(TOUCHES, marks=pytest.mark.slow)])
def test_after_a_kill_at_any_step_all_is_on_record_and_the_next_call_ends_it(
    tmp_path: Path, touches: frozenset[str]
) -> None:
    step = 0
    while True:
        step += 1
        room = Retained(tmp_path / str(step), people=1)
        room.prove()
        before = {path.name for path in room.day.iterdir()}
        words = ("retention", *CONFIRM, "--config", str(room.base / "sync.toml"))
        if not killed_at(step, words, touches):
            break
        noted = {Path(each["path"]).name for each in room.lines() if each["event"] == "deleting"}
        assert before - room.names() <= noted, step
        assert room.run() == 0
        assert room.run(*CONFIRM) == 0
        assert room.names() == {"journal.jsonl"}, step
        records = room.records()
        gone = [Path(each["path"]).name for record in records for each in record["files"]]
        assert sorted(gone) == sorted(before - {"journal.jsonl"}), step
        assert [each["event"] for each in room.lines()].count("signed") == len(records) == 1, step
    assert step > (60 if touches is TOUCHES else 7)


def test_what_was_cut_short_is_told(room: Retained, capsys: pytest.CaptureFixture[str]) -> None:
    room.prove()
    words = ("retention", *CONFIRM, "--config", str(room.base / "sync.toml"))
    assert killed_at(3, words, UNLINKS)
    assert room.run() == 0
    assert "Удаление № 1 прервано: записано файлов 3, ещё лежат 1." in capsys.readouterr().out


def test_a_torn_line_or_a_broken_key_deletes_nothing(room: Retained, capsys: pytest.CaptureFixture[str]) -> None:
    room.prove()
    before = room.names()
    (room.state / "installation.key").write_text("no key")
    assert room.run(*CONFIRM) == 1
    assert "Ключ этой установки" in capsys.readouterr().err
    (room.state / "installation.key").unlink()
    (room.state / "deletions.jsonl").write_text('{"event": "del\n')
    assert room.run(*CONFIRM) == 1
    assert "не читаются" in capsys.readouterr().err
    assert room.names() == before


@pytest.fixture
def open_room() -> Iterator[Retained]:
    """Where other users can come in, too."""
    base = Path(tempfile.mkdtemp(prefix="retention-"))
    base.chmod(0o755)
    yield Retained(base)
    shutil.rmtree(base)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_who_only_reads_the_recordings_is_told_who_may_delete(
    open_room: Retained, capfd: pytest.CaptureFixture[str]
) -> None:
    open_room.prove()
    for path in (open_room.state, *open_room.state.rglob("*")):
        os.chown(path, 65534, 65534)
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        os._exit(open_room.run(*CONFIRM))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert "sudo station-sync retention delete" in capfd.readouterr().err
    assert len(open_room.names()) == 14
    assert open_room.run(*CONFIRM) == 0
    left = [path for path in open_room.state.rglob("*") if path.stat().st_uid != 65534]
    assert left == []


def test_what_was_handed_over_may_go_until_that_is_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school = School(tmp_path)
    by_hand(school, more=f"[retention]\nuntil = {UNTIL}\n")
    answer(school, 1)
    assert sync(school, "pack") == 0
    told = config.load(tmp_path / "sync.toml")
    assert not any(each.deletable for each in look(told, lambda: LATER))
    assert sync(school, "handed-over", "--all", *GIVEN) == 0
    going = [each for each in look(told, lambda: LATER) if each.deletable]
    assert {Path(each.file.path).suffix for each in going} == {".mp3", ".json", ".wav"}
    assert {proof.kind for each in going for proof in each.proofs} == {"handed_over"}
    with (tmp_path / "state" / "handovers.jsonl").open("a") as file:
        file.write('{"event": "taken_ba\n')
    assert not any(each.deletable for each in look(told, lambda: LATER))
    lines = (tmp_path / "state" / "handovers.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "state" / "handovers.jsonl").write_text(lines[0] + "\n", encoding="utf-8")
    assert sync(school, "take-back", "1", "--by", "Петрова", "--reason", "не тот накопитель") == 0
    assert not any(each.deletable for each in look(told, lambda: LATER))
    assert capsys.readouterr().err is not None


@pytest.mark.slow
def test_delivered_to_a_real_centre_deleted_and_still_proved(tmp_path: Path) -> None:
    room = Retained(tmp_path / "school")
    (room.state / "server.key").unlink()
    program, token = exchange_for(SCHOOL, tmp_path / "centre", "--tier", "centre")
    (room.base / "token").touch(0o600)
    (room.base / "token").write_text(token)
    text = (
        (room.base / "sync.toml")
        .read_text()
        .replace("http://127.0.0.1:9/files", f"http://127.0.0.1:{program.port}/files")
    )
    (room.base / "sync.toml").write_text(text.replace("[retention]", 'token_file = "token"\n[retention]'))
    sync = ("--config", str(room.base / "sync.toml"))
    with program.running():
        assert main(["once", *sync]) == 0
        assert room.run(*CONFIRM) == 0
        assert room.names() == {"journal.jsonl"}
        assert main(["verify", *sync]) == 0
        assert main(["once", *sync]) == 0
    (record,) = room.records()
    assert len(record["files"]) == 13
    assert len(list((tmp_path / "centre").rglob("*.mp3"))) == 4


def test_a_name_that_is_not_utf8_and_odd_files_are_told(room: Retained) -> None:
    (room.day / os.fsdecode(b"\xff\xfe.bin")).write_bytes(b"x")
    os.mkfifo(room.day / "pipe")
    (room.day / ".part-0123456789abcdef").write_bytes(b"x")
    reasons = [str(each.reason) for each in look(room.config, lambda: LATER)]
    for word in ("не в UTF-8", "не обычный файл", "недописанный"):
        assert any(word in reason for reason in reasons), word


def test_an_until_of_another_year_protects_scans_by_their_own_time(room: Retained) -> None:
    scan = room.base / "scans" / "протокол 1.pdf"
    room.prove(scan)
    now = (LATER + timedelta(days=1)).timestamp()
    os.utime(scan, (now, now))
    assert scan.name not in room.deletable()
    assert list(looking.files(room.config))
