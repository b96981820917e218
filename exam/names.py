"""File name <-> meaning, and names unique for a whole roster.

The rule (interlocutor's instruction, S2): «дату проведения, номер аудитории, код образовательной
организации, фамилию и имя», example `12.02.2025_265_701020_Иванов И.`. The example's last dot is the
initial's; before an extension it merges with it. Names are NFC and legal on ext4, NTFS, exFAT and FAT32.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol

from msgspec import Struct

from exam.errors import Rejected

MAX_NAME_BYTES = 255
MAX_LABEL_BYTES = 150  # leaves room for date, the longest room and school in Cyrillic, take 999 and extension
_ROOM_LETTERS = 16
_SCHOOL_LETTERS = 20

_FORBIDDEN = re.compile(r'[_<>:"/\\|?*\x00-\x1f\x7f-\x9f]')
_WORD = re.compile(r"[0-9A-Za-zА-Яа-яЁё-]+")
_STEM = re.compile(
    r"(?P<date>\d{2}\.\d{2}\.\d{4})_(?P<room>[^_]+)_(?P<school>[^_]+)_"
    r"(?:(?P<part>поток|проба)_(?P<part_number>\d{2,})|(?P<label>[^_]+)(?:_дубль_(?P<take>\d+))?)"
)

FirstName = Literal["initial", "full"]
"""Whether a name shows the first name's initial (the rule's example) or the whole of it (the rule's text)."""


class Kind(StrEnum):
    """What a recording is a recording of."""

    STREAM = "stream"
    PARTICIPANT = "participant"
    REHEARSAL = "rehearsal"


_PART_WORD = {Kind.STREAM: "поток", Kind.REHEARSAL: "проба"}
_PART_KIND = {word: kind for kind, word in _PART_WORD.items()}


class Person(Protocol):
    """What a name is made of."""

    @property
    def number(self) -> int: ...
    @property
    def surname(self) -> str: ...
    @property
    def first_name(self) -> str: ...
    @property
    def patronymic(self) -> str: ...


class RecordingName(Struct, frozen=True):
    """The meaning of a recording's stem (its file name without the extension).

    `label` names the participant and is empty otherwise; `number` counts takes, stream parts or rehearsals
    from 1.
    """

    exam_date: date
    room: str
    school: str
    kind: Kind
    label: str = ""
    number: int = 1

    @property
    def stem(self) -> str:
        """The name without an extension. Contains dots: never cut at the last one."""
        place = f"{self.exam_date:%d.%m.%Y}_{self.room}_{self.school}"
        if self.kind is not Kind.PARTICIPANT:
            return f"{place}_{_PART_WORD[self.kind]}_{self.number:02d}"
        return f"{place}_{self.label}" + (f"_дубль_{self.number}" if self.number > 1 else "")


def parse(stem: str) -> RecordingName:
    """The meaning of a stem written by `RecordingName.stem`; `parse(x.stem) == x`.

    Raises Rejected when the stem does not follow the rule.
    """
    found = _STEM.fullmatch(stem)
    name = _from_match(found) if found else None
    if name is None or name.stem != stem or not _is_legal(name):
        raise Rejected(
            f"Имя «{stem}» составлено не по правилу «дата_аудитория_школа_фамилия и имя».",
            f"The name “{stem}” does not follow the rule “date_room_school_surname and first name”.",
            code="bad_name",
        )
    return name


def check_place(room: str, school: str) -> None:
    """Raise Rejected unless room number and school code can stand in a file name."""
    for word, limit, ru, en in (
        (room, _ROOM_LETTERS, "Номер аудитории", "The room number"),
        (school, _SCHOOL_LETTERS, "Код школы", "The school code"),
    ):
        if not _WORD.fullmatch(word) or len(word) > limit:
            raise Rejected(
                f"{ru} «{word}» не годится для имени файла: буквы, цифры и дефис, не длиннее {limit}.",
                f"{en} “{word}” cannot stand in a file name: letters, digits, hyphen, at most {limit}.",
                code="bad_name",
            )


def labels(people: Iterable[Person], first_name: FirstName = "initial") -> Mapping[int, str]:
    """A label for each person, by number, unique for them all without regard to case.

    Where two would coincide both get the full first name, then the patronymic, then the roster number.
    """
    roster = list(people)
    depth = {person.number: 0 if first_name == "initial" else 1 for person in roster}
    while True:
        chosen = {person.number: _label(person, depth[person.number]) for person in roster}
        seen = Counter(label.casefold() for label in chosen.values())
        clashing = [n for n, label in chosen.items() if seen[label.casefold()] > 1 and depth[n] < _NUMBERED]
        if not clashing:
            return chosen
        for number in clashing:
            depth[number] += 1


def possible_labels(person: Person) -> tuple[str, ...]:
    """Every label `labels` may give this person, shortest first."""
    return tuple(_label(person, depth) for depth in range(_NUMBERED + 1))


def day_folder(exam_date: date, room: str) -> str:
    """The name of the folder that holds one room's day."""
    return f"{exam_date.isoformat()}_{room}"


_NUMBERED = 3


def _label(person: Person, depth: int) -> str:
    given = "" if person.first_name == "-" else unicodedata.normalize("NFC", person.first_name)
    words = [
        (person.surname, given[:1]),
        (person.surname, given),
        (person.surname, given, person.patronymic),
        (person.surname, given, person.patronymic),
    ][depth]
    text = _legal(" ".join(word for word in words if word))
    tail = f" {person.number}" if depth == _NUMBERED else ""
    return (_shorten(text, MAX_LABEL_BYTES - len(tail)) + tail).strip() or str(person.number)


def _legal(text: str) -> str:
    """NFC, single spaces, nothing a file system refuses, no dot or space at the end."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return _FORBIDDEN.sub("-", spaced).rstrip(". ")


def _shorten(text: str, limit: int) -> str:
    while len(text.encode()) > limit:
        text = text[:-1]
    return text.rstrip(". ")


def _is_legal(name: RecordingName) -> bool:
    if not (_WORD.fullmatch(name.room) and _WORD.fullmatch(name.school)):
        return False
    return name.number >= 1 and (name.kind is not Kind.PARTICIPANT or _legal(name.label) == name.label != "")


def _from_match(found: re.Match[str]) -> RecordingName | None:
    try:
        day = datetime.strptime(found["date"], "%d.%m.%Y").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        return None
    place = (day, found["room"], found["school"])
    if found["part"]:
        return RecordingName(*place, _PART_KIND[found["part"]], number=int(found["part_number"]))
    return RecordingName(*place, Kind.PARTICIPANT, found["label"], int(found["take"] or 1))
