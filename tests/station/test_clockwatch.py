"""Steps of the wall clock and sleep are told, to the millisecond; drift, slewing and a busy machine are not."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.clock import NS_PER_S, Reading, read_clocks
from station.clockwatch import Change, ClockWatch

HOUR_NS = 3600 * NS_PER_S
MS = NS_PER_S // 1000


class Machine:
    """A machine's clocks: they run together until somebody sets one, or it sleeps."""

    def __init__(self) -> None:
        self.monotonic = self.boottime = 5 * HOUR_NS
        self.wall = 1_770_000_000 * NS_PER_S

    def run(self, nanoseconds: int) -> None:
        self.monotonic += nanoseconds
        self.sleep(nanoseconds)

    def sleep(self, nanoseconds: int) -> None:
        self.boottime += nanoseconds
        self.wall += nanoseconds

    def read(self, spread_ns: int = 0) -> Reading:
        return Reading(self.monotonic, self.boottime, self.wall, spread_ns)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def watch(machine: Machine) -> ClockWatch:
    watch = ClockWatch()
    assert watch.tick(machine.read()) == Change()
    return watch


def test_nothing_happens_in_a_long_day(machine: Machine, watch: ClockWatch) -> None:
    for _ in range(1000):
        machine.run(36 * NS_PER_S)
        assert watch.tick(machine.read()) == Change()


@pytest.mark.parametrize("step_s", [0.5, -0.5, 3600.0, -3600.0, 1.25])
def test_a_step_is_told_once_with_its_sign(machine: Machine, watch: ClockWatch, step_s: float) -> None:
    machine.run(NS_PER_S // 2)
    machine.wall += int(step_s * NS_PER_S)
    assert watch.tick(machine.read()) == Change(stepped_s=step_s)
    machine.run(NS_PER_S // 2)
    assert watch.tick(machine.read()) == Change()


def test_a_step_there_and_back_is_two_steps(machine: Machine, watch: ClockWatch) -> None:
    machine.wall += HOUR_NS
    assert watch.tick(machine.read()).stepped_s == 3600.0
    machine.wall -= HOUR_NS
    assert watch.tick(machine.read()).stepped_s == -3600.0


def test_a_step_below_half_a_second_waits_until_steps_add_up(machine: Machine, watch: ClockWatch) -> None:
    machine.wall += 499 * MS
    assert watch.tick(machine.read()) == Change()
    machine.wall += 499 * MS
    assert watch.tick(machine.read()).stepped_s == 0.998


def test_sleep_is_no_step(machine: Machine, watch: ClockWatch) -> None:
    machine.sleep(90 * NS_PER_S)
    assert watch.tick(machine.read()) == Change(suspended_s=90.0)
    machine.run(NS_PER_S)
    assert watch.tick(machine.read()) == Change()


def test_a_machine_that_slept_and_was_then_set_tells_both(machine: Machine, watch: ClockWatch) -> None:
    machine.sleep(60 * NS_PER_S)
    machine.wall -= 2 * NS_PER_S
    assert watch.tick(machine.read()) == Change(stepped_s=-2.0, suspended_s=60.0)


def test_a_reading_torn_by_a_busy_machine_is_left_out(machine: Machine, watch: ClockWatch) -> None:
    """Stopped for 3 s between one clock and the next: the wall clock seems to have leapt."""
    torn = machine.read()._replace(wall_ns=machine.wall + 3 * NS_PER_S, spread_ns=3 * NS_PER_S)
    assert watch.tick(torn) == Change()
    machine.run(3 * NS_PER_S)
    assert watch.tick(machine.read()) == Change()


def test_a_torn_first_reading_is_no_beginning(machine: Machine) -> None:
    watch = ClockWatch()
    watch.tick(machine.read(spread_ns=NS_PER_S)._replace(wall_ns=0))
    assert watch.tick(machine.read()) == Change()
    machine.wall += NS_PER_S
    assert watch.tick(machine.read()).stepped_s == 1.0


@given(st.lists(st.integers(-3000, 3000), max_size=40))
def test_what_is_told_adds_up_to_what_was_done(steps_ms: list[int]) -> None:
    machine, watch = Machine(), ClockWatch()
    watch.tick(machine.read())
    told = 0.0
    for step in steps_ms:
        machine.run(100 * MS)
        machine.wall += step * MS
        told += watch.tick(machine.read()).stepped_s
    assert abs(told - sum(steps_ms) / 1000) < 0.5


def test_this_machines_clocks_run_together() -> None:
    """Preempted readings are told by their spread, so an idle comparison holds on the busiest machine."""
    watch = ClockWatch()
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert watch.tick(read_clocks()) == Change()
        os.sched_yield()
