"""A limited line carries what it may and no more, on a clock the test owns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.throttle import Throttle


class Line:
    """Resting moves the clock; so does the network."""

    def __init__(self, limit: float) -> None:
        self.now = 100.0
        self.throttle = Throttle(limit, lambda: self.now, self.rest)

    def rest(self, seconds: float) -> None:
        self.now += seconds

    def send(self, blocks: list[int], each_s: float = 0.0) -> float:
        """Seconds one transfer of these blocks takes, each of which needs `each_s` anyway."""
        began, through = self.now, 0
        self.throttle.begin(0)
        for block in blocks:
            self.now += each_s
            through += block
            self.throttle.moved(through)
        return self.now - began


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=60), st.floats(1e4, 1e7))
def test_no_more_than_the_limit_over_any_transfer(blocks: list[int], limit: float) -> None:
    assert Line(limit).send(blocks) >= sum(blocks) / limit - 0.5 - 1e-6


def test_the_limit_is_used() -> None:
    assert Line(1e6).send([100_000] * 100) == pytest.approx(10, abs=0.6)
    assert Line(1e6).send([100_000] * 100, each_s=0.2) == pytest.approx(20), "a slow line is not slowed further"


def test_without_a_limit_nothing_waits() -> None:
    assert Line(0).send([10**9]) == 0


def test_what_was_sent_before_is_not_counted_again() -> None:
    line = Line(1e6)
    line.throttle.begin(50_000_000)
    line.throttle.moved(50_100_000)
    assert line.now < 101
