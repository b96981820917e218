"""The room's service is let at a sound card by what its unit allows, and by nothing else.

The real unit under a real systemd with a real card (snd-aloop), in the emulated machine: a container has no card, and
may not be able to confine devices.
"""

from collections.abc import Iterator

import pytest
from emulated import WAIT_S, wait_for
from rig.kernel import NoMachine
from rig.machine import Machine, MachineError
from rig.units import Units
from serviced import SERVICE, add_sound_card, ask, install

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

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
            add_sound_card(machine)
            yield machine
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")


@pytest.fixture(scope="module")
def units(machine: Machine) -> Units:
    return install(machine)


def test_the_service_hears_its_card(machine: Machine, units: Units) -> None:
    units.ask("start", SERVICE, timeout_s=WAIT_S)
    try:
        wait_for(lambda: bool(ask(machine, "status")["levels"]["rms_dbfs"]))
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
