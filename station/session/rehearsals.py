"""Decisions about test recordings, and whether the room lacks a good one. Pure."""

from datetime import date, timedelta
from typing import Literal

from exam.errors import Rejected
from station.session import commands as ask
from station.session import events as happened
from station.session.day import Day, State
from station.session.desk import Desk
from station.session.rules import free_rehearsal

Lack = Literal["none", "old", "failed"]
"""Why a room is not known to be audible: no test recording, none of the last days, or the last one failed."""

_EVE = timedelta(days=1)


def begin(desk: Desk, command: ask.Rehearse) -> Desk:
    if desk.day.rehearsal is not None:
        raise Rejected(
            "Проба уже идёт. Дождитесь её конца или прервите: station rehearse --cancel.",
            "A test recording is running. Wait for its end, or station rehearse --cancel.",
            code="wrong_state",
        )
    stem = free_rehearsal(desk.day, desk.rules, desk.now.taken)
    return desk.add(happened.RehearsalBegan(stem=stem, quick=command.quick))


def cancel(desk: Desk, _command: ask.CancelRehearsal) -> Desk:
    """Who holds its tape knows where it ends, and tells."""
    if desk.day.rehearsal is None:
        raise Rejected("Проба не идёт.", "No test recording is running.", code="wrong_state")
    return desk


def accept(desk: Desk, command: ask.AcceptRehearsal) -> Desk:
    done = [rehearsal for rehearsal in desk.day.rehearsals if rehearsal.ending == "done"]
    if not done:
        raise Rejected(
            "Принимать нечего: ни одной законченной пробы нет. Сделайте её: station rehearse.",
            "Nothing to accept: no test recording was finished. Make one: station rehearse.",
            code="no_rehearsal",
        )
    return desk.add(happened.RehearsalAccepted(stem=done[-1].stem, by=" ".join(command.by.split())))


def lack(day: Day, today: date, exam_date: date, valid_days: int) -> Lack | None:
    """What is to be told of the room's test recording: while the day is open, and from the eve until it is opened."""
    if day.state is State.CLOSED and (day.parts or not exam_date - _EVE <= today <= exam_date):
        return None
    last = day.last_rehearsal
    if last is None:
        return "none"
    if last.grade == "fail" and last.accepted_by is None:
        return "failed"
    return "old" if today - last.started_at.date() > timedelta(days=valid_days) else None
