"""The versions of a package: which stands, whether each names the one before, what changed between two. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from sync.exchange.centre.reading import Released
from sync.exchange.centre.words import OUTCOMES, Arrived, Oddity, Version
from sync.plan import Reason
from sync.school.model import Stage
from sync.school.package import Package, PackageRow

_TOLD = 12
"""Files or faults listed of each change."""
_FAULT = ("замечание", "fault")


def lined_up(found: Iterable[tuple[Arrived, Released]]) -> tuple[tuple[Version, ...], tuple[Oddity, ...]]:
    """The versions in order, and what is wrong with them. `found`: by time of arrival.

    The highest stands; of two different ones of the same number, the one that came first.
    """
    first: dict[int, Arrived] = {}
    oddities: list[Oddity] = []
    ordered = sorted(found, key=lambda each: each[1].version)
    for file, told in ordered:
        other = first.setdefault(told.version, file)
        if other is not file:
            oddities.append(_two_of_one(told.version, other, file))
    digests = {file.sha256 for file, _ in ordered}
    for file, told in ordered:
        if (told.version > 1) != (told.previous is not None) or (told.previous and told.previous not in digests):
            oddities.append(_no_previous(file, told))
    last = max(first, default=None)
    versions = tuple(_version(file, told, stands=first.get(last or 0) is file) for file, told in ordered)
    return versions, tuple(oddities)


def changes(before: Package, after: Package) -> list[Reason]:
    """What the later one says otherwise, in sentences; how far files have travelled is no change."""
    return [
        *_of_people(before, after),
        *_of_lists(("файл", "file"), [one.path for one in before.files], [one.path for one in after.files]),
        *_of_lists(_FAULT, [one.reason.ru for one in before.faults], [one.reason.ru for one in after.faults]),
        *_of_ways(before, after),
    ]


def _of_people(before: Package, after: Package) -> Iterator[Reason]:
    earlier, later = ({row.number: row for row in package.rows} for package in (before, after))
    for number in sorted(earlier.keys() | later.keys()):
        one, other = earlier.get(number), later.get(number)
        if one is None and other is not None:
            yield Reason(f"{_who(other)}: добавлен", f"{_who(other)}: added")
        elif other is None and one is not None:
            yield Reason(f"{_who(one)}: убран", f"{_who(one)}: taken out")
        elif one is not None and other is not None:
            yield from _of_person(one, other)


def _of_person(one: PackageRow, other: PackageRow) -> Iterator[Reason]:
    who = _who(other)
    if (one.full_name, one.class_name) != (other.full_name, other.class_name):
        yield Reason(f"{who}: был {one.full_name}, {one.class_name}", f"{who}: was {one.full_name}, {one.class_name}")
    if one.outcome is not other.outcome:
        told = f"{OUTCOMES[one.outcome]} → {OUTCOMES[other.outcome]}"
        yield Reason(f"{who}: отметка {told}", f"{who}: outcome {one.outcome} → {other.outcome}")
    if one.variant != other.variant:
        told = f"{one.variant or '—'} → {other.variant or '—'}"
        yield Reason(f"{who}: вариант {told}", f"{who}: variant {told}")
    for word, en, old, new in (
        ("запись", "recording", one.recording, other.recording),
        ("протокол", "protocol", one.protocol, other.protocol),
    ):
        if old != new:
            yield Reason(f"{who}: {word} {_turn(old, new)[0]}", f"{who}: {en} {_turn(old, new)[1]}")
    for stage in (Stage.RECORDED, Stage.ACCEPTED, Stage.SCANNED):
        old_cell, new_cell = one.cells.get(stage), other.cells.get(stage)
        if old_cell and new_cell and old_cell.mark is not new_cell.mark:
            told = f"{stage}: {old_cell.mark} → {new_cell.mark}"
            yield Reason(f"{who}: {_STAGES[stage]} теперь {_MARKS[new_cell.mark]}", f"{who}: {told}")


_STAGES = {Stage.RECORDED: "«записан»", Stage.ACCEPTED: "«принята»", Stage.SCANNED: "«протокол»"}
_MARKS = {"yes": "да", "no": "нет", "open": "в пути", "not_needed": "не требуется"}


def _turn(old: str | None, new: str | None) -> tuple[str, str]:
    if old is None:
        return "появилась", "is there now"
    return ("убран(а)", "is gone") if new is None else ("теперь другая", "is another one")


def _of_lists(words: tuple[str, str], before: Sequence[str], after: Sequence[str]) -> Iterator[Reason]:
    """`words`: what one of them is called, in both languages."""
    ru, en = words
    for told_ru, told_en, found in (
        ("добавлено", "added", [one for one in dict.fromkeys(after) if one not in set(before)]),
        ("больше нет", "no longer", [one for one in dict.fromkeys(before) if one not in set(after)]),
    ):
        yield from (Reason(f"{ru}, {told_ru}: {one}", f"{en}, {told_en}: {one}") for one in found[:_TOLD])
        if len(found) > _TOLD:
            rest = len(found) - _TOLD
            yield Reason(f"{ru}, {told_ru}: ещё {rest}", f"{en}, {told_en}: {rest} more")


def _of_ways(before: Package, after: Package) -> Iterator[Reason]:
    if before.incomplete != after.incomplete:
        told = f"{before.incomplete or '—'} → {after.incomplete or '—'}"
        yield Reason(f"передан неполным: {told}", f"released incomplete: {told}")
    if before.papers_way != after.papers_way:
        told = f"{before.papers_way} → {after.papers_way}"
        yield Reason(f"бумаги: {told}", f"papers: {told}")


def _who(row: PackageRow) -> str:
    return f"№ {row.number} {row.full_name}"


def _version(file: Arrived, told: Released, *, stands: bool) -> Version:
    return Version(
        file=file, school_name=told.school_name, version=told.version, previous=told.previous,
        released_at=told.released_at, by=told.by, incomplete=told.incomplete, stands=stands,
    )  # fmt: skip


def _two_of_one(version: int, first: Arrived, second: Arrived) -> Oddity:
    return Oddity(
        "two_of_one_version",
        Reason(
            f"вторая, другая опись версии {version}; действует пришедшая первой ({first.name}). Уточните у школы, "
            "какая верна, и попросите передать новую версию",
            f"a second, different version {version}; the one that came first ({first.name}) stands. Ask the school "
            "which is right, and for a new version",
        ),
        second.path,
    )


def _no_previous(file: Arrived, told: Released) -> Oddity:
    return Oddity(
        "no_previous",
        Reason(
            f"версия {told.version} ссылается на предыдущую, которой здесь нет, или не ссылается ни на какую",
            f"version {told.version} names a version before it that is not here, or names none",
        ),
        file.path,
    )
