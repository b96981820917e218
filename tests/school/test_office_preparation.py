"""What is due when, over dates; what the product ticks by itself. Tables, no disk."""

from datetime import date, datetime, time, timedelta

import pytest
from desks import word
from forty import ROOMS, School
from rig.schoolday import EXAM_DATE, at

from exam import calendar
from sync.office import preparation, rooms, seen
from sync.office.preparation import CHECKED, STEPS, Fact, Tick
from sync.office.told import Released
from sync.school.model import Cell, Mark, Room, Row, SchoolDay, Stage

NOON = datetime.combine(EXAM_DATE, time(12))


def days(exam_date: date, ticks: dict[str, Tick] | None = None) -> dict[str, date]:
    now = datetime.combine(exam_date, time(12))
    return {one.step.key: one.day for one in preparation.due(exam_date, now, {}, ticks or {})}


@pytest.mark.parametrize(
    ("exam_date", "commissions", "checked", "released"),
    [
        (date(2024, 2, 14), date(2024, 1, 31), date(2024, 2, 19), date(2024, 2, 20)),  # the schedule letter's own dates
        (date(2026, 2, 11), date(2026, 1, 28), date(2026, 2, 16), date(2026, 2, 17)),
        (date(2026, 3, 11), date(2026, 2, 25), date(2026, 3, 16), date(2026, 3, 17)),
        (date(2026, 4, 20), date(2026, 4, 6), date(2026, 4, 25), date(2026, 4, 26)),  # a Saturday: six days come first
        (date(2027, 2, 10), date(2027, 1, 27), date(2027, 2, 15), date(2027, 2, 16)),
    ],
)
def test_the_dates_of_a_day(exam_date: date, commissions: date, checked: date, released: date) -> None:
    found = days(exam_date)
    assert (found["commissions"], found["rehearsal"]) == (commissions, exam_date - timedelta(days=1))
    assert (found["kim"], found["closed"]) == (exam_date, exam_date)
    assert (found[CHECKED], found["released"]) == (checked, released)


@pytest.mark.parametrize(
    ("checked_on", "released"),
    [
        (date(2026, 2, 11), date(2026, 2, 12)),
        (date(2026, 2, 13), date(2026, 2, 16)),  # a Friday: the next working day is Monday
        (date(2026, 2, 20), date(2026, 2, 17)),  # late checking gives no more time
    ],
)
def test_who_has_checked_early_hands_over_early(checked_on: date, released: date) -> None:
    tick = Tick(CHECKED, done=True, at=datetime.combine(checked_on, time(18)))
    assert days(EXAM_DATE, {CHECKED: tick})["released"] == released


def test_a_holiday_is_no_working_day() -> None:
    assert calendar.working_day_after(date(2026, 2, 20)) == date(2026, 2, 24)  # Friday; Monday is the 23rd
    assert calendar.working_day_after(date(2025, 12, 31)) == date(2026, 1, 9)


@pytest.mark.parametrize(
    ("now", "key", "standing"),
    [
        (at(23, 59).replace(day=27, month=1), "passport", "later"),
        (at(0, 1).replace(day=28, month=1), "passport", "today"),
        (at(23, 59).replace(day=28, month=1), "passport", "today"),
        (at(0, 0).replace(day=29, month=1), "passport", "overdue"),
        (at(8, 59), "kim", "today"),
        (at(9, 0), "kim", "overdue"),
        (at(23, 0), "closed", "today"),
        (at(0, 0).replace(day=18), "released", "overdue"),
    ],
)
def test_how_a_step_stands_by_the_schools_clock(now: datetime, key: str, standing: str) -> None:
    found = {one.step.key: one for one in preparation.due(EXAM_DATE, now, {}, {})}
    assert found[key].standing == standing


def test_done_is_what_the_product_sees_or_a_person_says_and_it_can_be_taken_back() -> None:
    said = Tick("forms", done=True, at=NOON, by="Сидорова")
    found = preparation.due(EXAM_DATE, NOON, {"closed": Fact(done=True), "opened": Fact(done=False)}, {"forms": said})
    by_key = {one.step.key: one for one in found}
    assert (by_key["closed"].standing, by_key["closed"].seen) == ("done", True)
    assert (by_key["forms"].standing, by_key["forms"].seen, by_key["forms"].tick) == ("done", False, said)
    assert by_key["opened"].standing == "overdue"
    taken_back = preparation.due(EXAM_DATE, NOON, {}, {"forms": Tick("forms", done=False, at=NOON)})
    assert {one.step.key: one.standing for one in taken_back}["forms"] == "overdue"


def test_steps_are_named_once_and_in_the_order_of_the_days() -> None:
    keys = [step.key for step in STEPS]
    assert len(set(keys)) == len(keys)
    in_order = [one.day for one in preparation.due(EXAM_DATE, NOON, {}, {})]
    assert in_order == sorted(in_order)


def day_with(school: School, mark: Mark, *, closed: int) -> SchoolDay:
    """Every square bears the mark; so many rooms have closed."""
    return SchoolDay(
        school="701020", school_name="", exam_date=EXAM_DATE, scheme=2, recording="both", papers_way="scans",
        rows=tuple(Row(person=one, cells=dict.fromkeys(Stage, Cell(mark))) for one in school.people.values()),
        rooms=tuple(Room(one, (f"pc-{one}",), index < closed, at(8), None) for index, one in enumerate(ROOMS)),
    )  # fmt: skip


def test_what_the_product_sees_by_itself(school: School) -> None:
    half = day_with(school, Mark.NO, closed=3)
    found = seen.facts(half, rooms.told(half, []), [])
    assert {key for key, fact in found.items() if fact.done} == {"rooms", "opened"}
    assert "rehearsal" not in found, "no room tells of it"
    assert found["closed"].reason is not None
    assert found["closed"].reason.ru == "аудиторий: 3 из 4"
    full = day_with(school, Mark.YES, closed=4)
    told = rooms.told(full, [word(one, state="closed") for one in ROOMS])
    found = seen.facts(full, told, [Released(1, at(18), "Сидорова", acknowledged=True)])
    assert {key for key, fact in found.items() if not fact.done} == {"form_c1"}


@pytest.mark.parametrize(
    ("is_recorded", "is_closed", "told", "state"),
    [
        (False, False, None, "unknown"),
        (True, False, None, "idle"),
        (True, True, None, "finished"),
        (False, False, "closed", "closed"),
        (True, True, "closed", "finished"),
        (True, True, "recording", "recording"),  # it was opened again
        (False, False, "paused", "paused"),
    ],
)
def test_a_room_is_what_it_says_else_what_its_records_say(
    school: School, *, is_recorded: bool, is_closed: bool, told: str | None, state: str
) -> None:
    day = day_with(school, Mark.OPEN, closed=0)
    known = (Room("201", ("pc-201",), is_closed, at(8), None),) if is_recorded else ()
    day = SchoolDay(**{name: getattr(day, name) for name in day.__struct_fields__} | {"rooms": known})
    found = rooms.told(day, [word("201", state=told)] if told else [])
    assert [room.number for room in found] == list(ROOMS)
    assert (found[0].state, found[0].done, found[0].expected) == (state, 0, 10)
