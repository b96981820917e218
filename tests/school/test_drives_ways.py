"""Everything else that is done with drives: plain ones, the same one twice, at the headquarters, beside an agent."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from driven import Centre, School, centre_in, files_of, flip, folder_on, note_of, one_room, receive, run, settings
from forty import School as Forty
from forty import sync_toml
from rig.exchange import exchange_for
from rig.schoolday import SCHOOL

from sync.drives.model import DriveFile
from sync.drives.records import Begun, Carried, Made
from sync.drives.slip import Slip, draw
from sync.life import alone

slow = pytest.mark.slow


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre_in(tmp_path_factory.mktemp("region") / "centre", "--tls") as found:
        yield found


@pytest.fixture
def school(tmp_path: Path, centre: Centre) -> School:
    return one_room(tmp_path / "school", centre, station=tmp_path.name)


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def text_of(pdf: bytes) -> str:
    import pypdfium2  # noqa: PLC0415

    with closing(pypdfium2.PdfDocument(pdf)) as document:
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_bounded())


@pytest.mark.parametrize("rooms", [1, 60])
def test_the_slip_is_one_page_and_names_no_child(rooms: int) -> None:
    files = tuple(
        DriveFile(
            f"2026-02-11_{room}/11.02.2026_{room}_701020_Абрамов И.mp3", "participant", 7, "a" * 64, "x", "a" * 64
        )
        for room in range(rooms)
    )
    moment = datetime(2026, 2, 11, 18, tzinfo=UTC)
    begun = Begun(3, "2026-02-11_701020_накопитель_03", date(2026, 2, 11), (), "Петрова", moment)
    told = text_of(draw(Slip(SCHOOL, "Школа № 1 " * 20, Carried(begun, files, Made(3, "ab" * 32, moment)), "ab" * 32)))
    assert "Абрамов" not in told
    for words in ("№ 3", "11.02.2026", "abababab abababab", f"{rooms}, {7 * rooms}", "Сдал", "Принял", "аудитория 0"):
        assert words in told, words


@slow
def test_a_plain_day_of_forty_opens_anywhere(tmp_path: Path, usb: Path) -> None:
    """Two computers of a room gave a record of one name; plain files keep their names for Windows."""
    forty = Forty(tmp_path / "forty")
    with centre_in(tmp_path / "region") as centre:
        given = settings(tmp_path / "hq", centre)
        target = given.file.read_text().partition("[target]\n")[2]
        office = School(sync_toml(tmp_path / "hq", forty, target=target, papers="by_hand").parent)
        office.run("package", "papers", "--by", "Петрова", "--to", "курьер")
        office.run("package", "release", "--by", "Петрова")
        (tmp_path / "incomplete").mkdir()
        damaged = next((tmp_path / "forty").rglob("*Белова М.mp3"))
        flip(damaged)
        left = office.export(tmp_path / "incomplete", expect=1).err.splitlines()
        assert len(left) == 3, "the recording, its manifest, and the package that names them"
        flip(damaged)
        office.export(usb)
        folder = folder_on(usb)
        assert (folder / "2026-02-11_201" / "11.02.2026_201_701020_Белова М.mp3").read_bytes()
        assert len([file for file in files_of(folder) if file.stored != file.path]) == 1
        flip(folder / "2026-02-11_201" / "11.02.2026_201_701020_Белова М.mp3")
        told = receive(centre, usb, expect=1)
        assert len(told.err.splitlines()) == 2, "the recording, and the package, which waits for it"
        assert "комплект" in told.err
        office.run("drive", "receipts", usb)
        second = tmp_path / "second"
        second.mkdir()
        office.export(second)
        assert {file.kind for file in files_of(folder_on(second))} == {"participant", "package"}
        receive(centre, second)
        office.run("drive", "receipts", second)
    assert set(office.states().values()) == {"delivered"}


@slow
def test_the_same_drive_twice_is_one_drive(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    folder = folder_on(usb)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    school.export(usb)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    lost = next(folder.rglob("*.mp3"))
    lost.unlink()
    school.export(usb)
    assert lost.read_bytes() == before[lost]
    receive(centre, usb)


@slow
def test_who_pulled_it_early_gets_a_new_folder_on_another_drive(school: School, usb: Path, tmp_path: Path) -> None:
    school.export(usb)
    shutil.rmtree(usb)
    usb.mkdir()
    school.export(usb)
    assert note_of(folder_on(usb)).number == 2
    assert "№ 1" in school.run("drive", "list").out
    school.run("drive", "slip", "2", "--out", tmp_path / "slip.pdf")
    school.run("drive", "slip", "2", "--out", tmp_path / "slip.pdf", expect=1)


@slow
def test_a_hub_receipt_is_none_of_the_centre(school: School, usb: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    program, token = exchange_for(SCHOOL, hub, "--tier", "hub")
    (school.base / "token").write_text(token)
    school.file.write_text(school.file.read_text() + 'tier = "centre"\n')
    school.export(usb)
    with program.running():
        run("drive", "receive", usb, "--folder", hub)
    assert school.run("drive", "receipts", usb, expect=1).err
    assert "delivered" not in school.states().values()


@slow
def test_beside_a_running_agent_the_agent_counts(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    receive(centre, usb)
    with alone(school.base / "state"):
        assert "работает" in school.run("drive", "receipts", usb).out
    assert "delivered" not in school.states().values()
    school.run("once")
    assert set(school.states().values()) == {"delivered"}


@slow
def test_without_the_centres_key_nothing_is_proved(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    receive(centre, usb)
    told = school.file.read_text()
    school.file.write_text(told.replace(f'server_key = "{centre.key}"\n', ""))
    assert "server_key" in school.run("drive", "receipts", usb, expect=1).err
    school.file.write_text(told)
    school.run("drive", "receipts", usb)
    assert set(school.states().values()) == {"delivered"}


@slow
def test_an_exchange_that_does_not_run_and_one_elsewhere(school: School, centre: Centre, usb: Path) -> None:
    school.export(usb)
    with centre.program.outage():
        assert receive(centre, usb, expect=1).err.count("\n") == 1
    receive(centre, usb, "--url", f"https://127.0.0.1:{centre.program.port}/files")
    run("drive", "receive", usb, "--folder", usb, expect=1)


@slow
def test_what_root_leaves_is_the_services(school: School, centre: Centre, usb: Path, tmp_path: Path) -> None:
    state = school.base / "state"
    state.mkdir()
    os.chown(state, 65534, 65534)
    school.export(usb)
    receive(centre, usb)
    school.run("drive", "receipts", usb)
    shutil.copytree(school.day, tmp_path / "room" / school.day.name)
    school.run("drive", "import", tmp_path / "room")
    ours = [path for folder in (state, school.base / "imported") for path in (folder, *folder.rglob("*"))]
    assert {path.name for path in ours} >= {"returned.jsonl", "drives.jsonl", "ledger.sqlite", "imported"}
    assert {path.stat().st_uid for path in ours} == {65534}
