"""A folder of recordings with the page that plays them: for an expert, or one participant's for an appeal.

Called by `commands`. What cannot go is named and keeps nothing else back; a drive that refuses ends it.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from exam.errors import Rejected
from exam.language import say
from exam.manifest import Decision
from sync.config import Config
from sync.experts import player
from sync.experts.carrying import Carried, Folder, Load
from sync.experts.finding import Sound, find
from sync.experts.peaks import peaks
from sync.experts.player import Shown
from sync.experts.records import Copied, Given
from sync.naming import is_part
from sync.plan import Reason
from sync.school.model import File, Row, SchoolDay, Take
from sync.source import Source

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_NAME_AT_MOST = 60
_DECISIONS: dict[Decision, tuple[str, str]] = {
    "accepted": ("принята", "accepted"),
    "rejected": ("отклонена, прошёл повторно", "rejected, taken again"),
    "unreviewed": ("не прослушана участником", "unreviewed"),
    "interrupted": ("прервалась", "interrupted"),
    "early_end": ("завершил досрочно", "ended early"),
    "removed": ("удалён", "removed"),
}


class Wanted(Struct, frozen=True):
    """A take that is to go. `note`: for whoever listens."""

    row: Row
    take: Take
    note: str = ""


class Left(Struct, frozen=True):
    """What should go and cannot, and why."""

    name: str
    reason: Reason


class Export(Struct, frozen=True, kw_only=True):
    """What is in the folder now. `others`: files there that are none of these."""

    folder: Path
    page: str
    carried: tuple[Carried, ...]
    left: tuple[Left, ...]
    others: tuple[str, ...]


class Order(Struct, frozen=True, kw_only=True):
    """What is to be exported where. `name` of the folder below `root`; `manifests`: whether they go, too;
    `note`: told the page's SHA-256 and the files before anything is copied; `pages`: SHA-256 of pages of ours."""

    root: Path
    name: str
    title: str
    wanted: tuple[Wanted, ...]
    left: tuple[Left, ...] = ()
    manifests: bool = False
    pages: frozenset[str]
    note: Callable[[Path, str, Sequence[Copied]], None]


def export(config: Config, day: SchoolDay, order: Order) -> Export:
    """Carry it out. Raises Rejected when nothing can go, or the drive refuses."""
    folder = Folder(order.root, order.name, (*config.recordings, config.scans, config.state))
    found, left = _proved(config, day, order)
    if not found:
        raise _nothing(left)
    loads = [(wanted, load) for wanted, sound in found for load in _loads(sound, manifests=order.manifests)]
    content = player.page(order.title, day.exam_date, [_shown(wanted, sound) for wanted, sound in found])
    copied = [Copied(load.name, load.sha256, wanted.row.person.number) for wanted, load in loads]
    with folder.held():
        folder.prepare(load for _, load in loads)
        order.note(folder.path, hashlib.sha256(content).hexdigest(), copied)
        carried = tuple(folder.carry(load) for _, load in loads)
        page = folder.put_page(player.FILE, content, order.pages.__contains__)
    ours = {page, *(each.name for each in carried)}
    others = tuple(name for name in folder.names() if name not in ours and not is_part(name))
    return Export(folder=folder.path, page=page, carried=carried, left=tuple(left), others=others)


def for_expert(day: SchoolDay, given: Iterable[Given]) -> tuple[list[Wanted], list[Left]]:
    """The takes an expert was given, by the content of their sound."""
    wanted: list[Wanted] = []
    left: list[Left] = []
    for each in given:
        row = day.row(each.participant)
        take = next((one for one in row.takes if _sounds(one, each.sha256)), None) if row else None
        if row is None or take is None:
            reason = Reason(
                "этой записи больше нет среди записей дня; выполните station-sync experts distribute ещё раз",
                "no longer among the day's recordings; run station-sync experts distribute again",
            )
            left.append(Left(each.stem, reason))
        else:
            note = say("Вы — второй эксперт", "You are the second reader") if each.second else ""
            wanted.append(Wanted(row, take, note))
    return wanted, left


def for_appeal(row: Row) -> list[Wanted]:
    """Every take of the participant that counts."""
    return [Wanted(row, take, _about_take(take)) for take in row.takes]


def folder_name(exam_date: date, word: str, name: str) -> str:
    """A folder's name that Windows takes, too."""
    legal = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", name))[:_NAME_AT_MOST]
    return f"{exam_date.isoformat()}_{word}_{legal}".rstrip(". ")


def _proved(config: Config, day: SchoolDay, order: Order) -> tuple[list[tuple[Wanted, Sound]], list[Left]]:
    """Those whose sound is here and is what its manifest says."""
    found: list[tuple[Wanted, Sound]] = []
    left = list(order.left)
    for wanted in order.wanted:
        sound = find(wanted.take, day.exam_date, config.recordings)
        if sound is None:
            left.append(Left(wanted.take.stem, Reason("файла записи здесь нет", "the recording's file is not here")))
            continue
        try:
            with Source(sound.path, sound.file.size, sound.file.sha256) as source:
                source.prove()
        except Rejected as error:
            left.append(Left(wanted.take.stem, Reason(error.ru, error.en)))
        else:
            found.append((wanted, sound))
    return found, left


def _loads(sound: Sound, *, manifests: bool) -> list[Load]:
    loads = [Load(sound.path, sound.path.name, sound.file.size, sound.file.sha256)]
    told: File | None = sound.take.manifest
    if manifests and told is not None and sound.manifest is not None:
        loads.append(Load(sound.manifest, sound.manifest.name, told.size, told.sha256))
    return loads


def _shown(wanted: Wanted, sound: Sound) -> Shown:
    person, take = wanted.row.person, wanted.take
    seconds = sound.seconds or 0.0
    about = [
        say(f"вариант {take.variant}", f"variant {take.variant}") if take.variant else "",
        say(f"ауд. {take.room}", f"room {take.room}"),
        person.class_name,
        f"{int(seconds) // 60}:{int(seconds) % 60:02d}" if seconds else "",
    ]
    return Shown(
        sound.file.sha256[:16], sound.path.name, person.full_name, " · ".join(word for word in about if word),
        wanted.note, round(seconds, 2), sound.marks, peaks(sound.path),
    )  # fmt: skip


def _about_take(take: Take) -> str:
    decision = say(*_DECISIONS[take.decision]) if take.decision else ""
    number = say(f"Дубль {take.number}", f"Take {take.number}")
    return f"{number}, {decision}" if decision else number


def _sounds(take: Take, sha256: str) -> bool:
    return take.delivery is not None and take.delivery.sha256 == sha256


def _nothing(left: Sequence[Left]) -> Rejected:
    ru = "; ".join(f"{each.name}: {each.reason.ru.rstrip('.')}" for each in left) or "записей нет"
    en = "; ".join(f"{each.name}: {each.reason.en.rstrip('.')}" for each in left) or "there are no recordings"
    return Rejected(
        f"Отдавать нечего: {ru}. Ничего не скопировано.", f"Nothing to give: {en}. Nothing was copied.",
        code="nothing_to_export",
    )  # fmt: skip
