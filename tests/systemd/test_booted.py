"""Installed on a computer with a real systemd: the room records, is never left dead, and leaves its recordings.

One computer is booted for all of it, and the tests follow a school's use of it: installed, configured, a day with a
hung and a killed daemon, upgraded, uninstalled. Each also brings about by itself what it begins with.
"""

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from rig import boot
from rig.boot import CHECKOUT, Computer
from school_computer import ALSA, CARDS, OPENS, OPENS_OFFICE, RECORDINGS, SOUND, SYNC_TOML

pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("booted"),
    pytest.mark.skipif(not boot.possible(), reason="boots a computer: needs root, mmdebstrap and systemd-container"),
]

ROOM = "station@265.service"
CONFIG = "/etc/station/265.toml"
PATIENCE_S = 30.0
RESTARTED_S = 45.0
"""The watchdog's 20 s, and as much again for the slowest machine."""


def noon() -> str:
    """A time zone in which it is about noon, so that no test runs into the next day."""
    hours = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


def station_toml() -> str:
    """The example, filled in as a school would."""
    text = (boot.ROOT / "config/station.toml").read_text(encoding="utf-8")
    for old, new in {
        '"Asia/Tomsk"': f'"{noon()}"',
        "2026-02-11": datetime.now(UTC).date().isoformat(),  # at noon there it is the same date here
        '"pulse" ': '"microphone" ',
        '"recordings" ': f'"{RECORDINGS}" ',
    }.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    # The computer writes to memory: a day of an hour fits.
    text = re.sub(r"^hours = .*\n", "", text, flags=re.MULTILINE)
    return text.replace("[storage]\n", "[storage]\nhours = 1.0\n")


def await_(true: Callable[[], object], within_s: float = PATIENCE_S) -> float:
    """Wait until it is true; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def computer() -> Iterator[Computer]:
    with Computer() as computer:
        computer.write("/etc/systemd/system/sound.service", SOUND)
        computer.write("/etc/asound.conf", ALSA)
        computer.run("systemctl", "start", "sound.service")
        yield computer


def install(computer: Computer, *words: str) -> str:
    done = computer.ask(f"{CHECKOUT}/scripts/install", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def station(computer: Computer, *words: str) -> dict[str, Any]:
    """A command to the room; the status after it."""
    answer: dict[str, Any] = json.loads(computer.run("station", *words, "--json", "--config", CONFIG))
    return answer


def state(computer: Computer) -> str | None:
    """The room's state; None while it does not answer."""
    done = computer.ask("station", "status", "--json", "--config", CONFIG, timeout_s=PATIENCE_S)
    return str(json.loads(done.stdout)["state"]) if done.returncode == 0 else None


def captures(computer: Computer) -> bool:
    """Whether the room takes down what is heard now."""
    done = computer.ask("station", "status", "--json", "--config", CONFIG, timeout_s=PATIENCE_S)
    stream = json.loads(done.stdout)["stream"] if done.returncode == 0 else None
    return stream is not None and stream["captured_frames"] > 0


def main_pid(computer: Computer) -> int:
    return int(computer.properties(ROOM)["MainPID"])


def recordings(computer: Computer) -> dict[str, int]:
    """Every recording there, with its size in bytes."""
    listed = computer.run("find", RECORDINGS, "-name", "*.wav", "-printf", r"%f\t%s\n").splitlines()
    return {name: int(size) for name, size in (line.split("\t") for line in listed)}


def inhibitors(computer: Computer) -> str:
    return computer.run("systemd-inhibit", "--list", "--no-pager")


@pytest.fixture(scope="module")
def room(computer: Computer) -> Computer:
    """The computer with its room configured and hearing the microphone."""
    computer.write(CONFIG, station_toml())
    install(computer, "265")
    await_(lambda: station(computer, "status")["levels"]["rms_dbfs"])
    return computer


@pytest.fixture
def recording(room: Computer) -> Computer:
    """The room with its day open and the first participant being recorded."""
    if state(room) == "closed":
        station(room, "open")
    if state(room) == "idle":
        station(room, "start", "--participant", "1", "--variant", "3")
    await_(lambda: captures(room))
    return room


@pytest.fixture
def recorded(room: Computer) -> Computer:
    """The room with a day that was recorded and closed."""
    if not recordings(room):
        station(room, "open")
        station(room, "start", "--participant", "1", "--variant", "3")
    if state(room) != "closed":
        room.run("station", "close", "--config", CONFIG)
    return room


def test_a_first_installation_starts_nothing_that_nobody_configured(computer: Computer) -> None:
    said = install(computer, "265")
    assert CONFIG in said
    assert computer.properties(ROOM)["ActiveState"] == "inactive"
    assert "265" in computer.run("cat", CONFIG)


def test_the_exam_microphone_alone_is_hidden_from_the_desktop(computer: Computer) -> None:
    install(computer, "--microphone", "0d8c:0014:AB1", "265")
    install(computer, "265")  # without the option the rule stays
    computer.write("/run/cards.umockdev", CARDS)
    for card, hidden in (("1-1/1-1:1.0/sound/card1", True), ("1-2/1-2:1.0/sound/card2", False)):
        device = f"/sys/devices/usb1/{card}"
        seen = computer.run("umockdev-run", "-d", "/run/cards.umockdev", "--", "udevadm", "test", device)
        assert ("PULSE_IGNORE=1" in seen, "ACP_IGNORE=1" in seen) == (hidden, hidden)


def test_a_wrong_configuration_is_refused_in_words(computer: Computer) -> None:
    computer.write(CONFIG, station_toml().replace("microphone", '", "'))
    done = computer.ask(f"{CHECKOUT}/scripts/install")
    assert done.returncode == 1
    assert CONFIG in done.stderr
    assert "Traceback" not in done.stderr


def test_a_configured_room_is_started_and_its_configuration_left_as_it_is(room: Computer) -> None:
    assert room.run("cat", CONFIG) == station_toml()
    properties = room.properties(ROOM)
    assert (properties["ActiveState"], properties["UnitFileState"]) == ("active", "enabled")
    assert [alarm["code"] for alarm in station(room, "status")["alarms"]] == ["rehearsal_missing"]


def test_the_daemon_runs_as_its_own_user_in_a_closed_sandbox(room: Computer) -> None:
    pid = main_pid(room)
    status = dict(line.split(":\t", 1) for line in room.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
    assert status["Uid"].split() == [room.run("id", "-u", "station").strip()] * 4
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {int(status[held], 16) for held in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {0}
    inside = ["nsenter", f"--target={pid}", "--mount", "--"]
    assert room.ask(*inside, "touch", "/etc/station/x").returncode != 0
    assert room.ask(*inside, "touch", "/opt/x").returncode != 0


@pytest.mark.parametrize("unit", [ROOM, "station-sync.service", "station-exchange.service"])
def test_exposure_is_at_most_two(room: Computer, unit: str) -> None:
    done = room.ask("systemd-analyze", "security", "--no-pager", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout


def test_sleep_is_inhibited_from_open_to_close(room: Computer) -> None:
    if state(room) != "closed":
        room.run("station", "close", "--config", CONFIG)
    await_(lambda: "exam-station" not in inhibitors(room))
    station(room, "open")
    await_(lambda: "exam-station" in inhibitors(room))
    line = next(line for line in inhibitors(room).splitlines() if "exam-station" in line)
    assert "sleep" in line
    assert "block" in line
    # Nobody but the daemon speaks to systemd in its name.
    assert "Got notification message" not in room.run("journalctl", "--no-pager", "-u", ROOM)


def test_whoever_may_command_the_station_opens_its_page_and_nobody_else(room: Computer) -> None:
    icon = room.run("cat", "/usr/share/applications/exam-station-265.desktop")
    assert f"station page --config {CONFIG}" in icon
    for user in ("teacher", "stranger"):
        room.run("useradd", "--create-home", user)
    room.run("usermod", "--append", "--groups", "station", "teacher")
    room.write("/run/opens.py", OPENS)
    opens = ["/opt/exam-station/bin/python", "/run/opens.py", CONFIG]
    told = json.loads(room.run("runuser", "-u", "teacher", "--", *opens))
    assert told["room"]["school"]["code"] == "701020"
    assert (told["mode"], told["is_left"]) == ("600", False)
    refused = room.ask("runuser", "-u", "stranger", "--", "station", "page", "--print", "--config", CONFIG)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    # A restart puts nobody out.
    room.run("systemctl", "restart", ROOM)
    await_(lambda: room.ask(*opens, told["url"], told["cookie"]).returncode == 0)


def test_the_sound_is_recorded_by_the_service(recording: Computer) -> None:
    status = station(recording, "status")
    assert status["state"] == "recording"
    assert status["levels"]["rms_dbfs"][0] > -40.0
    assert recordings(recording)


def test_a_hung_daemon_is_restarted_and_the_same_participant_goes_on(
    recording: Computer, record_property: Callable[[str, object], None]
) -> None:
    before, restarts = recordings(recording), int(recording.properties(ROOM)["NRestarts"])
    hung = main_pid(recording)
    recording.send(signal.SIGSTOP, hung)
    began = time.monotonic()
    await_(lambda: main_pid(recording) not in {0, hung}, RESTARTED_S)
    await_(lambda: captures(recording))
    took = time.monotonic() - began
    record_property("from hang to going on, seconds", round(took, 1))
    assert int(recording.properties(ROOM)["NRestarts"]) == restarts + 1
    assert "watchdog" in recording.run("journalctl", "--no-pager", "-u", ROOM).lower()
    status = station(recording, "status")
    assert (status["state"], status["participant"]) == ("recording", 1)
    assert status["stream"]["file"] not in before
    after = recordings(recording)
    assert all(after[name] >= size for name, size in before.items())
    await_(lambda: "exam-station" in inhibitors(recording))


def test_a_killed_daemon_is_restarted_at_once(
    recording: Computer, record_property: Callable[[str, object], None]
) -> None:
    killed = main_pid(recording)
    recording.send(signal.SIGKILL, killed)
    began = time.monotonic()
    await_(lambda: main_pid(recording) not in {0, killed}, RESTARTED_S)
    await_(lambda: captures(recording))
    record_property("from kill to going on, seconds", round(time.monotonic() - began, 1))
    assert state(recording) == "recording"


def test_an_upgrade_is_refused_while_a_day_is_open(recording: Computer) -> None:
    pid = main_pid(recording)
    for script in ("install", "uninstall"):
        done = recording.ask(f"{CHECKOUT}/scripts/{script}")
        assert done.returncode == 1
        assert "265" in done.stderr
    assert (main_pid(recording), state(recording)) == (pid, "recording")


def test_a_stopped_service_has_sealed_its_part_and_goes_on_with_the_day(recording: Computer) -> None:
    part = station(recording, "status")["stream"]["file"]
    recording.run("systemctl", "stop", ROOM)
    journal = recording.run("sh", "-c", f"cat '{RECORDINGS}'/*/journal.jsonl")
    ended = [line for line in journal.splitlines() if part in line and "shutdown" in line]
    assert len(ended) == 1
    assert "exam-station" not in inhibitors(recording)
    recording.run("systemctl", "start", ROOM)
    await_(lambda: captures(recording))
    assert state(recording) != "closed"
    assert station(recording, "status")["stream"]["file"] != part


def test_the_closed_day_is_whole(recorded: Computer) -> None:
    report = json.loads(recorded.run("station", "verify", "--json", "--config", CONFIG))
    assert (report["ok"], report["breaches"]) == (True, [])
    await_(lambda: "exam-station" not in inhibitors(recorded))
    owners = set(recorded.run("find", RECORDINGS, "-name", "*.wav", "-printf", r"%u:%g %m\n").splitlines())
    assert owners == {"station:exam 640"}


def test_what_was_recorded_is_delivered_by_the_services(recorded: Computer) -> None:
    install(recorded, "--exchange")
    exchange = ["runuser", "-u", "station-exchange", "--", "station-sync", "exchange"]
    answer = recorded.run(*exchange, "add-school", "701020", "--folder", "/var/lib/station-exchange")
    recorded.write("/etc/station/token", answer.split()[-1], "600")
    recorded.run("chown", "station-sync:", "/etc/station/token")
    recorded.write("/etc/station/sync.toml", SYNC_TOML)
    install(recorded)
    assert recorded.properties("station-sync.timer")["ActiveState"] == "active"
    status = ["runuser", "-u", "station-sync", "--", "station-sync", "status", "--json"]

    def delivered() -> bool:
        items = json.loads(recorded.run(*status))["items"]
        return bool(items) and all(item["state"] == "delivered" for item in items)

    await_(delivered)
    told = recorded.run(*status)
    of_the_station = ["runuser", "-u", "station", "--", *status[4:]]
    assert recorded.run(*of_the_station) == told
    recorded.run("systemctl", "stop", "station-sync.timer", "station-sync.service")
    assert recorded.run(*of_the_station) == told


def test_a_room_is_paired_with_a_headquarters_and_tells_it_how_it_is(recorded: Computer) -> None:
    install(recorded, "--headquarters")
    folder = ["--folder", "/var/lib/station-exchange"]
    exchange = ["runuser", "-u", "station-exchange", "--", "station-sync", "exchange"]
    await_(lambda: recorded.ask(*exchange, "invite", "701020", *folder).returncode == 0)
    told = recorded.run(*exchange, "invite", "701020", "--room", "265", "--address", "127.0.0.1", *folder)
    recorded.run("rm", "-f", "/etc/station/sync.toml")
    recorded.run("station-sync", "pair", told.split()[-1], "--config", "/etc/station/sync.toml")
    recorded.run("systemctl", "restart", "station-sync.service")

    def heard() -> bool:
        rooms = json.loads(recorded.run(*exchange, "rooms", "--json", *folder))
        return any(one["word"]["station"] and one["word"]["room"] == "265" for one in rooms)

    await_(heard, RESTARTED_S)
    forwarding = ["runuser", "-u", "station-sync", "--", "sh", "-c"]
    recorded.run(*forwarding, "cat /var/lib/station-exchange/schools/701020/*/*.json")
    for secret in ("tls.key", "server.key", "exchange.db"):
        assert recorded.ask(*forwarding, f"cat /var/lib/station-exchange/{secret}").returncode != 0


def test_the_headquarters_page_is_served_to_whoever_is_in_its_group(recorded: Computer) -> None:
    for user in ("organizer", "passer-by"):
        recorded.run("useradd", "--create-home", user)
    listed = SYNC_TOML.replace('code = "701020"', 'code = "701020"\nroster = "roster.csv"')
    recorded.write("/etc/station/sync.toml", listed)
    install(recorded, "--office", "--operator", "organizer")
    recorded.write("/run/opens-office.py", OPENS_OFFICE)
    opens = ["/opt/exam-station/bin/python", "/run/opens-office.py", "/etc/station/sync.toml"]
    await_(lambda: recorded.ask("runuser", "-u", "organizer", "--", *opens).returncode == 0)
    told = json.loads(recorded.run("runuser", "-u", "organizer", "--", *opens))
    assert told["room"]["school"]["code"] == "701020"
    refused = recorded.ask("runuser", "-u", "passer-by", "--", *opens)
    assert refused.returncode != 0


def test_a_configuration_broken_later_is_tried_again_until_it_is_right(room: Computer) -> None:
    room.run("systemctl", "stop", ROOM)
    room.write(CONFIG, "nonsense")
    room.run("systemctl", "--no-block", "start", ROOM)
    await_(lambda: room.properties(ROOM)["SubState"] == "stop-post")
    room.write(CONFIG, station_toml())
    await_(lambda: state(room) == "closed")


def test_an_upgrade_keeps_the_configuration_and_brings_the_code(room: Computer) -> None:
    (code,) = room.run("sh", "-c", "echo /opt/exam-station/lib/python3*/site-packages/station/service.py").split()
    room.run("rm", code)
    room.write("/opt/exam-station/code", "of another version")
    said = install(room, "265")
    assert "265" in said
    room.run("test", "-s", code)
    assert room.run("cat", CONFIG) == station_toml()
    assert state(room) == "closed"


def test_uninstalling_leaves_recordings_and_configuration_and_nothing_else(recorded: Computer) -> None:
    before = recordings(recorded)
    done = recorded.ask(f"{CHECKOUT}/scripts/uninstall")
    assert done.returncode == 0, done.stderr
    assert RECORDINGS in done.stderr
    assert recordings(recorded) == before
    assert recorded.run("cat", CONFIG) == station_toml()
    assert recorded.properties(ROOM)["LoadState"] == "not-found"
    left = recorded.run("find", "/etc", "/opt", "/usr/local", "-name", "*station*").split()
    assert [path for path in left if not path.startswith("/etc/station")] == []
