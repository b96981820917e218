"""The room's service is let at a sound card by what its unit allows, and by nothing else.

The real unit under a real systemd with a real card (snd-aloop), in the emulated machine: a container has no card, and
may not be able to confine devices.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from emulated import WAIT_S, wait_for
from rig.kernel import NoMachine
from rig.machine import Machine, MachineError
from rig.units import Units
from showing.demo import ROSTER
from showing.school import BIN, ROOM, School

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

CHECKOUT = Path(__file__).parents[2]
SERVICE = f"station@{ROOM}.service"
HERE = f"""
[Unit]
DefaultDependencies=no
[Service]
ProtectHome=tmpfs
BindReadOnlyPaths={CHECKOUT} {BIN.parent}
"""
"""What differs from an installed room: the program lies in this checkout, and nothing but the unit is started."""

LISTENS = """
[Service]
Type=oneshot
Restart=no
WatchdogSec=0
ExecStart=
ExecStart=arecord -q -D hw:0,1 -t raw -f S16_LE -r 48000 -c 1 -s 4800 /dev/null
"""
"""In the daemon's place, one who opens the card and ends."""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    try:
        with Machine() as machine:
            machine.modprobe("snd-aloop index=0 enable=1")
            machine.run("rm -rf /etc/alsa/conf.d/* /usr/share/alsa/alsa.conf.d/* && ip link set lo up")
            machine.run("chgrp -R audio /dev/snd && chmod -R g+rwX /dev/snd")  # as udev does
            yield machine
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")


@pytest.fixture(scope="module")
def units(machine: Machine) -> Units:
    """A systemd that knows the room; installed as scripts/install does."""
    files = CHECKOUT / "systemd"
    school = School(machine.shared / "school")
    school.write(device="Loopback: PCM (hw:0,1)", roster=ROSTER)
    for program in ("systemd-sysusers", "systemd-tmpfiles --create"):
        machine.run(f"{program} {files}/{program.split()[0].removeprefix('systemd-')}.d/station.conf")
    machine.run(
        "cp /shared/school/roster.csv /etc/station && "
        "sed 's|^folder = .*|folder = \"/var/lib/station/recordings\"|' /shared/school/station.toml "
        f">/etc/station/{ROOM}.toml"
    )
    program = "/opt/exam-station/bin/station"
    machine.run(
        f"mkdir -p $(dirname {program}) && printf '#!/bin/sh\\nexec {BIN}/station \"$@\"\\n' >{program} && "
        f"chmod +x {program}"
    )
    units = Units(machine)
    units.write("station@.service", (files / "station@.service").read_text(encoding="utf-8"))
    units.write("station@.service.d/here.conf", HERE)
    units.start()
    return units


def test_the_service_hears_its_card(machine: Machine, units: Units) -> None:
    units.ask("start", SERVICE, timeout_s=WAIT_S)
    try:
        wait_for(lambda: bool(status(machine)["levels"]["rms_dbfs"]))
        assert "DevicePolicy=closed" in units.ask("show", SERVICE)
    finally:
        units.ask("stop", SERVICE)


def test_without_what_the_unit_allows_it_would_hear_nothing(units: Units) -> None:
    units.write("station@.service.d/listens.conf", LISTENS)
    units.ask("daemon-reload")
    units.ask("start", SERVICE)
    units.write("station@.service.d/listens.conf", LISTENS + "DeviceAllow=\n")
    units.ask("daemon-reload")
    with pytest.raises(MachineError, match="failed because the control process"):
        units.ask("start", SERVICE)


def status(machine: Machine) -> dict[str, Any]:
    press = CHECKOUT / "scripts/rig/guest/press.py"
    answer = json.loads(machine.run(f"python3 {press} /run/station/{ROOM}/control.sock status"))
    told: dict[str, Any] = answer["status"]
    return told
