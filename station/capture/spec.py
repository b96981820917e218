"""What to record, and what there is to record from: shared by the capture child and its parent."""

from msgspec import Struct

BLOCK_S = 0.1
"""The period: what a kill can lose. Shorter ones cost CPU."""

PULSE = "pulse"
"""ALSA's device that is the sound server; and what the identity of one of its sources begins with."""


class Spec(Struct, frozen=True):
    """One microphone, never replaced by another.

    `device`: PortAudio's exact name or an identity. `bound`: the identity an earlier child found behind `pulse`.
    """

    device: str
    channels: int
    sample_rate: int
    bound: str = ""


class Device(Struct, frozen=True):
    """A device that can record: its name or its identity is written into the configuration.

    The identity stays when cards are numbered anew; empty where there is none.
    """

    name: str
    identity: str
    channels: int
    sample_rate: int
