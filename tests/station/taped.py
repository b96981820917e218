"""A taping with a microphone of its own, for the tests of what becomes of blocks."""

from pathlib import Path

from days import BLOCK, RATE, SHAPE, sound

from exam.clock import NS_PER_S
from station.messages import Block
from station.session.events import Event, GapBegan, GapFound
from station.tape import TapeReader
from station.taping import Taping

START_NS = 50 * NS_PER_S
BLOCK_NS = BLOCK * NS_PER_S // RATE
SETTLED = 4  # blocks after which it is known when a run began


class Tapes:
    """A taping with a microphone that delivers each block as it ends; `at_ns` is now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taping = Taping(folder / "stream.wav", SHAPE, START_NS)
        self.at_ns, self.run, self.heard = START_NS, 1, 0

    def hear(self, blocks: int = 1, overflow: bool = False) -> list[Event]:
        losses: list[Event] = []
        for _ in range(blocks):
            self.at_ns += BLOCK_NS
            data = sound(self.run * 100_000 + self.heard, BLOCK)
            losses += told(self.taping, Block(self.run, self.heard, self.at_ns, overflow, data))
            self.heard += BLOCK
        return losses

    def lose(self, seconds: float) -> None:
        began = self.taping.lose_device()
        assert began == [GapBegan(stream="stream.wav", frame=self.taping.frames, reason="device_lost")]
        self.at_ns += round(seconds * NS_PER_S)
        self.run, self.heard = self.run + 1, 0

    def take(self, *spans: tuple[int, int], stem: str = "take") -> Path:
        """A take whose spans are known at once."""
        path = self.folder / f"{stem}.wav"
        self.taping.begin_take(path)
        for first, end in spans:
            self.taping.begin_span(stem, first)
            self.taping.end_span(stem, end)
        self.taping.release(stem)
        return path

    def concatenation(self, *spans: tuple[int, int]) -> bytes:
        with TapeReader(self.folder / "stream.wav") as stream:
            return b"".join(stream.read(first, end - first) for first, end in spans)


def told(taping: Taping, block: Block) -> list[Event]:
    """What comes back until the block is taken."""
    losses: list[Event] = []
    while more := taping.take_block(block):
        losses += more
    return losses


def gap(frame: int, frames: int, reason: str) -> GapFound:
    return GapFound(stream="stream.wav", frame=frame, frames=frames, reason=reason)  # type: ignore[arg-type]
