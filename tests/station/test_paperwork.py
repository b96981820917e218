"""The commands that work without a daemon, on a real folder, as a technician runs them."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from days import IVANOV, PETROVA, STREAM, Room, audio_of, manifests_in, play_day
from showing.school import BIN

from exam import manifest, roomday
from exam.regulation import Outcome
from exam.roomday import RoomDay
from station.lock import LOCK_FILE, locked
from station.session import commands as ask
from station.verify import verify

CONFIG = """
[school]
code = "701020"
time_zone = "Asia/Tomsk"
[exam]
date = 2026-02-11
[room]
number = "265"
[capture]
device = "test"
sample_rate = 8000
[delivery]
format = "wav"
"""
ROSTER = """number,surname,first_name,patronymic,class,room
1,Иванов,Иван,Иванович,9А,265
2,Петрова,Анна,,9А,265
3,Сидоров,Олег,,9Б,300
4,Яковлева,Яна,,,
"""


@pytest.fixture
def day(tmp_path: Path) -> Room:
    (tmp_path / "station.toml").write_text(CONFIG + f'[storage]\nfolder = "{tmp_path}/recordings"\n')
    (tmp_path / "roster.csv").write_text(ROSTER)
    with Room(tmp_path / "recordings") as room:
        play_day(room)
    return room


def station(day: Room, *words: str) -> subprocess.CompletedProcess[str]:
    top = day.folder.parent.parent
    environment = os.environ | {"XDG_RUNTIME_DIR": str(top), "STATION_CONFIG": str(top / "station.toml")}
    return subprocess.run([BIN / "station", *words], env=environment, capture_output=True, text=True, check=False)


def test_recover_brings_back_a_folder_from_another_disk(day: Room, tmp_path: Path) -> None:
    copy = tmp_path / "from-the-broken-pc"
    shutil.copytree(day.folder, copy)
    for path in (*copy.glob("*.json"), copy / "journal.jsonl"):
        path.unlink()
    done = station(day, "recover", str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in manifests_in(copy)} == {f"{stem}.json" for stem in (STREAM, IVANOV, PETROVA)}
    assert verify(copy).ok


def test_recover_is_refused_while_another_holds_the_folder(day: Room) -> None:
    with locked(day.folder):
        done = station(day, "recover")
    assert done.returncode == 1
    assert "уже работает другая станция" in done.stderr


def test_recover_refuses_what_is_no_day(day: Room, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "письмо.txt").write_text("мама")
    for words in (["letters"], ["nowhere"]):
        done = station(day, "recover", str(tmp_path / words[0]))
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["письмо.txt"]


def test_recut_works_after_the_day(day: Room) -> None:
    done = station(day, "recut", "--participant", "1", "--from", "09:00:01", "--to", "09:00:02")
    assert (done.returncode, done.stderr) == (0, "")
    told = manifest.load(day.folder / f"{IVANOV}_дубль_2.json")
    stream = audio_of(day.folder / f"{STREAM}.wav")
    (span,) = told.spans
    assert audio_of(day.folder / told.audio.file) == stream[2 * span.first_frame : 2 * span.end]
    assert told.verdict is not None
    assert verify(day.folder).ok


@pytest.mark.parametrize("ending", ["mp3", "m4a", "ogg", "wma"])
def test_a_dictaphones_file_is_a_take_without_a_stream(day: Room, tmp_path: Path, ending: str) -> None:
    source = tmp_path / f"DVT0001.{ending}"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=3:a=0.1:r=44100", source], check=True
    )  # fmt: skip
    done = station(day, "import", str(source), "--participant", "3", "--started-at", "10:15:00")
    assert (done.returncode, done.stderr) == (0, "")
    told = manifest.load(next(day.folder.glob("*Сидоров*.json")))
    assert (told.source, told.spans, told.flags) == ("dictaphone", (), ("no_stream",))
    assert told.audio.frames / told.audio.sample_rate == pytest.approx(3, abs=0.1)
    assert f"{told.started_at:%H:%M:%S}" == "10:15:00"
    assert told.verdict is not None
    assert told.verdict["grade"] == "fail", "three seconds of noise are no exam"
    report = verify(day.folder)
    assert report.ok, report.breaches


def second_computer(folder: Path) -> Room:
    """The room goes on at another computer, which knows nothing of the first."""
    other = Room(folder / "second")
    other.rules = msgspec.structs.replace(other.rules, station=2)
    with other:
        play_day(other)
    return other


def test_the_days_of_two_computers_of_a_room_become_one(day: Room, tmp_path: Path) -> None:
    other = second_computer(tmp_path)
    assert not {path.name for path in other.folder.glob("*.wav")} & {path.name for path in day.folder.glob("*.wav")}
    before = {path.name: path.read_bytes() for path in day.folder.iterdir() if path.is_file()}
    for _ in range(2):  # the second time there is nothing to do
        done = station(day, "merge", str(other.folder))
        assert (done.returncode, done.stderr) == (0, "")
    assert {name: (day.folder / name).read_bytes() for name in before} == before
    assert {path.name for path in day.folder.glob("*.json")} > {path.name for path in other.folder.glob("*.json")}
    report = verify(day.folder)
    assert report.ok, report.breaches
    assert report.recordings == 6


def died_in_the_morning(folder: Path) -> Room:
    """The room's first computer, as far as it came: an outcome is known to its journal alone."""
    first = Room(folder / "first")
    with first:
        first.hear(1)
        first.do(ask.Start(participant=1, variant="7"))
        first.do(ask.SetOutcome(participant=4, outcome=Outcome.ABSENT, note="болеет"))
        first.hear(3)
    return first


def records(folder: Path) -> dict[int, RoomDay]:
    return {number: roomday.load(path) for path in folder.iterdir() if (number := roomday.number_of(path.name))}


def its_second_computer(tmp_path: Path) -> Room:
    top = tmp_path / "later"
    top.mkdir()
    second = CONFIG.replace('number = "265"', 'number = "265"\nstation = 2')
    (top / "station.toml").write_text(second + f'[storage]\nfolder = "{top}/recordings"\n')
    (top / "roster.csv").write_text(ROSTER)
    room = Room(top / "recordings")
    room.rules = msgspec.structs.replace(room.rules, station=2)
    room.config = msgspec.structs.replace(room.config, room=msgspec.structs.replace(room.config.room, station=2))
    with room:
        play_day(room)
    return room


def test_what_a_dead_computer_knew_is_told_when_its_folder_joins_the_seconds(tmp_path: Path) -> None:
    first, second = died_in_the_morning(tmp_path), its_second_computer(tmp_path)
    for _ in range(2):  # the second time there is nothing new
        assert station(second, "merge", str(first.folder)).returncode == 0
    told = records(second.folder)
    assert {number: one.station for number, one in told.items()} == {1: "701020-265", 201: "701020-265-2"}
    assert (told[1].closed_at, told[201].closed_at is not None) == (None, True)
    assert [(one.participant, one.outcome) for one in told[1].outcomes] == [(4, Outcome.ABSENT)]
    assert verify(second.folder).ok


def test_a_folder_recovered_at_another_computer_is_told_under_its_own_ones_name(tmp_path: Path) -> None:
    first, second = died_in_the_morning(tmp_path), its_second_computer(tmp_path)
    assert station(second, "recover", str(first.folder)).returncode == 0
    (told,) = records(first.folder).values()
    assert (told.number, told.station, told.closed_at) == (1, "701020-265", None)
    assert [take.decision for take in told.takes] == ["interrupted"]
    assert station(second, "merge", str(first.folder)).returncode == 0
    assert sorted(records(second.folder)) == [1, 201]
    assert verify(second.folder).ok


def test_folders_in_which_a_name_stands_for_two_files_are_left_alone(day: Room, tmp_path: Path) -> None:
    with Room(tmp_path / "second") as other:
        other.hear(1)
        play_day(other)
    before = {path.name: path.read_bytes() for path in day.folder.glob("*.*")}
    done = station(day, "merge", str(other.folder))
    assert done.returncode == 1
    assert IVANOV in done.stderr
    (day.folder / LOCK_FILE).unlink()
    assert {path.name: path.read_bytes() for path in day.folder.glob("*.*")} == before


def test_what_is_no_sound_is_refused_and_nothing_changes(day: Room, tmp_path: Path) -> None:
    before = {path.name for path in day.folder.iterdir()}
    source = tmp_path / "DVT0001.mp3"
    source.write_text("это не звук")
    done = station(day, "import", str(source), "--participant", "3", "--started-at", "10:15:00")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert {path.name for path in day.folder.iterdir()} == before
