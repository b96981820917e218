"""The name by which a scan travels: the rule of recordings' names, and what the paper is. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from exam import names
from exam.names import FirstName
from exam.roster import Roster
from sync.scans.model import PaperKind
from sync.scans.sniffing import SUFFIXES, by_name, suffix

WORDS: Mapping[PaperKind, str] = {
    "protocol": "протокол", "form_c1": "форма С-1", "room_sheet": "ведомость", "act": "акт", "other": "документ",
}  # fmt: skip


class Traveller(Struct, frozen=True, kw_only=True):
    """A paper that is to be named. `file`: as it lies in the folder; `room`: where the participant was, or whose the
    sheet is."""

    file: str
    kind: PaperKind
    participant: int | None = None
    room: str | None = None


def travelling(
    papers: Iterable[Traveller], *, school: str, exam_date: date, roster: Roster, first_name: FirstName = "initial"
) -> Mapping[str, str]:
    """The name by which each travels, by its file: `11.02.2026_265_701020_Иванов И_протокол.pdf`.

    Unique without regard to case; several papers of one kind are numbered in the order of their files. What is not
    known (a room, a participant) is left out.
    """
    labels = names.labels(roster.values(), first_name)
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for paper in sorted(papers, key=lambda one: one.file):
        label = labels.get(paper.participant) if paper.participant is not None else None
        parts = [f"{exam_date:%d.%m.%Y}", paper.room, school, label, WORDS[paper.kind]]
        stem = "_".join(part for part in parts if part)
        chosen[paper.file] = _free(stem, taken) + _extension(paper.file)
    return chosen


def _free(stem: str, taken: set[str]) -> str:
    number = 1
    while (numbered := stem if number == 1 else f"{stem}_{number}").casefold() in taken:
        number += 1
    taken.add(numbered.casefold())
    return numbered


def _extension(file: str) -> str:
    found = by_name(file)
    return SUFFIXES[found] if found else suffix(file)
