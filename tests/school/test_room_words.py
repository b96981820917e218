"""Rooms tell their headquarters how they are: what is told, what is kept, what is refused, and who hears nothing."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import requests
from headquarters import CODE, Hub, headquarters, paired
from rig.exchange import exchange_for
from rig.schoolday import EXAM_DATE, write_roster
from school import School, wait_for

from exam.roster import Participant
from sync import config, roomlook, roomword, telling
from sync.cli import main
from sync.exchange.database import Database
from sync.exchange.refusal import Refused
from sync.exchange.rooms import MAX_ROOMS, Rooms, rooms
from sync.receipts import KEY_FILE
from sync.roomword import Alarm, Delivery, Light, Ready, RoomWord, Station, Stream
from sync.telling import EVERY_S, REFUSED_S, UNREACHABLE_S, Teller

NOW = datetime(2026, 2, 11, 3, 0, tzinfo=UTC)
FILE = "11.02.2026_265_701020_поток_01.wav"
PEOPLE = [
    Participant(1, "Иванов", "Иван", "", "9А", "265"),
    Participant(2, "Сидоров", "Сидор", "", "9А", "265"),
    Participant(3, "Петров", "Пётр", "", "9А", "266"),
]


def word(room: str = "265", *, size: int = 1000, at: datetime = NOW, **told: object) -> RoomWord:
    station = Station(state="recording", participant=1, stream=Stream(FILE, size), done=3, expected=10)
    fields = {"room": room, "computer": "pc-1", "said_at": at, "exam_date": EXAM_DATE, "station": station}
    return RoomWord(**(fields | told))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with headquarters(tmp_path_factory.mktemp("headquarters") / "hub") as found:
        yield found


class TestKept:
    @pytest.fixture
    def kept(self, tmp_path: Path) -> Iterator[Rooms]:
        with closing(Database(tmp_path / "exchange.db")) as database:
            yield Rooms(database)

    def test_the_last_word_of_each_computer(self, kept: Rooms, tmp_path: Path) -> None:
        for room, size in (("265", 1), ("266", 2), ("265", 3)):
            kept.hear(CODE, word(room, size=size), NOW)
        kept.hear(CODE, word(computer="pc-2"), NOW)
        kept.hear("701021", word(), NOW)
        found = [(one.school, one.word.room, one.word.computer) for one in rooms(tmp_path)]
        assert found == [
            (CODE, "265", "pc-1"), (CODE, "265", "pc-2"), (CODE, "266", "pc-1"), ("701021", "265", "pc-1"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("before", "after", "growing"), [(None, 5, True), (None, 0, False), (5, 6, True), (5, 5, False), (5, 4, False)]
    )
    def test_whether_the_stream_grows(self, kept: Rooms, before: int | None, after: int, growing: bool) -> None:
        if before is not None:
            kept.hear(CODE, word(size=before), NOW)
        kept.hear(CODE, word(size=after), NOW)
        assert kept.all()[0].growing is growing

    def test_a_new_part_grows_from_nothing_and_no_stream_does_not(self, kept: Rooms) -> None:
        kept.hear(CODE, word(size=5000), NOW)
        station = Station(state="idle", stream=Stream("11.02.2026_265_701020_поток_02.wav", 80))
        kept.hear(CODE, word(station=station), NOW)
        assert kept.all()[0].growing
        kept.hear(CODE, word(station=None, silent="станция не запущена"), NOW)
        assert not kept.all()[0].growing

    def test_readiness_of_the_day_before_stays_known_on_the_day(self, kept: Rooms) -> None:
        evening = Ready(NOW - timedelta(hours=15), ready=True)
        kept.hear(CODE, word(at=evening.at, ready=evening), evening.at)
        kept.hear(CODE, word(ready=Ready(NOW, ready=False)), NOW)
        kept.hear(CODE, word(), NOW)
        assert kept.all()[0].ready_before == evening
        kept.hear(CODE, word(exam_date=date(2026, 3, 11)), NOW)
        assert kept.all()[0].ready_before is None, "that was another exam's"

    @pytest.mark.parametrize(("seconds", "told"), [(0, None), (29, None), (-30, None), (31, 31.0), (-86400, -86400.0)])
    def test_a_clock_that_is_off_is_told(self, kept: Rooms, seconds: int, told: float | None) -> None:
        kept.hear(CODE, word(at=NOW + timedelta(seconds=seconds)), NOW)
        assert kept.all()[0].clock_off_s == told

    def test_silence_is_told(self, kept: Rooms) -> None:
        kept.hear(CODE, word(), NOW)
        one = kept.all()[0]
        assert not one.is_silent(NOW + timedelta(seconds=40))
        assert one.is_silent(NOW + timedelta(seconds=60))

    def test_what_another_version_kept_hides_nothing(self, tmp_path: Path) -> None:
        with closing(Database(tmp_path / "exchange.db")) as database:
            kept = Rooms(database)
            for room in ("265", "266"):
                kept.hear(CODE, word(room), NOW)
            database.write("UPDATE room SET word = '{}' WHERE room = '265'")
            assert [one.word.room for one in kept.all()] == ["266"]
            kept.hear(CODE, word("265"), NOW)
            assert len(kept.all()) == 2

    def test_no_more_than_a_school_has(self, kept: Rooms) -> None:
        for number in range(MAX_ROOMS):
            kept.hear(CODE, word(str(number)), NOW)
        with pytest.raises(Refused):
            kept.hear(CODE, word("one more"), NOW)
        kept.hear(CODE, word("7", size=9999), NOW)
        kept.hear("701021", word(), NOW)


class TestTaken:
    def put(self, hub: Hub, body: bytes, room: str = "265", token: str | None = None) -> int:
        return requests.put(
            f"https://127.0.0.1:{hub.port}/rooms/{room}", data=body, verify=str(hub.folder / "tls.pem"), timeout=10,
            headers={"Authorization": f"Bearer {token or hub.token}"},
        ).status_code  # fmt: skip

    def test_a_word_is_kept_and_shown(self, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
        alarm = Alarm("noise", "warn", "Шум\x1b[2J в аудитории", NOW)
        ready = Ready(NOW, ready=False, lights=(Light("disk", "bad", "мало места"),))
        station = Station(state="recording", stream=Stream(FILE, 5_000_000), alarms=(alarm,), done=3, expected=10)
        told = word("12а", at=datetime.now(UTC) + timedelta(minutes=5), station=station, ready=ready,
                    delivery=Delivery(files=8, delivered=6))  # fmt: skip
        assert self.put(hub, msgspec.json.encode(told), "12%D0%B0") == 204
        assert main(["exchange", "rooms", "--folder", str(hub.folder)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "ауд. 12а (pc-1): ИДЁТ ЗАПИСЬ, готово 3/10, 5.0 МБ растёт; в Штабе файлов 6/8; слышали" in lines[0]
        assert lines[1].strip() in {"часы спешат: 300 с", "часы спешат: 299 с"}
        assert lines[2:] == ["  ! Шум [2J в аудитории", "  ✕ disk: мало места"]
        assert main(["exchange", "rooms", "--json", "--folder", str(hub.folder)]) == 0
        (one,) = [one for one in json.loads(capsys.readouterr().out) if one["word"]["room"] == "12а"]
        assert one["word"]["station"]["stream"]["bytes"] == 5_000_000
        assert (one["growing"], one["silent"], round(one["clock_off_s"])) == (True, False, 300)

    def test_a_stranger_and_a_word_of_another_room_are_refused(self, hub: Hub) -> None:
        body = msgspec.json.encode(word("999"))
        assert self.put(hub, body, "999", token="wrong") == 401
        assert self.put(hub, body, "998") == 400
        assert "999" not in {one.word.room for one in rooms(hub.folder)}

    def test_a_paired_computer_speaks_for_itself_alone(self, hub: Hub, tmp_path: Path) -> None:
        """One room's computer, in wrong hands, cannot make another's alarm or silence unseen."""
        school = paired(tmp_path, hub.folder, "301")
        own = (school.base / "hub.token").read_text().strip()
        assert self.put(hub, msgspec.json.encode(word("302", size=7)), "302") == 204
        assert self.put(hub, msgspec.json.encode(word("302", size=1)), "302", own) == 204
        sizes = {
            one.word.computer: one.word.station.stream.bytes
            for one in rooms(hub.folder)
            if one.word.room == "302" and one.word.station and one.word.station.stream
        }
        assert sizes == {"pc-1": 7, socket.gethostname()[:80]: 1}

    @pytest.mark.parametrize(
        "change",
        [
            {"said_at": "2026-02-11T09:00:00"},
            {"room": ""},
            {"computer": "x" * 81},
            {"silent": "x" * 401},
            {"station": {"state": "asleep"}},
            {"station": {"state": "idle", "done": -1}},
            {"station": {"state": "idle", "done": 2**60}},
            {"station": {"state": "idle", "hours_left": -1.0}},
            {"station": {"state": "idle", "stream": {"file": "x" * 256, "bytes": 1}}},
            {"station": {"state": "idle", "alarms": [{"code": "x", "severity": "x", "text": "", "since": None}]}},
            {"ready": {"at": "2026-02-11T09:00:00Z", "ready": True, "lights": [{"code": "x", "state": "ok"}] * 41}},
            {"delivery": {"files": "many"}},
        ],
    )
    def test_a_word_that_makes_no_sense_is_refused(self, hub: Hub, change: dict[str, object]) -> None:
        assert self.put(hub, msgspec.json.encode(msgspec.to_builtins(word()) | change)) == 400

    def test_a_word_without_end_is_refused(self, hub: Hub) -> None:
        assert self.put(hub, b" " * (roomword.MAX_BYTES + 1)) == 413
        assert self.put(hub, b"[" * roomword.MAX_BYTES) == 400
        assert self.put(hub, b"") == 400


STATUS = {
    "state": "recording", "participant": 1, "stream": {"file": FILE, "frames": 10, "captured_frames": 10},
    "alarms": [{"code": "noise", "severity": "warn", "text": "шум", "since": "2026-02-11T09:00:00+07:00"}],
    "disk": [{"folder": "RECORDINGS", "free_bytes": 1, "hours_left": 12.5}, {"folder": "/m", "hours_left": 3.0}],
    "participants": [
        {"number": 1, "name": "Иванов Иван", "outcome": None, "takes": [{"accepted": False}]},
        {"number": 2, "name": "Сидоров Сидор", "outcome": "absent", "takes": []},
        {"number": 3, "name": "Петров Пётр", "outcome": None, "takes": [{"accepted": True}]},
        {"number": 4, "name": "Кузнецов", "outcome": None, "takes": []},
    ],
}  # fmt: skip
READY = {
    "ready": False,
    "lights": [
        {"code": "roster", "state": "warn", "text": "похожие имена: Иванов И", "advice": ""},
        {"code": "microphone", "state": "bad", "text": "нет «pulse»", "advice": "подключите его"},
        {"code": "date", "state": "ok", "text": "экзамен завтра", "advice": ""},
    ],
}


def fake_station(folder: Path, status: object, ready: object = READY) -> list[str]:
    """A program that answers as the station does."""
    (folder / "status.json").write_text(status if isinstance(status, str) else json.dumps(status))
    (folder / "ready.json").write_text(ready if isinstance(ready, str) else json.dumps(ready))
    script = folder / "station.py"
    script.write_text(
        "import sys, pathlib\n"
        "assert sys.argv[2:4] == ['--json', '--config'] and sys.argv[4].endswith('265.toml')\n"
        f"sys.stdout.write(pathlib.Path({str(folder)!r}, sys.argv[1] + '.json').read_text())\n"
        "sys.stderr.write('Станция не запущена.')\n"
        "sys.exit(sys.argv[1] == 'ready')\n"
    )
    return [sys.executable, str(script)]


@pytest.fixture
def room(tmp_path: Path) -> School:
    school = School(tmp_path)
    school.day.mkdir(parents=True)
    write_roster(tmp_path / "roster.csv", PEOPLE)
    (tmp_path / "265.toml").write_text(
        f'[school]\ncode = "{CODE}"\n[exam]\ndate = {EXAM_DATE}\n[room]\nnumber = "265"\nroster = "roster.csv"\n'
    )
    (tmp_path / "notes.toml").write_text("not = [toml")
    return school


def looked(room: School, status: object, ready: object = READY) -> tuple[roomlook.Look, roomlook.RoomFile]:
    (file,) = roomlook.room_files(room.base)
    return roomlook.Look(file, [room.recordings], fake_station(room.base, status, ready)), file


class TestLook:
    def test_numbers_and_no_names(self, room: School) -> None:
        (room.day / FILE).write_bytes(b"x" * 777)
        look, file = looked(room, STATUS)
        told = roomlook.word(file, look, Delivery(), lambda: NOW)
        assert told.station is not None
        assert (told.room, told.exam_date) == ("265", EXAM_DATE)
        assert told.station.stream == Stream(FILE, 777), "as the disk has it"
        assert (told.station.done, told.station.expected) == (2, 3), "two of the room, one from another"
        assert told.station.hours_left == 3.0
        ready = look.ready(NOW)
        assert ready is not None
        assert [(light.code, light.text) for light in ready.lights] == [
            ("roster", ""), ("microphone", "нет «pulse» → подключите его"), ("date", ""),
        ]  # fmt: skip
        assert not ready.ready
        text = msgspec.json.encode(msgspec.structs.replace(told, ready=ready)).decode()
        assert not any(person["name"].split()[0] in text for person in STATUS["participants"])  # type: ignore[attr-defined,index]

    @pytest.mark.parametrize("answer", ["", "{}", "[", '{"state": "asleep"}', "x" * 100_000])
    def test_a_station_that_is_not_there_is_said_with_its_words(self, room: School, answer: str) -> None:
        look, _ = looked(room, answer, answer)
        assert look.station() == (None, "Станция не запущена.")
        assert look.ready(NOW) is None

    def test_a_program_that_is_not_there(self, room: School) -> None:
        (file,) = roomlook.room_files(room.base)
        look = roomlook.Look(file, [], ["/nowhere/station"])
        station, silent = look.station()
        assert station is None
        assert silent
        assert look.ready(NOW) is None

    def test_a_stream_named_elsewhere_is_not_looked_for(self, room: School) -> None:
        look, _ = looked(room, STATUS | {"stream": {"file": "../../etc/passwd"}})
        station, _silent = look.station()
        assert station is not None
        assert station.stream == Stream("../../etc/passwd", 0)

    def test_what_the_user_who_asks_may_not_do_is_no_fault_of_the_room(
        self, room: School, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lights = [{"code": "disk", "state": "bad", "text": "нет прав на запись", "advice": ""}]
        look, _ = looked(room, STATUS, {"ready": False, "lights": lights})
        ready = look.ready(NOW)
        assert ready is not None
        assert not ready.ready, "the recordings are this user's own"
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        ready = look.ready(NOW)
        assert ready is not None
        assert ready.ready
        assert ready.lights == ()

    def test_without_a_roster_those_seen_are_expected(self, room: School) -> None:
        (room.base / "roster.csv").unlink()
        station, _ = looked(room, STATUS)[0].station()
        assert station is not None
        assert station.expected == 3


class TestTelling:
    def teller(self, school: School, answer: object = STATUS) -> Teller:
        told = config.load(school.base / "sync.toml")
        files = roomlook.room_files(school.base)
        return Teller(told, told.target, files, fake_station(school.base, answer))  # type: ignore[arg-type]

    def test_it_reaches_the_headquarters_over_the_pinned_line(self, room: School, hub: Hub) -> None:
        paired(room.base, hub.folder)
        assert self.teller(room).once() == EVERY_S
        (one,) = [one for one in rooms(hub.folder) if one.word.room == "265"]
        assert one.word.station is not None
        assert one.word.station.state == "recording"
        assert one.word.ready is None, "nobody looks at readiness while a participant is recorded"
        assert self.teller(room, STATUS | {"state": "idle"}).once() == EVERY_S
        (one,) = [one for one in rooms(hub.folder) if one.word.room == "265"]
        assert one.word.ready is not None
        assert abs(one.received_at - one.word.said_at) < timedelta(seconds=5)

    def test_who_is_no_exchange_of_ours_hears_nothing(self, room: School, hub: Hub) -> None:
        paired(room.base, hub.folder)
        file = room.base / "sync.toml"
        file.write_text("\n".join(line for line in file.read_text().splitlines() if "server_key" not in line))
        before = rooms(hub.folder)
        assert self.teller(room).once() == REFUSED_S
        assert rooms(hub.folder) == before

    @pytest.mark.slow
    def test_a_centre_is_not_told(self, room: School, tmp_path: Path) -> None:
        program, token = exchange_for("701021", tmp_path / "centre", "--tier", "centre")
        with program.running():
            (tmp_path / "token").write_text(token)
            (tmp_path / "token").chmod(0o600)
            (tmp_path / "sync.toml").write_text(
                f'[school]\ncode = "701021"\n[target]\nkind = "tus"\nurl = "http://127.0.0.1:{program.port}/files"\n'
                'token_file = "token"\n'
            )
            (tmp_path / "state").mkdir()
            (tmp_path / "state" / KEY_FILE).write_text("A" * 43 + "=")
            assert self.teller(room).once() == REFUSED_S
        assert rooms(tmp_path / "centre") == []

    @pytest.mark.slow
    def test_nobody_there_and_a_revoked_token_are_no_errors(self, room: School, tmp_path: Path) -> None:
        with headquarters(tmp_path / "hub") as hub:
            paired(room.base, hub.folder)
            teller = self.teller(room)
            assert main(["exchange", "revoke", CODE, "1", "--folder", str(hub.folder)]) == 0
            assert teller.once() == REFUSED_S
        assert teller.once() == UNREACHABLE_S

    @pytest.mark.slow
    def test_the_agent_tells_while_it_runs_and_ends_at_once(self, room: School, hub: Hub) -> None:
        paired(room.base, hub.folder, "265")
        agent = room.start("run")
        try:
            wait_for(lambda: any(one.word.silent for one in rooms(hub.folder)))
        finally:
            ended = time.monotonic()
            agent.terminate()
            _, err = agent.communicate(timeout=20)
        assert time.monotonic() - ended < 5
        assert "Traceback" not in err


def test_without_a_station_or_an_exchange_nothing_runs(tmp_path: Path) -> None:
    import threading  # noqa: PLC0415

    (tmp_path / "sync.toml").write_text('[school]\ncode = "1"\n[target]\nkind = "folder"\nfolder = "x"\n')
    before = threading.active_count()
    with telling.told(config.load(tmp_path / "sync.toml")):
        assert threading.active_count() == before
