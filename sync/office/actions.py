"""What a page may do: `POST /api/release`, `/api/outcome` and the like. Everything is answered with {}, or refused."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exam.localpage.pages import read
from exam.localpage.refusal import Refused
from exam.regulation import Outcome
from sync.office.desk import Desk, desk_of
from sync.office.preparation import STEPS, Tick
from sync.school.decisions import Chosen, Decision, PapersGiven, Settled, Told

_Number = Annotated[int, Meta(ge=1)]
_Words = Annotated[str, Meta(max_length=500)]
_TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$")]
_TIMED = {Outcome.EARLY_END, Outcome.REMOVED}


class _Release(Struct, frozen=True, forbid_unknown_fields=True):
    """`reason`: why it goes although something lacks."""

    by: _Words
    reason: _Words = ""


class _Outcome(Struct, frozen=True, forbid_unknown_fields=True):
    """`outcome` None: as if nothing had been told."""

    participant: _Number
    outcome: Outcome | None
    by: _Words
    at: _TimeOfDay | None = None
    note: _Words = ""


class _Choice(Struct, frozen=True, forbid_unknown_fields=True):
    participant: _Number
    stem: _Words
    by: _Words
    reason: _Words
    started_at: datetime | None = None


class _Settle(Struct, frozen=True, forbid_unknown_fields=True):
    room: _Words
    by: _Words
    reason: _Words


class _Papers(Struct, frozen=True, forbid_unknown_fields=True):
    by: _Words
    to: _Words
    note: _Words = ""


class _Tick(Struct, frozen=True, forbid_unknown_fields=True):
    step: str
    done: bool
    by: _Words = ""


async def release(request: Request) -> Response:
    """«Передать в РЦОИ»: the organizer's word."""
    desk, told = desk_of(request), await read(request, _Release)
    by, reason = _named(told.by), told.reason.strip() or None
    await desk.do(desk.sources.release, by, reason)
    return JSONResponse({})


async def outcome(request: Request) -> Response:
    """Told at the headquarters: an usher reports the absent there."""
    desk, told = desk_of(request), await read(request, _Outcome)
    if told.outcome in _TIMED and told.at is None:
        raise Refused(409, "no_time", "Укажите время: оно нужно для акта.", "Give the time: the act needs it.")
    if (await desk.seen()).day.row(told.participant) is None:
        raise _unknown()
    day, now = desk.sources.exam_date, desk.sources.now()
    return await _decide(
        desk, Told(day, told.participant, told.outcome, told.at, told.note.strip(), _named(told.by), now)
    )


async def choose(request: Request) -> Response:
    """Which take stands for a participant."""
    desk, told = desk_of(request), await read(request, _Choice)
    row = (await desk.seen()).day.row(told.participant)
    if row is None or all(
        take.stem != told.stem or told.started_at not in {None, take.started_at} for take in row.takes
    ):
        raise _unknown()
    day, now, by, reason = desk.sources.exam_date, desk.sources.now(), _named(told.by), _reasoned(told.reason)
    return await _decide(desk, Chosen(day, told.participant, told.stem, by, reason, now, told.started_at))


async def settle(request: Request) -> Response:
    """Somebody answers for a room from which nothing more will come."""
    desk, told = desk_of(request), await read(request, _Settle)
    if told.room not in {room.number for room in (await desk.seen()).rooms}:
        raise _unknown()
    day, now = desk.sources.exam_date, desk.sources.now()
    return await _decide(desk, Settled(day, told.room, _named(told.by), _reasoned(told.reason), now))


async def papers(request: Request) -> Response:
    """The day's papers were handed over on paper."""
    desk, told = desk_of(request), await read(request, _Papers)
    day, now = desk.sources.exam_date, desk.sources.now()
    return await _decide(desk, PapersGiven(day, _named(told.by), _named(told.to), told.note.strip(), now))


async def tick(request: Request) -> Response:
    """A person says that a step is done, or takes that back."""
    desk, told = desk_of(request), await read(request, _Tick)
    if told.step not in {step.key for step in STEPS}:
        raise _unknown()
    await desk.do(desk.ticks.add, Tick(told.step, told.done, desk.sources.now(), told.by.strip()))
    return JSONResponse({})


async def _decide(desk: Desk, decision: Decision) -> Response:
    await desk.do(desk.sources.decide, decision)
    return JSONResponse({})


def _named(text: str) -> str:
    if not text.strip():
        raise Refused(409, "no_name", "Впишите фамилию и инициалы.", "Give a surname and initials.")
    return text.strip()


def _reasoned(text: str) -> str:
    if not text.strip():
        raise Refused(409, "no_reason", "Напишите, почему так решено.", "Say why it was decided so.")
    return text.strip()


def _unknown() -> Refused:
    return Refused(
        409,
        "unknown",
        "Этого в дне уже нет: страница показывала прежнее. Посмотрите ещё раз.",
        "That is no longer in the day: the page showed an earlier state. Look again.",
    )
