"""When sending is allowed: the hours of the day, and the deadline that opens them. Pure.

Asked by `sync.agent` and `sync.report`. The hours spare the school's line; from the day on that a recording is due
they no longer hold it back.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from msgspec import Struct

from exam.calendar import recordings_due


class Window(Struct, frozen=True):
    """The hours in which `run` sends; `start == end` is the whole day."""

    start: time = time(0)
    end: time = time(0)

    def contains(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


def due(paths: Iterable[str]) -> date | None:
    """The day on which the first of these undelivered files is due; None where none names its day.

    A path begins with its day folder, `2026-02-11_265`.
    """
    return min((recordings_due(day) for path in paths if (day := exam_day(path))), default=None)


def is_open(window: Window, now: datetime, due_on: date | None) -> bool:
    """Whether to send at `now`: within the hours, or because something is due."""
    return window.contains(now.time()) or (due_on is not None and now.date() >= due_on)


def opens_at(window: Window, now: datetime, due_on: date | None) -> datetime:
    """When sending, closed now, is allowed next."""
    start = now.replace(hour=window.start.hour, minute=window.start.minute, second=0, microsecond=0)
    start = start if start > now else start + timedelta(days=1)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return min(start, midnight) if due_on is not None and midnight.date() >= due_on else start


def exam_day(path: str) -> date | None:
    """The exam date a path's day folder names."""
    try:
        return date.fromisoformat(path[:10])
    except ValueError:
        return None
