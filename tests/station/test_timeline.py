"""The frame being heard at a moment, whatever the jitter of delivery and the drift of the clocks."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exam.clock import NS_PER_S
from station.timeline import Line, Timeline

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


FRAGMENT_S = 0.05  # a sound server delivers in pieces of this length
HALF_HOUR_S = 1800.0
drifts_ppm = st.floats(-300, 300)
seeds = st.integers(0, 1 << 16)


class Device:
    """A microphone whose clock runs by `drift_ppm` faster than the machine's, read through a sound server."""

    def __init__(self, drift_ppm: float, seed: int) -> None:
        self._speed = 1 + drift_ppm / 1e6
        self._chance = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._fragments, self._now_s, self._before = self._chance.random(), 0.0, 0
        self.timeline = Timeline(RATE, START)
        self.timeline.follow(0, START)

    def run(self, seconds: float, lost: int = 0) -> None:
        """Time passes; `lost`: silence is put in for that many frames more than are missing."""
        self._before += lost
        end_s = self._now_s + seconds
        while self._now_s < end_s:
            self._now_s += self._chance.uniform(0.075, 0.125)
            heard = (self._now_s * self._speed / FRAGMENT_S + self._fragments) // 1 - self._fragments
            frames = self._before + round(max(0.0, heard) * FRAGMENT_S * RATE)
            burst_s = self._chance.choice((0.0, 0.0, self._chance.uniform(0, FRAGMENT_S)))
            self.timeline.arrived(frames, START + round((self._now_s + burst_s) * NS_PER_S))


@given(drifts_ppm, seeds)
@settings(max_examples=20)
def test_drift_is_measured_within_five_ppm_in_half_an_hour(drift_ppm: float, seed: int) -> None:
    device = Device(drift_ppm, seed)
    device.run(HALF_HOUR_S)
    assert device.timeline.drift_ppm == pytest.approx(drift_ppm, abs=5)


@given(drifts_ppm, seeds)
@settings(max_examples=20)
def test_another_file_changes_nothing_about_the_drift(drift_ppm: float, seed: int) -> None:
    device, same = Device(drift_ppm, seed), Device(drift_ppm, seed)
    device.run(300)
    same.run(300)
    device.timeline.turn(14_400_000)
    assert device.timeline.drift_ppm == pytest.approx(same.timeline.drift_ppm, abs=1e-3)


@given(drifts_ppm, seeds, st.integers(-960, 960))
@settings(max_examples=20)
def test_what_a_loss_was_misjudged_by_is_no_drift(drift_ppm: float, seed: int, misjudged: int) -> None:
    """20 ms of misplacement would pass for 11 ppm in half an hour."""
    device = Device(drift_ppm, seed)
    device.run(300)
    device.timeline.lost()
    device.run(60, lost=misjudged)
    assert device.timeline.drift_ppm is None
    device.run(HALF_HOUR_S)
    assert device.timeline.drift_ppm == pytest.approx(drift_ppm, abs=5)


def test_drift_is_told_after_a_minute_of_settled_sound_and_anew_for_the_next_run() -> None:
    device = Device(100, seed=1)
    device.run(75)
    assert device.timeline.drift_ppm is None
    device.run(60)
    assert device.timeline.drift_ppm == pytest.approx(100, abs=60)
    device.timeline.follow(0, START)
    assert device.timeline.drift_ppm is None


def test_what_a_device_delays_at_its_start_is_no_drift() -> None:
    line = Line(-NS_PER_S, 0)  # its first second comes at once
    for second in range(1, 200):
        line.add(0, second * NS_PER_S)
    assert line.drift_ppm == 0
