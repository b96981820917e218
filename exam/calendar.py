"""What is due when. Pure; dates are the school's. Sources: S2 9.3, 10 and the organizer's
instruction, S1 (hand-over)."""

from datetime import date, timedelta

_DUE_DAYS, _LATEST_DAYS = 1, 6
_PREPARES_DAYS, _CHECKING_DAYS = 14, 5
_SATURDAY = 5
_HOLIDAYS = {*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}


def recordings_due(exam_date: date) -> date:
    """The earliest of the rules: the day after the exam. Recordings aim at it."""
    return exam_date + timedelta(days=_DUE_DAYS)


def recordings_latest(exam_date: date) -> date:
    """Not later than six days after the exam (S1)."""
    return exam_date + timedelta(days=_LATEST_DAYS)


def two_weeks_before(exam_date: date) -> date:
    """Participants and commissions are entered by then (S2 4.3.1, 6.6)."""
    return exam_date - timedelta(days=_PREPARES_DAYS)


def day_before(exam_date: date) -> date:
    """Rooms, test recordings and printed forms are ready by then (S2, instructions)."""
    return exam_date - timedelta(days=1)


def checking_ends(exam_date: date) -> date:
    """Experts have listened to everything not later than five calendar days after the exam (S2 9.3)."""
    return exam_date + timedelta(days=_CHECKING_DAYS)


def package_due(exam_date: date, checked_on: date | None = None) -> date:
    """The package goes to the centre by then: one working day after checking ended (S2, organizer's instruction), or
    would have to end, and not later than six days after the exam (S1)."""
    ended = min(checked_on or checking_ends(exam_date), checking_ends(exam_date))
    return min(working_day_after(ended), recordings_latest(exam_date))


def working_day_after(day: date) -> date:
    """The next day that is neither a weekend nor a holiday of the labour code (ТК РФ, 112). Days that the government
    moves are not known: what falls due then may be due a day later than said here."""
    following = day + timedelta(days=1)
    while following.weekday() >= _SATURDAY or (following.month, following.day) in _HOLIDAYS:
        following += timedelta(days=1)
    return following
