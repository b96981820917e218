"""The agent's words for people: states, times, amounts. Used by `report`, `progress` and `cli`."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from exam.language import say
from sync.model import ItemState, Tier

_MB, _GB, _MBIT = 1e6, 1e9, 1e6 / 8
_MOVING = {"Cc", "Cf", "Zl", "Zp"}
_MINUTE_S, _HOUR_S = 60, 3600

_STATES: Mapping[ItemState, tuple[str, str]] = {
    ItemState.SEEN: ("ещё записывается или копируется", "still being written or copied"),
    ItemState.SETTLED: ("ждёт отправки", "waits to be sent"),
    ItemState.HASHED: ("ждёт отправки", "waits to be sent"),
    ItemState.CREATING: ("отправляется", "being sent"),
    ItemState.UPLOADING: ("отправляется", "being sent"),
    ItemState.UPLOADED: ("отправлено, не проверено", "sent, not verified"),
    ItemState.VERIFYING: ("проверяется на сервере", "being verified by the server"),
    ItemState.DELIVERED: ("доставлено", "delivered"),
    ItemState.HANDED_OVER: ("передано человеком", "handed over by a person"),
    ItemState.WAITING: ("ждёт повтора", "waits to be tried again"),
    ItemState.CHANGED: ("файл изменился", "the file has changed"),
    ItemState.QUARANTINED: ("отложено", "set aside"),
    ItemState.NEEDS_HUMAN: ("нужен человек", "a person is needed"),
}
_BY_HAND: Mapping[ItemState, tuple[str, str]] = {
    ItemState.SETTLED: ("ждёт упаковки", "waits to be packed"),
    ItemState.HASHED: ("ждёт упаковки", "waits to be packed"),
    ItemState.UPLOADED: ("упаковано, не передано", "packed, not handed over"),
}

_ARRIVED: Mapping[Tier | None, tuple[str, str]] = {
    "hub": ("в Штабе", "at the headquarters"),
    "centre": ("в РЦОИ", "at the centre"),
    "folder": ("в папке получателя", "in the receiver's folder"),
    None: ("доставлено", "delivered"),
}
"""By whose receipt tells of it: what the headquarters has, the centre has not yet."""


def state(of: ItemState, *, by_hand: bool = False) -> str:
    """`by_hand`: nothing is sent, a person carries it."""
    return say(*(_BY_HAND.get(of, _STATES[of]) if by_hand else _STATES[of]))


def both(of: ItemState) -> tuple[str, str]:
    """The state in Russian and in English."""
    return _STATES[of]


def arrived(tier: Tier | None, files: int) -> str:
    """`в Штабе 5`: so many files are proved to be there."""
    return f"{say(*_ARRIVED[tier])} {files}"


def line(text: str) -> str:
    """One line, whatever a name or a server's word holds: nothing in it begins another, or moves a cursor."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in _MOVING else sign for sign in text)


def amount(size: float) -> str:
    """Bytes as people say them: `3.1 МБ`, `4.2 ГБ`."""
    if size >= _GB:
        return f"{size / _GB:.1f} {say('ГБ', 'GB')}"
    return f"{size / _MB:.1f} {say('МБ', 'MB')}"


def speed(rate: float) -> str:
    """Bytes a second as a line is sold: `2.0 Мбит/с`."""
    return f"{rate / _MBIT:.1f} {say('Мбит/с', 'Mbit/s')}"


def roughly(seconds: float) -> str:
    """A time nobody should take to the minute: `около 3 ч 20 мин`, `около 5 мин`, `меньше минуты`."""
    if seconds < _MINUTE_S:
        return say("меньше минуты", "less than a minute")
    hours, minutes = divmod(round(seconds / _MINUTE_S), 60)
    if not hours:
        return say(f"около {minutes} мин", f"about {minutes} min")
    return say(f"около {hours} ч {minutes} мин", f"about {hours} h {minutes} min")


def at(moment: datetime, now: datetime) -> str:
    """A moment by this machine's clock: the hour, and the day unless it is today."""
    here = moment.astimezone(now.tzinfo)
    return f"{here:%H:%M}" if here.date() == now.date() else f"{here:%d.%m %H:%M}"
