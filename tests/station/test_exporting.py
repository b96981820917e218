"""A day carried to a drive: every file proved, nothing overwritten, whatever happens to the drive meanwhile."""

import contextlib
import csv
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from days import IVANOV, STREAM, Room
from desk_days import ROSTER, Desk, drive, stick, take_away

from exam import copying, fixity
from exam.drive import Drive
from exam.errors import Rejected
from station import config, paperwork
from station.exporting import carrying
from station.exporting.carrying import Carried, Step
from station.exporting.choosing import Left
from station.session import commands as ask
from station.verify import verify

DAY = "2026-02-11_265"


@pytest.fixture
def usb(tmp_path: Path) -> Iterator[Path]:
    with drive(tmp_path / "usb") as path:
        yield path


def carried(desk: Desk, path: Path, tell: Callable[[Step], None] = lambda _step: None) -> Carried:
    return carrying.carry(config.load(desk.top / "station.toml"), path, tell)


def codes(found: Carried) -> dict[str, str]:
    return {left.file: left.code for left in found.left}


def on(path: Path) -> dict[str, bytes]:
    """What is on the drive."""
    return {file.name: file.read_bytes() for file in (path / DAY).iterdir()}


def test_the_day_is_on_the_drive_byte_for_byte(finished: Desk, usb: Path) -> None:
    done = finished.run("export", str(usb))
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    assert "Скопировано и проверено файлов: 14" in line
    assert str(usb / DAY) in line
    copied = on(usb)
    for name in (
        f"{IVANOV}.mp3",
        f"{IVANOV}.wav",
        f"{IVANOV}.json",
        f"{STREAM}.mp3",
        f"{STREAM}.chain",
        "journal.jsonl",
        "11.02.2026_265_701020_ведомость_01.json",
    ):
        assert copied[name] == (finished.folder / name).read_bytes(), name
    assert verify(usb / DAY).ok
    assert copied["Ведомость.pdf"].startswith(b"%PDF")


def test_the_inventory_proves_every_file(finished: Desk, usb: Path) -> None:
    assert finished.run("export", str(usb)).returncode == 0
    copied = on(usb)
    text = copied["Опись.txt"].decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n"), "Notepad of an old Windows knows only these line ends"
    rows = list(csv.DictReader(copied["Опись.csv"].decode("utf-8-sig").splitlines(), delimiter=";"))
    assert {row["Файл"] for row in rows} == set(copied) - {"Опись.txt", "Опись.csv"}
    for row in rows:
        content = copied[row["Файл"]]
        assert (int(row["Размер, байт"]), row["SHA-256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert f"{row['SHA-256']}  {row['Размер, байт']:>12}  {row['Файл']}" in text
    (ivanov,) = [row for row in rows if row["Файл"] == f"{IVANOV}.mp3"]
    assert (ivanov["Участник"], ivanov["Класс"], ivanov["Вариант"]) == ("Иванов Иван Иванович", "9А", "7")


def test_what_a_lost_drive_held_is_known_here(finished: Desk, usb: Path) -> None:
    for _ in range(2):
        carried(finished, usb)
    (kept,) = (finished.top / "recordings" / "описи").iterdir()
    assert kept.name == f"{DAY}_1_usb.txt"
    assert kept.read_bytes() == on(usb)["Опись.txt"]


def test_a_second_call_finds_everything_equal(finished: Desk, usb: Path) -> None:
    carried(finished, usb)
    before = on(usb)
    again = carried(finished, usb)
    assert (again.ok, again.copied, len(again.equal)) == (True, (), 14)
    assert on(usb) == before


def test_json_is_one_document_and_progress_is_beside_it(finished: Desk, usb: Path) -> None:
    done = finished.run("export", str(usb), "--json")
    told = json.loads(done.stdout)
    assert (told["ok"], told["folder"], len(told["copied"]), told["left"]) == (True, str(usb / DAY), 14, [])
    steps = [json.loads(line)["progress"] for line in done.stderr.splitlines()]
    assert steps
    assert steps[0]["file"] == f"{IVANOV}.mp3"
    assert 0 < steps[0]["done"] <= steps[0]["whole"]


def test_another_file_of_the_name_is_left_alone(finished: Desk, usb: Path) -> None:
    (usb / DAY).mkdir()
    for name, content in ((f"{IVANOV}.mp3", b"mother's songs"), ("journal.jsonl", b"another day's\n")):
        (usb / DAY / name).write_bytes(content)
    done = finished.run("export", str(usb))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{IVANOV}.mp3" in done.stderr
    copied = on(usb)
    assert copied[f"{IVANOV}.mp3"] == b"mother's songs"
    assert copied["journal.jsonl"] == b"another day's\n"
    assert copied[f"{IVANOV}.wav"] == (finished.folder / f"{IVANOV}.wav").read_bytes()
    assert f"{IVANOV}.mp3: на накопителе под этим именем другой файл" in copied["Опись.txt"].decode("utf-8-sig")


def test_a_drive_that_is_too_small_is_refused_before_anything_is_copied(finished: Desk, tmp_path: Path) -> None:
    with drive(tmp_path / "small", "size=256k") as small:
        done = finished.run("export", str(small))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "не хватит места" in done.stderr
        assert not on(small)


def test_a_drive_that_fills_up_meanwhile_is_told_and_gone_on_with(finished: Desk, usb: Path) -> None:
    def fill(step: Step) -> None:
        if step.number == 3 and not (usb / "filler").exists():
            with contextlib.suppress(OSError), (usb / "filler").open("wb", buffering=0) as filler:
                while filler.write(bytes(1 << 16)):
                    pass

    with pytest.raises(Rejected, match="заполнен") as full:
        carried(finished, usb, fill)
    assert full.value.code == "drive_full"
    assert not [name for name in on(usb) if name.startswith(".part-")]
    (usb / "filler").unlink()
    assert carried(finished, usb).ok
    assert verify(usb / DAY).ok


def test_a_write_protected_drive_is_told_in_one_line(finished: Desk, tmp_path: Path) -> None:
    with drive(tmp_path / "locked", "ro") as locked:
        done = finished.run("export", str(locked))
    assert (done.returncode, done.stdout) == (1, "")
    assert "защиту от записи" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("when", ["amid a file", "between two"])
def test_a_drive_pulled_out_is_one_line_and_the_next_call_goes_on(
    finished: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    image, path = tmp_path / "stick.img", tmp_path / "stick"
    (path / DAY).mkdir(parents=True)  # below the drive, on the system's own disk, somebody has made the same folder
    done = list[str]()

    def pull(step: Step) -> None:
        if step.number == 4:
            take_away(path)

    def copy_and_pull(source: Path, *words: Any) -> str:
        sha256 = copied(source, *words)
        done.append(source.name)
        if len(done) == 3:
            take_away(path)
        return sha256

    copied = copying.copy
    with stick(image, path), monkeypatch.context() as patched:
        if when == "between two":
            patched.setattr(copying, "copy", copy_and_pull)
        with pytest.raises(Rejected, match="отключился") as pulled:
            carried(finished, path, pull)
        assert pulled.value.code == "drive_gone"
        assert not on(path), "nothing may go to the disk below"
    with stick(image, path):
        assert f"{IVANOV}.json" in on(path), "three files were finished"
        again = carried(finished, path)
        assert again.ok
        assert len(again.equal) == 3
        assert verify(path / DAY).ok
        assert not [name for name in on(path) if name.startswith(".part-")]


@pytest.mark.parametrize("where", ["nowhere", "recordings", f"recordings/{DAY}", "station.toml"])
def test_what_is_no_drive_is_refused(finished: Desk, where: str) -> None:
    before = sorted(finished.top.rglob("*"))
    done = finished.run("export", str(finished.top / where))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert sorted(finished.top.rglob("*")) == before


def test_a_damaged_recording_is_named_and_keeps_nothing_else_back(finished: Desk, usb: Path) -> None:
    damaged = finished.folder / f"{IVANOV}.mp3"
    content = bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)
    (finished.folder / f"{STREAM}.wav").unlink()
    found = carried(finished, usb)
    assert codes(found) == {f"{IVANOV}.mp3": "damaged", f"{STREAM}.wav": "no_file"}
    assert f"{IVANOV}.mp3" not in on(usb)
    assert f"{STREAM}.mp3" in on(usb)


def test_a_drive_that_gives_back_other_bytes_is_not_trusted(
    finished: Desk, usb: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flipped(path: Path) -> Iterator[bytes]:
        yield path.read_bytes()[:-1] + b"\0"

    monkeypatch.setattr(fixity, "read_back", flipped)
    with pytest.raises(Rejected, match="неисправен") as bad:
        carried(finished, usb)
    assert bad.value.code == "bad_drive"
    assert not on(usb)


@pytest.mark.parametrize(("largest", "ok"), [(40_000, True), (20_000, False)])
def test_what_a_file_system_cannot_hold_stays_and_is_named(
    finished: Desk, usb: Path, monkeypatch: pytest.MonkeyPatch, largest: int, *, ok: bool
) -> None:
    """FAT ends files at 4 GiB; here sooner. The mp3 goes; where not even that does the recording is missing."""
    opened = carrying.opened
    monkeypatch.setattr(
        carrying, "opened", lambda *words: msgspec.structs.replace(opened(*words), largest=largest, kind="vfat")
    )
    told: list[Left] = []
    nothing_yet: list[bool] = []

    def warn(left: Left) -> None:
        told.append(left)
        nothing_yet.append(not on(usb))

    found = carrying.carry(config.load(finished.top / "station.toml"), usb, lambda _step: None, warn)
    assert found.ok is ok
    named = {left.file for left in (*found.too_large, *found.left)}
    assert {left.file for left in told} == named
    assert all(nothing_yet), "told before anything is copied"
    assert f"{STREAM}.wav" in named
    assert (f"{STREAM}.mp3" in on(usb)) is ok
    assert f"{STREAM}.wav: больше 4 ГБ" in on(usb)["Опись.txt"].decode("utf-8-sig")


def test_fat_ends_files_at_4_gib(tmp_path: Path) -> None:
    fat = Drive(tmp_path, tmp_path / DAY, 0, "vfat", (1 << 32) - 1)
    assert fat.fits((1 << 32) - 1)
    assert not fat.fits(1 << 32)


@pytest.mark.slow
def test_an_exfat_drive_takes_the_day_and_takes_it_again(finished: Desk, tmp_path: Path) -> None:
    """By FUSE, which knows neither links nor renaming without replacing."""
    image, path = tmp_path / "exfat.img", tmp_path / "exfat"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.exfat", str(image)], check=True, stdout=subprocess.DEVNULL)
    path.mkdir()
    device = subprocess.run(["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True).stdout
    try:
        subprocess.run(["mount.exfat-fuse", device.strip(), str(path)], check=True, stdout=subprocess.DEVNULL)
        assert len(carried(finished, path).copied) == 14
        assert len(carried(finished, path).equal) == 14
        assert verify(path / DAY).ok
    finally:
        take_away(path)
        subprocess.run(["losetup", "-d", device.strip()], check=True)


def test_one_at_a_time_copies_to_a_drive(finished: Desk, usb: Path) -> None:
    refusals = []

    def again(_step: Step) -> None:
        if not refusals:
            refusals.append(finished.run("export", str(usb)))

    assert carried(finished, usb, again).ok
    assert refusals[0].returncode == 1
    assert "уже идёт копирование" in refusals[0].stderr


def test_what_an_interrupted_call_left_is_cleared_away(finished: Desk, usb: Path) -> None:
    (usb / DAY).mkdir()
    (usb / DAY / ".part-0123456789abcdef").write_bytes(b"half")
    assert carried(finished, usb).ok
    assert ".part-0123456789abcdef" not in on(usb)


def test_during_the_day_what_is_not_published_is_named(tmp_path: Path, usb: Path) -> None:
    """And the journal, the sheet and the inventory go on with the next call."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "roster.csv").write_text(ROSTER, encoding="utf-8")
    with Room(tmp_path / "top") as room:
        room.hear()
        room.do(ask.Open())
        room.hear(4)
        room.do(ask.Start(participant=1, variant="7"))
        room.hear(4)
        first = carrying.carry(room.config, usb, lambda _step: None)
        assert codes(first) == {STREAM: "unpublished", IVANOV: "unpublished"}
        assert set(on(usb)) == {"journal.jsonl", "Ведомость.pdf", "Ведомость.xlsx", "Опись.txt", "Опись.csv"}
        room.do(ask.Close())
        room.hear(2)
        room.published(2)
        room.handled()
        journal = on(usb)["journal.jsonl"]
        second = carrying.carry(room.config, usb, lambda _step: None)
    assert second.ok
    assert on(usb)["journal.jsonl"].startswith(journal)
    assert {"Ведомость_2.pdf", "Опись_2.txt", f"{IVANOV}.wav"} <= set(on(usb))
    assert verify(usb / DAY).ok


def test_what_another_recording_replaced_stays_here(finished: Desk, usb: Path) -> None:
    told = {"take": IVANOV, "to": 4, "reason": "начали не того"}
    paperwork.tell(config.load(finished.top / "station.toml"), "reassign", told)
    found = carried(finished, usb)
    assert found.ok
    assert [(left.file, left.code) for left in found.put_by] == [(IVANOV, "replaced")]
    assert not [name for name in on(usb) if name.startswith(f"{IVANOV}.")]
    assert [name for name in on(usb) if "Яковлева" in name]
