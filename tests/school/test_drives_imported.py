"""A room's drive at the headquarters: copied among the recordings, whatever is wrong with it named."""

import shutil
import subprocess
from pathlib import Path

import pytest
from driven import PEOPLE, Done, flip, run, small_drive
from rig.schoolday import SCHOOL, StagedRoom

from exam import windows
from exam.fixity import sha256_of
from sync import config as configuration
from sync.config import Config
from sync.school.outgoing import scan

DAY = "2026-02-11_265"


class Hub:
    """Headquarters that get everything by drive."""

    def __init__(self, base: Path) -> None:
        self.file = base / "sync.toml"
        (base / "recordings").mkdir(parents=True)
        self.file.write_text(f'[school]\ncode = "{SCHOOL}"\n[target]\nkind = "tus"\nurl = "https://centre.example"\n')

    @property
    def config(self) -> Config:
        return configuration.load(self.file)

    def take(self, drive: Path, expect: int = 0) -> Done:
        return run("drive", "import", drive, "--config", self.file, expect=expect)

    def sound(self) -> set[str]:
        """SHA-256 of what would be sent on, none of it with a fault."""
        found = scan(self.config, streams=True).found
        assert not [one for one in found if one.problem is not None]
        return {one.item.sha256 for one in found}


def exported(recordings: Path, drive: Path, *, listed: bool = True) -> Path:
    """As `station export` leaves a day: plain files, and their inventory."""
    folder = drive / DAY
    shutil.copytree(recordings / DAY, folder)
    if listed:
        rows = [(path.name, str(path.stat().st_size), sha256_of(path)) for path in sorted(folder.iterdir())]
        (folder / "Опись.csv").write_bytes(windows.table([("Файл", "Размер, байт", "SHA-256"), *rows]))
    return folder


def room(base: Path, *, station: str = "pc-265", first: int = 1) -> Path:
    made = StagedRoom(base, "265", PEOPLE, station=station, first=first)
    made.stream()
    for person in PEOPLE:
        made.take(person)
    made.record()
    return base


def travelling(folder: Path) -> set[str]:
    """SHA-256 of what goes on from the headquarters."""
    return {sha256_of(path) for path in folder.iterdir() if path.suffix in {".mp3", ".json"}}


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path / "hq")


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def test_it_lies_among_the_recordings_and_comes_once(tmp_path: Path, hub: Hub, usb: Path) -> None:
    folder = exported(room(tmp_path / "pc"), usb)
    assert hub.config.recordings == (hub.file.parent / "recordings",)
    hub.take(usb)
    assert hub.config.recordings[-1] == hub.file.parent / "imported"
    assert hub.sound() == travelling(folder)
    before = sorted((hub.file.parent / "imported").rglob("*"))
    assert "0" in hub.take(usb).out
    assert sorted((hub.file.parent / "imported").rglob("*")) == before


@pytest.mark.parametrize("name", ["Белов И.mp3", "Белов И.json", "поток_01.json", "ведомость_01.json"])
def test_one_flipped_byte_is_named_and_the_rest_comes(tmp_path: Path, hub: Hub, usb: Path, name: str) -> None:
    folder = exported(room(tmp_path / "pc"), usb)
    (path,) = folder.glob(f"*{name}")
    content = path.read_bytes()
    at = content.find(b"265") if name.endswith("json") else 10  # the JSON stays one
    flip(path, at)
    told = hub.take(usb, expect=1)
    assert told.err.count("\n") == 1, told.err
    assert path.stem in told.err
    whole = travelling(folder)
    lost = {sha256_of(path.with_suffix(suffix)) for suffix in (".mp3", ".json") if path.with_suffix(suffix).exists()}
    assert hub.sound() >= whole - lost
    path.write_bytes(content)
    hub.take(usb)
    assert len(hub.sound()) == len(whole)


def test_two_computers_of_one_room(tmp_path: Path, hub: Hub, usb: Path) -> None:
    """The second one began at one, as nobody told it of the first: every name is borne by two contents."""
    first, second = exported(room(tmp_path / "a"), usb), exported(room(tmp_path / "b", station="pc-b"), usb / "второй")
    hub.take(usb)
    assert hub.sound() == travelling(first) | travelling(second)


def test_another_school_hostile_names_and_no_drive(tmp_path: Path, hub: Hub, usb: Path) -> None:
    folder = exported(room(tmp_path / "pc"), usb, listed=False)
    records = sorted(folder.glob("*.json"))
    for path in records:
        path.write_bytes(path.read_bytes().replace(SCHOOL.encode(), b"701021"))
    for path in sorted(folder.glob("*Абрамов*")):
        path.rename(path.with_name(path.name.replace(SCHOOL, "701021")))
    before = {path for path in tmp_path.rglob("*") if "imported" not in path.parts}
    assert "701021" in hub.take(usb, expect=1).err
    for path in folder.glob("*.json"):
        path.write_bytes(path.read_bytes().replace(b"701021", SCHOOL.encode()).replace(b'"265"', b'"../../265"'))
    told = hub.take(usb, expect=1)
    assert len(told.err.splitlines()) == len(records)
    assert {path for path in tmp_path.rglob("*") if "imported" not in path.parts} == before
    assert "no_" not in hub.take(tmp_path / "nowhere", expect=1).err
    assert hub.take(tmp_path / "hq", expect=1).err.count("\n") == 1


def test_a_full_disk_ends_it_and_the_next_call_goes_on(tmp_path: Path, usb: Path) -> None:
    folder = exported(room(tmp_path / "pc"), usb)
    with small_drive(tmp_path / "disk", "size=24k") as disk:
        hub = Hub(disk / "hq")
        assert hub.take(usb, expect=1).err.count("\n") == 1
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        hub.take(usb)
        assert hub.sound() == travelling(folder)
        assert not list(disk.rglob(".part-*"))


def test_imports_are_not_mixed_with_what_is_watched(hub: Hub) -> None:
    hub.file.write_text(hub.file.read_text() + '[watch]\nimported = "recordings/imported"\n')
    assert "watch.imported" in run("status", "--config", hub.file, expect=2).err
