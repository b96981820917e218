"""What a scan's file name says of whose paper it is. Pure.

A name is believed only where it can mean one thing; a scanner's own counting (`scan0017`) means nothing.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches

from msgspec import Struct

from exam import names
from exam.roster import Participant, Roster
from sync.scans.model import Belongs, PaperKind, Trouble
from sync.scans.sniffing import by_name, suffix

_MOST_CANDIDATES = 5
_ALIKE = 0.75
_LEAST_LETTERS = 4  # shorter words are alike by chance
_DAY = re.compile(r"\d{2}\.\d{2}\.\d{4}")
_ANY_DAY = re.compile(r"(?<!\d)(?:\d{2}\.\d{2}\.\d{4}|\d{4}-\d{2}-\d{2})(?!\d)")
_COPY = re.compile(r"(?:\s*[-–—]\s*(?:копия|copy))?(?:\s*\(\d+\))?$")  # as Windows and browsers name copies
_NUMBERED = re.compile(r"_\d{1,3}$")
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_CLASS = re.compile(r"(?<![^\W_])\d{1,2}\s?[-«\"]?\s?[^\W\d_](?![^\W_])[»\"]?")
_C1 = re.compile(r"(?<![^\W_])[сc][-–—]?1(?!\d)")  # either alphabet's letter
_KINDS: Mapping[str, PaperKind] = {
    "протокол": "protocol", "протоколы": "protocol", "протокола": "protocol",
    "форма": "form_c1", "формы": "form_c1", "форму": "form_c1", "специализированная": "form_c1",
    "ведомость": "room_sheet", "ведомости": "room_sheet",
    "акт": "act", "акта": "act", "акты": "act",
}  # fmt: skip
_BESIDE_A_NUMBER = frozenset({
    "протокол", "протокола", "протоколы", "эксперт", "эксперта", "участник", "участника", "участница", "участницы",
    "уч", "номер", "n", "no", "итоговое", "собеседование", "ис", "оценивания",
})  # fmt: skip
_SURNAME, _PERSON, _SURE = 1, 2, 3
"""How much of a person a name shows: the surname; the first name with it; the patronymic, too."""


class Told(Struct, frozen=True):
    """What a file name says: whose paper it is, or what is wrong with it, or (both None) only who might be meant."""

    belongs: Belongs | None = None
    trouble: Trouble | None = None
    candidates: tuple[int, ...] = ()


class Reader:
    """Reads the names of one school's scans. `exam_date`: None where none is configured; dates then say nothing."""

    def __init__(self, *, school: str, exam_date: date | None, roster: Roster) -> None:
        self._school, self._exam_date = school, exam_date
        self._list = _List(roster)

    def read(self, file: str) -> Told:
        """What a path below the folder of scans says; the names of folders say nothing."""
        name = unicodedata.normalize("NFC", file.rpartition("/")[2])
        stem = name[: -len(suffix(name))] if by_name(name) else name
        place = _place(stem, self._school)
        if place is None:
            return _Name(_ANY_DAY.sub(" ", stem), self._list).told()
        if place.school != self._school:
            return Told(trouble=Trouble("other_school", place.school))
        if self._exam_date is not None and place.day != self._exam_date:
            return Told(trouble=Trouble("other_day", f"{place.day:%d.%m.%Y}"))
        return _Name(_NUMBERED.sub("", _COPY.sub("", place.rest)), self._list, place.room).told()


class _Place(Struct, frozen=True):
    """The beginning of a name by the rule: date, room (not for papers of the whole school), school."""

    day: date
    room: str | None
    school: str
    rest: str


def _place(stem: str, school: str) -> _Place | None:
    """None for a name of another kind."""
    words = stem.split("_")
    try:
        day = datetime.strptime(words[0], "%d.%m.%Y").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        return None
    if not _DAY.fullmatch(words[0]):
        return None
    for at, room in ((2, words[1] if len(words) > 1 else None), (1, None)):
        if len(words) > at + 1 and _is_like(words[at], school):
            return _Place(day, room, words[at], "_".join(words[at + 1 :]))
    return None


def _is_like(word: str, school: str) -> bool:
    """Whether a word can be a school's code: one like ours."""
    return word == school or (word.isdecimal() and school.isdecimal() and len(word) == len(school))


class _Listed(Struct, frozen=True):
    """A participant in words as names are compared: small letters, «ё» as «е»."""

    number: int
    surname: tuple[str, ...]
    first: tuple[str, ...]
    patronymic: tuple[str, ...]

    @classmethod
    def of(cls, person: Participant) -> "_Listed":
        return cls(person.number, *map(_words, (person.surname, person.first_name, person.patronymic)))


class _List:
    """The roster, looked up by the words of names."""

    def __init__(self, roster: Roster) -> None:
        people = [_Listed.of(one) for one in roster.values()]
        self.numbers = set(roster)
        self.most_digits = len(str(max(roster, default=0)))
        self.rooms = {_plain(one.room): one.room for one in roster.values() if one.room}
        self.classes = {"".join(_words(one.class_name)) for one in roster.values() if one.class_name}
        self.by_surname: dict[str, list[_Listed]] = {}
        for person in people:
            if person.surname:
                self.by_surname.setdefault(person.surname[0], []).append(person)
        self._labels: dict[str, int] = {}
        for number, label in names.labels(roster.values()).items():
            self._labels[" ".join(_words(label))] = number

    def labelled(self, text: str) -> int | None:
        """Whose label in the names of recordings this is."""
        return self._labels.get(" ".join(_words(text)))

    def alike(self, word: str) -> list[_Listed]:
        """Those whose surname is this word, or nearly."""
        near = get_close_matches(word, self.by_surname, _MOST_CANDIDATES, _ALIKE) if len(word) >= _LEAST_LETTERS else []
        return [person for surname in near for person in self.by_surname[surname]]


class _Name:
    """One name being read. `room`: as the rule's beginning told it."""

    def __init__(self, text: str, known: _List, room: str | None = None) -> None:
        self._list, self._room = known, room
        self._text = _COPY.sub("", _plain(text).strip())
        spoken = _CLASS.sub(lambda found: " " if "".join(_words(found[0])) in known.classes else found[0], self._text)
        words = _words(spoken)
        self._words = [word for word in words if not word.isdecimal()]
        self._digits = [word for word in words if word.isdecimal()]
        self._shown = self._show()

    def told(self) -> Told:
        person = self._person()
        match self._kind(person):
            case None:
                return self._nobody()
            case "room_sheet":
                return Told(belongs=Belongs("room_sheet", room=self._sheet_room()))
            case "protocol" | "act" as kind if person is not None:
                return Told(belongs=Belongs(kind, participant=person, room=self._room))
            case "act" if self._candidates():
                return self._nobody()
            case "protocol":
                return self._nobody()
            case kind:
                return Told(belongs=Belongs(kind))

    def _nobody(self) -> Told:
        return Told(candidates=self._candidates())

    def _kind(self, person: int | None) -> PaperKind | None:
        """None: the name speaks of two kinds."""
        kinds = {_KINDS[word] for word in self._words if word in _KINDS}
        if not kinds and person is None and not self._shown and _C1.search(self._text):
            kinds = {"form_c1"}
        return None if len(kinds) > 1 else next(iter(kinds), "protocol")

    def _person(self) -> int | None:
        """Whom the name means, if it can mean one only."""
        if self._room is not None and (labelled := self._list.labelled(self._text.partition("_")[0])) is not None:
            return labelled
        most = max(self._shown.values(), default=0)
        if most < _PERSON:
            return None if self._shown else self._number_alone()
        named = {number for number, much in self._shown.items() if much >= _PERSON}
        best = {number for number, much in self._shown.items() if much == most}
        numbers = self._numbers()
        meant = named & numbers if numbers else best
        return next(iter(meant)) if len(meant) == 1 and self._is_of_one_person(named) else None

    def _is_of_one_person(self, named: set[int]) -> bool:
        """Whether the name has room for no second person: «Иванов И, Петров П» is of two."""
        surnames = {person.surname for people in self._list.by_surname.values() for person in people
                    if person.number in named}  # fmt: skip
        return len(surnames) == 1

    def _show(self) -> dict[int, int]:
        """How much is shown of each of whom anything is."""
        shown: dict[int, int] = {}
        for at, word in enumerate(self._words):
            for person in self._list.by_surname.get(word, ()):
                much = _how_much(self._words, at, person)
                if much:
                    shown[person.number] = max(much, shown.get(person.number, 0))
        return shown

    def _numbers(self) -> set[int]:
        """Of the roster, as a person writes them: without zeros before."""
        written = {word for word in self._digits if not word.startswith("0")}
        return {int(word) for word in written if len(word) <= self._list.most_digits} & self._list.numbers

    def _number_alone(self) -> int | None:
        """The roster number a name consists of; never a scanner's counting, never a number that may be a room's."""
        if len(self._digits) != 1 or not self._is_about_numbers() or self._digits[0] in self._list.rooms:
            return None
        return next(iter(self._numbers()), None)

    def _is_about_numbers(self) -> bool:
        return _BESIDE_A_NUMBER.issuperset(set(self._words) - set(_KINDS))

    def _candidates(self) -> tuple[int, ...]:
        """Who might be meant, the likeliest first."""
        likely = sorted(self._shown, key=lambda number: (-self._shown[number], number))
        if self._shown or self._is_about_numbers():
            likely += sorted(self._numbers())
        if not self._shown:
            for word in self._words:
                likely += [person.number for person in self._list.alike(word) if word not in _KINDS]
        return tuple(dict.fromkeys(likely))[:_MOST_CANDIDATES]

    def _sheet_room(self) -> str | None:
        if self._room is not None:
            return self._room
        rooms = self._list.rooms
        spoken = {word for word in re.findall(r"[\w-]+", self._text.replace("_", " ")) if word in rooms}
        if len(spoken) == 1:
            return rooms[spoken.pop()]
        return self._digits[0] if len(self._digits) == 1 and not rooms else None


def _how_much(words: Sequence[str], at: int, person: _Listed) -> int:
    """How much of this person stands around the place `at` where the surname begins."""
    end = at + len(person.surname)
    if tuple(words[at:end]) != person.surname:
        return 0
    sides = (words[end : end + 2], words[max(at - 2, 0) : at], words[max(at - 1, 0) : at])
    return max(_SURNAME, *(_given(side, person) for side in sides))


def _given(words: Sequence[str], person: _Listed) -> int:
    """How much the words beside a surname show: «и», «иван», «ип», «и п», «иван петрович»."""
    if not words or not person.first:
        return 0
    first, initial = person.first[0], person.first[0][0]
    patronymic = person.patronymic[0] if person.patronymic else ""
    if patronymic and words[0] == initial + patronymic[0]:
        return _SURE
    if words[0] not in {first, initial}:
        return 0
    if len(words) > 1 and patronymic:
        if words[1] in {patronymic, patronymic[0]}:
            return _SURE
        if len(words[1]) == 1 or words[1].endswith(("вич", "вна", "чна")):
            return 0  # somebody else's patronymic
    return _PERSON


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(_plain(text)))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
