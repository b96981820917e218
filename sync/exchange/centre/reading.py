"""What a school's JSON files say: recordings' manifests, rooms' records, packages. Pure, and distrustful.

Each is looked at by what its name says it is; it is bounded before it is decoded, and nothing but what the centre uses
is kept of it. What cannot be used becomes `Broken`, in words for a person; nothing is raised for it.
"""

import re
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from exam import manifest, names, roomday
from exam.errors import Rejected
from exam.manifest import Audio, Decision, Delivery, Listened, Manifest, Opinion, Person, Source
from exam.names import Kind
from exam.roomday import RoomDay
from exam.roster import MAX_NUMBER
from sync.plan import Reason
from sync.school import package
from sync.school.package import Package

FactKind = Literal["recording", "room", "package"]
MOST_PEOPLE = 2_000
"""Participants of one school in one package or record."""
MOST_TAKES = 4 * MOST_PEOPLE
MOST_FILES = 20_000
_MOST_COPIES = 16
_MARK = re.compile(r"~[0-9a-f]+$")
_MOST_KEPT = {"recording": 8 << 10, "room": 1 << 20, "package": 64 << 10}
"""Bytes of what is kept of one file."""
MOST_BYTES: dict[FactKind, int] = {
    "recording": 4 << 20,  # a stream's manifest with some ten thousand gaps
    "room": roomday.MAX_BYTES,
    "package": package.MAX_BYTES,
}


class Broken(Struct, frozen=True, tag="broken"):
    """Not what its name says. `reason`: why."""

    reason: Reason


class Recording(Struct, frozen=True, tag="recording"):
    """A manifest, without what only its sound explains (spans, gaps, marks, verdict)."""

    told: Manifest


class RoomRecord(Struct, frozen=True, tag="room"):
    told: RoomDay


class Released(Struct, frozen=True, tag="package", kw_only=True):
    """A package's manifest, without its rows and files."""

    school: str
    school_name: str
    exam_date: date
    version: int
    previous: str | None
    released_at: datetime
    by: str
    incomplete: str | None


Fact = Broken | Recording | RoomRecord | Released


class _Grade(Struct, frozen=True):
    grade: str | None = None


class _Told(Struct, frozen=True, kw_only=True):
    """The fields of `exam.manifest.Manifest` that are looked at."""

    schema: int
    kind: Kind
    exam_date: date
    room: str
    school: str
    station: str
    source: Source = "microphone"
    participant: Person | None = None
    take: int | None = None
    variant: str | None = None
    started_at: datetime
    ended_at: datetime
    audio: Audio
    outcome: Decision | None = None
    listened: Listened = None
    opinion: Opinion | None = None
    verdict: _Grade | None = None
    replaces: str | None = None
    size: int
    sha256: str
    deliveries: tuple[Delivery, ...] = ()


class _Lists(Struct, frozen=True):
    """A package's lists, counted before anything is made of them."""

    rows: list[Raw]
    files: list[Raw]
    faults: list[Raw] = []


class _Unfit(Exception):
    """Carries both texts."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(ru, en)
        self.reason = Reason(ru, en)


def kind_of(name: str) -> FactKind | None:
    """What a file of this name should be; None: nothing that is read."""
    if not name.endswith(manifest.SUFFIX):
        return None
    if package.is_package(name):
        return "package"
    if roomday.is_room_day(name):
        return "room"
    try:
        names.parse(_MARK.sub("", name.removesuffix(manifest.SUFFIX)))
    except Rejected:
        return None
    return "recording"


def read(kind: FactKind, content: bytes, name: str) -> Fact:
    """What the file says. `content`: all of it, or more bytes than it may have."""
    try:
        fact = _READERS[kind](content, name)
    except _Unfit as unfit:
        return Broken(unfit.reason)
    try:
        size = len(msgspec.json.encode(fact))
    except (OverflowError, ValueError):  # numbers and letters that JSON can tell and nobody can keep
        return Broken(Reason("числа или буквы, которых не бывает", "numbers or letters that there are none of"))
    if size > _MOST_KEPT[kind]:
        return Broken(Reason("непомерно длинные имена или списки внутри", "names or lists of excessive length inside"))
    return fact


def package_in(content: bytes, name: str) -> Package:
    """The whole package. Raises Rejected where `read` says Broken."""
    try:
        return _package(content, name)
    except _Unfit as unfit:
        raise Rejected(unfit.reason.ru, unfit.reason.en, code="bad_package") from None


def _recording(content: bytes, _name: str) -> Fact:
    told = _decoded(content, "recording", _Told)
    if told.schema != manifest.SCHEMA:
        raise _other_schema(told.schema, manifest.SCHEMA)
    if len(told.deliveries) > _MOST_COPIES:
        raise _Unfit("слишком много копий записи", "too many copies of the recording")
    person = told.participant
    for number in (told.take, person.number if person else None):
        if number is not None:
            _check_number(number)
    _check_zones(told.started_at, told.ended_at)
    if told.kind is Kind.PARTICIPANT and person is None:
        raise _Unfit("не сказано, чья это запись", "it does not say whose recording it is")
    kept = {each: getattr(told, each) for each in _Told.__struct_fields__ if each != "verdict"}
    verdict = {"grade": told.verdict.grade} if told.verdict and told.verdict.grade else None
    return Recording(Manifest(**kept, verdict=verdict))


def _room(content: bytes, _name: str) -> Fact:
    told = _decoded(content, "room", RoomDay)
    if told.schema != roomday.SCHEMA:
        raise _other_schema(told.schema, roomday.SCHEMA)
    if len(told.listed) > MOST_PEOPLE or len(told.outcomes) > MOST_PEOPLE or len(told.takes) > MOST_TAKES:
        raise _too_many()
    for number in (
        *(one.number for one in told.listed),
        *(one.participant for one in (*told.takes, *told.outcomes)),
        *(one.take for one in told.takes),
    ):
        _check_number(number)
    _check_zones(told.until, told.opened_at, told.closed_at, *(one.noted_at for one in told.outcomes))
    _check_zones(*(moment for one in told.takes for moment in (one.started_at, one.ended_at)))
    return RoomRecord(told)


def _released(content: bytes, name: str) -> Fact:
    told = _package(content, name)
    fields = {each: getattr(told, each) for each in Released.__struct_fields__}
    return Released(**fields)


def _package(content: bytes, name: str) -> Package:
    lists = _decoded(content, "package", _Lists)
    if max(len(lists.rows), len(lists.faults)) > MOST_PEOPLE or len(lists.files) > MOST_FILES:
        raise _too_many()
    try:
        told = package.read(content, name)
    except Rejected as error:
        raise _Unfit(error.ru, error.en) from None
    seen: set[int] = set()
    for row in told.rows:
        _check_number(row.number)
        if row.number in seen:
            raise _Unfit(f"участник № {row.number} стоит дважды", f"participant No. {row.number} stands there twice")
        seen.add(row.number)
        for take in row.takes:
            _check_number(take.number)
    if sum(len(row.takes) for row in told.rows) > MOST_TAKES:
        raise _too_many()
    if not 1 <= told.version <= MAX_NUMBER:
        raise _Unfit(f"версия {told.version}", f"version {told.version}")
    _check_zones(told.released_at, *(take.started_at for row in told.rows for take in row.takes))
    return told


_READERS = {"recording": _recording, "room": _room, "package": _released}


def _decoded(content: bytes, kind: FactKind, wanted: type[Struct]) -> Any:
    if len(content) > MOST_BYTES[kind]:
        most = MOST_BYTES[kind] >> 20
        raise _Unfit(f"больше {most} МБ: так велик он не бывает", f"larger than {most} MiB, which it never is")
    try:
        return msgspec.json.decode(content, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Unfit(f"не читается: {error}", f"cannot be read: {error}") from None


def _check_number(number: int) -> None:
    if not 0 < number <= MAX_NUMBER:
        raise _Unfit("номер участника или дубля, какого не бывает", "a number of a participant or take that is none")


def _check_zones(*moments: datetime | None) -> None:
    """Moments of one day are put in order: they must all know where they stand."""
    if any(moment is not None and moment.tzinfo is None for moment in moments):
        raise _Unfit("время без часового пояса", "a time without its zone")


def _other_schema(found: int, known: int) -> _Unfit:
    return _Unfit(
        f"версия описания {found}, эта программа знает {known}", f"schema {found}, this program knows {known}"
    )


def _too_many() -> _Unfit:
    return _Unfit(
        f"больше {MOST_PEOPLE} участников, {MOST_TAKES} записей или {MOST_FILES} файлов",
        f"more than {MOST_PEOPLE} participants, {MOST_TAKES} recordings or {MOST_FILES} files",
    )
