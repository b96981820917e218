"""The papers of a day: good scans under the names by which they travel. Pure; called by `gathering`."""

from collections.abc import Iterable, Mapping
from datetime import date

from exam.roster import Roster
from sync.scans.model import Scan
from sync.scans.travelling import Traveller, travelling
from sync.school.model import Paper, Take


def papers_of(
    scans: Iterable[Scan], takes: Iterable[Take], roster: Roster, *, school: str, exam_date: date
) -> tuple[Paper, ...]:
    """Each scan as a paper; a participant's bears the room where they were recorded last, else the roster's."""
    scans = tuple(scans)
    rooms = {person.number: person.room for person in roster.values()}
    rooms |= {take.participant: take.room for take in takes}
    travellers = [
        Traveller(file=one.file, kind=one.kind, participant=one.participant, room=_room(one, rooms)) for one in scans
    ]
    names = travelling(travellers, school=school, exam_date=exam_date, roster=roster)
    return tuple(
        Paper(file=one.file, name=names[one.file], kind=one.kind, sha256=one.sha256, size=one.size, pages=one.pages,
              participant=one.participant, room=_room(one, rooms))
        for one in scans
    )  # fmt: skip


def _room(scan: Scan, rooms: Mapping[int, str]) -> str | None:
    return scan.room or rooms.get(scan.participant or 0) or None
