"""What stands in the «ведомость учета» of all rooms: for each a line for every participant and take. Pure.

The journals' word, like the station's own sheet (`station.roomsheet`), which participants sign in the room; this one is
merged from all rooms and computers, and is signed at the headquarters.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from msgspec import Struct

from exam.language import say
from exam.manifest import Decision, Source
from exam.regulation import Outcome, outcome_words
from sync.school.model import Row, SchoolDay, Take

TITLE = (
    "Ведомость учёта проведения итогового собеседования в аудиториях",
    "Record of the final interviews held in rooms",
)


class Line(Struct, frozen=True):
    """What is printed in one line, column by column."""

    number: str
    name: str
    class_name: str
    variant: str = ""
    began: str = ""
    ended: str = ""
    mark: str = ""
    take: str = ""
    listened: str = ""


class RoomSheet(Struct, frozen=True):
    """One room: `about`: its computers and hours, `total`: what it comes to."""

    number: str
    about: str
    lines: tuple[Line, ...]
    total: str


class Sheets(Struct, frozen=True):
    """`heading`: what is said once, a label and a value each; `rooms` in order; `total` of the school; `signers`."""

    title: str
    heading: tuple[tuple[str, str], ...]
    columns: Line
    rooms: tuple[RoomSheet, ...]
    total: str
    remarks: tuple[str, ...]
    signers: tuple[str, ...]


def sheets_of(day: SchoolDay, zone: tzinfo) -> Sheets:
    """The sheets of all rooms that were used or expected somebody. Times are by `zone`, the school's."""
    used = {number for row in day.rows for number in row.rooms} | {room.number for room in day.rooms}
    numbers = sorted(used, key=lambda number: (len(number), number))
    homeless = [row for row in day.rows if not row.rooms]
    rooms = [_room(day, number, zone) for number in numbers]
    if homeless:
        name = say("без аудитории", "without a room")
        rooms.append(RoomSheet(name, "", tuple(_unrecorded(row) for row in homeless), _total(homeless, None)))
    return Sheets(
        title=say(*TITLE),
        heading=_heading(day),
        columns=_columns(),
        rooms=tuple(rooms),
        total=say("Всего по школе. ", "The whole school. ") + _total(day.rows, None),
        remarks=(
            say(
                "Времена, варианты и отметки взяты из журналов аудиторий и решений Штаба.",
                "Times, variants and marks are those of the rooms' journals and the headquarters' decisions.",
            ),
            say(
                "Составлено программой; это не официальный бланк. Если РЦОИ выдал свой, перенесите сведения в него.",
                "Made by a program; this is no official form. If the centre issued one, copy the entries there.",
            ),
        ),
        signers=(
            say("Ответственный организатор", "Organizer"),
            say("Технический специалист", "Technician"),
            say("Руководитель ОО", "Head of school"),
        ),
    )


def _heading(day: SchoolDay) -> tuple[tuple[str, str], ...]:
    school = f"{day.school_name} ({day.school})" if day.school_name else day.school
    schemes = {
        1: say("1 (эксперт в аудитории)", "1 (expert in the room)"),
        2: say("2 (эксперты слушают запись)", "2 (experts listen afterwards)"),
    }
    return (
        (say("Образовательная организация", "School"), school),
        (say("Дата", "Date"), f"{day.exam_date:%d.%m.%Y}"),
        (say("Схема проверки", "Scheme"), schemes.get(day.scheme, str(day.scheme))),
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
        take=say("Запись", "Recording"),
        listened=say("Прослушивание", "Listened"),
    )


def _room(day: SchoolDay, number: str, zone: tzinfo) -> RoomSheet:
    mine = [(row, take) for row in day.rows for take in row.takes if take.room == number]
    mine.sort(key=lambda pair: pair[1].started_at)
    silent = [row for row in day.rows if not row.takes and number in row.rooms]
    lines = [_line(day, row, take, zone) for row, take in mine] + [_unrecorded(row) for row in silent]
    people = [row for row in day.rows if number in row.rooms]
    return RoomSheet(number, _about(day, number, zone), tuple(lines), _total(people, number))


def _about(day: SchoolDay, number: str, zone: tzinfo) -> str:
    room = next((room for room in day.rooms if room.number == number), None)
    if room is None:
        return say("из аудитории ничего не получено", "nothing has come from the room")
    hours = say(f"открыта {_time(room.opened_at, zone)}, ", f"opened {_time(room.opened_at, zone)}, ")
    closed = say(f"закрыта {_time(room.closed_at, zone)}", f"closed {_time(room.closed_at, zone)}")
    still = say("день не закрыт", "the day was not closed")
    computers = say("компьютеры: ", "computers: ") + ", ".join(room.stations)
    return f"{hours}{closed if room.is_closed else still}; {computers}"


def _line(day: SchoolDay, row: Row, take: Take, zone: tzinfo) -> Line:
    return Line(
        number=str(row.person.number),
        name=row.person.full_name,
        class_name=row.person.class_name,
        variant=take.variant or "",
        began=_time(take.started_at, zone),
        ended=_time(take.ended_at, zone),
        mark="; ".join(_marks(row, take)),
        take=_take(row, take),
        listened=_listened(take, day),
    )


def _unrecorded(row: Row) -> Line:
    told = _said(row) or say("нет ни записи, ни отметки", "neither a recording nor a mark")
    return Line(str(row.person.number), row.person.full_name, row.person.class_name, mark=told)


_DECISIONS: Mapping[Decision | None, tuple[str, str]] = {
    "accepted": ("принята", "accepted"),
    "rejected": ("запись плохая, повтор", "bad recording, to be repeated"),
    "unreviewed": ("не принята", "not reviewed"),
    "interrupted": ("запись прервалась", "the recording was interrupted"),
}
_SOURCES: Mapping[Source, tuple[str, str]] = {
    "dictaphone": ("диктофон", "dictaphone"),
    "conference": ("видеосвязь", "conference"),
    "other_pc": ("другой компьютер", "another computer"),
}


def _marks(row: Row, take: Take) -> Iterator[str]:
    """How the take ended; at the participant's last one what became of the participant."""
    if take is not row.takes[0]:
        yield say("повторно", "once more")
    if take.decision in _DECISIONS:
        yield say(*_DECISIONS[take.decision])
    if take is row.takes[-1] and row.said is not None:
        yield _said(row)
    others = list(dict.fromkeys(each.room for each in row.takes if each.room != take.room))
    if others:
        yield say("также ауд. ", "also room ") + ", ".join(others)


def _said(row: Row) -> str:
    if row.said is None:
        return ""
    parts = [outcome_words(row.said.outcome), row.said.at or "", f"({row.said.note})" if row.said.note else ""]
    return " ".join(part for part in parts if part)


def _take(row: Row, take: Take) -> str:
    words = [say(f"дубль {take.number}", f"take {take.number}")]
    if take.source in _SOURCES:
        words.append(say(*_SOURCES[take.source]))
    if len(row.takes) > 1 and take == row.take:
        words.append(say("идёт в комплект", "goes into the package"))
    return ", ".join(words)


def _listened(take: Take, day: SchoolDay) -> str:
    if day.scheme == 1 and day.recording == "stream":
        return say("не проводится", "not offered")
    if take.opinion == "declined" or take.listened == "declined":
        return say("отказ", "declined")
    heard = {"well": say("слышно хорошо", "heard well"), "badly": say("слышно плохо", "heard badly")}
    words = [heard[take.opinion]] if take.opinion in heard else []
    if isinstance(take.listened, float | int):
        words.append(say(f"{take.listened:.0f} с", f"{take.listened:.0f} s"))
    return ", ".join(words) or say("не прослушана", "not listened")


def _time(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}" if at is not None else "—"


def _total(rows: Sequence[Row], room: str | None) -> str:
    """Counted people; of a room only the recordings made in it."""
    recorded = [row for row in rows if any(room in {None, take.room} for take in row.takes)]
    accepted = [row for row in recorded if (take := row.take) and take.decision == "accepted"
                and room in {None, take.room}]  # fmt: skip
    takes = sum(room in {None, take.room} for row in rows for take in row.takes)
    excused = [f"{outcome_words(outcome)} — {count}" for outcome in Outcome if (count := _told(rows, outcome))]
    missing = sum(not row.takes and row.said is None for row in rows)
    return say(
        f"Участников: {len(rows)}. Записано: {len(recorded)}, записей с повторами: {takes}, "
        f"принято: {len(accepted)}. Отметки: {', '.join(excused) or 'нет'}. Нет ни записи, ни отметки: {missing}.",
        f"Participants: {len(rows)}. Recorded: {len(recorded)}, takes: {takes}, accepted: {len(accepted)}. "
        f"Marks: {', '.join(excused) or 'none'}. Neither: {missing}.",
    )


def _told(rows: Sequence[Row], outcome: Outcome) -> int:
    return sum(row.said is not None and row.said.outcome is outcome for row in rows)
