"""When things are tried again, on a clock the test owns."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exam.clock import NS_PER_S
from sync import pace
from sync.pace import Pace
from sync.plan import Item, Row
from sync.progress import Progress, Rate, duration
from sync.transports import web

KEY, OTHER = ("a", "1"), ("b", "2")


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 2, 11, tzinfo=UTC)

    def monotonic_ns(self) -> int:
        return int(self.seconds * NS_PER_S)


def longest(_low: float, high: float) -> float:
    return high


def test_backoff_doubles_to_its_cap_and_progress_forgives() -> None:
    mine = Pace(Hand(), longest)
    assert [mine.failed(KEY, None) for _ in range(3)] == [2, 4, 8]
    assert [mine.failed(KEY, None) for _ in range(10)][-1] == pace.BACKOFF_CAP_S
    assert mine.exhausted
    mine.progressed()
    assert not mine.exhausted
    assert mine.failed(KEY, None) == 2


def test_a_file_that_is_locked_holds_back_nobody_else() -> None:
    mine = Pace(Hand(), longest)
    mine.failed(KEY, 3600, others_go_on=True)
    assert not mine.paused
    assert mine.waiting() == {KEY}


def test_days_without_a_server_are_only_more_of_the_same() -> None:
    mine = Pace(Hand(), longest)
    assert {mine.failed(KEY, None) for _ in range(3000)} == {2, 4, 8, 16, 32, 64, 128, 256, 512, pace.BACKOFF_CAP_S}


@given(st.floats(0, 1e9), st.integers(1, 20))
def test_waits_are_bounded_and_honour_the_server(retry_after: float, failures: int) -> None:
    mine = Pace(Hand())
    for _ in range(failures):
        wait = mine.failed(KEY, retry_after)
        assert min(retry_after, pace.RETRY_AFTER_CAP_S) <= wait <= max(pace.BACKOFF_CAP_S, pace.RETRY_AFTER_CAP_S)


def test_after_the_pause_the_others_go_first() -> None:
    clock = Hand()
    mine = Pace(clock, longest)
    clock.seconds += mine.failed(KEY, None)
    assert (mine.paused, mine.waiting()) == (False, {KEY})
    clock.seconds += pace.OTHERS_FIRST_S
    assert mine.waiting() == set()


def test_more_bytes_than_ever_are_progress_and_the_same_again_are_not() -> None:
    mine = Pace(Hand(), longest)
    mine.acknowledged(KEY, 10)
    for _ in range(pace.PATIENCE):
        mine.failed(KEY, None)
        mine.acknowledged(KEY, 10)
    assert mine.exhausted
    mine.acknowledged(KEY, 11)
    assert not mine.exhausted


def test_polls_hold_back_only_their_item_and_end() -> None:
    mine = Pace(Hand())
    assert [round(mine.poll(KEY, None), 1) for _ in range(6)] == [0.4, 0.8, 1.6, 3.2, 6.4, 12.8]
    assert (mine.paused, mine.waiting()) == (False, {KEY})
    assert 0 < mine.due_in(60) <= 12.8
    for _ in range(pace.POLL_PATIENCE):
        mine.poll(OTHER, None)
    assert mine.hopeless() == {OTHER}


def test_a_proof_that_takes_a_night_is_asked_for_each_minute_whatever_the_server_wishes_at_least() -> None:
    """Our exchange says: in a second. A region whose storage is away must not be asked so by all of its schools."""
    mine = Pace(Hand())
    assert [mine.poll(KEY, 1.0) for _ in range(20)][-1] == pace.POLL_CAP_S
    assert mine.poll(OTHER, 900.0) == 900
    assert mine.poll(OTHER, 1e9) == pace.RETRY_AFTER_CAP_S


def test_nobody_stands_and_waits_for_a_day() -> None:
    """What `once` is told to wait for longer than for its own patience, it leaves to the next run."""
    mine = Pace(Hand(), longest)
    mine.failed(KEY, 86_400, others_go_on=True)
    assert (mine.exhausted, mine.hopeless()) == (False, {KEY})
    mine.failed(OTHER, 60)
    assert not mine.exhausted
    mine.failed(OTHER, 86_400)
    assert mine.exhausted


def test_nothing_waits_nothing_is_due() -> None:
    assert Pace(Hand()).due_in(60) == 60


def test_the_rate_is_of_the_last_moments() -> None:
    clock = Hand()
    rate = Rate(lambda: clock.seconds)
    assert rate.per_second() is None
    for total in (0, 1000, 2000):
        rate.moved(total)
        clock.seconds += 1
    assert rate.per_second() == 1000
    clock.seconds += 100
    rate.moved(2000)
    assert rate.per_second() is None, "nothing is known of a line that stood still so long"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_bytes_rate_and_the_time_remaining(monkeypatch: pytest.MonkeyPatch) -> None:
    """What remains is all that waits, not only this file; nothing is promised before a rate is known."""
    monkeypatch.setenv("EXAM_LANGUAGE", "en")
    clock, out = Hand(), Terminal()
    shown = Progress(out, lambda: clock.seconds)
    shown.queued([row("a", 10_000_000), row("b", 30_000_000)])
    item = Item("a", "participant", "1" * 64, 10_000_000)
    for offset in (1_000_000, 3_000_000):
        shown.moved(item, offset)
        clock.seconds += 1
    lines = out.getvalue().split("\r\x1b[K")
    assert lines[1:] == [
        "a  1.0 / 10.0 MB · 39.0 MB left",
        "a  3.0 / 10.0 MB · 2.0 MB/s · 37.0 MB left, 0:18",
    ]


def row(path: str, size: int) -> Row:
    return Row(path=path, kind="participant", sha256="1" * 64, size=size)


def test_durations_read_as_on_a_clock() -> None:
    assert [duration(seconds) for seconds in (5, 65, 3605)] == ["0:05", "1:05", "1:00:05"]


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("70", 70),
        ("-5", None),
        ("soon", None),
        ("Mon, 01 Jan 1990 00:00:00 GMT", 0),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
    ],
)
def test_whatever_a_server_says_of_when_ends_nothing(told: str, seconds: float | None) -> None:
    answer = web.Answer()
    answer.headers["Retry-After"] = told
    assert web.retry_after(answer) == seconds
