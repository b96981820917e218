"""Which sound card is which: identities out of a sysfs tree as USB, PCI and virtual cards make it."""

from pathlib import Path

import pytest

from station.capture.identity import identity, is_card, name_today

HUB = "devices/pci0000:00/0000:00:14.0/usb1"


class Machine:
    """A sysfs tree into which cards are plugged."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def plug_usb(self, card: int, port: str, serial: str | None = "A1", product: str = "0014") -> None:
        device = self.root / HUB / f"1-{port}"
        device.mkdir(parents=True, exist_ok=True)
        names = {"idVendor": "0d8c", "idProduct": product} | ({"serial": serial} if serial else {})
        for name, text in names.items():
            (device / name).write_text(text + "\n")
        self.plug(card, f"{HUB}/1-{port}/1-{port}:1.0")

    def plug(self, card: int, device: str) -> None:
        folder = self.root / device / f"sound/card{card}"
        folder.mkdir(parents=True)
        (folder / "device").symlink_to(self.root / device)
        (self.root / "class/sound").mkdir(parents=True, exist_ok=True)
        (self.root / f"class/sound/card{card}").symlink_to(folder)

    def unplug(self, card: int) -> None:
        (self.root / f"class/sound/card{card}").unlink()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def name(card: int, pcm: int = 0) -> str:
    return f"USB PnP Sound Device: Audio (hw:{card},{pcm})"


def test_a_usb_microphone_goes_by_its_serial_number_wherever_it_is_plugged(machine: Machine) -> None:
    machine.plug_usb(2, "3.1")
    told = identity(name(2), machine.root)
    assert told == "usb:0d8c:0014:A1"
    machine.unplug(2)
    assert name_today(told, machine.root) is None
    machine.plug_usb(2, "1", serial="other")
    machine.plug_usb(3, "2")
    assert name_today(told, machine.root) == "(hw:3,0)"


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (f"{HUB}/1-3.1/1-3.1:1.0", "path:pci-0000:00:14.0-usb-0:3.1:1.0"),
        ("devices/pci0000:00/0000:00:1c.0/0000:03:00.6", "path:pci-0000:03:00.6"),
        ("devices/platform/snd_aloop.0", "path:platform-snd_aloop.0"),
        ("devices/odd", "path:odd"),
    ],
)
def test_others_go_by_where_they_are(machine: Machine, device: str, told: str) -> None:
    machine.plug(0, device)
    assert identity(name(0), machine.root) == told
    assert name_today(told, machine.root) == "(hw:0,0)"


def test_without_a_serial_number_it_goes_by_its_port(machine: Machine) -> None:
    machine.plug_usb(1, "4", serial=None)
    assert identity(name(1), machine.root) == "path:pci-0000:00:14.0-usb-0:4:1.0"


def test_two_of_one_serial_number_go_by_their_ports_and_neither_by_the_number(machine: Machine) -> None:
    machine.plug_usb(1, "1")
    machine.plug_usb(2, "2")
    told = [identity(name(card), machine.root) for card in (1, 2)]
    assert told == ["path:pci-0000:00:14.0-usb-0:1:1.0", "path:pci-0000:00:14.0-usb-0:2:1.0"]
    assert [name_today(one, machine.root) for one in told] == ["(hw:1,0)", "(hw:2,0)"]
    assert name_today("usb:0d8c:0014:A1", machine.root) is None, "never one of two"


def test_a_second_pcm_of_a_card_has_its_number_behind(machine: Machine) -> None:
    machine.plug_usb(1, "1", serial="a#1")
    assert [identity(name(1, pcm), machine.root) for pcm in (0, 2)] == ["usb:0d8c:0014:a#1", "usb:0d8c:0014:a#1#2"]
    assert name_today("usb:0d8c:0014:a#1", machine.root) == "(hw:1,0)"
    assert name_today("usb:0d8c:0014:a#1#2", machine.root) == "(hw:1,2)"


def test_what_is_no_card_has_no_identity(machine: Machine) -> None:
    assert [identity(device, machine.root) for device in ("pulse", "default", name(5))] == ["", "", ""]
    assert name_today("pulse", machine.root) == "pulse"
    cards = {device: is_card(device) for device in ("pulse", "pulse:x", "default", name(1), "usb:1:2:3", "path:x")}
    assert [device for device, card in cards.items() if card] == [name(1), "usb:1:2:3", "path:x"]
