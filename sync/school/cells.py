"""The matrix's squares: how each stage stands with one participant, and why. Pure; called by `assembling`."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from exam.roster import Roster
from sync.plan import Reason
from sync.school.model import Cell, Mark, PapersWay, Row, Stage, Take

_WORST = (Mark.NO, Mark.OPEN, Mark.YES)


class Arrival(Struct, frozen=True):
    """How far a file is on its way to the target, by its content."""

    mark: Mark
    reason: Reason | None
    acknowledged: Mark


class Ground(Struct, frozen=True):
    """What the squares of every participant depend on. `arrivals`: by SHA-256; `going_on`: rooms whose day is not over,
    where whoever was not recorded may still come."""

    roster: Roster
    papers_way: PapersWay
    arrivals: Mapping[str, Arrival]
    going_on: frozenset[str] = frozenset()


def cells_of(row: Row, ground: Ground) -> dict[Stage, Cell]:
    chosen = row.take
    recorded = _recorded(row, ground)
    accepted = _accepted(row, chosen, ground)
    scanned = _scanned(row, ground)
    hashed = _hashed(row, chosen, ground)
    contents = [file.sha256 for file in (chosen.delivery, chosen.manifest) if file] if chosen else []
    contents += [row.protocol.sha256] if row.protocol is not None and ground.papers_way == "scans" else []
    ways = [ground.arrivals.get(sha256) for sha256 in contents]
    return {
        Stage.EXPECTED: _expected(row, ground),
        Stage.RECORDED: recorded,
        Stage.ACCEPTED: accepted,
        Stage.SCANNED: scanned,
        Stage.HASHED: hashed,
        Stage.SENT: _along(ways, row, [way.mark if way else Mark.OPEN for way in ways]),
        Stage.ACKNOWLEDGED: _along(ways, row, [way.acknowledged if way else Mark.OPEN for way in ways]),
    }


def _expected(row: Row, ground: Ground) -> Cell:
    if row.person.number in ground.roster:
        return Cell(Mark.YES)
    return Cell(Mark.NO, Reason("в списке школы такого номера нет", "no such number on the school's list"))


def _recorded(row: Row, ground: Ground) -> Cell:
    if row.takes:
        return Cell(Mark.YES)
    if row.lacks is not None:
        return Cell(Mark.NOT_NEEDED, row.lacks)
    return _none(row, ground)


def _none(row: Row, ground: Ground) -> Cell:
    """There is no recording, yet or at all."""
    if row.person.room in ground.going_on:
        return Cell(
            Mark.OPEN, Reason("ещё не приходил(а): в аудитории идёт экзамен", "not yet: the room's day goes on")
        )
    return Cell(Mark.NO, Reason("записи нет", "no recording"))


def _accepted(row: Row, chosen: Take | None, ground: Ground) -> Cell:
    if chosen is not None and (chosen.decision == "accepted" or row.by_hand):
        return Cell(Mark.YES)
    if row.lacks is not None:
        return Cell(Mark.NOT_NEEDED, row.lacks)
    if chosen is None and not row.takes:
        return _none(row, ground)
    if chosen is None:
        return Cell(Mark.NO, Reason("записи, которую можно принять, нет", "no recording that could be accepted"))
    return Cell(Mark.NO, Reason("запись никто не принял", "nobody accepted the recording"))


def _scanned(row: Row, ground: Ground) -> Cell:
    if ground.papers_way == "by_hand":
        return Cell(Mark.NOT_NEEDED, Reason("бумаги передаются на руки", "papers travel by hand"))
    if row.protocol is not None:
        return Cell(Mark.YES)
    return Cell(Mark.NO, Reason("скана протокола нет", "the protocol is not scanned"))


def _hashed(row: Row, chosen: Take | None, ground: Ground) -> Cell:
    if chosen is None:
        lacks = row.lacks
        return Cell(Mark.NOT_NEEDED, lacks) if lacks else _none(row, ground)
    if chosen.in_stream:
        return Cell(Mark.NOT_NEEDED, row.lacks)
    if chosen.delivery is None:
        return Cell(Mark.NO, Reason("описание записи ещё не получено", "its manifest has not come yet"))
    if not chosen.here:
        return Cell(Mark.NO, Reason("файла записи здесь нет, или он испорчен", "its file is not here, or damaged"))
    return Cell(Mark.YES)


def _along(ways: Sequence[Arrival | None], row: Row, marks: Sequence[Mark]) -> Cell:
    """How far all that belongs to the participant is: as far as the last of it."""
    if not marks:
        return Cell(Mark.NOT_NEEDED, row.lacks) if row.lacks else Cell(Mark.OPEN)
    worst = min(marks, key=_WORST.index)
    reasons = [way.reason for way, mark in zip(ways, marks, strict=True) if way is not None and mark is worst]
    return Cell(worst, next((reason for reason in reasons if reason), None) if worst is not Mark.YES else None)
