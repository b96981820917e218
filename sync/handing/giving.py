"""Handing over: what a person says they gave to whom, kept for good, and the ledger's rows along with it.

Called by `work`, which holds the state folder for this process alone. A record is synced before the ledger follows;
`settle` lets it follow after a crash between the two.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from exam import oswords
from exam.errors import Rejected
from exam.language import say
from sync.handing.archive import sha256_stored
from sync.handing.outbox import Outbox
from sync.handing.records import Archives, Entry, HandedOver, Handing, Packed, Parcel, TakenBack, entries
from sync.ledger import Ledger, Move
from sync.lines import Lines
from sync.model import ItemState
from sync.plan import Key, Reason, Row

FILE = "handovers.jsonl"
_WORDS_AT_MOST = 500

Now = Callable[[], datetime]


class Handovers:
    """The records in the state folder; only ever added to."""

    def __init__(self, state: Path) -> None:
        self._lines: Lines[Handing] = Lines(state / FILE, Handing)

    def entries(self) -> list[Entry]:
        """Every record with its correction, in order. Raises OSError."""
        return entries(self._lines.read()[0])

    def torn(self) -> list[int]:
        """The numbers of lines that cannot be read."""
        return self._lines.read()[1]

    def holding(self) -> list[HandedOver]:
        """The records that were not taken back."""
        return [entry.record for entry in self.entries() if entry.taken_back is None]

    def add(self, record: Handing) -> None:
        self._lines.append(record)

    def next_number(self) -> int:
        numbers = [entry.record.number for entry in self.entries()]
        return max(numbers, default=0) + len(self.torn()) + 1


class Act(Struct, frozen=True):
    """What a person says: `by` gave to `to` by this `way`, `at` a time they name, or just now."""

    by: str
    to: str
    way: str
    note: str = ""
    at: datetime | None = None


def hand_over(act: Act, packed: Iterable[Packed], handovers: Handovers, ledger: Ledger, now: Now) -> HandedOver | None:
    """Record that these ZIPs were handed over; None when exactly this is on record already.

    Raises Rejected for what cannot have been, OSError as the disk does.
    """
    act = _sensible(act, now())
    chosen = [each for each in packed if not _known(each, act, handovers.holding())]
    if not chosen:
        settle(handovers, ledger)
        return None
    if act.at is not None and (late := [each for each in chosen if act.at < each.at]):
        raise Rejected(
            f"Архив {late[0].zip} упакован {_moment(late[0].at)}, позже названного времени передачи. Проверьте --at.",
            f"The archive {late[0].zip} was packed {_moment(late[0].at)}, after the time named. Check --at.",
            code="bad_time",
        )
    record = HandedOver(
        number=handovers.next_number(), at=act.at or now(), noted_at=now(), by=act.by, to=act.to, way=act.way,
        note=act.note,
        zips=tuple(Parcel(each.zip, each.sha256, each.size, tuple(m.key for m in each.members)) for each in chosen),
    )  # fmt: skip
    handovers.add(record)
    settle(handovers, ledger)
    return record


def take_back(number: int, handovers: Handovers, ledger: Ledger, now: Now, *, by: str, reason: str) -> bool:
    """Record that record `number` was a mistake; False when that is on record already. Raises Rejected, OSError."""
    entry = next((each for each in handovers.entries() if each.record.number == number), None)
    if entry is None:
        raise Rejected(
            f"Записи о передаче № {number} нет. Какие есть: station-sync handovers.",
            f"There is no record {number} of handing over. Those there are: station-sync handovers.",
            code="no_record",
        )
    if entry.taken_back is None:
        handovers.add(TakenBack(number, now(), _line(by, "--by"), _line(reason, "--reason")))
    settle(handovers, ledger)
    return entry.taken_back is None


def settle(handovers: Handovers, ledger: Ledger) -> None:
    """Let the ledger say what the records say: what is on record is handed over, and nothing else is."""
    given = {key: reason for record in handovers.holding() for key, reason in _reasons(record).items()}
    is_certain = not handovers.torn()
    rows = ledger.rows()
    ledger.move_all([(row, ItemState.UPLOADED, {}) for key, row in rows.items() if key in given and _is_to_pack(row)])
    moves: list[Move] = []
    for key, row in ledger.rows().items():
        zip_name, reason = given.get(key, ("", None))
        if reason and (
            row.state is ItemState.UPLOADED or (row.state is ItemState.HANDED_OVER and row.reason != reason)
        ):
            moves.append((row, ItemState.HANDED_OVER, {"upload": zip_name, "offset": row.size, "reason": reason}))
        elif not reason and row.state is ItemState.HANDED_OVER and is_certain:
            moves.append((row, ItemState.UPLOADED, {"reason": waits(row.upload or "")}))
    ledger.move_all(moves)


def choose(names: Iterable[str], archives: Archives, outbox: Outbox) -> list[Packed]:
    """The ZIPs meant: names of ours, or paths to wherever they were moved. Raises Rejected for any other.

    Each is read whole: what is not as it was packed was not handed over.
    """
    return list({each.zip: each for each in (_one(name, archives, outbox) for name in names)}.values())


def waits(zip_name: str) -> Reason:
    """Why what is packed is not yet handed over."""
    return Reason(
        f"упаковано в {zip_name}, ждёт передачи человеком",
        f"packed into {zip_name}, waits to be handed over by a person",
    )


def in_words(record: HandedOver) -> str:
    """Who, to whom, when, how."""
    ru = f"сдал {record.by}, принял {record.to}, {_moment(record.at)}, {record.way}"
    en = f"by {record.by} to {record.to}, {_moment(record.at)}, {record.way}"
    return say(ru, en) + (f" ({record.note})" if record.note else "")


def _one(name: str, archives: Archives, outbox: Outbox) -> Packed:
    elsewhere = Path(name)
    known = archives.packed.get(elsewhere.name)
    if known is None:
        raise Rejected(
            f"Архив «{name}» не наш: под таким именем ничего не упаковано. Имена — в описи рядом с архивами.",
            f"The archive “{name}” is not ours: nothing was packed under that name. The inventory lists the names.",
            code="unknown_zip",
        )
    path = outbox.path(name) if elsewhere.name == name else elsewhere
    try:
        same = path.stat().st_size == known.size and sha256_stored(path) == known.sha256
    except OSError as error:
        raise Rejected(
            f"Архив {path} не читается ({oswords.ru(error)}): проверить, что передано, нельзя. Если он перенесён, "
            f"назовите место: station-sync handed-over /ПАПКА/{known.zip} …",
            f"The archive {path} cannot be read ({error.strerror}), so what was handed over cannot be checked. If it "
            f"was moved, name the place: station-sync handed-over /FOLDER/{known.zip} …",
            code="no_zip",
        ) from error
    if not same:
        raise Rejected(
            f"Архив {path} изменён после упаковки: передача не записана. Выполните station-sync pack: его файлы будут "
            "упакованы заново под новым именем, передайте новый архив.",
            f"The archive {path} was altered after it was packed: nothing is recorded. Run station-sync pack: its "
            "files are packed anew under a new name; hand over the new archive.",
            code="altered_zip",
        )
    return known


def _reasons(record: HandedOver) -> dict[Key, tuple[str, Reason]]:
    ru = f"передано человеком: сдал {record.by}, принял {record.to}, {_moment(record.at)}, {record.way}"
    en = f"handed over by a person: {record.by} to {record.to}, {_moment(record.at)}, {record.way}"
    return {
        key: (parcel.zip, Reason(f"{ru}; архив {parcel.zip}", f"{en}; archive {parcel.zip}"))
        for parcel in record.zips
        for key in parcel.files
    }


def _is_to_pack(row: Row) -> bool:
    return row.state is ItemState.HASHED


def _known(packed: Packed, act: Act, records: Iterable[HandedOver]) -> bool:
    return any(
        (record.by, record.to, record.way) == (act.by, act.to, act.way)
        and (act.at is None or record.at == act.at)
        and any(parcel.sha256 == packed.sha256 for parcel in record.zips)
        for record in records
    )


def _sensible(act: Act, now: datetime) -> Act:
    if act.at is not None and act.at > now:
        raise Rejected(
            f"Время передачи {_moment(act.at)} ещё не наступило. Проверьте --at и часы компьютера.",
            f"The time of handing over, {_moment(act.at)}, is yet to come. Check --at and the computer's clock.",
            code="bad_time",
        )
    note = _line(act.note, "--note") if act.note.strip() else ""
    return Act(_line(act.by, "--by"), _line(act.to, "--to"), _line(act.way, "--way"), note, act.at)


def _line(words: str, key: str) -> str:
    found = " ".join(words.split())
    if not found or len(found) > _WORDS_AT_MOST or not found.isprintable():
        raise Rejected(
            f"{key}: ожидается строка слов, не длиннее {_WORDS_AT_MOST} знаков.",
            f"{key}: expected a line of words, at most {_WORDS_AT_MOST} signs.",
            code="bad_words",
        )
    return found


def _moment(at: datetime) -> str:
    return f"{at.astimezone():%d.%m.%Y %H:%M}"
