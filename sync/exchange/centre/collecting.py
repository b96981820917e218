"""One school's days as the centre has them: from the register, the files' own words, and nothing else.

Called by `overview`, `pages`, `tables`, and by whoever compares the centre's matrix with a school's.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath

from exam.errors import Rejected
from exam.roomday import RoomDay
from sync.exchange.centre.knowledge import Knowledge
from sync.exchange.centre.matching import Findings, absent_of, matched
from sync.exchange.centre.reading import MOST_TAKES, Broken, Fact, Recording, Released, RoomRecord
from sync.exchange.centre.versions import lined_up
from sync.exchange.centre.words import Arrived, CentreDay, Oddity, SetAside, Version
from sync.exchange.register import Register, Upload
from sync.plan import Reason
from sync.school.model import File
from sync.school.package import Package
from sync.school.rooms import Recorded

MOST_FILES = 20_000
"""Files of one school that are looked at: its newest are then left out, and it is said."""
MOST_RECORDS = 300
"""Records of one school's rooms on one day."""
MOST_DAYS = 40
"""Days of one school: beyond, it is making them up."""
_FOLDER = re.compile(r"(\d{4}-\d{2}-\d{2})_.+")


class Collecting:
    """Blocking; for any thread. Every method raises Transient and OSError when what is stored cannot be read now."""

    def __init__(self, register: Register, knowledge: Knowledge) -> None:
        self._register, self._knowledge = register, knowledge

    def days(self, school: str) -> list[CentreDay]:
        """Every day something came of, oldest first."""
        files, aside = self._files(school), self._aside(school)
        folders = {one.folder for one in files} | {one.folder for one in aside}
        dates = sorted({day for folder in folders if (day := date_of(folder)) is not None})
        return [self._day(school, day, files, aside) for day in dates[-MOST_DAYS:]]

    def day(self, school: str, exam_date: date) -> CentreDay:
        """One day, though nothing came of it."""
        return self._day(school, exam_date, self._files(school), self._aside(school))

    def undated(self, school: str) -> tuple[list[Arrived], list[SetAside]]:
        """Files that belong to no day by their folder."""
        files, aside = self._files(school), self._aside(school)
        return ([one for one in files if date_of(one.folder) is None],
                [one for one in aside if date_of(one.folder) is None])  # fmt: skip

    def packages(self, versions: Sequence[Version]) -> Iterator[tuple[Version, Package | None]]:
        """Each version with its content, one at a time; None where that cannot be had."""
        for version in versions:
            try:
                yield version, self._knowledge.package(version.file)
            except Rejected:
                yield version, None

    def _files(self, school: str) -> list[Arrived]:
        return [_arrived(upload) for upload in self._register.stored_of(school, MOST_FILES)]

    def _aside(self, school: str) -> list[SetAside]:
        return [_set_aside(upload) for upload in self._register.set_aside_of(school, MOST_FILES)]

    def _day(self, school: str, exam_date: date, files: Sequence[Arrived], aside: Sequence[SetAside]) -> CentreDay:
        mine = [one for one in files if date_of(one.folder) == exam_date]
        facts = self._knowledge.of(mine)
        oddities = [*_oddities(school, exam_date, mine, facts), *_too_many(files, facts)]
        odd = {oddity.file for oddity in oddities}
        fit = [one for one in mine if one.path not in odd]
        versions, of_versions = lined_up(
            (one, fact) for one in fit if isinstance(fact := facts.get(one.sha256), Released)
        )
        oddities += of_versions
        package = self._standing(versions, oddities)
        found = Findings(
            school=school,
            exam_date=exam_date,
            records=_records(fit, facts),
            recorded=_recorded(fit, facts, here := {one.sha256: one for one in mine}),
            here=here,
            package=package,
            absent=absent_of(package, here),
        )
        day, rows = matched(found)
        return CentreDay(
            school=school,
            school_name=day.school_name,
            exam_date=exam_date,
            rooms=tuple(dict.fromkeys((*(room.number for room in day.rooms), *(r for row in rows for r in row.rooms)))),
            rows=rows,
            versions=versions,
            missing=tuple(dict.fromkeys(file.path for file in found.absent)),
            faults=package.faults if package else (),
            files=tuple(mine),
            set_aside=tuple(one for one in aside if date_of(one.folder) == exam_date),
            oddities=tuple(oddities),
        )

    def _standing(self, versions: Sequence[Version], oddities: list[Oddity]) -> Package | None:
        """The content of the version that stands; what hinders that is added to `oddities`."""
        version = next((one for one in versions if one.stands), None)
        if version is None:
            return None
        try:
            return self._knowledge.package(version.file)
        except Rejected as error:
            oddities.append(Oddity("damaged", Reason(error.ru, error.en), version.file.path))
            return None


def date_of(folder: str) -> date | None:
    """The exam day a day folder's name speaks of."""
    found = _FOLDER.fullmatch(folder)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _arrived(upload: Upload) -> Arrived:
    place, receipt = PurePosixPath(upload.place or ""), upload.signed()
    return Arrived(
        folder=place.parent.name,
        name=place.name,
        sha256=receipt.sha256,
        size=receipt.size,
        stored_at=receipt.stored_at,
        receipt_id=receipt.receipt_id,
        place=upload.place or "",
    )


def _set_aside(upload: Upload) -> SetAside:
    ru, _, en = (upload.reason or "").partition("\n")
    return SetAside(upload.folder, upload.filename, upload.length, Reason(ru, en or ru))


def _oddities(school: str, exam_date: date, files: Sequence[Arrived], facts: Mapping[str, Fact]) -> Iterator[Oddity]:
    for file in files:
        fact = facts.get(file.sha256)
        if fact is None:
            continue
        if isinstance(fact, Broken):
            yield Oddity("broken", fact.reason, file.path)
            continue
        told = fact if isinstance(fact, Released) else fact.told
        if told.school != school:
            ru = f"внутри код другой школы: {told.school}. Файл не учтён"
            yield Oddity("foreign_school", Reason(ru, f"says it is of another school: {told.school}. Left out"),
                         file.path)  # fmt: skip
        elif told.exam_date != exam_date:
            day = f"{told.exam_date:%d.%m.%Y}"
            ru = f"внутри другая дата экзамена: {day}. Файл не учтён"
            yield Oddity("other_date", Reason(ru, f"says it is of another day: {day}. Left out"), file.path)


def _too_many(files: Sequence[Arrived], facts: Mapping[str, Fact]) -> Iterator[Oddity]:
    for count, most, ru, en in (
        (len(files), MOST_FILES, "файлов", "files"),
        (sum(isinstance(fact, RoomRecord) for fact in facts.values()), MOST_RECORDS, "сведений аудиторий", "records"),
        (sum(isinstance(fact, Recording) for fact in facts.values()), MOST_TAKES, "описаний записей", "manifests"),
    ):
        if count >= most:
            told = Reason(f"{ru} школы больше {most}: учтены пришедшие первыми", f"over {most} {en}: the first count")
            yield Oddity("too_many", told, "")


def _records(files: Sequence[Arrived], facts: Mapping[str, Fact]) -> list[RoomDay]:
    found = (facts.get(sha256) for sha256 in dict.fromkeys(file.sha256 for file in files))
    return [fact.told for fact in found if isinstance(fact, RoomRecord)][:MOST_RECORDS]


def _recorded(files: Sequence[Arrived], facts: Mapping[str, Fact], here: Mapping[str, Arrived]) -> list[Recorded]:
    """Each manifest once, whatever the number of its copies."""
    found: dict[str, Recorded] = {}
    for file in files:
        fact = facts.get(file.sha256)
        if isinstance(fact, Recording) and len(found) < MOST_TAKES:
            told = fact.told
            sent = told.deliveries[0].sha256 if told.deliveries else told.sha256
            found[file.sha256] = Recorded(told, File(file.name, file.sha256, file.size), here=sent in here)
    return list(found.values())
