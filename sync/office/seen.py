"""What the product itself sees of the steps of «Ход подготовки». Pure."""

from collections.abc import Iterable, Mapping, Sequence

from sync.office.preparation import Fact
from sync.office.rooms import RoomTold
from sync.office.told import Released
from sync.plan import Reason
from sync.school.model import Mark, SchoolDay, Stage

_BEGUN = {"idle", "recording", "paused", "review", "finished"}
_ENOUGH = {Mark.YES, Mark.NOT_NEEDED}


def facts(day: SchoolDay, rooms: Sequence[RoomTold], releases: Sequence[Released]) -> Mapping[str, Fact]:
    """By the steps' keys; a step of which nothing can be seen is left out."""
    found = {
        "rooms": _counted([bool(row.person.room) for row in day.rows], "участников", "participants"),
        "opened": _counted([room.state in _BEGUN for room in rooms], "аудиторий", "rooms"),
        "everyone": _stage(day, Stage.RECORDED),
        "closed": _counted([room.state == "finished" for room in rooms], "аудиторий", "rooms"),
        "gathered": _stage(day, Stage.HASHED),
        "released": Fact(bool(releases)),
        "acknowledged": Fact(bool(releases) and releases[-1].acknowledged),
    }
    if any(word.rehearsed is not None for room in rooms for word in room.words):
        rehearsed = [any(word.rehearsed for word in room.words) for room in rooms]
        found["rehearsal"] = _counted(rehearsed, "аудиторий", "rooms")
    if day.papers_way == "scans":
        found["protocols"] = _stage(day, Stage.SCANNED)
        found["form_c1"] = Fact(any(paper.kind == "form_c1" for paper in day.papers))
    return found


def _stage(day: SchoolDay, stage: Stage) -> Fact:
    return _counted([row.cells[stage].mark in _ENOUGH for row in day.rows], "участников", "participants")


def _counted(each: Iterable[bool], ru: str, en: str) -> Fact:
    every = list(each)
    done = sum(every)
    return Fact(
        bool(every) and done == len(every), Reason(f"{ru}: {done} из {len(every)}", f"{en}: {done} of {len(every)}")
    )
