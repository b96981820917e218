"""Lights: what is seen of a room, and what is made of it."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from days import ZONE, Room, config_for
from desk_days import Desk, drive
from rehearsed_days import FULL_BLOCKS, GOOD

from exam.drive import removable
from exam.mounts import mounts
from station.readiness import looking
from station.readiness.facts import Clock, Delivery, Disk, Facts, Microphone, Rehearsed, Roster
from station.readiness.lights import is_ready, lights_of
from station.session import commands as ask
from station.session.events import RehearsalJudged

SYNC = """
[school]
code = "701020"
[watch]
recordings = ["recordings"]
[target]
kind = "tus"
url = "http://127.0.0.1:1/files"
token_file = "token"
"""
NOW = datetime(2026, 2, 10, 15, 0, tzinfo=ZONE)
EVE = Facts(
    config="station.toml",
    exam_date=date(2026, 2, 11),
    valid_days=3,
    roster=Roster(120, 15),
    microphone=Microphone("usb:0d8c:0014", "USB Audio (hw:1,0)", hears=True),
    rehearsed=Rehearsed(NOW - timedelta(hours=1), "pass"),
    disks=(Disk("/rec", 90_000_000_000, 8_000_000_000, 100.0),),
    clock=Clock(NOW, NOW - timedelta(days=1), is_kept=True, zone="Asia/Tomsk", local_offset=timedelta(hours=7)),
    daemon=True,
    sleep="",
    page="",
)


def states(facts: Facts) -> dict[str, str]:
    return {light.code: light.state for light in lights_of(facts)}


def changed(**change: Any) -> Facts:
    return msgspec.structs.replace(EVE, **change)


def clock(**change: Any) -> Facts:
    return changed(clock=msgspec.structs.replace(EVE.clock, **change))


def test_a_room_with_everything_is_ready() -> None:
    assert set(states(EVE).values()) == {"ok", "off"}
    assert is_ready(lights_of(EVE))
    assert "pedal" not in states(EVE), "without a pedal nothing mentions one"


@pytest.mark.parametrize(
    ("facts", "code", "state"),
    [
        (changed(exam_date=date(2026, 2, 9)), "date", "bad"),
        (changed(exam_date=date(2026, 2, 10)), "date", "ok"),
        (clock(now=NOW.replace(year=2001)), "clock", "bad"),
        (clock(known=NOW + timedelta(hours=1)), "clock", "bad"),
        (clock(is_kept=None), "clock", "warn"),
        (clock(local_offset=timedelta()), "zone", "warn"),
        (changed(roster=Roster(error="строка 3")), "roster", "bad"),
        (changed(roster=Roster(120, 0)), "roster", "warn"),
        (changed(microphone=Microphone("usb:1")), "microphone", "bad"),
        (changed(microphone=Microphone("usb:1", hears=True, error="выдернут")), "microphone", "bad"),
        (changed(microphone=Microphone("usb:1", hears=False)), "microphone", "bad"),
        (changed(microphone=Microphone("usb:1", "USB", hears=False)), "microphone", "warn"),
        (changed(rehearsed=None), "rehearsal", "bad"),
        (changed(rehearsed=Rehearsed(NOW, "fail")), "rehearsal", "bad"),
        (changed(rehearsed=Rehearsed(NOW, "fail", "Петров")), "rehearsal", "ok"),
        (changed(rehearsed=Rehearsed(NOW, "warn")), "rehearsal", "warn"),
        (changed(rehearsed=Rehearsed(NOW - timedelta(days=4), "pass")), "rehearsal", "warn"),
        (changed(disks=(Disk("/rec", 1, 8_000_000_000, 0.0),)), "disk", "bad"),
        (changed(disks=(*EVE.disks, Disk("/usb", 1, 2, 0.0, True))), "copy", "bad"),
        (changed(disks=(*EVE.disks, Disk("/usb", 9, 2, 9.0, True, "тот же диск"))), "copy", "bad"),
        (changed(disks=(*EVE.disks, Disk("/usb", 9, 2, 9.0, True))), "copy", "ok"),
        (changed(sleep="нет D-Bus"), "sleep", "warn"),
        (changed(daemon=False), "daemon", "warn"),
        (changed(daemon=False, exam_date=NOW.date()), "daemon", "bad"),
        (changed(page="порт занят"), "page", "warn"),
        (changed(pedal=False), "pedal", "warn"),
        (changed(pedal=True), "pedal", "ok"),
        (changed(delivery=Delivery(error="нет sync.toml")), "delivery", "warn"),
        (changed(delivery=Delivery(4, 4)), "delivery", "ok"),
    ],
)
def test_each_trouble_has_its_light_and_what_to_do(facts: Facts, code: str, state: str) -> None:
    (light,) = [light for light in lights_of(facts) if light.code == code]
    assert light.state == state
    assert bool(light.advice) == (state in {"warn", "bad"})
    assert is_ready(lights_of(facts)) is (state != "bad")


def test_who_must_be_told_apart_is_named(finished: Desk) -> None:
    with (finished.top / "roster.csv").open("a", encoding="utf-8") as roster:
        roster.write("5,Иванов,Игорь,,9А,265\n6,Иванов,Иван,Ильич,9А,265\n")
    lights = {light["code"]: light for light in json.loads(finished.run("ready", "--json").stdout)["lights"]}
    assert lights["roster"]["state"] == "ok"
    for name in ("Иванов Иван Иванович (№ 1)", "Иванов Игорь (№ 5)", "Иванов Иван Ильич (№ 6)"):
        assert name in lights["roster"]["text"]


def test_a_room_without_a_daemon_is_looked_at_all_the_same(finished: Desk) -> None:
    done = finished.run("ready")
    assert (done.returncode, done.stderr) == (1, ""), "the exam is over, there is no such microphone"
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("✕ Дата: экзамен был 11.02.2026")]
    assert [line for line in lines if line.startswith("✕ Микрофон: ")]
    assert [line for line in lines if line.startswith("✓ Список: в списке 4, в этой аудитории 3")]
    told = json.loads(finished.run("ready", "--json", language="en").stdout)
    assert told["ready"] is False
    assert [light["text"] for light in told["lights"] if light["code"] == "roster"] == [
        "4 on the roster, 3 of this room"
    ]


def test_a_wrong_roster_is_a_light_and_no_crash(finished: Desk) -> None:
    (finished.top / "roster.csv").write_text("number,surname,first_name\n1,Иванов,Иван\n1,Пётр,Пётр\n")
    done = finished.run("ready")
    assert done.returncode == 1
    assert "строка 3" in done.stdout


def test_the_last_test_recording_is_the_journals(room: Room) -> None:
    room.hear()
    room.do(ask.Rehearse(quick=False))
    room.hear(FULL_BLOCKS)
    room.handled()
    stem = room.day.rehearsals[-1].stem
    room.journal.append([RehearsalJudged(stem=stem, verdict=GOOD)])
    tested = looking.look(room.config).rehearsed
    assert tested is not None
    assert (tested.grade, tested.at) == ("pass", room.day.rehearsals[-1].started_at)


def test_a_copy_on_the_same_disk_is_none(tmp_path: Path) -> None:
    config = config_for(tmp_path / "one")
    second = msgspec.structs.replace(config.storage, second_folder=str(tmp_path / "two"))
    _, copy = looking.look(msgspec.structs.replace(config, storage=second)).disks
    assert "на том же диске" in copy.error
    with drive(tmp_path / "two"):
        _, copy = looking.look(msgspec.structs.replace(config, storage=second)).disks
        assert copy.error == ""
        assert copy.free < copy.needed


def test_what_the_agent_says_or_why_it_cannot_is_told(finished: Desk) -> None:
    with (finished.top / "station.toml").open("a", encoding="utf-8") as settings:
        settings.write('[web]\nsync_config = "sync.toml"\n')
    lights = {light["code"]: light for light in json.loads(finished.run("ready", "--json").stdout)["lights"]}
    assert lights["delivery"]["state"] == "warn"
    assert "sync.toml" in lights["delivery"]["text"]
    assert "sync.toml" in finished.told("summary")["delivery"]["error"]
    (finished.top / "sync.toml").write_text(SYNC, encoding="utf-8")
    assert finished.told("summary")["delivery"] == {"files": 0, "delivered": 0, "undelivered": [], "error": ""}


# -- the end of the day ----------------------------------------------------------------------------------------


def test_the_summary_names_who_is_missing_and_why_others_are_not(finished: Desk) -> None:
    told = finished.told("summary")
    assert (told["expected"], told["recorded"], told["accepted"], told["missing"]) == (3, 2, 1, [4])
    assert {row["number"]: row["standing"] for row in told["participants"]} == {
        1: "accepted", 2: "unreviewed", 4: "missing"
    }  # fmt: skip
    text = finished.run("summary").stdout
    assert "№ 4 Яковлева Яна: нет ни записи, ни отметки" in text


# -- drives ----------------------------------------------------------------------------------------------------


def test_a_drive_that_somebody_opened_is_found_whatever_its_name(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    lines = [
        "22 1 254:0 / / rw - ext4 /dev/vda1 rw",
        "90 22 8:17 / /media/teacher/ФЛЕШКА\\040ШКОЛЫ rw,nosuid - vfat /dev/sdb1 rw",
        "91 22 8:33 / /home/backup rw - ext4 /dev/sdc1 rw",
        "92 22 0:50 / /proc/x rw - proc proc rw",
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = mounts(table)
    assert (found[1].path, found[1].kind, found[1].device) == ("/media/teacher/ФЛЕШКА ШКОЛЫ", "vfat", "8:17")
    disk = tmp_path / "sys" / "devices" / "pci" / "usb1" / "block" / "sdc" / "sdc1"
    disk.mkdir(parents=True)
    (tmp_path / "sys" / "dev" / "block").mkdir(parents=True)
    (tmp_path / "sys" / "dev" / "block" / "8:33").symlink_to(disk)
    assert [mount.path for mount in removable(tmp_path / "sys", table)] == [found[1].path, "/home/backup"]
