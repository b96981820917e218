"""A pedal on a real kernel: learnt, given to the station by udev, grabbed by the room's service, pulled out and back.

qemu's USB keyboard plays the pedal; udev, evdev and the unit's sandbox are the real ones, in the emulated machine.
"""

import json
import time
from collections.abc import Iterator

import pytest
from emulated import WAIT_S, wait_for
from rig.kernel import NoMachine
from rig.machine import Machine, MachineError
from rig.units import Units
from serviced import CHECKOUT, CONFIG, SERVICE, add_sound_card, ask, install
from showing.school import BIN

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("real")]

DEVICE = "0627:0001"
RULES = "/etc/udev/rules.d"
HEARS = """
import sys, evdev, select
device = evdev.InputDevice(sys.argv[1], readonly=True)
print("ready", flush=True)
while select.select([device.fd], [], [], float(sys.argv[2]))[0]:
    print(len([event for event in device.read() if event.type == 1]), flush=True)
"""
WITHOUT = "[Service]\nDeviceAllow=\nDeviceAllow=char-116 rw\nStandardError=append:/shared/station.log\n"


class Foot:
    """On a USB pedal of the machine's."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def plug(self) -> None:
        self._machine.monitor("device_add", driver="usb-kbd", id="pedal")

    def unplug(self) -> None:
        self._machine.monitor("device_del", id="pedal")

    def send(self, *, down: bool) -> None:
        key = {"down": down, "key": {"type": "qcode", "data": "b"}}
        self._machine.monitor("input-send-event", events=[{"type": "key", "data": key}])

    def press(self, seconds: float = 0.2) -> None:
        self.send(down=True)
        time.sleep(seconds)  # a foot needs its time
        self.send(down=False)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    try:
        with Machine() as machine:
            add_sound_card(machine)
            machine.modprobe("xhci_pci", "usbhid", "hid_generic", "evdev")
            yield machine
    except NoMachine as refusal:
        pytest.skip(f"no emulated machine here: {refusal}")


@pytest.fixture(scope="module")
def units(machine: Machine) -> Units:
    return install(machine)


@pytest.fixture(scope="module")
def foot(machine: Machine, units: Units) -> Foot:  # noqa: ARG001 - the room must be installed
    """The pedal is plugged in and learnt as a technician does it, with the udev rule that was asked for."""
    machine.run(f"cp {CHECKOUT}/systemd/udev/72-exam-pedal.rules {RULES}")
    machine.start("exec /lib/systemd/systemd-udevd", "/shared/udev.log")
    wait_for(lambda: bool(machine.run("ls /run/udev/control 2>/dev/null || true")))
    udev(machine, "control", "--ping")
    foot = Foot(machine)
    foot.plug()
    wait_for(lambda: node(machine))
    give(machine, learn(machine, foot))
    return foot


def node(machine: Machine) -> str:
    """The pedal's; empty while it is not plugged in. The machine has a keyboard of its own."""
    is_it = f'test "$(cat $one/device/id/vendor):$(cat $one/device/id/product)" = {DEVICE}'
    found = machine.run(f"for one in /sys/class/input/event*; do {is_it} && echo /dev/input/${{one##*/}}; done; true")
    return found.strip()


def udev(machine: Machine, *words: str) -> None:
    machine.run(f"SYSTEMD_IGNORE_CHROOT=1 udevadm {' '.join(words)}")


def learn(machine: Machine, foot: Foot) -> list[str]:
    """The pedal is learnt; the udev rules that are missing."""
    said, answer = machine.shared / "learn.log", machine.shared / "learnt.json"
    said.unlink(missing_ok=True)
    answer.unlink(missing_ok=True)
    machine.start(f"{BIN}/station learn-pedal --yes --json --config {CONFIG} >/shared/learnt.json 2>/shared/learn.log")
    wait_for(lambda: said.exists() and "один раз" in said.read_text())
    foot.press()
    wait_for(lambda: "KEY_B" in said.read_text())
    time.sleep(1.1)  # longer than contacts bounce
    foot.press()
    wait_for(lambda: answer.exists() and answer.read_text().endswith("}\n"))
    learnt = json.loads(answer.read_text())
    assert [(each["device"], each["key"]) for each in learnt["buttons"]] == [(DEVICE, "KEY_B")]
    return list(learnt["rules"])


def give(machine: Machine, rules: list[str]) -> None:
    """As the command tells the technician to."""
    (machine.shared / "own.rules").write_text("\n".join(rules) + "\n")
    machine.run(f"cp /shared/own.rules {RULES}/73-exam-pedal.rules")
    udev(machine, "control", "--reload")
    udev(machine, "trigger", "--subsystem-match=input")
    udev(machine, "settle", "--timeout=60")


def has_pedal(machine: Machine) -> bool:
    pedal = ask(machine, "status")["pedal"]
    return bool(pedal and pedal["present"])


def test_the_rule_gives_it_to_the_station_and_to_nobody_else(machine: Machine, foot: Foot) -> None:  # noqa: ARG001
    assert machine.run(f"stat -c '%G %a' {node(machine)}").split() == ["station", "640"]
    assert "LIBINPUT_IGNORE_DEVICE=1" in machine.run(f"udevadm info {node(machine)}")
    with pytest.raises(MachineError, match="Permission denied"):
        machine.run(f"setpriv --reuid nobody --regid nogroup --clear-groups head -c1 {node(machine)}")


def test_whoever_may_not_read_it_is_told_what_to_do(machine: Machine, foot: Foot) -> None:  # noqa: ARG001
    nobody = "setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/tmp"
    with pytest.raises(MachineError, match="sudo station learn-pedal") as refused:
        machine.run(f"{nobody} {BIN}/station learn-pedal --config {CONFIG}", WAIT_S)
    assert DEVICE in str(refused.value)


def test_the_service_starts_and_stops_by_it(machine: Machine, units: Units, foot: Foot) -> None:
    units.ask("start", SERVICE, timeout_s=WAIT_S)
    wait_for(lambda: has_pedal(machine))
    wait_for(lambda: bool(ask(machine, "status")["levels"]["rms_dbfs"]))
    ask(machine, "choose", participant=1, variant="12")
    foot.press()
    wait_for(lambda: ask(machine, "status")["state"] == "recording")
    time.sleep(1.1)  # until a second press is no accident
    foot.press()
    wait_for(lambda: bool(ask(machine, "status")["in_hand"]["marks"]))
    foot.unplug()
    wait_for(lambda: not has_pedal(machine))
    assert ask(machine, "status")["state"] == "recording"
    foot.plug()
    wait_for(lambda: has_pedal(machine))
    foot.send(down=True)
    wait_for(lambda: ask(machine, "status")["state"] == "review")
    foot.send(down=False)


def test_its_letters_are_heard_by_nobody_else(machine: Machine, foot: Foot) -> None:
    """Not even by root, while the service holds it."""
    wait_for(lambda: has_pedal(machine))
    heard = machine.shared / "heard.log"
    (machine.shared / "hears.py").write_text(HEARS)
    machine.start(f"{BIN}/python /shared/hears.py {node(machine)} 20", "/shared/heard.log")
    wait_for(lambda: heard.exists() and "ready" in heard.read_text())
    foot.press()
    wait_for(lambda: ask(machine, "status")["pedal"]["refusal"] is not None)
    assert heard.read_text() == "ready\n"


def test_it_is_learnt_again_while_the_service_holds_it(machine: Machine, foot: Foot) -> None:
    """The service lets go of it, and takes it up again."""
    wait_for(lambda: has_pedal(machine))
    assert learn(machine, foot) == [], "the rule is there"
    wait_for(lambda: has_pedal(machine))


def test_without_what_the_unit_allows_there_would_be_no_pedal(machine: Machine, units: Units, foot: Foot) -> None:  # noqa: ARG001
    units.ask("stop", SERVICE, timeout_s=WAIT_S)
    units.write("station@.service.d/without.conf", WITHOUT)
    units.ask("daemon-reload")
    units.ask("start", SERVICE, timeout_s=WAIT_S)
    log = machine.shared / "station.log"
    wait_for(lambda: log.exists() and "Operation not permitted" in log.read_text())
    assert not has_pedal(machine)
    units.ask("stop", SERVICE, timeout_s=WAIT_S)
