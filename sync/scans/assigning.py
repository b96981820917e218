"""Whose paper each scan is, and what keeps it from counting: a decision from what was found and what people said. Pure.

A person's word goes before a code on the page, a code before the file's name; where code and name disagree, a person
is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, structs

from exam.roster import Roster
from sync.scans import codes, faults, naming
from sync.scans.model import (
    LEAST_DPI,
    Assigned,
    Belongs,
    Decision,
    Evidence,
    File,
    Key,
    Page,
    Problem,
    PutAside,
    Scan,
    Scans,
    Trouble,
    Unassigned,
)
from sync.scans.naming import Told

_Paper = tuple[str, int | None, str | None]


class Day(Struct, frozen=True):
    """What a scan is held against. `exam_date`: None where none is configured; dates then say nothing."""

    school: str
    exam_date: date | None
    roster: Roster


def assign(files: Iterable[File], decisions: Mapping[Key, Decision], day: Day) -> Scans:
    """Everything there is, sorted by what is known of it. `waiting` is left empty."""
    papers: list[Scan] = []
    problems: list[Problem] = []
    unassigned: list[Unassigned] = []
    aside: list[PutAside] = []
    names = naming.Reader(school=day.school, exam_date=day.exam_date, roster=day.roster)
    for file in sorted(files, key=lambda one: one.file):
        decision = decisions.get(file.key)
        if isinstance(decision, PutAside):
            aside.append(decision)
            continue
        found = _judged(file, decision, names.read(file.file), day)
        if isinstance(found, Scan):
            papers.append(found)
        elif isinstance(found, Problem):
            problems.append(found)
        else:
            unassigned.append(found)
    good, doubles = _single(papers)
    fresh, same = _new(unassigned, good)
    return Scans(
        papers=good, problems=tuple(sorted([*problems, *doubles, *same], key=lambda one: one.file)),
        unassigned=fresh, aside=tuple(aside),
    )  # fmt: skip


def _judged(file: File, decision: Assigned | None, told: Told, day: Day) -> Scan | Problem | Unassigned:
    if isinstance(file.verdict, Trouble):
        return _problem(file, file.verdict, decision.belongs if decision else told.belongs)
    pages = file.verdict.pages
    if decision is not None:
        return _scan(file, pages, decision.belongs, "decision")
    texts = [text for page in pages for text in page.codes]
    coded = codes.read(texts, school=day.school, exam_date=day.exam_date, roster=day.roster)
    whose = _whose(coded, told)
    if (trouble := _trouble(pages, coded, told)) is not None:
        return _problem(file, trouble, whose if trouble.code in faults.SOFT else None)
    if whose is not None:
        return _scan(file, pages, whose, "code" if coded is not None else "name")
    return Unassigned(file=file.file, sha256=file.sha256, size=file.size, pages=len(pages), candidates=told.candidates)


def _whose(coded: Belongs | Trouble | None, told: Told) -> Belongs | None:
    """Whose paper it is by the code, or else by the name; a name may add the room."""
    if not isinstance(coded, Belongs):
        return told.belongs
    return coded if coded.room or told.belongs is None else structs.replace(coded, room=told.belongs.room)


def _trouble(pages: Sequence[Page], coded: Belongs | Trouble | None, told: Told) -> Trouble | None:
    """What keeps an opened scan from counting, as long as no person says otherwise."""
    if (seen := _seen(pages)) is not None:
        return seen
    if isinstance(coded, Trouble):
        return coded
    if coded is None:
        return told.trouble
    if told.belongs is not None and _contradict(coded, told.belongs):
        return Trouble("contradiction", f"{_in_words(told.belongs)} — {_in_words(coded)}")
    return None


def _seen(pages: Sequence[Page]) -> Trouble | None:
    """What the pages themselves lack. A blank page among others is the other side of a sheet."""
    if all(page.is_blank for page in pages):
        return Trouble("blank")
    least = min((page.dpi for page in pages if page.dpi is not None), default=LEAST_DPI)
    return Trouble("low_resolution", str(least)) if least < LEAST_DPI else None


def _contradict(coded: Belongs, named: Belongs) -> bool:
    return coded.kind != named.kind or named.participant not in {None, coded.participant}


def _in_words(belongs: Belongs) -> str:
    what = belongs.participant if belongs.participant is not None else belongs.room
    return belongs.kind if what is None else f"{belongs.kind} № {what}"


def _single(papers: Sequence[Scan]) -> tuple[tuple[Scan, ...], list[Problem]]:
    """One scan for each paper: what people said stands, of the others the first by name; the rest is told."""
    good: list[Scan] = []
    problems: list[Problem] = []
    contents: dict[str, Scan] = {}
    protocols: dict[_Paper, Scan] = {}
    for paper in sorted(papers, key=lambda one: (one.evidence != "decision", one.file)):
        twin, other = contents.setdefault(paper.sha256, paper), protocols.get(_paper(paper))
        if twin is not paper:
            problems.append(_double(paper, "same_content", twin))
        elif paper.kind == "protocol" and other is not None and paper.evidence != "decision":
            problems.append(_double(paper, "two_protocols", other))
        else:
            good.append(paper)
            protocols.setdefault(_paper(paper), paper)
    torn = {problem.sha256 for problem in problems if problem.code == "same_content"}
    disputed = [paper for paper in good if paper.sha256 in torn and _is_disputed(paper, papers)]
    problems += [_double(paper, "same_content", _twin(paper, papers)) for paper in disputed]
    return tuple(sorted((paper for paper in good if paper not in disputed), key=lambda one: one.file)), problems


def _is_disputed(paper: Scan, papers: Sequence[Scan]) -> bool:
    """Whether one content is given to two by their names, and no person has said whose it is."""
    whose = {_paper(one) for one in papers if one.sha256 == paper.sha256}
    return paper.evidence != "decision" and len(whose) > 1


def _twin(paper: Scan, papers: Sequence[Scan]) -> Scan:
    return next(one for one in papers if one.sha256 == paper.sha256 and one is not paper)


def _new(unassigned: Sequence[Unassigned], good: Sequence[Scan]) -> tuple[tuple[Unassigned, ...], list[Problem]]:
    """Those of whom nothing is known, without copies of what is there."""
    contents = {paper.sha256: paper.file for paper in good}
    fresh: list[Unassigned] = []
    problems: list[Problem] = []
    for one in unassigned:
        twin = contents.setdefault(one.sha256, one.file)
        if twin == one.file:
            fresh.append(one)
        else:
            problems.append(
                Problem(file=one.file, sha256=one.sha256, size=one.size, code="same_content",
                        reason=faults.reason("same_content", twin))
            )  # fmt: skip
    return tuple(fresh), problems


def _paper(scan: Scan) -> _Paper:
    return scan.kind, scan.participant, scan.room if scan.kind == "room_sheet" else None


def _scan(file: File, pages: Sequence[Page], belongs: Belongs, evidence: Evidence) -> Scan:
    return Scan(
        file=file.file, sha256=file.sha256, size=file.size, kind=belongs.kind, participant=belongs.participant,
        room=belongs.room, pages=len(pages), evidence=evidence,
        blank_pages=tuple(number for number, page in enumerate(pages, 1) if page.is_blank),
    )  # fmt: skip


def _problem(file: File, trouble: Trouble, belongs: Belongs | None) -> Problem:
    return Problem(
        file=file.file, sha256=file.sha256, size=file.size, code=trouble.code,
        reason=faults.reason(trouble.code, trouble.told), participant=belongs.participant if belongs else None,
    )  # fmt: skip


def _double(paper: Scan, code: str, other: Scan) -> Problem:
    return Problem(
        file=paper.file, sha256=paper.sha256, size=paper.size, code=code, reason=faults.reason(code, other.file),
        participant=paper.participant,
    )  # fmt: skip
