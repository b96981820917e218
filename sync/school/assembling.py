"""The school's day, put together from all that is known of it: rooms, papers, decisions, receipts. Pure.

Called by `gathering`, which reads that from disk.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from exam.regulation import Outcome
from exam.roomday import RoomDay
from exam.roster import Participant, Roster
from sync.plan import Reason
from sync.scans.model import Scans
from sync.school.cells import Arrival, Ground, cells_of
from sync.school.decisions import Decisions
from sync.school.faults import of_decisions, of_people, of_rooms, of_scans
from sync.school.model import Fault, Paper, PapersWay, Recording, Room, Row, Said, SchoolDay, Take
from sync.school.rooms import Recorded, latest, rooms_of, said_of, takes_of

_LAWFUL: Mapping[Outcome, Reason] = {
    Outcome.ABSENT: Reason("неявка", "absent"),
    Outcome.WRITTEN: Reason("письменная форма", "in writing"),
    Outcome.EXTRA_DATE: Reason("придёт в дополнительный срок", "comes on an extra date"),
    Outcome.EARLY_END: Reason("завершил досрочно по уважительной причине", "ended early for a valid reason"),
    Outcome.REMOVED: Reason("удалён", "removed"),
}
_STREAM_ONLY = Reason("только потоковая запись", "stream recording only")


class Evidence(Struct, frozen=True, kw_only=True):
    """Everything known of a day. `papers`: good scans, named; `scans`: for what is wrong with others; `arrivals`: by
    SHA-256; `faults`: what could not even be read; `streams`: whether the rooms' common recordings travel."""

    school: str
    school_name: str
    exam_date: date
    scheme: int
    recording: Recording
    papers_way: PapersWay
    streams: bool = True
    roster: Roster
    records: Sequence[RoomDay] = ()
    recorded: Sequence[Recorded] = ()
    papers: Sequence[Paper] = ()
    scans: Scans = Scans()
    decisions: Decisions = Decisions()
    arrivals: Mapping[str, Arrival] = {}
    faults: Sequence[Fault] = ()


def assemble(evidence: Evidence) -> SchoolDay:
    """The day as far as it is known."""
    records = latest(evidence.records)
    takes = takes_of(records, evidence.recorded)
    rooms = tuple(rooms_of(records, evidence.recorded, streams=evidence.streams))
    going_on = frozenset(room.number for room in rooms if not room.is_closed) - set(evidence.decisions.settled)
    said = _said(records, takes, evidence.decisions)
    day = SchoolDay(
        school=evidence.school,
        school_name=evidence.school_name,
        exam_date=evidence.exam_date,
        scheme=evidence.scheme,
        recording=evidence.recording,
        papers_way=evidence.papers_way,
        streams=evidence.streams,
        rows=tuple(_rows(evidence, rooms, takes, said, going_on)),
        rooms=rooms,
        papers=tuple(evidence.papers),
        papers_given=evidence.decisions.papers_given,
    )
    found = (
        *evidence.faults,
        *of_decisions(evidence.decisions),
        *of_rooms(day, evidence.roster, evidence.decisions),
        *of_people(day, evidence.roster),
        *of_scans(day, evidence.scans),
    )
    return replace(day, faults=found)


def _said(records: Iterable[RoomDay], takes: Sequence[Take], decisions: Decisions) -> dict[int, Said]:
    """The organizer's word before a room's."""
    merged: dict[int, Said | None] = {**said_of(records, takes), **decisions.outcomes}
    return {number: said for number, said in merged.items() if said is not None}


def _rows(
    evidence: Evidence, rooms: Iterable[Room], takes: Iterable[Take], said: Mapping[int, Said], going_on: frozenset[str]
) -> Iterable[Row]:
    """Everybody on the list, then whoever was recorded or marked all the same."""
    by_person: dict[int, list[Take]] = {}
    for take in takes:
        by_person.setdefault(take.participant, []).append(take)
    protocols = {paper.participant: paper for paper in evidence.papers if paper.kind == "protocol"}
    decisions = evidence.decisions
    recording = {room.number: room.recording for room in rooms}
    ground = Ground(evidence.roster, evidence.papers_way, evidence.arrivals, going_on)
    strangers = sorted((set(by_person) | set(said)) - set(evidence.roster))
    for person in (*evidence.roster.values(), *(Participant(number, f"№ {number}", "") for number in strangers)):
        mine = tuple(by_person.get(person.number, ()))
        picked = _picked(mine, decisions.chosen.get(person.number), decisions.chosen_at.get(person.number))
        chosen = picked or _chosen(mine)
        told = said.get(person.number)
        row = Row(
            person=person,
            said=told,
            takes=mine,
            chosen=chosen.stem if chosen else None,
            chosen_at=chosen.started_at if chosen else None,
            by_hand=picked is not None,
            lacks=_lacks(told, chosen, recording.get(person.room) or evidence.recording),
            protocol=protocols.get(person.number),
            cells={},
        )
        yield replace(row, cells=cells_of(row, ground))


def _picked(takes: Sequence[Take], stem: str | None, started_at: datetime | None) -> Take | None:
    """The take that the organizer chose. A name that two takes bear is no choice until it is said which."""
    found = [take for take in takes if take.stem == stem and started_at in {None, take.started_at}]
    return found[0] if len(found) == 1 else None


def _chosen(takes: Sequence[Take]) -> Take | None:
    """The take that stands for the participant unless somebody chose: the last one accepted, else the last that was not
    rejected."""
    accepted = [take for take in takes if take.decision == "accepted"]
    usable = [take for take in takes if take.decision != "rejected"]
    return next((each[-1] for each in (accepted, usable) if each), None)


def _lacks(said: Said | None, chosen: Take | None, recording: Recording) -> Reason | None:
    if said is not None:
        return _LAWFUL[said.outcome]
    is_in_stream = recording == "stream" if chosen is None else chosen.in_stream
    return _STREAM_ONLY if is_in_stream else None
