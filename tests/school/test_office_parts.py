"""The parts of the headquarters' page that stand over other commands: scans, experts, papers; what rooms tell."""

import io
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import drawn
import pytest
from desks import Served, served
from forty import School, sync_toml
from openpyxl import Workbook, load_workbook
from rig.schoolday import SCHOOL, at
from rig.visitor import Visitor

from sync import config as configuration
from sync.config import Config
from sync.exchange.database import Database
from sync.exchange.rooms import Rooms
from sync.office.carrying import DriveTold
from sync.office.hearing import Hearing, exchanges
from sync.office.looks import Look
from sync.office.wiring import desk_for
from sync.roomword import Alarm, Light, Ready, RoomWord, Station, Stream

WAS_SAVED_S, OPENED_S = 60, 60


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("parts")
    target = f'kind = "folder"\nfolder = "{folder / "far"}"'
    return configuration.load(sync_toml(folder / "hq", School(folder / "school"), target=target))


@pytest.fixture(scope="module")
def office_page(config: Config) -> Iterator[Served]:
    desk = desk_for(config)
    desk.change(replace(desk.sources, now=lambda: at(16)))
    with served(desk, config.state) as made:
        yield made


@pytest.fixture(scope="module")
def page(office_page: Served) -> Visitor:
    return office_page.visitor()


def settled(path: Path) -> Path:
    """As if nobody had written to it for a while."""
    os.utime(path, (time.time() - WAS_SAVED_S,) * 2)
    return path


@pytest.mark.slow
def test_scans_are_seen_and_given_to_whom_they_belong(config: Config, page: Visitor) -> None:
    config.scans.mkdir()
    settled(drawn.jpeg_of(drawn.protocol("Иванов Пётр", dpi=150), config.scans / "Иванов П.jpg", dpi=150))
    settled(drawn.jpeg_of(drawn.protocol("кто-то", dpi=150, seed=5), config.scans / "IMG_1.jpg", dpi=150))
    (config.scans / "пусто.pdf").touch()
    settled(config.scans / "пусто.pdf")

    def looked() -> Any:
        deadline = time.monotonic() + OPENED_S
        while (found := page.get("/api/scans").json())["waiting"]:
            assert time.monotonic() < deadline, found
        return found

    found = looked()
    unknown = {one["scan"]["file"]: one for one in found["unassigned"]}
    assert [one["number"] for one in unknown["Иванов П.jpg"]["candidates"]] == [9, 10, 20]
    (wrong,) = found["problems"]
    assert (wrong["scan"]["file"], wrong["is_soft"]) == ("пусто.pdf", False)
    scan, other = unknown["Иванов П.jpg"]["scan"], unknown["IMG_1.jpg"]["scan"]
    named = {"file": scan["file"], "sha256": scan["sha256"]}
    picture = page.get("/api/scans/page.png", params=named)
    assert picture.content.startswith(b"\x89PNG")
    for hostile in ({**named, "file": "../sync.toml"}, {**named, "sha256": "0" * 64}, {}):
        assert page.get("/api/scans/page.png", params=hostile).status_code == 409

    assert page.post("/api/scans/assign", {**named, "kind": "protocol", "participant": 999}).status_code == 409
    assert page.post("/api/scans/assign", {**named, "kind": "room_sheet"}).status_code == 409
    assert page.post("/api/scans/assign", {**named, "kind": "protocol", "participant": 20}).status_code == 200
    aside = {"file": other["file"], "sha256": other["sha256"]}
    assert page.post("/api/scans/aside", {**aside, "reason": " "}).status_code == 409
    assert page.post("/api/scans/aside", {**aside, "reason": "чужая бумага"}).status_code == 200
    found = looked()
    assert [(one["file"], one["participant"]) for one in found["papers"]] == [("Иванов П.jpg", 20)]
    assert (found["unassigned"], found["aside"][0]["reason"]) == ([], "чужая бумага")
    assert page.post("/api/scans/back", aside).status_code == 200
    assert len(looked()["unassigned"]) == 1


@pytest.mark.slow
def test_experts_are_given_recordings_by_the_command(page: Visitor) -> None:
    assert page.get("/api/experts").json()["standing"]["experts"] == []
    told = page.post("/api/experts/distribute", {"experts": "Петрова А. А., Сидоров Б. Б."}).json()
    assert any("Петрова А. А." in line for line in told["said"])
    standing = page.get("/api/experts").json()["standing"]
    assert [one["name"] for one in standing["experts"]] == ["Петрова А. А.", "Сидоров Б. Б."]
    number = standing["experts"][0]["waiting"][0]
    assert page.post("/api/experts/returned", {"name": "Петрова А. А.", "participants": [number]}).status_code == 200
    assert number not in page.get("/api/experts").json()["standing"]["experts"][0]["waiting"]
    moved = {"participant": number, "expert": "Петрова А. А.", "to": "Сидоров Б. Б.", "reason": "болезнь"}
    assert page.post("/api/experts/reassign", moved).status_code == 200
    for act, body, code in (
        ("returned", {"name": "--help"}, "bad_word"),
        ("returned", {"name": "Никто Н. Н."}, "command_failed"),
        ("export", {"name": "Петрова А. А.", "folder": "/etc"}, "no_drive"),
    ):
        answer = page.post(f"/api/experts/{act}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, code)


@pytest.mark.slow
def test_papers_are_made_by_the_command_and_scores_checked(page: Visitor) -> None:
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "docx": b"PK"}
    for paper in page.get("/api/papers").json():
        for ending in paper["endings"]:
            answer = page.get(f"/api/papers/{paper['name']}.{ending}")
            assert answer.status_code == 200, (paper, answer.text)
            assert answer.content.startswith(begins[ending])
            assert "X-Said" in answer.headers
    assert page.get("/api/papers/form-c1.pdf").status_code == 404
    assert page.get("/api/papers/..%2f..%2fx.pdf").status_code == 404
    draft = load_workbook(io.BytesIO(page.get("/api/papers/form-c1.xlsx").content))
    table = Workbook()
    for row in draft.active.iter_rows(values_only=True):
        table.active.append(row)
    written = io.BytesIO()
    table.save(written)
    for name, body, words in (
        ("баллы.xlsx", written.getvalue(), ""),
        ("баллы.csv", b"x;y\n1;2\n", "баллы.csv"),
    ):
        answer = page.http.post(
            f"{page.url}/api/papers/check", data=body, params={"name": name}, headers={"Origin": page.url}, timeout=60
        )
        assert answer.status_code == 200
        assert words in " ".join(answer.json()["said"])
        assert answer.json()["said"]
    refused = page.http.post(f"{page.url}/api/papers/check", data=b"x", params={"name": "x.exe"},
                             headers={"Origin": page.url}, timeout=60)  # fmt: skip
    assert refused.status_code == 409


@pytest.mark.slow
def test_a_drive_is_written_and_lost(tmp_path: Path) -> None:
    """Only onto what is plugged in; here a folder stands for it."""
    token, stick = tmp_path / "token", tmp_path / "stick"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    stick.mkdir()
    target = f'kind = "tus"\nurl = "http://127.0.0.1:9/files"\ntoken_file = "{token}"'
    config = configuration.load(sync_toml(tmp_path / "hq", School(tmp_path / "school"), target=target))
    order = {"folder": str(stick), "by": "Сидорова М. П."}
    with served(desk_for(config), config.state) as office_page:
        page = office_page.visitor()
        refused = page.post("/api/drives/export", order)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_drive")
        office_page.desk.drives = Look(lambda: [DriveTold(str(stick), 10**9, is_writable=True)], 0.0)
        told = page.post("/api/drives/export", order)
        assert told.status_code == 200, told.text
        (written,) = page.get("/api/drives").json()["written"]
        assert (written["number"], written["by"], written["is_encrypted"]) == (1, "Сидорова М. П.", False)
        assert page.get("/api/drives/slip-1.pdf").content.startswith(b"%PDF")
        said = page.post("/api/drives/lost", {"number": 1, "by": "Иванов", "note": "в автобусе"}).json()["said"]
        assert any("НЕ зашифрован" in line for line in said)
        assert page.get("/api/drives").json()["written"][0]["lost"] == "Иванов: в автобусе"
        assert page.post("/api/drives/lost", {"number": 7, "by": "x", "note": "x"}).status_code == 409


# -- what rooms tell ---------------------------------------------------------------------------------------------


def test_what_the_exchange_here_hears_is_on_the_page(tmp_path: Path) -> None:
    """Found by the folder that is watched; of other schools and other days nothing is told."""
    exchange, now = tmp_path / "exchange", datetime.now(UTC)
    school = School(tmp_path / "school")
    file = sync_toml(tmp_path / "hq", school, target=f'kind = "folder"\nfolder = "{tmp_path / "far"}"',
                     recordings=f'"{exchange / "schools" / SCHOOL}"')  # fmt: skip
    config = configuration.load(file)
    exam_date = config.exam.date
    assert exam_date is not None
    assert exchanges(config) == [], "there is no exchange yet"
    lights = (Light("rehearsal", "ok"), Light("microphone", "bad", "не найден → подключите"), Light("disk", "ok"))
    quiet = RoomWord(
        room="201", computer="pc-201", said_at=now, exam_date=exam_date,
        ready=Ready(now, ready=False, lights=lights), station=Station(state="closed", expected=10),
    )  # fmt: skip
    alarm = Alarm("quiet", "red", "участника почти не слышно", now)
    at_work = RoomWord(
        room="202", computer="pc-202", said_at=now + timedelta(seconds=95), exam_date=exam_date,
        station=Station(
            state="recording", stream=Stream("x.wav", 5000), alarms=(alarm,), done=3, expected=10
        ),
    )  # fmt: skip
    silent = RoomWord(room="203", computer="pc-203", said_at=now, exam_date=exam_date, silent="станция не запущена")
    exchange.mkdir()
    with closing(Database(exchange / "exchange.db")) as database:
        rooms = Rooms(database)
        for word, heard in ((quiet, now), (at_work, now), (silent, now - timedelta(minutes=5))):
            rooms.hear(SCHOOL, word, heard)
        rooms.hear("702000", quiet, now)
        rooms.hear(
            SCHOOL, RoomWord(room="204", computer="pc-204", said_at=now, exam_date=exam_date - timedelta(days=300)), now
        )
    assert exchanges(config) == [exchange]
    told = {word.room: word for word in Hearing(config, exam_date).words()}
    assert sorted(told) == ["201", "202", "203"]
    assert (told["201"].rehearsed, [light.code for light in told["201"].readiness]) == (True, ["microphone"])
    assert (told["202"].size, told["202"].grew, told["202"].done, round(told["202"].clock_off_s)) == (5000, True, 3, 95)
    assert told["202"].alarms[0].ru == "участника почти не слышно"
    assert (told["203"].state, told["203"].is_late, told["203"].alarms[0].ru) == (
        "unknown",
        True,
        "станция не запущена",
    )


@pytest.mark.slow
def test_this_computers_own_room_is_asked_itself(tmp_path: Path) -> None:
    """No station runs: the room is there all the same, and says so."""
    target = f'kind = "folder"\nfolder = "{tmp_path / "far"}"'
    config = configuration.load(sync_toml(tmp_path / "hq", School(tmp_path / "school"), target=target))
    (config.file.parent / "201.toml").write_text(
        f'[school]\ncode = "{SCHOOL}"\n[exam]\ndate = 2026-02-11\n[room]\nnumber = "201"\n'
        f'roster = "{config.roster}"\n[capture]\ndevice = "hw:none"\n', encoding="utf-8"
    )  # fmt: skip
    assert config.exam.date is not None
    (word,) = Hearing(config, config.exam.date).words()
    assert (word.room, word.state) == ("201", "unknown")
    assert word.alarms
