"""Late or lost: a device, a sound system and a reader made up, their blocks judged, the stream of it proved."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exam.audio import AudioFormat
from exam.clock import NS_PER_S
from station.arrivals import Arrivals, Begins, Lost, Step
from station.messages import Block

RATE = 8000
SHAPE = AudioFormat(RATE, 2)  # four bytes a frame: room for its number
NEAR = RATE // 50
FRAGMENT_S = 0.05
START_NS = 77 * NS_PER_S


@dataclass(frozen=True)
class Trouble:
    """Nothing comes for `seconds` after `quiet_s` of peace; of what was said then the first `kept` part is kept."""

    quiet_s: float
    seconds: float
    kept: float
    flagged: bool = False


@dataclass
class World:
    """What is said, what exists of it, and when it can be read."""

    troubles: list[Trouble]
    drift: float = 0.0
    frozen: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        at = 0.0
        for trouble in self.troubles:
            at = round((at + trouble.quiet_s) / FRAGMENT_S) * FRAGMENT_S
            self.frozen.append((at, at + trouble.kept * trouble.seconds, at + trouble.seconds))
            at += trouble.seconds
        self.end_s = at + 3.0
        said = np.arange(self.said(self.end_s))
        exists = np.ones(len(said), bool)
        for _, lost_from, until in self.frozen:
            exists[self.said(lost_from) : self.said(until)] = False
        self.captured = said[exists].astype("<u4")
        self._existing = np.concatenate([[0], np.cumsum(exists)])

    def said(self, seconds: float) -> int:
        """Frames the device's own clock has counted."""
        return round(seconds * RATE * (1 + self.drift))

    def readable(self, seconds: float) -> int:
        """Captured frames that have come, fragment by fragment."""
        for began, _, until in self.frozen:
            if began <= seconds < until:
                seconds = began
        whole = int(seconds / FRAGMENT_S + 1e-6) * FRAGMENT_S
        return int(self._existing[min(self.said(whole), len(self._existing) - 1)])

    def blocks(self, seed: int, jitter_s: float) -> Iterator[Block]:
        """As the capture child reads them."""
        chance = random.Random(seed)  # noqa: S311 - jitter, not a secret
        now, read, came, eager = 0.0, 0, 0.0, 80
        flags = [until for (_, _, until), trouble in zip(self.frozen, self.troubles, strict=True) if trouble.flagged]
        while now < self.end_s:
            eager -= 1
            pause = 0.09 + 0.006 * chance.random() + jitter_s * chance.random()
            now += pause if eager <= 0 else 0.005 + min(jitter_s, 0.01) * chance.random()
            there = self.readable(now)
            if now - came > 0.2:
                eager = 80
            if there > read:
                came = now
            while read < there:
                frames = min(there - read, RATE // 5)
                flagged = bool(flags) and now >= flags[0]
                flags = flags[flagged:]
                data = self.captured[read : read + frames].tobytes()
                read += frames
                at = START_NS + round(now * NS_PER_S)
                yield Block(1, read - frames, at, overflow=flagged, data=data, beyond=there - read)


def placed(blocks: Iterator[Block]) -> list[Step]:
    arrivals = Arrivals(SHAPE)
    steps: list[Step] = []
    for block in blocks:
        steps += arrivals.take(block, after_gap=False)
    return steps + arrivals.flush()


def stream(steps: list[Step]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The number of the frame at each place of the stream; −1 where there is silence."""
    parts = [np.zeros(0, np.int64)]
    for step in steps:
        match step:
            case Lost(frames, _):
                parts.append(np.full(frames, -1))
            case Block(data=data):
                parts.append(np.frombuffer(data, "<u4").astype(np.int64))
    return np.concatenate(parts)


seeds = st.integers(0, 10_000)
jitters = st.floats(0, 0.04)
drifts = st.floats(-200e-6, 200e-6)
quiet = st.floats(3.0, 8.0)
late = st.builds(Trouble, quiet, st.floats(0.05, 6.0), st.just(1.0))
lost = st.builds(Trouble, quiet, st.floats(0.5, 6.0), st.just(0.0), st.booleans())
queue_overrun = st.builds(Trouble, quiet, st.floats(1.0, 6.0), st.floats(0.2, 0.8))


ALL_AT_ONE_MOMENT = [
    Trouble(3.612848597460535, 2.300635431862807, 1.0),
    Trouble(6.737887542612922, 5.480974887164276, 1.0),
    Trouble(6.6351285891806135, 5.439768198252684, 1.0),
]


@settings(max_examples=150)
@example([Trouble(5.625, 2.265625, 1.0), Trouble(8.0, 0.25, 1.0)], 0.0, 320, 0.0174)  # fetched in step with the pieces
@example(ALL_AT_ONE_MOMENT, -0.0001439864875724378, 3728, 0.009318365525528814)
@given(st.lists(late, max_size=3), drifts, seeds, jitters)
def test_lateness_alone_is_never_a_gap(troubles: list[Trouble], drift: float, seed: int, jitter_s: float) -> None:
    world = World(troubles, drift)
    steps = placed(world.blocks(seed, jitter_s))
    assert not [step for step in steps if isinstance(step, Lost)]
    heard = stream(steps)
    assert np.array_equal(heard, world.captured[: len(heard)])


@settings(max_examples=250)
@example([Trouble(3, 2, 0.0)], 0.0, 1, 0.0)
@example([Trouble(3, 2, 0.5)], 0.0, 1, 0.0)
@given(st.lists(st.one_of(late, lost, queue_overrun), min_size=1, max_size=3), drifts, seeds, jitters)
def test_what_is_lost_is_silence_of_its_length_in_its_place(
    troubles: list[Trouble], drift: float, seed: int, jitter_s: float
) -> None:
    world = World(troubles, drift)
    steps = placed(world.blocks(seed, jitter_s))
    heard = stream(steps)
    there = heard >= 0
    assert np.array_equal(heard[there], world.captured[: there.sum()]), "every captured frame, in order, once"
    away = np.abs(heard - np.arange(len(heard)))[there]
    losses = sum(trouble.kept < 1 for trouble in troubles)
    for _, lost_from, until in world.frozen:
        edges = (world.said(lost_from), world.said(until))
        for edge in edges:
            away[np.abs(heard[there] - edge) <= NEAR] = 0  # where exactly the silence begins is known to so much
    assert away.max(initial=0) <= NEAR * max(1, losses)
    told = [step.frames for step in steps if isinstance(step, Lost)]
    real = [world.said(until) - world.said(lost_from) for _, lost_from, until in world.frozen if until > lost_from]
    assert len(told) == losses
    assert all(abs(one - other) <= NEAR for one, other in zip(told, real, strict=True))


def test_the_reason_is_the_sound_systems_when_it_said_so() -> None:
    for flagged, reason in ((True, "overflow"), (False, "dropped")):
        steps = placed(World([Trouble(3, 1, 0.0, flagged)]).blocks(1, 0.0))
        assert [step.reason for step in steps if isinstance(step, Lost)] == [reason]


def test_a_jump_of_frame_numbers_is_exact() -> None:
    blocks = [block for block in World([]).blocks(1, 0.0) if not 10_000 <= block.first_frame < 12_000]
    dropped = [step for step in placed(iter(blocks)) if isinstance(step, Lost)]
    steps = [after.first_frame - before.first_frame - len(before.data) // 4 for before, after in pairwise(blocks)]
    assert dropped == [Lost(max(steps), "dropped")]


def test_a_run_after_a_gap_is_held_until_its_beginning_is_known() -> None:
    arrivals = Arrivals(SHAPE)
    placed_after: list[int] = []
    steps: list[Step] = []
    for count, block in enumerate(World([]).blocks(3, 0.0)):
        new = arrivals.take(block, after_gap=not placed_after)
        steps += new
        placed_after += [count] * bool(new)
    assert 2 <= placed_after[0] <= 6
    assert isinstance(steps[0], Begins)
    assert abs(steps[0].at_ns - START_NS) <= NS_PER_S // 50
    assert sum(isinstance(step, Begins) for step in steps) == 1
