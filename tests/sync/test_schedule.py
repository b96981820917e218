"""When sending is allowed: a table over hours and deadlines."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from exam.calendar import recordings_due, recordings_latest
from sync.schedule import Window, due, is_open, opens_at

TOMSK = ZoneInfo("Asia/Tomsk")
EVENING, NIGHT, ALWAYS = Window(time(18), time(23)), Window(time(22), time(6)), Window()
EXAM = date(2026, 2, 11)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 2, day, hour, minute, tzinfo=TOMSK)


@pytest.mark.parametrize(
    ("window", "now", "due_on", "is_open_now"),
    [
        (EVENING, at(11, 17, 59), recordings_due(EXAM), False),
        (EVENING, at(11, 18), recordings_due(EXAM), True),
        (EVENING, at(11, 23), recordings_due(EXAM), False),
        (EVENING, at(12, 0), recordings_due(EXAM), True),  # due today: whatever the hour
        (EVENING, at(12, 9), None, False),
        (EVENING, at(14, 9), recordings_due(EXAM), True),
        (NIGHT, at(11, 5, 59), None, True),
        (NIGHT, at(11, 21, 59), None, False),
        (ALWAYS, at(11, 9), None, True),
    ],
)
def test_hours_and_deadline(window: Window, now: datetime, due_on: date | None, *, is_open_now: bool) -> None:
    assert is_open(window, now, due_on) is is_open_now


@pytest.mark.parametrize(
    ("now", "due_on", "then"),
    [
        (at(11, 9), None, at(11, 18)),
        (at(11, 23, 30), None, at(12, 18)),
        (at(11, 23, 30), recordings_due(EXAM), at(12, 0)),
        (at(11, 9), recordings_due(EXAM), at(11, 18)),
    ],
)
def test_when_it_opens_next(now: datetime, due_on: date | None, then: datetime) -> None:
    assert opens_at(EVENING, now, due_on) == then
    assert is_open(EVENING, then, due_on)


def test_what_is_due_is_told_by_the_day_folders() -> None:
    assert due(["2026-02-11_265/a.mp3", "2026-03-11_1/b.mp3"]) == date(2026, 2, 12)
    assert due(["other/a.mp3", "scans"]) is None
    assert recordings_latest(EXAM) == date(2026, 2, 17)
