"""A day to be rewritten after the exam: two stream parts of 95 and 45 seconds, two takes and a cancelled one; ways
to change its sound, and where the breaches say that it was changed.

Ten seconds are 80 000 frames here.
"""

from collections.abc import Callable
from pathlib import Path

from days import RATE, Room
from forger import Edit

from station.session import commands as ask
from station.verify import Breach

TEN = 10 * RATE
MIDDLE = 3 * TEN + 4321
"""A frame of the first part, within its fourth block and the first take."""

PART_1, PART_2 = "11.02.2026_265_701020_поток_01.wav", "11.02.2026_265_701020_поток_02.wav"


def play_two_parts(room: Room) -> None:
    room.hear(5)
    room.do(ask.Open())
    room.hear(120)
    room.do(ask.Start(participant=1, variant="7"))
    room.hear(280)
    room.do(ask.Stop())
    room.hear(10)
    room.do(ask.Accept())
    room.hear(20)
    room.do(ask.Start(participant=3, other_room=True))
    room.hear(70)
    room.do(ask.Cancel())
    room.hear(450)
    room.stop()
    room.start()
    room.hear(150)
    room.do(ask.Start(participant=2))
    room.hear(200)
    room.do(ask.Stop())
    room.hear(100)
    room.do(ask.Close())
    room.hear(2)
    room.published(4)
    room.told()


def bit(frame: int) -> Edit:
    return lambda sound: sound[: 2 * frame] + bytes([sound[2 * frame] ^ 1]) + sound[2 * frame + 1 :]


def cut(frame: int, frames: int) -> Edit:
    return lambda sound: sound[: 2 * frame] + sound[2 * (frame + frames) :]


def put(frame: int, frames: int, other: bytes) -> Edit:
    """`other` in the place of `frames` frames."""
    return lambda sound: sound[: 2 * frame] + other + sound[2 * (frame + frames) :]


def shorter(frames: int) -> Edit:
    return lambda sound: sound[: -2 * frames]


def longer(other: bytes) -> Edit:
    return lambda sound: sound + other


def located(breaches: tuple[Breach, ...]) -> list[tuple[str, int, int]]:
    return [
        (breach.file, breach.first_frame, breach.end_frame)
        for breach in breaches
        if breach.first_frame is not None and breach.end_frame is not None
    ]


def lines_of(path: Path, change: Callable[[list[bytes]], object]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))
