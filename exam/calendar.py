"""What is due when. Pure; dates are the school's. Sources: S2 9.3, 10 and the organizer's
instruction, S1 (hand-over)."""

from datetime import date, timedelta

_DUE_DAYS, _LATEST_DAYS = 1, 6
_CHECKING_DAYS = 5


def recordings_due(exam_date: date) -> date:
    """The earliest of the rules: the day after the exam. Recordings aim at it."""
    return exam_date + timedelta(days=_DUE_DAYS)


def recordings_latest(exam_date: date) -> date:
    """Not later than six days after the exam (S1)."""
    return exam_date + timedelta(days=_LATEST_DAYS)


def checking_ends(exam_date: date) -> date:
    """Experts have listened to everything not later than five calendar days after the exam (S2 9.3)."""
    return exam_date + timedelta(days=_CHECKING_DAYS)
