"""Packing: everything that was recorded into ZIPs, each proved before the ledger says so.

Called by `work`, which holds the state folder for this process alone. Order of one ZIP: written aside, read back, noted
in `archives.jsonl`, given its name, told to the ledger; a kill between any two costs at most its writing.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from exam import manifest, roomday
from exam.errors import ExamError, Rejected
from exam.language import say
from exam.manifest import Manifest
from sync.handing import archive, inventory
from sync.handing.archive import Content, Unusable
from sync.handing.giving import Handovers, settle, waits
from sync.handing.grouping import Alone, Bundle, File, bundles, folded, free_name, loads, with_alone
from sync.handing.inventory import Heading, Lack
from sync.handing.outbox import Outbox
from sync.handing.records import Archives, Inventoried, Member, Packed, Packing, Spoiled, archives
from sync.ledger import Ledger, Move
from sync.lines import Lines
from sync.model import ItemState
from sync.plan import Found, Key, Reason, Row, may_go
from sync.schedule import exam_day
from sync.source import Changed
from sync.states import ARRIVED, REFUSED

FILE = "archives.jsonl"
_ENDS_BYTES = 2000
"""At most what a ZIP needs beside its files and what is written about them."""

_VANISHED = Reason(
    "архив исчез из папки до передачи, его файлы упакованы заново",
    "the archive vanished from the folder before it was handed over; its files are packed anew",
)
_ALTERED = Reason(
    "архив изменён или повреждён до передачи, его файлы упакованы заново",
    "the archive was altered or damaged before it was handed over; its files are packed anew",
)
_NEEDLESS = Reason(
    "его файлы передаются в других архивах, этот не нужен",
    "its files are handed over in other archives, this one is not needed",
)


class Listener(Protocol):
    """Who is told what happens, to show it to a person."""

    def began(self, name: str, size: int) -> None:
        """The ZIP is being made; `size` bytes are to be moved for it in all."""

    def moved(self, size: int) -> None:
        """So many bytes more were written or read back."""

    def said(self, text: str) -> None:
        """Something a person should know."""


class Packer:
    """One school's recordings on their way into ZIPs of `limit` bytes."""

    def __init__(
        self, outbox: Outbox, ledger: Ledger, handovers: Handovers, *, state: Path, school: str, limit: int,
        now: Callable[[], datetime], listener: Listener,
    ) -> None:  # fmt: skip
        self._school, self._limit, self._outbox, self._ledger = school, limit, outbox, ledger
        self._handovers, self._now, self._listener = handovers, now, listener
        self._lines: Lines[Packing] = Lines(state / FILE, Packing)

    def archives(self) -> Archives:
        """Every ZIP ever packed. Raises OSError."""
        return archives(self._lines.read()[0])

    def used(self) -> bool:
        """Whether ZIPs that wait to be handed over should be lying in the folder."""
        return any(row.state is ItemState.UPLOADED for row in self._ledger.rows().values())

    def look_after(self, *, closely: bool, again: bool) -> None:
        """Make ledger, records and folder agree: finish what was begun, notice what was taken away or altered.

        `closely`: read every waiting ZIP whole, even if nothing seems to have touched it. `again`: that everything is
        gone is meant. Raises Transient when the folder is as bare as that of a drive that was pulled out.
        """
        settle(self._handovers, self._ledger)
        if self.used() and not again:
            self._outbox.check_not_bare()
        self._adopt()
        self._check_waiting(closely=closely)
        self._warn_of_needless()
        self._outbox.clear()

    def pack(self, found: Sequence[Found]) -> None:
        """Pack all of it that can be, ZIP by ZIP; rewrite the inventories. Raises Transient, Fatal, OSError."""
        told = self._told(found)
        while load := self._next(found, told):
            self._make(load, found)
        self.write_inventories(found)

    def pending(self, found: Iterable[Found]) -> set[Key]:
        """What was found and is in no ZIP yet, though nothing speaks against it."""
        rows = self._ledger.rows()
        return {one.item.key for one in found if _is_to_pack(rows[one.item.key]) and one.problem is None}

    def write_inventories(self, found: Sequence[Found]) -> None:
        """Bring the inventories beside the ZIPs up to date."""
        known, rows = self.archives(), self._ledger.rows()
        current = self._current(known, rows)
        for day in sorted({packed.exam_date for packed in known.packed.values()}):
            here = [packed for packed in current if packed.exam_date == day]
            spoiled = [
                known.spoiled[name] for name, packed in sorted(known.packed.items())
                if name in known.spoiled and packed.exam_date == day and packed not in here
            ]  # fmt: skip
            stem = f"{self._school}_{day}_{say(*inventory.NAME)}"
            lacking = self._lacking(day, found)
            self._write_inventory(
                f"{stem}.txt", inventory.beside(Heading(self._school, day), here, spoiled, lacking), known
            )
            self._write_inventory(f"{stem}.csv", inventory.table(here, lacking), known)

    # — making one ZIP —

    def _next(self, found: Sequence[Found], told: dict[Key, Manifest]) -> Bundle | None:
        """What the next ZIP holds; planned anew for each, as a file may have proved unusable meanwhile."""
        taken = self._names_given()
        spoken_for = len(self._inside("", date.max, [], self._lacking(None, found, for_zip=True))) + _ENDS_BYTES

        def named(one: Found) -> str:
            name = free_name(one, taken)
            taken[folded(name)] = one.item.key
            return name

        recordings = bundles(self._pairs(found, told), named, inventory.about)
        together = with_alone(recordings, self._alone(found), named)
        return next(loads(together, self._limit - spoken_for), None)

    def _make(self, load: Bundle, found: Sequence[Found]) -> None:
        name = self._outbox.free_name(load.exam_date, self.archives().packed)
        members = [_member(file) for file in load.files]
        contents = [_content(file) for file in load.files]
        text = (
            f"{say(*inventory.NAME)}.txt",
            self._inside(name, load.exam_date, members, self._lacking(load.exam_date, found, for_zip=True)),
        )
        size = sum(member.size for member in members)
        self._outbox.check_room(size + sum(file.weight - file.found.item.size for file in load.files) + len(text[1]))
        self._listener.began(name, 3 * size)
        try:
            packed = self._written(name, load.exam_date, members, contents, text)
        except Unusable as error:
            self._set_aside(error, load)
            return
        self._lines.append(packed)
        if self._outbox.publish(packed):
            self._enter(packed, self._rows_of(packed))

    def _written(
        self, name: str, day: date, members: Sequence[Member], contents: Sequence[Content], text: tuple[str, bytes]
    ) -> Packed:
        part = self._outbox.part(name)
        try:
            with self._outbox.refusals():
                archive.write(part, contents, text, self._listener.moved)
                sha256 = archive.read_back(part, contents, text, self._listener.moved)
                size = part.stat().st_size
        except BaseException:
            with self._outbox.refusals():
                part.unlink(missing_ok=True)
            raise
        return Packed(name, sha256, size, self._limit, self._now(), day, tuple(members))

    def _set_aside(self, error: Unusable, load: Bundle) -> None:
        """The one file that cannot be packed; everything else goes on without it."""
        one = next(file.found for file in load.files if file.name == error.content.name)
        reason = Reason(error.reason.ru, error.reason.en)
        to = ItemState.CHANGED if isinstance(error.reason, Changed) else ItemState.QUARANTINED
        self._ledger.move(self._ledger.rows()[one.item.key], to, reason=reason, fingerprint=one.fingerprint)
        self._listener.said(f"{one.item.path}: {say(reason.ru, reason.en)}")

    def _enter(self, packed: Packed, rows: Iterable[Row]) -> None:
        reason = waits(packed.zip)
        self._ledger.move_all(
            [(row, ItemState.UPLOADED, {"upload": packed.zip, "offset": row.size, "reason": reason}) for row in rows]
        )
        self._listener.said(
            say(
                f"Готов {packed.zip}: файлов {len(packed.members)}, {packed.size / 1e6:.1f} МБ, прочитан и сверен.",
                f"{packed.zip} is ready: {len(packed.members)} files, {packed.size / 1e6:.1f} MB, read back and equal.",
            )
        )

    # — what is to be packed, and what is lacking —

    def _told(self, found: Iterable[Found]) -> dict[Key, Manifest]:
        """What the manifests tell; one that cannot be read any more is found to be so by the next scan."""
        told = {}
        for one in found:
            if one.item.kind == "manifest" and one.problem is None:
                try:
                    told[one.item.key] = manifest.load(Path(one.file))
                except (Rejected, OSError):
                    continue
        return told

    def _pairs(
        self, found: Sequence[Found], told: dict[Key, Manifest]
    ) -> Iterator[tuple[Manifest, Sequence[Found]]]:  # fmt: skip
        """Recordings with their manifests; never one without the other, unless that one is packed already."""
        by_key, rows = {one.item.key: one for one in found}, self._ledger.rows()
        packed: set[Key] = set()
        for one in found:
            if one.item.key not in told or one.after is None:
                continue
            both = [by_key[one.after], one]
            if all(rows[each.item.key].state in ARRIVED or self._is_sound(each, rows) for each in both):
                fresh = [each for each in both if _is_to_pack(rows[each.item.key]) and each.item.key not in packed]
                packed.update(each.item.key for each in fresh)
                if fresh:
                    yield told[one.item.key], fresh

    def _alone(self, found: Iterable[Found]) -> Iterator[Alone]:
        """What belongs to no recording and is in no ZIP yet; what cannot be read any more the next scan finds."""
        rows = self._ledger.rows()
        for one in found:
            if one.item.kind in {"room", "paper", "package"} and self._is_sound(one, rows) and may_go(one, rows, set()):
                try:
                    yield _told_of(one)
                except (Rejected, OSError):
                    continue

    def _is_sound(self, one: Found, rows: Mapping[Key, Row]) -> bool:
        return one.problem is None and _is_to_pack(rows[one.item.key])

    def _lacking(self, day: date | None, found: Iterable[Found], *, for_zip: bool = False) -> list[Lack]:
        """What of a day (None: of all) was found and is not packed, and what is there no more.

        `for_zip`: told in a ZIP that others may follow, so what can be packed is not lacking.
        """
        rows = self._ledger.rows()
        there = {one.item.key: one for one in found}
        lacks = []
        for key, row in sorted(rows.items()):
            if row.state in ARRIVED or (day is not None and exam_day(row.path) not in {day, None}):
                continue
            if for_zip and key in there and _is_to_pack(row):
                continue
            if key not in there:
                lacks.append(Lack(row.path, say("файла больше нет среди записей", "no longer among the recordings")))
            elif (reason := row.reason or there[key].problem) is not None:
                lacks.append(Lack(row.path, say(reason.ru, reason.en)))
            elif there[key].after is not None:
                lacks.append(Lack(row.path, say("ждёт своей записи", "waits for its recording")))
            else:
                lacks.append(Lack(row.path, say("ещё не упаковано", "not packed yet")))
        return lacks

    def _inside(self, name: str, day: date, members: Sequence[Member], lacking: Sequence[Lack]) -> bytes:
        alone = sum(member.size for member in members) > self._limit
        return inventory.inside(Heading(self._school, day), name, members, lacking, alone=alone)

    def _names_given(self) -> dict[str, Key]:
        known = self.archives()
        current = self._current(known, self._ledger.rows())
        return {folded(member.name): member.key for packed in current for member in packed.members}

    # — what lies in the folder —

    def _current(self, known: Archives, rows: Mapping[Key, Row]) -> list[Packed]:
        """The ZIPs that count: those that hold what waits, and those that were handed over."""
        waiting = {row.upload for row in rows.values() if row.state in {ItemState.UPLOADED, ItemState.HANDED_OVER}}
        given = {parcel.zip for record in self._handovers.holding() for parcel in record.zips}
        return [packed for name, packed in sorted(known.packed.items()) if name in waiting | given]

    def _adopt(self) -> None:
        """ZIPs of an earlier life that the ledger does not know of: whole ones count, nothing is packed twice."""
        known = self.archives()
        for packed in known.packed.values():
            rows = [row for row in self._rows_of(packed) if row.state is ItemState.HASHED]
            if rows and (self._outbox.state(packed) == "whole" or self._outbox.finish(packed)):
                self._enter(packed, rows)

    def _check_waiting(self, *, closely: bool) -> None:
        known = self.archives()
        waiting: dict[str, list[Row]] = {}
        for row in self._ledger.rows().values():
            if row.state is ItemState.UPLOADED:
                waiting.setdefault(row.upload or "", []).append(row)
        for name, rows in waiting.items():
            packed = known.packed.get(name)
            state = self._outbox.state(packed, closely=closely) if packed else "gone"
            if state != "whole":
                self._pack_again(name, rows, _VANISHED if state == "gone" else _ALTERED)

    def _warn_of_needless(self) -> None:
        """ZIPs in the folder whose files went another way: not to be handed over by mistake."""
        known = self.archives()
        current = self._current(known, self._ledger.rows())
        for packed in known.packed.values():
            if packed not in current and packed.zip not in known.spoiled and self._outbox.path(packed.zip).exists():
                self._lines.append(Spoiled(packed.zip, self._now(), _NEEDLESS))
                self._listener.said(f"{packed.zip}: {say(_NEEDLESS.ru, _NEEDLESS.en)}")

    def _pack_again(self, name: str, rows: Sequence[Row], reason: Reason) -> None:
        self._lines.append(Spoiled(name, self._now(), reason))
        changes = {"upload": None, "offset": 0, "reason": reason}
        self._ledger.move_all([(row, ItemState.HASHED, changes) for row in rows])
        self._listener.said(f"{name}: {say(reason.ru, reason.en)}")

    def _rows_of(self, packed: Packed) -> list[Row]:
        rows = self._ledger.rows()
        return [rows[member.key] for member in packed.members if member.key in rows]

    def _write_inventory(self, name: str, content: bytes, known: Archives) -> None:
        if self._outbox.has(name, content):
            return
        self._lines.append(Inventoried(name, hashlib.sha256(content).hexdigest()))
        aside = self._outbox.put(name, content, lambda there: (name, there) in known.inventories)
        if aside is not None:
            self._listener.said(
                say(
                    f"{name} изменён человеком и сохранён как {aside}; опись составлена заново.",
                    f"{name} was changed by a person and is kept as {aside}; the inventory is written anew.",
                )
            )


def note_problems(found: Iterable[Found], ledger: Ledger) -> None:
    """Let the ledger say what must not be packed and why, and what may be looked at again as it changed."""
    rows, moves = ledger.rows(), list[Move]()
    for one in found:
        row = rows[one.item.key]
        if one.problem is not None and _is_to_pack(row):
            to = ItemState.CHANGED if one.changed else ItemState.QUARANTINED
            moves.append((row, to, {"reason": one.problem, "fingerprint": one.fingerprint}))
        elif one.problem is None and row.state in REFUSED and row.fingerprint != one.fingerprint:
            moves.append((row, ItemState.HASHED, {"reason": None, "fingerprint": ""}))
    ledger.move_all(moves)


def note_failure(found: Iterable[Found], error: ExamError, ledger: Ledger) -> None:
    """Let the ledger say why what is to be packed is not."""
    rows, reason = ledger.rows(), Reason(error.ru, error.en)
    stuck = [row for one in found if _is_to_pack(row := rows[one.item.key])]
    ledger.move_all([(row, row.state, {"reason": reason}) for row in stuck if row.reason != reason])


def _told_of(one: Found) -> Alone:
    """Raises Rejected, OSError."""
    path = Path(one.file)
    if one.item.kind == "room":
        told = roomday.load(path)
        return Alone(one, told.exam_date, inventory.about_room(told), told.until)
    day = exam_day(one.item.path) or date.max
    return Alone(one, day, inventory.about_paper(one.item.kind), datetime.fromtimestamp(path.stat().st_mtime, tz=UTC))


def _is_to_pack(row: Row) -> bool:
    return row.state is ItemState.HASHED


def _member(file: File) -> Member:
    item = file.found.item
    return Member(file.name, item.path, item.sha256, item.size, file.about)


def _content(file: File) -> Content:
    item = file.found.item
    return Content(file.name, Path(file.found.file), item.size, item.sha256, file.at)
