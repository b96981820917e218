"""The units as systemd itself judges them: no warning, a tight sandbox, and still all that the services need."""

import os
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from station.controls import pedals

ROOT = Path(__file__).parents[2]
SERVICES = sorted((ROOT / "systemd").glob("*.service"))
UNITS = [*SERVICES, *sorted((ROOT / "systemd").glob("*.timer"))]
PROGRAMS = ("station", "station-sync")
TARGETS = ("basic", "sysinit", "shutdown", "local-fs", "network-online", "time-sync", "sound", "multi-user", "timers")
ALSA_MAJOR = 116
"""CONFIG_SND_MAJOR of include/sound/core.h, the same in every kernel."""
EXPOSURE = 20
"""Of 100, as systemd-analyze counts (it prints a tenth); the unhardened default is 96."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs the package systemd")


class Settings(ConfigParser):
    """A unit file; of a setting given twice the last counts, which no test here depends on."""

    def __init__(self, unit: Path) -> None:
        super().__init__(strict=False, interpolation=None, delimiters=("=",))
        self.read(unit, encoding="utf-8")

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with our units and programs as they are installed, and nothing of this machine's."""
    root = tmp_path_factory.mktemp("root")
    units = root / "etc/systemd/system"
    programs = root / "opt/exam-station/bin"
    for folder in (units, programs, root / "etc/station"):
        folder.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, units)
    for target in TARGETS:
        (units / f"{target}.target").write_text("[Unit]\nDescription=stub\n", encoding="utf-8")
    shell = root / "bin/sh"
    shell.parent.mkdir()
    for program in (shell, *(programs / name for name in PROGRAMS)):
        program.write_text("#!/bin/sh\n", encoding="utf-8")
        program.chmod(0o755)
    return root


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_to_complain_of(tree: Path, unit: Path) -> None:
    name = unit.name.replace("@.", "@265.")
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=yes", f"--root={tree}"]
    done = subprocess.run([*command, f"/etc/systemd/system/{name}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_sandbox_is_tight(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
    done = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_room_may_use_its_sound_card_its_page_and_its_disks() -> None:
    service = Settings(ROOT / "systemd/station@.service")["Service"]
    assert allowed_devices(ROOT / "systemd/station@.service") == [f"char-{ALSA_MAJOR} rw", "char-input r"]
    assert "PrivateDevices" not in service
    assert service["SupplementaryGroups"] == "audio"
    assert service["IPAddressAllow"] == "localhost"
    assert {"AF_UNIX", "AF_INET"} <= set(service["RestrictAddressFamilies"].split())
    assert {"/var/lib/station", "-/media", "-/mnt"} == set(service["ReadWritePaths"].split())


def allowed_devices(unit: Path) -> list[str]:
    lines = unit.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("DeviceAllow=") for line in lines if line.startswith("DeviceAllow=")]


def test_every_known_pedal_and_nothing_else_is_given_to_the_station() -> None:
    service = Settings(ROOT / "systemd/station@.service")["Service"]
    assert "input" not in service["SupplementaryGroups"].split()
    lines = (ROOT / "systemd/udev/72-exam-pedal.rules").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules == [pedals.rule(device, service["User"]) for device in pedals.KNOWN]


def test_the_room_never_stays_down() -> None:
    settings = Settings(ROOT / "systemd/station@.service")
    service = settings["Service"]
    assert (service["Type"], service["Restart"], settings["Unit"]["StartLimitIntervalSec"]) == ("notify", "always", "0")
    assert 0 < int(service["WatchdogSec"]) <= 20


def test_delivery_is_started_again_towards_the_end_of_every_day() -> None:
    timer = Settings(ROOT / "systemd/station-sync.timer")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 13..23:00"
    command = ["systemd-analyze", "calendar", "--iterations=1", timer["Timer"]["OnCalendar"]]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    # A service of the same name; one that a wrong configuration ended stays down until then.
    assert Settings(ROOT / "systemd/station-sync.service")["Service"]["RestartPreventExitStatus"] == "2"


@pytest.mark.parametrize("name", ["station-sync", "station-exchange"])
def test_the_network_services_write_nothing_but_their_state(name: str) -> None:
    service = Settings(ROOT / f"systemd/{name}.service")["Service"]
    assert service["StateDirectory"] == service["User"] == name
    assert service["ProtectSystem"] == "strict"
    assert "ReadWritePaths" not in service


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands folders to other accounts")
def test_accounts_and_folders_are_made_as_the_units_expect(tmp_path: Path) -> None:
    for folder in ("usr/lib/sysusers.d", "usr/lib/tmpfiles.d", "etc"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "systemd/sysusers.d/station.conf", tmp_path / "usr/lib/sysusers.d")
    shutil.copy(ROOT / "systemd/tmpfiles.d/station.conf", tmp_path / "usr/lib/tmpfiles.d")
    accounts = subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], check=True, capture_output=True, text=True)
    assert "station.conf:" not in accounts.stderr  # where it tells lines it does not understand
    made = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text(encoding="utf-8").splitlines()}
    assert {Settings(unit)["Service"]["User"] for unit in SERVICES} <= made
    groups = dict(line.split(":", 1) for line in (tmp_path / "etc/group").read_text(encoding="utf-8").splitlines())
    assert set(groups["exam"].split(":")[-1].split(",")) == {"station", "station-sync"}
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={tmp_path}"], check=True, capture_output=True)
    recordings = (tmp_path / "var/lib/station/recordings").stat()
    assert oct(recordings.st_mode & 0o7777) == oct(0o2750)
    assert recordings.st_gid == int(groups["exam"].split(":")[1])
