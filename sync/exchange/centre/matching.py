"""A school's day put together from what is at the centre, and laid beside what the school's package says. Pure.

The same rules that made the school's matrix (`sync.school.assembling`) make the centre's, over other evidence: files
that are here, with their SHA-256 recomputed. What only a person at the school could say (a take chosen by hand, an
outcome told to the headquarters) is taken from the package, and said to be. Called by `collecting`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct

from exam.manifest import SUFFIX, Person
from exam.roomday import RoomDay
from exam.roster import Participant
from sync.exchange.centre.words import DECISIONS, Arrived, CentreRow, Pair, TakeHere
from sync.plan import Reason
from sync.school.assembling import Evidence, assemble
from sync.school.cells import Arrival
from sync.school.decisions import Decisions
from sync.school.model import Cell, Mark, Paper, PaperKind, Row, Said, SchoolDay, Stage, Take
from sync.school.package import Package, PackageFile, PackageRow, PackageTake
from sync.school.rooms import Recorded

_Name = tuple[str, str, str]
_HERE = Arrival(Mark.YES, None, Mark.YES)
_ON_THE_WAY = {Stage.HASHED, Stage.SENT, Stage.ACKNOWLEDGED}
"""What the school's package says of these was true when it was released."""
_OF_RECORDING = (Stage.RECORDED, Stage.ACCEPTED, Stage.HASHED)
_NAMED = 3
_NOT_LISTED = Reason("в комплекте школы такого участника нет", "the school's package does not name this participant")
_TOLD = Reason("отметка ответственного организатора, не аудитории", "the organizer's word, not the room's")
_NOT_RELEASED = Reason("комплект ещё не передан", "the package has not been released yet")


class Findings(Struct, frozen=True, kw_only=True):
    """What is here of a day. `here`: by SHA-256; `package`: the version that stands; `absent`: what it
    names and is not here, see `absent_of`."""

    school: str
    exam_date: date
    records: Sequence[RoomDay]
    recorded: Sequence[Recorded]
    here: Mapping[str, Arrived]
    package: Package | None = None
    absent: Sequence[PackageFile] = ()


def matched(found: Findings) -> tuple[SchoolDay, tuple[CentreRow, ...]]:
    """The day as the centre would put it together, and its rows beside the school's."""
    day = assemble(_evidence(found, Decisions()))
    by_hand = _by_hand(day, found.package)
    if by_hand.outcomes or by_hand.chosen:
        day = assemble(_evidence(found, by_hand))
    told = {row.number: row for row in found.package.rows} if found.package else {}
    names = _names(found.recorded)
    rows = tuple(_row(row, told.get(row.person.number), found, by_hand, names) for row in day.rows)
    return day, rows


def absent_of(package: Package | None, here: Mapping[str, Arrived]) -> tuple[PackageFile, ...]:
    """What the package names and is not here."""
    return tuple(file for file in package.files if file.sha256 not in here) if package else ()


def _evidence(found: Findings, decisions: Decisions) -> Evidence:
    package = found.package
    newest = max(found.records, key=lambda record: record.until, default=None)
    return Evidence(
        school=found.school,
        school_name=package.school_name if package else "",
        exam_date=found.exam_date,
        scheme=package.scheme if package else newest.scheme if newest else 2,
        recording=package.recording if package else newest.recording if newest else "both",
        papers_way=package.papers_way if package else "scans",
        roster=_roster(found),
        records=found.records,
        recorded=found.recorded,
        papers=tuple(_papers(package)) if package else (),
        decisions=decisions,
        arrivals=dict.fromkeys(found.here, _HERE),
    )


def _roster(found: Findings) -> dict[int, Participant]:
    """Everybody the package expected; besides, whom a room's list names."""
    people: dict[int, Participant] = {}
    for row in found.package.rows if found.package else ():
        if _mark(row.cells.get(Stage.EXPECTED)) is not Mark.NO:
            people[row.number] = Participant(row.number, row.surname, row.first_name, row.patronymic, row.class_name,
                                             row.rooms[0] if row.rooms else "")  # fmt: skip
    for record in found.records:
        for one in record.listed:
            room = record.room
            listed = Participant(one.number, one.surname, one.first_name, one.patronymic, one.class_name, room)
            people.setdefault(one.number, listed)
    return dict(sorted(people.items()))


def _papers(package: Package) -> Iterator[Paper]:
    whose = {row.protocol: row.number for row in package.rows if row.protocol}
    for file in package.files:
        kind = _paper_kind(file)
        if kind is not None:
            yield Paper(file.path, file.path.rpartition("/")[2], kind, file.sha256, file.size, 0,
                        whose.get(file.sha256) if kind == "protocol" else None)  # fmt: skip


def _paper_kind(file: PackageFile) -> PaperKind | None:
    match file.kind:
        case "protocol" | "form_c1" | "room_sheet" | "act" | "other" as kind:
            return kind
        case _:
            return None


def _by_hand(day: SchoolDay, package: Package | None) -> Decisions:
    """What the package says that no file here does: outcomes and chosen takes."""
    outcomes: dict[int, Said | None] = {}
    chosen: dict[int, str] = {}
    chosen_at: dict[int, datetime] = {}
    for told in package.rows if package else ():
        row = day.row(told.number)
        if (row.said.outcome if row and row.said else None) is not told.outcome:
            outcomes[told.number] = Said(told.outcome, told.outcome_at) if told.outcome else None
        picked = next((take for take in told.takes if told.recording and take.recording == told.recording), None)
        here = [take for take in row.takes if picked and _is_same(take, picked)] if row else []
        if row is None or not here:
            continue
        claims_more = _mark(told.cells.get(Stage.ACCEPTED)) is Mark.YES and here[0].decision in _OPEN_TO_CHOICE
        if row.take != here[0] or claims_more:
            chosen[told.number], chosen_at[told.number] = here[0].stem, here[0].started_at
    return Decisions(outcomes=outcomes, chosen=chosen, chosen_at=chosen_at)


_OPEN_TO_CHOICE = {"unreviewed", "interrupted", None}
"""An organizer may have had to decide about such a take: nobody did in the room."""


def _is_same(take: Take, told: PackageTake) -> bool:
    """Two computers of a room may have given two takes one name; when they began tells them apart."""
    return (take.stem, take.started_at) == (told.stem, told.started_at)


def _names(recorded: Iterable[Recorded]) -> Mapping[int, set[_Name]]:
    """Under which names each number was recorded."""
    found: dict[int, set[_Name]] = {}
    for one in recorded:
        person = one.told.participant
        if person is not None:
            found.setdefault(person.number, set()).add((person.surname, person.first_name, person.patronymic))
    return found


def _row(
    row: Row, told: PackageRow | None, found: Findings, by_hand: Decisions, names: Mapping[int, set[_Name]]
) -> CentreRow:
    person = row.person
    lacks = _lacking(row, told, found)
    return CentreRow(
        person=Person(person.number, person.surname, person.first_name, person.patronymic, person.class_name),
        rooms=row.rooms,
        outcome=row.said.outcome if row.said else None,
        variant=row.take.variant if row.take else None,
        takes=tuple(_take(take, row, found.here) for take in row.takes),
        cells={stage: _pair(stage, cell, told, found.package, lacks.get(stage)) for stage, cell in row.cells.items()},
        notes=tuple(_notes(row, told, found.package, by_hand, names.get(person.number, set()))),
    )


def _take(take: Take, row: Row, here: Mapping[str, Arrived]) -> TakeHere:
    return TakeHere(
        room=take.room,
        station=take.station,
        stem=take.stem,
        number=take.number,
        variant=take.variant,
        started_at=take.started_at,
        decision=take.decision,
        here=take.delivery is not None and take.delivery.sha256 in here,
        stands=take == row.take,
    )


def _lacking(row: Row, told: PackageRow | None, found: Findings) -> Mapping[Stage, Reason]:
    """What of a participant's is still to come, by the stage that waits for it: nothing is concluded from files that
    are not here yet."""
    if found.package is None:
        return {stage: _NOT_RELEASED for stage in Stage if stage is not Stage.EXPECTED}
    if told is None:
        return {}
    sounds = {take.recording for take in told.takes} | {told.recording}
    stems = {take.stem for take in told.takes} - {take.stem for take in row.takes if take.manifest}
    absent = found.absent
    recording = [file.path for file in absent if file.sha256 in sounds or _stem(file) in stems]
    protocol = [file.path for file in absent if file.sha256 == told.protocol]
    waits = {
        _OF_RECORDING: recording,
        (Stage.SCANNED,): protocol,
        (Stage.SENT, Stage.ACKNOWLEDGED): [*recording, *protocol],
    }
    return {stage: _to_come(paths) for stages, paths in waits.items() if paths for stage in stages}


def _stem(file: PackageFile) -> str:
    return file.path.rpartition("/")[2].removesuffix(SUFFIX)


def _to_come(paths: Sequence[str]) -> Reason:
    told = ", ".join(paths[:_NAMED])
    return Reason(f"ещё не пришло: {told}", f"has not come yet: {told}")


def _pair(stage: Stage, cell: Cell, told: PackageRow | None, package: Package | None, lacks: Reason | None) -> Pair:
    school = told.cells.get(stage) if told else None
    waits = cell.mark is Mark.NO or (cell.mark is Mark.YES and stage not in _OF_RECORDING)
    here = Cell(Mark.OPEN, lacks) if lacks is not None and waits else cell
    if told is None:
        return Pair(None, here, agrees=package is None)
    return Pair(school, here, agrees=_agree(stage, _mark(school), here.mark))


def _agree(stage: Stage, school: Mark | None, centre: Mark) -> bool:
    if school is centre or centre is Mark.OPEN:
        return True
    return stage in _ON_THE_WAY and centre is Mark.YES and school in {Mark.NO, Mark.OPEN}


def _notes(
    row: Row, told: PackageRow | None, package: Package | None, by_hand: Decisions, names: set[_Name]
) -> Iterator[Reason]:
    if package is not None and told is None:
        yield _NOT_LISTED
    if row.person.number in by_hand.chosen:
        decision = row.take.decision if row.take else None
        yield Reason(
            f"запись выбрана ответственным организатором, в аудитории: {DECISIONS[decision]}",
            f"the recording was chosen by the organizer; in the room: {decision}",
        )
    if row.person.number in by_hand.outcomes:
        yield _TOLD
    person = row.person
    for name in sorted(names - {(person.surname, person.first_name, person.patronymic)}):
        shown = " ".join(part for part in name if part)
        yield Reason(f"в описании записи назван: {shown}", f"named in the recording's manifest: {shown}")


def _mark(cell: Cell | None) -> Mark | None:
    return cell.mark if cell is not None else None
