"""A room that runs as the real unit does, under a real systemd with a real card, in the emulated machine."""

import json
import shlex
from pathlib import Path
from typing import Any

from rig.machine import Machine
from rig.units import Units
from showing.demo import ROSTER
from showing.school import BIN, ROOM, School

CHECKOUT = Path(__file__).parents[2]
SERVICE = f"station@{ROOM}.service"
RECORDINGS = "/var/lib/station/recordings"
CONFIG = f"/etc/station/{ROOM}.toml"
HERE = f"""
[Unit]
DefaultDependencies=no
[Service]
ProtectHome=tmpfs
BindReadOnlyPaths={CHECKOUT} {BIN.parent}
"""
"""What differs from an installed room: the program lies in this checkout, and nothing but the unit is started."""


def add_sound_card(machine: Machine) -> None:
    """One, as udev gives it."""
    machine.modprobe("snd-aloop index=0 enable=1")
    machine.run("rm -rf /etc/alsa/conf.d/* /usr/share/alsa/alsa.conf.d/* && ip link set lo up")
    machine.run("chgrp -R audio /dev/snd && chmod -R g+rwX /dev/snd")


def install(machine: Machine) -> Units:
    """A systemd that knows the room; installed as scripts/install does."""
    files = CHECKOUT / "systemd"
    school = School(machine.shared / "school")
    school.write(device="Loopback: PCM (hw:0,1)", roster=ROSTER)
    for program in ("systemd-sysusers", "systemd-tmpfiles --create"):
        machine.run(f"{program} {files}/{program.split()[0].removeprefix('systemd-')}.d/station.conf")
    machine.run(
        "cp /shared/school/roster.csv /etc/station && "
        f"sed 's|^folder = .*|folder = \"{RECORDINGS}\"\\nhours = 0.1\\nreserve_gb = 0.0|' /shared/school/station.toml "
        f">{CONFIG}"
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


def ask(machine: Machine, command: str, **arguments: Any) -> dict[str, Any]:
    """A command to the room's daemon that must succeed; the status after it."""
    press = CHECKOUT / "scripts/rig/guest/press.py"
    words = ["python3", str(press), f"/run/station/{ROOM}/control.sock", command, json.dumps(arguments)]
    answer = json.loads(machine.run(shlex.join(words)))
    assert answer["ok"], answer["error"]
    told: dict[str, Any] = answer["status"]
    return told
