"""A school's day in words and tables: what stands in each square, what lacks; for a terminal, for Excel."""

from collections.abc import Iterator, Mapping, Sequence

from exam.language import say
from sync.school.model import Cell, Mark, Row, SchoolDay, Stage

_STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.EXPECTED: ("в списке", "listed"),
    Stage.RECORDED: ("записан", "recorded"),
    Stage.ACCEPTED: ("запись принята", "accepted"),
    Stage.SCANNED: ("скан протокола", "scanned"),
    Stage.HASHED: ("файл проверен", "hashed"),
    Stage.SENT: ("отправлен", "sent"),
    Stage.ACKNOWLEDGED: ("принят РЦОИ", "acknowledged"),
}
_MANY, _FEW = "no_protocol", 5
_MARKS: Mapping[Mark, tuple[str, str]] = {
    Mark.YES: ("да", "yes"),
    Mark.NO: ("НЕТ", "NO"),
    Mark.OPEN: ("ещё нет", "not yet"),
    Mark.NOT_NEEDED: ("не требуется", "not needed"),
}


def stage_words(stage: Stage) -> str:
    """A column's heading."""
    return say(*_STAGES[stage])


def cell_words(cell: Cell) -> str:
    """A square in words: the mark, and why."""
    mark = say(*_MARKS[cell.mark])
    return f"{mark}: {say(cell.reason.ru, cell.reason.en)}" if cell.reason else mark


def lines(day: SchoolDay) -> Iterator[str]:
    """The day for a person at a terminal: the sum, then everything that lacks."""
    yield f"{day.school_name or day.school} · {day.exam_date:%d.%m.%Y}"
    yield _counted(day)
    if day.is_complete:
        yield say("Комплект полон.", "The package is complete.")
    else:
        yield say(f"Комплект не полон, замечаний: {len(day.faults)}.", f"Incomplete, {len(day.faults)} things lack.")
    yield from _given(day)
    yield from (f"  {told}" for told in _lacking(day))


def _lacking(day: SchoolDay) -> Iterator[str]:
    """Each fault in its own words; protocols that lack by the dozen in one line."""
    lacking = [fault.participant for fault in day.faults if fault.code == _MANY and fault.participant is not None]
    are_many = len(lacking) > _FEW
    if are_many:
        numbers = _in_ranges(sorted(lacking))
        count = len(lacking)
        yield say(f"Нет сканов протоколов эксперта ({count}, нужны и при неявке): № {numbers}",
                  f"Experts' protocols not scanned ({count}, due for the absent, too): no. {numbers}")  # fmt: skip
    for fault in day.faults:
        if not (are_many and fault.code == _MANY):
            yield say(fault.reason.ru, fault.reason.en)


def _in_ranges(numbers: Sequence[int]) -> str:
    """`1–6, 8, 10–12` of numbers in order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _given(day: SchoolDay) -> Iterator[str]:
    if day.papers_way == "scans":
        return
    if not day.papers_given:
        yield say("Бумаги передаются на руки; о передаче ещё не сказано (station-sync package papers).",
                  "The papers travel by hand; nobody has said yet that they were given.")  # fmt: skip
    for one in day.papers_given:
        yield say(f"Бумаги передал(а) {one.by}, принял(а) {one.to}, {one.noted_at:%d.%m %H:%M}.",
                  f"The papers were given by {one.by} to {one.to}, {one.noted_at:%d.%m %H:%M}.")  # fmt: skip


def table(day: SchoolDay) -> Iterator[Sequence[str]]:
    """A heading, then a line for each participant: the matrix as cells of a table."""
    yield (
        say("№", "No."), say("Участник", "Participant"), say("Класс", "Class"), say("Аудитория", "Room"),
        say("Вариант", "Variant"), *(stage_words(stage) for stage in Stage), say("Почему", "Why"),
    )  # fmt: skip
    for row in day.rows:
        yield _line(row)


def _line(row: Row) -> Sequence[str]:
    person, take = row.person, row.take
    reasons = [say(cell.reason.ru, cell.reason.en) for cell in row.cells.values() if cell.reason]
    return (
        str(person.number), person.full_name, person.class_name, ", ".join(row.rooms),
        (take.variant or "") if take else "",
        *(say(*_MARKS[row.cells[stage].mark]) for stage in Stage), "; ".join(dict.fromkeys(reasons)),
    )  # fmt: skip


def _counted(day: SchoolDay) -> str:
    def count(stage: Stage, *marks: Mark) -> int:
        return sum(row.cells[stage].mark in marks for row in day.rows)

    accepted, lawful = count(Stage.ACCEPTED, Mark.YES), count(Stage.ACCEPTED, Mark.NOT_NEEDED)
    acknowledged = count(Stage.ACKNOWLEDGED, Mark.YES)
    return " ".join(
        (
            say(f"Участников: {len(day.rows)}.", f"Participants: {len(day.rows)}."),
            say(f"Принятых записей: {accepted}, законно без записи: {lawful}.",
                f"Accepted recordings: {accepted}, lawfully without: {lawful}."),
            say(f"Подтверждено РЦОИ: {acknowledged}.", f"Acknowledged by the centre: {acknowledged}."),
        )
    )  # fmt: skip
