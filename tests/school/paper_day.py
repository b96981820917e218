"""A small school's day made by hand, for tests of papers: whoever can stand in a form, in two rooms."""

from datetime import date, datetime, timedelta, timezone

from exam.regulation import Outcome
from exam.roster import Participant
from sync.papers.criteria import CRITERIA
from sync.papers.scoring import NAME, NUMBER, ROOM, TOTAL, VARIANT, VERDICT, Table
from sync.school.model import Room, Row, Said, SchoolDay, Take

ZONE = timezone(timedelta(hours=7))
EXAM_DATE = date(2026, 2, 11)
IVANOV, ABSENT, EARLY, REMOVED, TWICE, WRITTEN, EXTRA = 1, 2, 3, 4, 5, 6, 7


def take(room: str, number: int, minute: int, **more: object) -> Take:
    """A take of 15 minutes, `minute` minutes after nine."""
    began = datetime(2026, 2, 11, 9, 0, tzinfo=ZONE) + timedelta(minutes=minute)
    told = {"number": 1, "variant": "3", "decision": "accepted", **more}
    return Take(room=room, station=f"pc-{room}", stem=f"{room}-{number}-{minute}", participant=number,
                started_at=began, ended_at=began + timedelta(minutes=15), **told)  # type: ignore[arg-type] # fmt: skip


def row(person: Participant, *takes: Take, said: Said | None = None) -> Row:
    """The last take stands for the participant."""
    return Row(person=person, said=said, takes=takes, chosen=takes[-1].stem if takes else None, cells={})


def paper_day(*rows: Row) -> SchoolDay:
    """The day, with other rows if any are given."""
    people = (
        row(Participant(IVANOV, "Иванов", "Иван", "Иванович", "9Ф", "265"), take("265", IVANOV, 20)),
        row(Participant(ABSENT, "Белова", "Анна", "", "9Ф", "265"), said=Said(Outcome.ABSENT, by="265")),
        row(
            Participant(EARLY, "Волков", "Пётр", "Ильич", "9Ф", "265"),
            take("265", EARLY, 40, decision="early_end"),
            said=Said(Outcome.EARLY_END, "09:47:05", "носовое кровотечение", "265"),
        ),
        row(
            Participant(REMOVED, "Гусев", "Олег", "Ильич", "9А", "12а"),
            take("12а", REMOVED, 0, decision="removed", variant="7"),
            said=Said(Outcome.REMOVED, "09:05:30", "телефон", "12а"),
        ),
        row(
            Participant(TWICE, "Дёмина", "Ева", "Олеговна", "9А", "265"),
            take("265", TWICE, 0, decision="rejected"),
            take("12а", TWICE, 60, variant="9", source="dictaphone"),
        ),
        row(Participant(WRITTEN, "Ежов", "Ян", "", "9А", "12а"), said=Said(Outcome.WRITTEN, by="12а")),
        row(Participant(EXTRA, "Жук", "Ия", "", "9А", "265"), said=Said(Outcome.EXTRA_DATE, None, "", "265")),
    )
    rooms = tuple(
        Room(number, (f"pc-{number}",), is_closed=True, opened_at=None, closed_at=None) for number in ("12а", "265")
    )
    return SchoolDay(school="701020", school_name="МБОУ СОШ № 1", exam_date=EXAM_DATE, scheme=2, recording="both",
                     papers_way="scans", rows=rows or people, rooms=rooms)  # fmt: skip


HEADINGS = (NUMBER, NAME, ROOM, VARIANT, *(each.name for each in CRITERIA), TOTAL, VERDICT)
FULL = "1 1 1 2 1 1 2 1 3 2 2 2 1"


def line(number: int, name: str, marks: str = FULL, *, total: str = "20", **more: str) -> list[str]:
    """A line of a table of scores; `_` for an empty cell. `room`, `variant`, `verdict` are empty unless given."""
    cells = ["" if mark == "_" else mark for mark in marks.split()] or [""] * len(CRITERIA)
    verdict = more.get("verdict", "")
    return [str(number), name, more.get("room", ""), more.get("variant", ""), *cells, total, verdict]


def scores(*changed: list[str]) -> Table:
    """The table of the whole day, right but for the lines given."""
    good = [
        line(IVANOV, "Иванов Иван Иванович 6919 123456", room="265", variant="3", verdict="зачёт"),
        line(ABSENT, "Белова Анна", "", total="", room="Неявка"),
        line(EARLY, "Волков Пётр Ильич", "", total="", room="Неявка"),
        line(REMOVED, "Гусев Олег Ильич", "", total="", verdict="удален"),
        line(TWICE, "Демина Ева Олеговна", "1 1 0 1 1 0 1 1 1 0 1 0 1", total="9", verdict="незачет"),
        line(WRITTEN, "ЕЖОВ Ян", "1 1 1 - - - 2 1 3 1 1 1 1", total="="),
        line(EXTRA, "Жук Ия", "", total="", room="неявка"),
    ]
    by_number = {each[0]: each for each in (*good, *changed)}
    lines = [(at, cells) for at, cells in enumerate(by_number.values(), start=2)]
    return Table({heading: at for at, heading in enumerate(HEADINGS)}, lines)
