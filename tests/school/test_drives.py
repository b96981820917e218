"""A day by flash drive, to the centre and back, without any network; drives that are not what they seem, refused."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from driven import (
    Centre,
    School,
    centre_in,
    files_of,
    flip,
    folder_on,
    note_of,
    one_room,
    receive,
    run,
    sealed_anew,
    settings,
    staged,
)
from forty import School as Forty
from forty import sync_toml
from rig.schoolday import SCHOOL

from exam.errors import Rejected
from sync.drives import reading
from sync.drives.model import NOTE, key_of
from sync.exchange.accounts import add_school
from sync.exchange.database import opened
from sync.exchange.tokens import Tokens


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre_in(tmp_path_factory.mktemp("region") / "centre") as found:
        yield found


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


@pytest.fixture
def school(tmp_path: Path, centre: Centre) -> School:
    """Contents of its own in each test, as the centre is everybody's."""
    return one_room(tmp_path / "school", centre, station=tmp_path.name)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    """The centre's secret key, and the public one."""
    path = tmp_path / "centre.key"
    public = run("drive", "new-key", path).out.split()[-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path, public


def test_the_day_of_forty_encrypted_and_back(tmp_path: Path, usb: Path, keys: tuple[Path, str]) -> None:
    forty = Forty(tmp_path / "forty")
    with centre_in(tmp_path / "region") as centre:
        given = settings(tmp_path / "hq", centre)
        target = given.file.read_text().partition("[target]\n")[2]
        office = School(sync_toml(tmp_path / "hq", forty, target=target, papers="by_hand").parent)
        office.run("package", "papers", "--by", "Петрова", "--to", "курьер")
        office.run("package", "release", "--by", "Петрова")
        office.export(usb, "--to", keys[1], "--slip", tmp_path / "slip.pdf")
        folder = folder_on(usb)
        note = note_of(folder)
        assert note.encrypted
        told = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert "Абрамов".encode() not in told
        assert not [path for path in folder.rglob("*") if "Абрамов" in path.name]
        taken = receive(centre, usb, "--identity", keys[0])
        assert note.sha256 in taken.out
        assert hashlib.sha256((folder / NOTE).read_bytes()).hexdigest() == note.sha256
        assert len(centre.contents()) == note.files
    office.run("drive", "receipts", usb)
    assert set(office.states().values()) == {"delivered"}
    assert "доставлено всё" in office.run("status").out
    rows = json.loads(office.run("package", "--json").out)["rows"]
    cells = [row["cells"] for row in rows]
    assert {one["acknowledged"]["mark"] for one in cells if one["recorded"]["mark"] == "yes"} == {"yes"}
    assert office.run("verify").err == ""
    office.export(usb, expect=1)
    (drive,) = json.loads(office.run("drive", "list", "--json").out)
    assert (drive["made"], {file["delivered"] for file in drive["files"]}) == (True, {True})


@pytest.mark.slow
def test_half_by_network_half_by_drive(tmp_path: Path, centre: Centre, usb: Path) -> None:
    school = one_room(tmp_path / "mixed", centre, station=tmp_path.name, url=centre.url)
    school.run("once")
    sent = centre.contents()
    staged(tmp_path / "mixed" / "other-room", station="second")
    school.file.write_text(school.file.read_text() + '[watch]\nrecordings = ["recordings", "other-room"]\n')
    school.export(usb)
    carried = {file.sha256 for file in files_of(folder_on(usb))}
    assert carried
    assert not carried & sent, "only what the centre has not"
    receive(centre, usb)
    school.run("drive", "receipts", usb)
    assert set(school.states().values()) == {"delivered"}
    assert school.run("verify").err == ""
    school.run("once")
    assert centre.contents() == sent | carried


def test_taken_in_again_nothing_comes_twice(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    receive(centre, usb)
    before = sorted(path for path in centre.folder.glob("schools/**/*") if path.is_file())
    receive(centre, usb)
    assert sorted(path for path in centre.folder.glob("schools/**/*") if path.is_file()) == before
    with opened(centre.folder) as database:
        assert not Tokens(database).keys(SCHOOL), "made for one errand alone"


def test_every_flipped_byte_of_note_and_list_is_refused(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    folder = folder_on(usb)

    def is_refused() -> bool:
        try:
            reading.files_of(reading.opened(folder, lambda _school: [key_of(centre.token)]), None)
        except Rejected:
            return True
        return False

    assert not is_refused()
    for name in (NOTE, "list.json"):
        size = (folder / name).stat().st_size
        for at in range(0, size, 1 if name == NOTE else 97):
            flip(folder / name, at)
            assert is_refused(), (name, at)
            flip(folder / name, at)


def test_a_forged_drive_and_one_of_another_school(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    folder = folder_on(usb)
    sealed_anew(folder, "no token", lambda _files: None)
    assert "701020" in receive(centre, usb, expect=1).err
    sealed_anew(folder, centre.token, lambda _files: None)
    add_school(centre.folder, "701021")
    assert "701020" in receive(centre, usb, "--school", "701021", expect=1).err
    assert not (folder / "receipts").exists()
    receive(centre, usb, "--school", SCHOOL)


def test_one_flipped_byte_of_a_file_is_named_and_the_rest_taken(
    school: School, centre: Centre, usb: Path, keys: tuple[Path, str]
) -> None:
    school.export(usb, "--to", keys[1])
    folder = folder_on(usb)
    flip(folder / "000002.age")
    told = receive(centre, usb, "--identity", keys[0], expect=1)
    assert told.err.count("\n") == 1
    assert "2026-02-11_265/" in told.err
    assert f"{note_of(folder).files - 1} " in told.out
    school.run("drive", "receipts", usb)
    assert sorted(school.states().values()).count("delivered") == note_of(folder).files - 1
    school.export(usb)
    assert len([path for path in usb.iterdir() if path.is_dir()]) == 2


def test_a_wrong_key_and_none(
    school: School, centre: Centre, usb: Path, keys: tuple[Path, str], tmp_path: Path
) -> None:
    school.export(usb, "--to", keys[1])
    other = tmp_path / "other.key"
    run("drive", "new-key", other)
    assert receive(centre, usb, "--identity", other, expect=1).err.count("\n") == 1
    assert "--identity" in receive(centre, usb, expect=1).err


def test_hostile_entries_are_refused_one_by_one(school: School, centre: Centre, usb: Path, tmp_path: Path) -> None:
    school.export(usb)
    folder = folder_on(usb)
    before = {path for path in tmp_path.rglob("*") if "usb" not in path.parts and path.is_file()}
    files = [file for file in files_of(folder) if file.path.endswith(".mp3")]
    link, pipe, huge = (folder / file.stored for file in files)
    link.rename(tmp_path / "usb" / "secret")
    link.symlink_to(tmp_path / "usb" / "secret")
    pipe.unlink()
    os.mkfifo(pipe)
    with huge.open("r+b") as file:
        file.truncate(1 << 40)

    def hostile(listed: list[dict[str, object]]) -> None:
        for entry in listed:
            if entry["path"] == files[2].path:
                entry["size"] = 1 << 40
        for path in ("../../etc/passwd", "/etc/passwd", "a/../../b", "..\\x", "x/\x07bell"):
            listed.append(listed[0] | {"path": path, "stored": path})
        listed.append(listed[0] | {"stored": "../usb/secret"})

    sealed_anew(folder, centre.token, hostile)
    told = receive(centre, usb, expect=1)
    assert len(told.err.splitlines()) == 9, told.err
    assert "\x07" not in told.err
    assert {path for path in tmp_path.rglob("*") if "usb" not in path.parts and path.is_file()} == before
    assert not list((centre.folder / "drives").iterdir())


@pytest.mark.slow
def test_a_hundred_thousand_files_are_too_many(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    sealed_anew(folder_on(usb), centre.token, lambda listed: listed.extend(listed[:1] * 100_000))
    assert receive(centre, usb, expect=1).err.count("\n") == 1


def test_receipts_do_not_follow_a_link(school: School, centre: Centre, usb: Path, tmp_path: Path) -> None:
    school.export(usb)
    (tmp_path / "elsewhere").mkdir()
    (folder_on(usb) / "receipts").symlink_to(tmp_path / "elsewhere")
    receive(centre, usb, expect=1)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_damaged_and_strange_receipts_are_named(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    receive(centre, usb)
    (path,) = (folder_on(usb) / "receipts").iterdir()
    lines = path.read_bytes().splitlines()
    told = msgspec.json.decode(lines[0])
    lines[0] = msgspec.json.encode(told | {"sha256": "0" * 64})
    lines[1] = lines[1].replace(b'"signature":"', b'"signature":"AAAA')
    lines[2] = b"{"
    path.write_bytes(b"\n".join(lines))
    assert school.run("drive", "receipts", usb, expect=1).err.count("\n") == 2
    assert sorted(school.states().values()).count("delivered") == len(lines) - 3


def test_a_lost_drive_is_accounted_for(school: School, usb: Path) -> None:
    school.export(usb)
    told = school.run("drive", "lost", "1", "--by", "Петрова", "--note", "автобус").out
    for file in files_of(folder_on(usb)):
        assert file.path in told
    assert "автобус" in school.run("drive", "list").out
    school.run("drive", "lost", "7", "--by", "П", "--note", "x", expect=1)


def test_who_asks_for_encryption_gets_no_plain_drive(school: School, usb: Path, tmp_path: Path) -> None:
    empty = tmp_path / "recipients"
    empty.write_text("# nobody\n")
    school.export(usb, "--recipients", empty, expect=2)
    school.export(usb, "--to", "age1nonsense", expect=2)
    assert not list(usb.iterdir())


def test_a_manifest_does_not_go_without_its_recording(school: School, usb: Path) -> None:
    damaged = next(iter(school.day.glob("*Белов*.mp3")))
    flip(damaged)
    told = school.export(usb, expect=1).err
    assert told.count("\n") == 2, told
    assert "Белов" not in " ".join(file.path for file in files_of(folder_on(usb)))
