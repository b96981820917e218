"""What is due from two weeks before the exam to the hand-over: a literal table, and how each of it stands. Pure.

Sources: S1 (план-график) and S2 (4.3.1, 6.6, 6.9, 7.1, 7.3, 9.3, 10 and the instructions of the organizer and the
technician). What the product sees by itself is ticked by itself; a person's tick counts in either case.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Literal

from msgspec import Struct

from exam import calendar
from sync.plan import Reason

Phase = Literal["two_weeks", "eve", "morning", "evening", "checking", "hand_over"]
Standing = Literal["done", "overdue", "today", "later"]


class Tick(Struct, frozen=True):
    """A person's word that something is done, or is not after all; `by`: who."""

    step: str
    done: bool
    at: datetime
    by: str = ""


class Fact(Struct, frozen=True):
    """What the product sees of a step; `reason`: what lacks, or how much is done."""

    done: bool
    reason: Reason | None = None


class Step(Struct, frozen=True):
    """Something that is due. `until`: the time of the last day by which; `source`: where that stands written."""

    key: str
    phase: Phase
    title: Reason
    source: str
    hint: Reason | None = None
    until: time | None = None


class Due(Struct, frozen=True):
    """A step as it stands. `seen`: the product saw it done by itself; `tick`: who said it is done."""

    step: Step
    day: date
    standing: Standing
    seen: bool
    fact: Fact | None = None
    tick: Tick | None = None


CHECKED = "checked"
"""The step whose tick tells when checking ended: the hand-over counts from it."""

_DAYS: Mapping[Phase, Callable[[date, date | None], date]] = {
    "two_weeks": lambda exam, _checked: calendar.two_weeks_before(exam),
    "eve": lambda exam, _checked: calendar.day_before(exam),
    "morning": lambda exam, _checked: exam,
    "evening": lambda exam, _checked: exam,
    "checking": lambda exam, _checked: calendar.checking_ends(exam),
    "hand_over": calendar.package_due,
}

STEPS = (
    Step("applications", "two_weeks", Reason("Заявления участников приняты", "Participants have applied"),
         "Порядок 3.1, 4.3.1; прил. 12"),
    Step("passport", "two_weeks",
         Reason("Участники внесены в ИС «Паспорт школы»", "Participants are entered in ИС «Паспорт школы»"),
         "Порядок 4.3.1", Reason("ФИО, дата, особые условия для участников с ОВЗ",
                                 "Names, date, special conditions")),
    Step("commissions", "two_weeks",
         Reason("Комиссии по проведению и по проверке созданы и внесены в ИС «Паспорт школы»",
                "Both commissions are formed and entered in ИС «Паспорт школы»"), "Порядок 6.6; план-график"),
    Step("informed", "two_weeks",
         Reason("Участники, родители и специалисты ознакомлены под подпись",
                "Participants, parents and staff were informed and have signed"),
         "Порядок 4.3.1", Reason("Порядок, место и сроки, аудиозапись ответов",
                                 "The procedure, place and dates, that answers are recorded")),
    Step("rooms", "eve", Reason("Участники распределены по аудиториям", "Every participant has a room"),
         "Инструкция организатора", Reason("Столбец «Аудитория» списка заполнен у каждого",
                                           "The roster's column “room” is filled for each")),
    Step("rehearsal", "eve", Reason("Тестовая запись сделана в каждой аудитории",
                                    "There is a test recording in each room"),
         "Инструкция технического специалиста", Reason("Оба голоса слышны, посторонних шумов нет",
                                                       "Both voices are clear, there is no noise")),
    Step("headquarters", "eve", Reason("Штаб готов: Интернет, принтер, бумага, телефон",
                                       "The headquarters is ready: Internet, printer, paper, telephone"),
         "Порядок 6.5; инструкция технического специалиста"),
    Step("forms", "eve", Reason("Протоколы экспертов и форма С-1 напечатаны",
                                "Experts' protocols and form С-1 are printed"),
         "Порядок 6.9; план-график", Reason("По протоколу на каждого участника", "A protocol for each participant")),
    Step("criteria", "eve", Reason("Критерии оценивания размножены и выданы экспертам",
                                   "The criteria are copied and given to the experts"), "План-график; fipi.ru"),
    Step("sheets", "eve", Reason("Ведомости учёта по аудиториям напечатаны", "The room sheets are printed"),
         "Инструкция собеседника", Reason("Пустые, на случай отказа техники", "Empty, should the computers fail")),
    Step("kim", "morning", Reason("КИМ получены и размножены", "The exam materials are here and copied"),
         "Порядок 7.1", Reason("В личном кабинете не раньше 07.30; нет Интернета — звоните в РЦОИ",
                               "On the exchange from 07.30 on; without Internet call the centre"), time(9)),
    Step("opened", "morning", Reason("День начат в каждой аудитории", "The day is begun in each room"),
         "Порядок 7.3, 7.8", Reason("Собеседование начинается в 09.00", "Interviews begin at 09.00"), time(9)),
    Step("everyone", "evening", Reason("Каждый участник записан или отмечен",
                                       "Each participant is recorded or accounted for"),
         "Порядок 7.8-7.10", Reason("Неявка, досрочное завершение и удаление отмечены, акты составлены",
                                    "The absent, the ended early, the removed; acts are written")),
    Step("closed", "evening", Reason("День закончен в каждой аудитории", "The day is closed in each room"),
         "Инструкция технического специалиста"),
    Step("gathered", "evening", Reason("Записи всех аудиторий в Штабе", "Recordings of all rooms are here"),
         "Инструкция организатора", Reason("По сети сами или накопителем", "By the network or by a drive")),
    Step("collected", "evening", Reason("Ведомости, протоколы и материалы приняты от собеседников и экспертов",
                                        "Sheets, protocols and materials were collected"), "Инструкция организатора"),
    Step(CHECKED, "checking", Reason("Проверка закончена, протоколы заполнены",
                                     "Checking has ended, protocols are filled in"), "Порядок 9.3; план-график"),
    Step("form_c1", "checking", Reason("Форма С-1 заполнена", "Form С-1 is filled in"), "Порядок 9.4; план-график"),
    Step("protocols", "checking", Reason("Сканы протоколов на месте", "The protocols are scanned"), "Порядок 10"),
    Step("released", "hand_over", Reason("Комплект передан в РЦОИ", "The package was released to the centre"),
         "Порядок 10; план-график"),
    Step("acknowledged", "hand_over", Reason("РЦОИ подтвердил получение", "The centre has acknowledged it"),
         "Порядок 10"),
)  # fmt: skip


def due(exam_date: date, now: datetime, facts: Mapping[str, Fact], ticks: Mapping[str, Tick]) -> tuple[Due, ...]:
    """Every step as it stands at `now` (the school's own time). `facts`, `ticks`: by key, where there are any."""
    checked = ticks.get(CHECKED)
    checked_on = checked.at.date() if checked and checked.done else None
    return tuple(_due(step, _DAYS[step.phase](exam_date, checked_on), now, facts, ticks) for step in STEPS)


def _due(step: Step, day: date, now: datetime, facts: Mapping[str, Fact], ticks: Mapping[str, Tick]) -> Due:
    fact, tick = facts.get(step.key), ticks.get(step.key)
    seen = fact is not None and fact.done
    return Due(step, day, _standing(step, day, now, done=seen or bool(tick and tick.done)), seen, fact, tick)


def _standing(step: Step, day: date, now: datetime, *, done: bool) -> Standing:
    if done:
        return "done"
    if now.date() == day:
        return "overdue" if step.until is not None and now.time() >= step.until else "today"
    return "overdue" if now.date() > day else "later"
