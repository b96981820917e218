"""The frame being heard at a moment, whatever the jitter of delivery and the drift of the clocks."""

import random

import pytest

from exam.clock import NS_PER_S
from station.timeline import Timeline

RATE = 48000
BLOCK = RATE // 10
START = 123 * NS_PER_S


def deliver(timeline: Timeline, blocks: int, jitter_s: float = 0.0, drift: float = 0.0) -> int:
    """Blocks of a device whose clock runs by `drift` faster; the true time at the end."""
    chance = random.Random(1)  # noqa: S311 - jitter, not a secret
    now = START
    for count in range(1, blocks + 1):
        now = START + round(count * BLOCK * NS_PER_S / RATE / (1 + drift))
        late = chance.random() * jitter_s
        timeline.arrived(count * BLOCK, now + round(late * NS_PER_S))
    return now


def test_before_the_first_block_it_counts_from_the_start() -> None:
    timeline = Timeline(RATE, START)
    assert [timeline.frame_at(START + at) for at in (-NS_PER_S, 0, NS_PER_S)] == [0, 0, RATE]


def test_without_jitter_it_is_exact() -> None:
    timeline = Timeline(RATE, START)
    now = deliver(timeline, 50)
    assert timeline.frame_at(now) == 50 * BLOCK
    assert timeline.frame_at(now + NS_PER_S // 10) == 51 * BLOCK


@pytest.mark.parametrize("jitter_s", [0.05, 0.4])
def test_jitter_is_seen_through(jitter_s: float) -> None:
    timeline = Timeline(RATE, START)
    now = deliver(timeline, 600, jitter_s)
    assert abs(timeline.frame_at(now) - 600 * BLOCK) < 0.02 * RATE


@pytest.mark.parametrize("drift", [-200e-6, -50e-6, 50e-6, 200e-6])
def test_six_hours_of_drift_are_followed(drift: float) -> None:
    timeline = Timeline(RATE, START)
    now = deliver(timeline, 6 * 36000, 0.01, drift)
    assert abs(timeline.frame_at(now) - 6 * 36000 * BLOCK) < 0.02 * RATE


def test_the_next_run_is_fitted_anew() -> None:
    timeline = Timeline(RATE, START)
    now = deliver(timeline, 100)
    later = now + 5 * NS_PER_S
    timeline.follow(120 * BLOCK, later)
    assert timeline.frame_at(later) == 120 * BLOCK
    timeline.arrived(121 * BLOCK, later + NS_PER_S // 20)
    assert timeline.frame_at(later + NS_PER_S // 20) == 121 * BLOCK
