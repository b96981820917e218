"""`station-sync status` as a person reads it: how much has arrived, what has not and why, when it goes on."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from exam.language import say
from sync import wording
from sync.model import ItemState, Tier
from sync.report import ItemStatus, Status
from sync.states import DONE

_STATE_LETTERS = 32


def lines(status: Status, now: datetime) -> Iterator[str]:
    """What is done is counted by room, what is not stands file by file."""
    yield from _rooms(status)
    for item in status.items:
        if item.state not in DONE or item.reason:
            yield _line(item, now, by_hand=status.by_hand)
    yield _conclusion(status)
    if not status.package.complete and status.left.files and not status.by_hand:
        yield _outlook(status, now)


def _rooms(status: Status) -> Iterator[str]:
    items = [item for item in status.items if not _is_folder(item)]
    files = Counter(_folder(item) for item in items)
    done = Counter((_folder(item), _tier(item)) for item in items if item.state is ItemState.DELIVERED)
    given = Counter(_folder(item) for item in items if item.state is ItemState.HANDED_OVER)
    for folder in sorted(files):
        words = [wording.arrived(tier, number) for (of, tier), number in sorted(done.items(), key=str) if of == folder]
        if not (words or status.by_hand):
            words.append(wording.arrived(None, 0))
        if given[folder] or status.by_hand:
            words.append(say(f"передано человеком {given[folder]}", f"handed over by a person {given[folder]}"))
        yield f"{folder}: {', '.join(words)} " + say(f"из {files[folder]}", f"of {files[folder]}")


def _is_folder(item: ItemStatus) -> bool:
    """One that could not be looked into: nobody knows what lies there."""
    return item.kind == "folder"


def _folder(item: ItemStatus) -> str:
    return item.path.rpartition("/")[0] or item.path


def _tier(item: ItemStatus) -> Tier | None:
    """Who proved to have it."""
    return item.receipt.tier if item.receipt else None


def _line(item: ItemStatus, now: datetime, *, by_hand: bool) -> str:
    word = wording.state(item.state, by_hand=by_hand)
    if item.state is ItemState.UPLOADING and item.size:
        word += f" {100 * item.offset // item.size} %"
    again = ""
    if item.next_try_at is not None and item.next_try_at > now:
        moment = wording.at(item.next_try_at, now)
        again = say(f"; повтор в {moment}", f"; again at {moment}")
    reason = (item.reason or "").rstrip(".")
    told = f"  ({reason}{again})" if reason or again else ""
    size = "" if _is_folder(item) else wording.amount(item.size)
    return f"  {word:<{_STATE_LETTERS}} {size:>10}  {item.path}{told}"


def _conclusion(status: Status) -> str:
    if not status.items:
        return say(
            "Записей пока не найдено. Если они должны быть, проверьте watch.recordings в sync.toml.",
            "No recordings have been found yet. If there should be some, check watch.recordings in sync.toml.",
        )
    return _complete(status) if status.package.complete else _incomplete(status)


def _complete(status: Status) -> str:
    given = sum(item.state is ItemState.HANDED_OVER for item in status.items)
    if given:
        ru = f"Комплект полон: {given} из {len(status.items)} передано человеком, их доставка не доказана."
        en = f"The package is complete: {given} of {len(status.items)} handed over by a person, delivery is not proved."
        return say(ru, en)
    if any(_tier(item) == "hub" for item in status.items):
        ru = "Всё доставлено в Штаб; дальше отправляет Штаб."
        return say(ru, "Everything is delivered to the headquarters, which sends it on.")
    return say("Комплект полон: доставлено всё.", "The package is complete: everything is delivered.")


def _incomplete(status: Status) -> str:
    hidden = sum(_is_folder(item) for item in status.items)
    missing = len(status.package.missing) - hidden
    if hidden and not missing:
        return say(
            f"Комплект не полон: не читаются папки ({hidden}), что в них — неизвестно.",
            f"The package is incomplete: folders that cannot be read: {hidden}; nobody knows what they hold.",
        )
    if status.by_hand:
        return say(f"Комплект не полон: не передано {missing}.", f"The package is incomplete: {missing} to hand over.")
    return say(f"Комплект не полон: не доставлено {missing}.", f"The package is incomplete: {missing} to deliver.")


def _outlook(status: Status, now: datetime) -> str:
    left = status.left
    text = say(f"Осталось отправить {wording.amount(left.size)}", f"{wording.amount(left.size)} left to send")
    if left.seconds is not None and left.rate is not None:
        rate, time = wording.speed(left.rate), wording.roughly(left.seconds)
        text += say(f": {time}, если линия останется такой ({rate})", f": {time} if the line stays so ({rate})")
    if status.opens_at is not None:
        moment = wording.at(status.opens_at, now)
        text += say(f"; отправка начнётся в {moment}", f"; sending begins at {moment}")
    if status.due is not None:
        text += say(f"; срок {status.due:%d.%m}", f"; due {status.due:%d.%m}")
    return text + "."
