"""What the organizer sees of the experts: who holds what, what is overdue, what nobody has. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from msgspec import Struct

from exam.calendar import checking_ends
from exam.language import say
from sync.experts.dealing import Lacking, Voice
from sync.experts.records import Appealed, Holding, Standing
from sync.school.model import SchoolDay


class Share(Struct, frozen=True):
    """A recording with an expert. `replaced`: another recording of the participant stands now."""

    participant: int
    name: str
    stem: str
    seconds: float
    second: bool
    replaced: bool
    given_at: datetime
    returned_at: datetime | None


class ExpertStatus(Struct, frozen=True):
    """One expert. `seconds` of sound; `waiting`: participants not handed back; `overdue`: and due before today."""

    name: str
    seconds: float
    waiting: tuple[int, ...]
    overdue: bool
    shares: tuple[Share, ...]


class NotGiven(Struct, frozen=True):
    """A participant nobody listens to. `reason`: why, None: to be given; `lawful`: there need be no recording."""

    participant: int
    name: str
    reason: str | None
    lawful: bool


class Status(Struct, frozen=True, kw_only=True):
    """How checking stands. `due`: the day until which everything is to be back; `ends`: the last lawful one (9.3)."""

    exam_date: date
    due: date
    ends: date
    complete: bool
    experts: tuple[ExpertStatus, ...]
    not_given: tuple[NotGiven, ...]
    appeals: tuple[Appealed, ...]


def status(
    day: SchoolDay, standing: Standing, found: Iterable[Voice], lacking: Iterable[Lacking], today: date
) -> Status:
    """`found`, `lacking`: what `dealing.voices` says of the day."""
    current = {voice.participant: voice for voice in found}
    names = {row.person.number: row.person.full_name for row in day.rows}
    ends = checking_ends(day.exam_date)
    due = standing.due or ends
    experts = tuple(_expert(name, standing.of(name), current, names, overdue=today > due) for name in standing.experts)
    held = {each.given.participant for each in standing.holdings}
    not_given = [
        *(NotGiven(number, names[number], None, lawful=False) for number in current if number not in held),
        *(
            NotGiven(one.participant, names[one.participant], say(one.reason.ru, one.reason.en), one.is_lawful)
            for one in lacking
            if one.participant not in held
        ),
    ]
    waits = any(each.waiting for each in experts) or any(not one.lawful for one in not_given)
    replaced = any(share.replaced for each in experts for share in each.shares)
    return Status(
        exam_date=day.exam_date, due=due, ends=ends, complete=bool(standing.holdings) and not waits and not replaced,
        experts=experts, not_given=tuple(sorted(not_given, key=lambda one: one.participant)), appeals=standing.appeals,
    )  # fmt: skip


def lines(found: Status) -> Iterator[str]:
    """In words."""
    yield say(f"Проверка до {_day(found.due)}", f"Checking until {found.due}") + (
        say(f" (по правилам не позднее {_day(found.ends)}, п. 9.3)", f" (by the rules {found.ends}, 9.3)")
        if found.due != found.ends
        else say(" (п. 9.3)", " (9.3)")
    )
    for expert in found.experts:
        yield _expert_line(expert)
        for share in expert.shares:
            yield "    " + _share_line(share)
    open_ = [one for one in found.not_given if not one.lawful]
    for one in open_:
        reason = one.reason or say("ждёт распределения: station-sync experts distribute", "to be distributed")
        yield say(f"! № {one.participant} {one.name}: {reason}", f"! {one.participant} {one.name}: {reason}")
    for one in found.not_given:
        if one.lawful:
            yield f"  № {one.participant} {one.name}: {one.reason}"
    for appeal in found.appeals:
        yield _appeal_line(appeal)
    if found.complete:
        yield say("Все записи прослушаны, протоколы возвращены.", "Everything was listened to and handed back.")


def _expert(
    name: str, holdings: Iterable[Holding], current: dict[int, Voice], names: dict[int, str], *, overdue: bool
) -> ExpertStatus:
    shares = tuple(_share(each, current, names) for each in holdings)
    waiting = tuple(share.participant for share in shares if share.returned_at is None)
    seconds = round(sum(share.seconds for share in shares), 1)
    return ExpertStatus(name, seconds, waiting, overdue and bool(waiting), shares)


def _share(holding: Holding, current: dict[int, Voice], names: dict[int, str]) -> Share:
    given = holding.given
    now = current.get(given.participant)
    return Share(
        given.participant, names.get(given.participant, ""), given.stem, given.seconds, given.second,
        now is not None and now.sha256 != given.sha256, holding.given_at, holding.returned_at,
    )  # fmt: skip


def _expert_line(expert: ExpertStatus) -> str:
    done = len(expert.shares) - len(expert.waiting)
    minutes = round(expert.seconds / 60)
    ru = f"{expert.name}: записей {len(expert.shares)} ({minutes} мин), возвращено {done}"
    en = f"{expert.name}: {len(expert.shares)} recordings ({minutes} min), handed back {done}"
    return say(ru, en) + (say(" — ПРОСРОЧЕНО", " — OVERDUE") if expert.overdue else "")


def _share_line(share: Share) -> str:
    parts = [f"№ {share.participant} {share.name}".rstrip(), f"{round(share.seconds / 60)} {say('мин', 'min')}"]
    if share.second:
        parts.append(say("второй эксперт", "second reader"))
    if share.replaced:
        parts.append(say("ЗАПИСЬ ЗАМЕНЕНА: распределите ещё раз", "REPLACED: distribute again"))
    parts.append(say("возвращено", "handed back") if share.returned_at else say("на проверке", "with the expert"))
    return ", ".join(parts)


def _appeal_line(appeal: Appealed) -> str:
    return say(
        f"Апелляция {appeal.number}: участник № {appeal.participant}, {appeal.at:%d.%m.%Y %H:%M}, выдал {appeal.by}, "
        f"файлов {len(appeal.files)} в {appeal.folder}: {appeal.reason}",
        f"Appeal {appeal.number}: participant {appeal.participant}, {appeal.at:%d.%m.%Y %H:%M}, by {appeal.by}, "
        f"{len(appeal.files)} files to {appeal.folder}: {appeal.reason}",
    )


def _day(one: date) -> str:
    return f"{one:%d.%m.%Y}"
