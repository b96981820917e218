"""Which sound card is which, whatever number it has today: identities of ALSA's cards out of sysfs. Reads only."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SYSFS = Path("/sys")
USB, BUS = "usb:", "path:"
"""What the identity of a card begins with: `usb:vid:pid:serial`, else `path:` and where it is plugged in."""

_HARDWARE = re.compile(r"\(hw:(\d+),(\d+)\)$")
_USB_INTERFACE = re.compile(r"\d+-([\d.]+:\d+\.\d+)")
_PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]")


class _Card(NamedTuple):
    number: int
    usb: str
    path: str


def is_card(device: str) -> bool:
    """Whether this name or identity is that of a sound card, reached without a sound server."""
    return device.startswith((USB, BUS)) or _HARDWARE.search(device) is not None


def identity(name: str, sysfs: Path = SYSFS) -> str:
    """The identity of the device PortAudio calls `name`; empty for what is no card. Two alike go by their paths."""
    found = _HARDWARE.search(name)
    if found is None:
        return ""
    cards = _cards(sysfs)
    serials = Counter(card.usb for card in cards)
    for card in cards:
        if card.number == int(found[1]):
            return _with_pcm(card.usb if card.usb and serials[card.usb] == 1 else card.path, int(found[2]))
    return ""


def name_today(device: str, sysfs: Path = SYSFS) -> str | None:
    """What PortAudio's name of a card ends in today; None when the card is absent, or two answer to the identity.

    A name that is no identity is its own.
    """
    if not device.startswith((USB, BUS)):
        return device
    cards = _cards(sysfs)
    for wanted, pcm in _readings(device):
        found = [card.number for card in cards if wanted in (card.usb, card.path)]
        if found:
            return f"(hw:{found[0]},{pcm})" if len(found) == 1 else None
    return None


def _readings(device: str) -> Iterator[tuple[str, int]]:
    """Card and its PCM device: an identity as a whole, or with a number behind."""
    yield device, 0
    card, _, pcm = device.rpartition("#")
    if pcm.isdecimal():
        yield card, int(pcm)


def _with_pcm(card: str, pcm: int) -> str:
    return f"{card}#{pcm}" if pcm else card


def _cards(sysfs: Path) -> list[_Card]:
    found = []
    for link in sorted(sysfs.glob("class/sound/card[0-9]*/device")):
        number, device = int(link.parent.name.removeprefix("card")), link.resolve()
        above = [device, *device.parents]
        above = above[: above.index((sysfs / "devices").resolve())] if (sysfs / "devices").resolve() in above else above
        found.append(_Card(number, _usb(above), _path(above)))
    return found


def _usb(above: list[Path]) -> str:
    """`usb:vid:pid:serial` of the nearest USB device; empty when there is none or it has no serial number."""
    for folder in above:
        vendor, product, serial = (_read(folder / name) for name in ("idVendor", "idProduct", "serial"))
        if vendor and product:
            return f"{USB}{vendor}:{product}:{serial}" if serial else ""
    return ""


def _path(above: list[Path]) -> str:
    """Where the card is plugged in, told as udev's ID_PATH tells it."""
    parts: list[str] = []
    for folder in above:
        interface = _USB_INTERFACE.fullmatch(folder.name)
        if interface and not parts:
            parts.insert(0, f"usb-0:{interface[1]}")
        elif _PCI.fullmatch(folder.name):
            parts.insert(0, f"pci-{folder.name}")
            break
        elif folder.parent.name == "platform":
            parts.insert(0, f"platform-{folder.name}")
            break
    return BUS + ("-".join(parts) or above[0].name)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
