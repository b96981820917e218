"""What stands in the room sheet: a line for each participant and take, as the journal tells them. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo

from msgspec import Struct

from exam.language import say
from exam.manifest import Decision, Source
from exam.regulation import outcome_words
from exam.roster import Participant, Roster
from station.config import Recording
from station.daybook import Daybook, head_of_take
from station.heads import in_groups
from station.session import Day, Take
from station.tally import Standing, expected_in, people_of, tally

_SPARE_LINES = 5


class Place(Struct, frozen=True):
    """Which room of which school, on which day, and how it records. `zone`: the school's."""

    school: str
    school_name: str
    room: str
    exam_date: date
    scheme: int
    recording: Recording
    zone: tzinfo

    @property
    def plays_back(self) -> bool:
        """Whether participants are offered their recording: not where experts listen at once and only the stream is
        kept (7.7)."""
        return not (self.scheme == 1 and self.recording == "stream")


class Line(Struct, frozen=True):
    """What is printed in one line, column by column; `signature` stays empty for a pen."""

    number: str
    name: str
    class_name: str
    variant: str = ""
    began: str = ""
    ended: str = ""
    mark: str = ""
    recording: str = ""
    listened: str = ""
    code: str = ""
    signature: str = ""


class Sheet(Struct, frozen=True):
    """`heading`: what is said once, a label and a value each; `remarks`: under the table; `signers`: who signs;
    `is_blank`: it is filled in with a pen."""

    title: str
    heading: tuple[tuple[str, str], ...]
    columns: Line
    lines: tuple[Line, ...]
    remarks: tuple[str, ...]
    signers: tuple[str, ...]
    is_blank: bool = False


def sheet_of(book: Daybook, roster: Roster, place: Place) -> Sheet:
    """The sheet of a day, as far as it has come."""
    lines = [
        line for person in people_of(book.day, roster, place.room) for line in _lines_of(book, person, roster, place)
    ]
    remarks = (_counted(book.day, roster, place.room), *_codes_of_parts(book.day), _source(book, place.zone))
    return _sheet(place, lines, (*remarks, _no_form()))


def blank(roster: Roster, place: Place) -> Sheet:
    """The sheet for a pen: the room's list, and lines for whoever comes from elsewhere."""
    listed = [Line(str(each.number), each.full_name, each.class_name) for each in expected_in(roster, place.room)]
    spare = [Line("", "", "") for _ in range(_SPARE_LINES)]
    how = say(
        "Пустая ведомость на случай, если компьютер откажет: заполняется от руки по часам аудитории.",
        "A blank sheet in case the computer fails: filled in by hand, by the room's clock.",
    )
    return _sheet(place, [*listed, *spare], (how, _no_form()), is_blank=True)


def _sheet(place: Place, lines: Sequence[Line], remarks: tuple[str, ...], *, is_blank: bool = False) -> Sheet:
    title = say(
        "Ведомость учёта проведения итогового собеседования в аудитории",
        "Record of the final interview held in a room",
    )
    return Sheet(title, _heading(place), _columns(), tuple(lines), remarks, _signers(place), is_blank)


def _heading(place: Place) -> tuple[tuple[str, str], ...]:
    school = f"{place.school_name} ({place.school})" if place.school_name else place.school
    kinds = {
        "stream": say("потоковая", "stream"),
        "personal": say("персональная", "personal"),
        "both": say("потоковая и персональная", "stream and personal"),
    }
    schemes = {
        1: say("1 (эксперт в аудитории)", "1 (expert in the room)"),
        2: say("2 (эксперты слушают запись)", "2 (experts listen afterwards)"),
    }
    return (
        (say("Образовательная организация", "School"), school),
        (say("Аудитория", "Room"), place.room),
        (say("Дата", "Date"), f"{place.exam_date:%d.%m.%Y}"),
        (say("Схема проверки", "Scheme"), schemes[place.scheme]),
        (say("Запись", "Recording"), kinds[place.recording]),
    )


def _columns() -> Line:
    return Line(
        number=say("№", "No."),
        name=say("Фамилия, имя, отчество", "Name"),
        class_name=say("Класс", "Class"),
        variant=say("Вариант", "Variant"),
        began=say("Начало", "Began"),
        ended=say("Окончание", "Ended"),
        mark=say("Отметка", "Mark"),
        recording=say("Запись", "Recording"),
        listened=say("Прослушивание", "Listened"),
        code=say("Контрольный код", "Control code"),
        signature=say("Подпись участника", "Participant's signature"),
    )


def _signers(place: Place) -> tuple[str, ...]:
    expert = (say("Эксперт", "Expert"),) if place.scheme == 1 else ()
    return (say("Собеседник", "Interlocutor"), *expert, say("Технический специалист", "Technician"))


def _lines_of(book: Daybook, person: Participant, roster: Roster, place: Place) -> Iterator[Line]:
    """A line for each take that counts; the outcome, if any, stands in the last."""
    takes = book.day.takes_of(person.number)
    at_the_end = _marks_of_person(book.day, person, roster, place.room)
    if not takes:
        yield Line(str(person.number), person.full_name, person.class_name, mark=at_the_end)
    for take in takes:
        marks = [
            *_marks_of_take(take, is_first=take is takes[0]),
            *([at_the_end] if take is takes[-1] and at_the_end else []),
        ]
        yield Line(
            number=str(person.number),
            name=person.full_name,
            class_name=person.class_name,
            variant=take.variant or "",
            began=_time(take.started_at, place.zone),
            ended=_end(book.day, take, place.zone),
            mark="; ".join(marks),
            recording=_recording(take),
            listened=_listened(take, place),
            code=_code(book, take),
        )


def _marks_of_person(day: Day, person: Participant, roster: Roster, room: str) -> str:
    note = day.outcomes.get(person.number)
    told = []
    if note is not None:
        told = [
            outcome_words(note.outcome),
            *([note.at] if note.at else []),
            *([f"({note.note})"] if note.note else []),
        ]
    is_guest = person.number not in {each.number for each in expected_in(roster, room)}
    guest = [say(f"из аудитории {person.room}", f"of room {person.room}")] if is_guest and person.room else []
    return "; ".join(part for part in (" ".join(told), *guest) if part)


_DECISIONS: dict[Decision, tuple[str, str]] = {
    "rejected": ("запись плохая, повтор", "bad recording, to be repeated"),
    "interrupted": ("запись прервалась", "the recording was interrupted"),
}


def _marks_of_take(take: Take, *, is_first: bool) -> list[str]:
    marks = [] if is_first else [say("повторно", "once more")]
    if take.decision in _DECISIONS:
        marks.append(say(*_DECISIONS[take.decision]))
    return marks


_SOURCES: dict[Source, tuple[str, str]] = {
    "microphone": ("", ""),
    "dictaphone": ("диктофон", "dictaphone"),
    "conference": ("видеосвязь", "conference"),
    "other_pc": ("другой компьютер", "another computer"),
}


def _recording(take: Take) -> str:
    words = [say(f"дубль {take.number}", f"take {take.number}"), say(*_SOURCES[take.source])]
    if "recut" in take.flags:
        words.append(say("вырезана из общей", "cut from the stream"))
    return ", ".join(word for word in words if word)


def _listened(take: Take, place: Place) -> str:
    if not place.plays_back:
        return say("не проводится", "not offered")
    if take.opinion == "declined" or take.listened == "declined":
        return say("отказ от прослушивания", "declined")
    heard = {"well": say("слышно хорошо", "heard well"), "badly": say("слышно плохо", "heard badly")}
    words = [heard[take.opinion]] if take.opinion in heard else []
    if isinstance(take.listened, float | int):
        words.append(say(f"{take.listened:.0f} с", f"{take.listened:.0f} s"))
    return ", ".join(words) or say("не прослушана", "not listened")


def _code(book: Daybook, take: Take) -> str:
    """The head that proves the stream up to this take's end; a take from elsewhere has no stream to prove."""
    if not take.spans:
        return "—"
    row = head_of_take(book.heads, take.stem)
    return row.printed if row is not None else say("ещё нет", "not yet")


def _end(day: Day, take: Take, zone: tzinfo) -> str:
    is_open = day.current == take.stem and take.open_from is not None
    if is_open or take.ended_at is None:
        return say("идёт", "goes on") if is_open else ""
    return _time(take.ended_at, zone)


def _time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}"


def _counted(day: Day, roster: Roster, room: str) -> str:
    found = tally(day, roster, room)
    accepted, excused = found.count(Standing.ACCEPTED), found.count(Standing.EXCUSED)
    return say(
        f"В списке аудитории: {found.expected}. Записано: {found.recorded}, из них принято: {accepted}. "
        f"С отметкой вместо записи: {excused}. Нет ни записи, ни отметки: {len(found.missing)}.",
        f"On the room's list: {found.expected}. Recorded: {found.recorded}, of them accepted: {accepted}. "
        f"With a mark in place of a recording: {excused}. Neither: {len(found.missing)}.",
    )


def _codes_of_parts(day: Day) -> Iterator[str]:
    """The heads of whole files: they prove what follows the last take, too."""
    for part in day.parts:
        if part.head is not None:
            words = say("Контрольный код общей записи", "Control code of the stream")
            yield f"{words} {part.stem}: {in_groups(part.head)}"


def _source(book: Daybook, zone: tzinfo) -> str:
    until = _time(book.until, zone) if book.until is not None else "—"
    return say(
        f"Времена, варианты и отметки взяты из журнала станции (событий: {book.events}, последнее в {until}). "
        "Код проверяется командой station verify --head КОД.",
        f"Times, variants and marks are the station's journal's ({book.events} events, the last at {until}). "
        "A code is checked by station verify --head CODE.",
    )


def _no_form() -> str:
    return say(
        "Составлено программой; это не официальный бланк. Если РЦОИ выдал свой, перенесите сведения в него.",
        "Made by a program; this is no official form. If the centre issued one, copy the entries there.",
    )
