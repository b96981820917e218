"""What to record, and what there is to record from: shared by the capture child and its parent."""

from msgspec import Struct

BLOCK_S = 0.1
"""The period: what a kill can lose. Shorter ones cost CPU."""


class Spec(Struct, frozen=True):
    """One microphone: the device's exact name, never replaced by another."""

    device: str
    channels: int
    sample_rate: int


class Device(Struct, frozen=True):
    """A device that can record, by the name to write into the configuration."""

    name: str
    channels: int
    sample_rate: int
