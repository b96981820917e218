"""The page's process as the daemon keeps it: started, started anew with patience, ended, never in the way."""

import logging
import os
import signal
import time
from pathlib import Path

import pytest
from days import StillClock

from station.pages import Page, command_for

PATIENCE_S = 20.0


def seconds_until_started(page: Page, clock: StillClock) -> float:
    """After its end."""
    page.tend()
    assert page.pid == 0
    turns = 0
    while page.pid == 0:
        clock.advance(0.5)
        turns += 1
        page.tend()
    return turns / 2


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def starts(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def until_gone(page: Page) -> None:
    """Until the process that runs has ended by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{page.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_that_ends_is_started_anew_each_time_later(tmp_path: Path, clock: StillClock) -> None:
    page = Page(("sh", "-c", f"echo x >>{tmp_path}/starts; exit 3"), clock)
    page.tend()
    waits = []
    for turn in range(1, 9):
        until_gone(page)
        assert starts(tmp_path / "starts") == turn
        waits.append(seconds_until_started(page, clock))
    page.close()
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_one_that_lived_long_is_started_at_once(clock: StillClock) -> None:
    page = Page(("cat",), clock)
    page.tend()
    for _ in range(3):
        clock.advance(3600)
        os.kill(page.pid, signal.SIGKILL)
        until_gone(page)
        assert seconds_until_started(page, clock) == 1
    page.close()


def test_it_ends_with_its_input_and_is_killed_if_it_does_not(clock: StillClock) -> None:
    for command in (("cat",), ("sh", "-c", "trap '' TERM; exec sleep 600")):
        page = Page(command, clock)
        page.tend()
        pid = page.pid
        began = time.monotonic()
        page.close()
        assert time.monotonic() - began < 5
        assert not Path(f"/proc/{pid}").exists()
        assert page.pid == 0
        page.close()


def test_without_a_page_nothing_is_started(clock: StillClock) -> None:
    page = Page((), clock)
    page.tend()
    assert page.pid == 0
    page.close()


def test_a_program_that_is_not_there_is_told_of_and_tried_again(
    clock: StillClock, caplog: pytest.LogCaptureFixture
) -> None:
    page = Page(("/nowhere/page",), clock)
    page.tend()
    page.tend()
    assert page.pid == 0
    assert [record.name for record in caplog.records] == ["station.pages"]
    clock.advance(2)
    page.tend()
    assert len(caplog.records) == 2


def test_it_is_of_low_priority_and_the_first_to_go(clock: StillClock) -> None:
    page = Page(("nice", "-n", "5", "cat"), clock)
    page.tend()
    assert Path(f"/proc/{page.pid}/oom_score_adj").read_text().strip() == "500"
    page.close()
    assert command_for(Path("x"))[:3] == ("nice", "-n", "5")


def test_it_cannot_fill_the_log(clock: StillClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    page = Page(("sh", "-c", "seq 100000 >&2"), clock)
    page.tend()
    until_gone(page)
    page.close()
    deadline = time.monotonic() + PATIENCE_S
    while len(caplog.records) < 40:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len([record for record in caplog.records if record.getMessage().isdecimal()]) == 40
