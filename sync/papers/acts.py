"""Acts pre-filled from the journal: which are due, and what stands in each, block by block. Pure.

«Акт о досрочном завершении … по уважительным причинам» (S2 appendix 10; 7.8, 7.9), «Акт об удалении» (appendix 13;
7.10). `act_pdf` and `act_docx` draw the blocks. What the journal does not know stays empty for a pen; the day of
signing always does. Appendix 14 is left to people: nothing of it is computed.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from msgspec import Struct

from exam.regulation import Outcome
from sync.papers.labels import act_code
from sync.papers.personal import MAX_DOCUMENT, MAX_SERIES, UNKNOWN, Personal
from sync.plan import Reason
from sync.school.model import Row, SchoolDay

LETTERS = 26
"""Cells of a line of letters, as on the forms."""
APART = LETTERS - MAX_SERIES - MAX_DOCUMENT
"""Cells left out between series and number."""
_ADULT = 16  # 7.10: from this age on appendix 14 goes with the act of removal
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
SUBJECT = "русский язык"


class Top(Struct, frozen=True):
    """The boxes above: each a value, a caption, and its share of the width."""

    boxes: tuple[tuple[str, str, float], ...]


class Title(Struct, frozen=True):
    lines: tuple[str, ...]


class Words(Struct, frozen=True):
    """A line of words, `strong` for a heading within."""

    text: str
    strong: bool = False


class Letters(Struct, frozen=True):
    """A label, and lines of `LETTERS` cells."""

    label: str
    lines: tuple[str, ...]


class Digits(Struct, frozen=True):
    """Groups of cells: text, how many, what stands below; `between`: what stands between groups, empty where they
    stand apart, in line with the letters' cells."""

    label: str
    groups: tuple[tuple[str, int, str], ...]
    between: str


class Ruled(Struct, frozen=True):
    """A label, the text on a line below it, and empty lines for a pen."""

    label: str
    text: str
    spare: int = 0


class Signature(Struct, frozen=True):
    who: str


Block = Top | Title | Words | Letters | Digits | Ruled | Signature


class Act(Struct, frozen=True):
    """`code`: the text of a QR code that tells a scan whose act it is; `pages`: the blocks of each copy, a note first;
    `open`: what is left for a pen; `hints`: what else has to be thought of."""

    number: int
    name: str
    title: str
    code: str
    pages: tuple[tuple[Block, ...], ...]
    open: tuple[str, ...]
    hints: tuple[Reason, ...] = ()


class Refused(Struct, frozen=True):
    """An act that is not made: the field that lacks, whose act, and what to do."""

    number: int
    field: str
    reason: Reason


def acts_of(day: SchoolDay, personal: Mapping[int, Personal], region: str = "") -> tuple[list[Act], list[Refused]]:
    """Every act that is due. `region`: the two digits on the forms, empty for a pen."""
    made: list[Act] = []
    refused: list[Refused] = []
    for row in day.rows:
        form = _FORMS.get(row.said.outcome) if row.said is not None else None
        if form is None:
            continue
        at = row.said.at if row.said is not None else None
        if row.other_person is not None:
            refused.append(_of_another(row))
        elif at is None or not _TIME.fullmatch(at):
            refused.append(_without_time(row, form, at))
        else:
            made.append(_act(_Facts(day, row, personal.get(row.person.number, UNKNOWN), region, at), form))
    return made, refused


class _Form(Struct, frozen=True):
    appendix: int
    title: tuple[str, ...]
    time_field: str
    copies: tuple[str, ...]


_EARLY_END = _Form(
    10, ("АКТ", "о досрочном завершении итогового собеседования", "по русскому языку по уважительным причинам"),
    "Время завершения итогового собеседования по русскому языку", ("",),
)  # fmt: skip
_REMOVED = _Form(
    13, ("АКТ", "об удалении участника итогового собеседования"),
    "Время удаления участника с итогового собеседования",
    ("Экземпляр 1 из 2 — участнику", "Экземпляр 2 из 2 — в РЦОИ"),
)  # fmt: skip
_FORMS = {Outcome.EARLY_END: _EARLY_END, Outcome.EXTRA_DATE: _EARLY_END, Outcome.REMOVED: _REMOVED}
"""On an extra date only with the act of appendix 10 (7.8)."""


class _Facts(Struct, frozen=True):
    day: SchoolDay
    row: Row
    personal: Personal
    region: str
    at: str

    @property
    def reason(self) -> str:
        return self.row.said.note if self.row.said is not None else ""

    @property
    def school(self) -> str:
        return self.day.school_name or self.day.school

    @property
    def room(self) -> str:
        """Where it happened: in the room of the last take, else in the one that told of it."""
        if self.row.takes:
            return self.row.takes[-1].room
        by = self.row.said.by if self.row.said is not None else ""
        return by if any(room.number == by for room in self.day.rooms) else self.row.person.room


def _of_another(row: Row) -> Refused:
    field, who = "Фамилия, имя, отчество", f"№ {row.person.number} {row.person.full_name}"
    return Refused(
        row.person.number,
        field,
        Reason(
            f"{who}: поле «{field}»: в аудитории под этим номером был другой участник. Верните список, с которым шёл "
            "экзамен, или отметьте исход ещё раз: station-sync package outcome",
            f"{who}: field «{field}»: the room knew somebody else by this number. Put back the list the exam was held "
            "with, or note the outcome again: station-sync package outcome",
        ),
    )


def _without_time(row: Row, form: _Form, at: str | None) -> Refused:
    number, name = row.person.number, row.person.full_name
    found = f"«{at}» — не ЧЧ:ММ:СС" if at else "не указано"
    outcome = row.said.outcome if row.said is not None else ""
    command = f"station-sync package outcome --participant {number} {outcome} --at ЧЧ:ММ:СС --note … --by …"
    return Refused(
        number,
        form.time_field,
        Reason(
            f"акт (прил. {form.appendix}), № {number} {name}: «{form.time_field}» {found}. Впишите его: {command}",
            f"act (app. {form.appendix}), {number} {name}: «{form.time_field}» lacks. Tell it: {command}",
        ),
    )


def _act(facts: _Facts, form: _Form) -> Act:
    blocks = _early_end if form is _EARLY_END else _removed
    person = facts.row.person
    lacks = {
        "Документ, удостоверяющий личность": not facts.personal.document,
        "Дата рождения": facts.personal.born is None,
        "Причины": not facts.reason,
        "Регион": not facts.region,
        "Номер аудитории": not facts.room,
    }
    return Act(
        number=person.number,
        name=person.full_name,
        title=" ".join(form.title),
        code=act_code(facts.day, person.number),
        pages=tuple((_draft(copy), *blocks(facts)) for copy in form.copies),
        open=tuple(field for field, is_open in lacks.items() if is_open),
        hints=tuple(_hints(facts, form)),
    )


def _draft(copy: str) -> Words:
    told = "Черновик, заполнен программой по журналу: сверьте с документами, допишите и подпишите."
    return Words(f"{copy}. {told}" if copy else told)


def _early_end(facts: _Facts) -> Iterator[Block]:
    day = facts.day
    yield Top((
        (facts.region, "регион", 1), (facts.school, "краткое наименование ОО", 4),
        (facts.room, "номер аудитории", 2), (SUBJECT, "предмет", 2.2),
        (f"{day.exam_date:%d-%m-%Y}", "дата экз.: число-месяц-год", 2.2),
    ))  # fmt: skip
    yield Title(_EARLY_END.title)
    yield from _person(facts, "Документ, удостоверяющий личность")
    yield Ruled("Досрочно завершил итоговое собеседование по русскому языку по следующим причинам:", facts.reason, 2)
    hours, minutes, seconds = facts.at.split(":")
    groups = ((hours, 2, "час."), (minutes, 2, "мин."), (seconds, 2, "сек."))
    yield Digits(_EARLY_END.time_field, groups, ":")
    yield Signature("Ответственный организатор")
    yield Signature("Руководитель ОО")
    yield Digits("Дата", (("", 2, "число"), ("", 2, "месяц"), ("", 2, "год")), ".")


def _removed(facts: _Facts) -> Iterator[Block]:
    yield Top((
        (facts.region, "регион", 1), (facts.day.school, "код ОО (места проведения)", 2.5),
        (facts.room, "номер учебного кабинета", 2.5),
        (f"{facts.day.exam_date:%d-%m-%Y}", "дата проведения, число-месяц-год", 3),
    ))  # fmt: skip
    yield Title(_REMOVED.title)
    yield from _person(facts, "Документ, удостоверяющий личность (паспорт)")
    yield Ruled("Удален с итогового собеседования по следующим причинам:", facts.reason, 2)
    hours, minutes, _ = facts.at.split(":")
    yield Digits(_REMOVED.time_field, ((hours, 2, "час."), (minutes, 2, "мин.")), ":")
    yield Signature("Участник итогового собеседования")
    yield Signature("Ответственный организатор ОО (места проведения)")
    yield Signature("Руководитель ОО (места проведения)")
    yield Digits("Дата подписания", (("", 2, "число"), ("", 2, "месяц"), ("", 4, "год")), ".")


def _person(facts: _Facts, document: str) -> Iterator[Block]:
    person, born = facts.row.person, facts.personal.born
    yield Words("Сведения об участнике итогового собеседования", strong=True)
    for label, text in (("Фамилия", person.surname), ("Имя", person.first_name), ("Отчество", person.patronymic)):
        yield Letters(label, _lines(text))
    paper = ((facts.personal.series, MAX_SERIES, "серия"), (facts.personal.document, MAX_DOCUMENT, "номер"))
    yield Digits(document, paper, "")
    told = (f"{born:%d}", f"{born:%m}", f"{born:%Y}") if born is not None else ("", "", "")
    groups = ((told[0], 2, ""), (told[1], 2, ""), (told[2], 4, ""))
    yield Digits("Дата рождения (в формате ДД.ММ.ГГГГ)", groups, ".")
    yield Ruled("Образовательная организация участника", f"{facts.school} ({facts.day.school})")


def _lines(text: str) -> tuple[str, ...]:
    """A name in capital letters, on as many lines as it takes."""
    capitals = text.upper()
    return tuple(capitals[at : at + LETTERS] for at in range(0, max(len(capitals), 1), LETTERS))


def _hints(facts: _Facts, form: _Form) -> Iterator[Reason]:
    born = facts.personal.born
    if form is _REMOVED and (born is None or _age(born, facts.day.exam_date) >= _ADULT):
        yield Reason(
            "если в день нарушения участнику было 16 лет, к акту составляется приложение 14; "
            "день протокола в нём назначает комитет, программа его не вычисляет",
            "for a participant aged 16 appendix 14 goes with the act; its date is not computed",
        )


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
