"""What the agent finds in a hub's folder: two computers' files of one name, and rooms' records."""

import hashlib
import shutil
from pathlib import Path

import pytest
from by_hand import by_hand, contents
from rig.schoolday import SCHOOL, StagedRoom
from school import School

from exam import roomday
from exam.roster import Participant
from sync import ledger
from sync.naming import candidates
from sync.watch import scan

IVANOV = Participant(1, "Иванов", "Иван", "Иванович", "9А", "265")
SIDOROV = Participant(2, "Сидоров", "Сидор", "", "9А", "265")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lay(day: Path, hub: Path) -> None:
    """As the exchange lays files down: a name that is taken is marked with the content's digest."""
    (hub / day.name).mkdir(parents=True, exist_ok=True)
    for path in day.iterdir():
        free = (hub / day.name / name for name in candidates(path.name, digest(path)))
        shutil.copy(path, next(place for place in free if not place.exists()))


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A room whose computer was replaced: both recorded the same people under the same names, of the same sizes."""
    for station in ("pc-a", "pc-b"):
        room = StagedRoom(tmp_path / station, "265", [IVANOV, SIDOROV], station=station)
        room.take(IVANOV)
        room.stream()
        room.record()
        lay(room.folder, tmp_path / SCHOOL)
    return tmp_path / SCHOOL


def test_both_computers_recordings_are_found_each_by_its_manifest(hub: Path) -> None:
    found = scan([hub], streams=True).found
    assert len(found) == 10
    assert [one.item.path for one in found if one.problem is not None] == []
    for one in found:
        assert digest(Path(one.file)) == one.item.sha256
        assert one.file.endswith(one.item.path)
    assert sum("~" in one.item.path for one in found) == 5


def test_records_of_rooms_are_items_that_wait_for_nothing(hub: Path) -> None:
    records = [one for one in scan([hub], streams=False).found if one.item.kind == "room"]
    assert len(records) == 2
    assert {one.after for one in records} == {None}
    assert {roomday.load(Path(one.file)).station for one in records} == {"pc-a", "pc-b"}
    known = scan([hub], streams=False).read
    again = scan([hub], streams=False, known=known.get)
    assert not again.read
    assert [one for one in again.found if one.item.kind == "room"] == records, "not read again"


@pytest.mark.parametrize("content", [b"{}", b"{", b"[" * 100_000, b'{"schema": 9}'])
def test_a_broken_record_hides_nothing(hub: Path, content: bytes) -> None:
    (hub / "2026-02-11_265" / f"11.02.2026_265_{SCHOOL}_ведомость_09.json").write_bytes(content)
    found = scan([hub], streams=True).found
    (broken,) = [one for one in found if one.problem is not None]
    assert (broken.item.kind, len(found)) == ("room", 11)


def test_what_is_too_large_for_a_manifest_is_not_read(hub: Path) -> None:
    with (hub / "2026-02-11_265" / "11.02.2026_265_Х.json").open("wb") as file:
        file.truncate(5 << 30)
    (large,) = [one for one in scan([hub], streams=True).found if one.problem is not None]
    assert large.problem is not None
    assert "too large" in large.problem.en


def test_a_digest_that_is_none_is_no_name(hub: Path) -> None:
    (path, *_) = (hub / "2026-02-11_265").glob("*Иванов И.json")
    mp3 = hashlib.sha256(path.with_name(path.name.replace(".json", ".mp3")).read_bytes()).hexdigest()
    path.write_text(path.read_text().replace(mp3, "x" * 300))
    wrong = [one for one in scan([hub], streams=True).found if one.problem is not None]
    assert len(wrong) == 1


def test_records_go_into_the_archives_that_a_person_carries(tmp_path: Path) -> None:
    school = School(tmp_path)
    outbox = by_hand(school)
    room = StagedRoom(school.recordings, "265", [IVANOV, SIDOROV])
    room.take(IVANOV)
    room.record()
    done = school.run("once")
    assert done.returncode == 1, done.stderr  # a person has still to hand it over
    names = contents(outbox)
    assert sum(name.endswith("_ведомость_01.json") for name in names) == 1
    assert {row.state.value for row in ledger.read(school.state)} == {"uploaded"}
    (day,) = outbox.glob("*.txt")
    assert "ведомость_01.json" in day.read_text(encoding="utf-8-sig")
