"""A deletion from beginning to end, so that a kill at any moment leaves nothing unsaid: noted, unlinked, signed for.

Called by `commands`. Each file is judged again at the moment it goes: its proofs are read and verified anew, its bytes
hashed.
"""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from exam.errors import Rejected
from sync.config import Config
from sync.plan import Reason
from sync.retention import looking, removing
from sync.retention.book import Book
from sync.retention.judging import REMAINS, Content, Lying, Term, Verdict, judge, judge_all
from sync.retention.proofs import Proofs
from sync.retention.records import Begun, Deleting, DeletionRecord, Gone, Kept, Signed, next_number, unfinished
from sync.retention.removing import NotTheSame

Now = Callable[[], datetime]
_CHANGED = Reason("не тот, что в описании записи", "not what its manifest says")
_THERE = Reason("ещё лежит на месте", "still lies there")


class Remains(Struct, frozen=True):
    """A deletion that was cut short: how many files were noted, and those that still lie there."""

    number: int
    noted: int
    there: tuple[str, ...]


class Done(Struct, frozen=True):
    """A deletion that is signed for in `file`."""

    file: Path
    record: DeletionRecord


class _NotAgreed(Exception):
    """At the last moment it turned out that the file has to stay."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


def look(config: Config, now: Now) -> list[Verdict]:
    """What may be deleted, and what not and why."""
    proofs, today = Proofs(config), now().date()
    return judge_all(looking.files(config), term_of(config), proofs.of, today)


def term_of(config: Config) -> Term:
    """What `[retention]` says."""
    return Term(config.retention.until, config.retention.days)


def remains(config: Config) -> Remains | None:
    """What an earlier call left unfinished. Raises Fatal when the book cannot be read."""
    begun = unfinished(Book(config.state).events())
    if begun is None:
        return None
    there = tuple(line.file.place for line in begun.lines if _lies(line.file))
    return Remains(begun.number, len(begun.lines), there)


def delete(config: Config, by: str, now: Now) -> Done | None:
    """Delete what may be, ending what an earlier call began; None when there is nothing to do.

    Raises Rejected when this user may not, Fatal when book or key are broken; then nothing was deleted.
    """
    check_rights(config, ())
    book = Book(config.state)
    with book.held():
        settled = _settled(book, now)
        going = sorted((each for each in look(config, now) if each.deletable), key=lambda each: each.file.is_manifest)
        begun = unfinished(book.events())
        if not going and begun is None:
            return settled
        check_rights(config, (verdict.file for verdict in going))
        book.key()  # without it nothing could be signed for
        number = begun.number if begun else next_number(book.events())
        kept = _Removal(config, book, number, by, now).all_of(going)
        return _sign(config, book, kept, now)


def check_rights(config: Config, going: Iterable[Lying]) -> None:
    """Raises Rejected unless this user may delete these files and note it."""
    folders = {Path(file.place).parent for file in going} | {config.state}
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Rejected(
                f"Этому пользователю нельзя удалять в {folder}: служба отправки записи только читает. Ничего не "
                "удалено. Выполните от имени администратора: sudo station-sync retention delete …",
                f"This user may not delete in {folder}: the delivery service only reads recordings. Nothing was "
                "deleted. Run it as the administrator: sudo station-sync retention delete …",
                code="not_permitted",
            )


class _Removal:
    """One call's deletions, one after the other."""

    def __init__(self, config: Config, book: Book, number: int, by: str, now: Now) -> None:
        self._term, self._proofs = term_of(config), Proofs(config)
        self._book, self._number, self._by, self._now = book, number, by, now

    def all_of(self, going: Iterable[Verdict]) -> dict[str, Reason]:
        """Delete them, manifests last; those that stay after all, by place, and why."""
        kept: dict[str, Reason] = {}
        staying: set[tuple[Content, ...]] = set()
        for verdict in going:
            file = verdict.file
            reason = REMAINS if file.is_manifest and file.needs in staying else self._one(verdict)
            if reason is not None:
                kept[file.place] = reason
                staying.add(file.needs)
        return kept

    def _one(self, verdict: Verdict) -> Reason | None:
        try:
            removing.remove(verdict.file, lambda: self._agree(verdict.file))
        except NotTheSame:
            return _CHANGED
        except _NotAgreed as error:
            return error.reason
        except OSError as error:
            return Reason(f"не удаляется: {error.strerror}", f"cannot be deleted: {error.strerror}")
        return None

    def _agree(self, file: Lying) -> None:
        """The last word on a file: its proofs once more, then the line in the book."""
        verdict = judge(file, self._term, self._proofs.of, self._now().date())
        if verdict.reason is not None:
            raise _NotAgreed(verdict.reason)
        self._book.note(
            Deleting(
                self._number, self._now(), self._by, file.folder, file.path, file.size, file.sha256 or "", file.dated,
                verdict.proofs,
            )
        )  # fmt: skip


def _sign(config: Config, book: Book, kept: dict[str, Reason], now: Now) -> Done:
    begun = unfinished(book.events())
    if begun is None:
        raise Rejected(
            "Ничего не удалено: " + "; ".join(f"{place}: {why.ru}" for place, why in kept.items()),
            "Nothing was deleted: " + "; ".join(f"{place}: {why.en}" for place, why in kept.items()),
            code="nothing_deleted",
        )
    record = _record(config, begun, kept, now)
    path = book.publish(record)
    book.note(Signed(begun.number, now(), path.name))
    return Done(path, record)


def _record(config: Config, begun: Begun, kept: dict[str, Reason], now: Now) -> DeletionRecord:
    """What is noted and gone, and what is not: by what lies there now."""
    gone: list[Gone] = []
    stay: dict[str, Kept] = {}
    for line in begun.lines:
        place = line.file.place
        if _lies(line.file):
            stay[place] = Kept(place, line.sha256, kept.get(place, _THERE))
        else:
            gone.append(Gone(place, line.size, line.sha256, line.dated, line.at, line.by, line.proofs))
    stay |= {place: Kept(place, "", why) for place, why in kept.items() if place not in stay}
    return DeletionRecord(
        school=config.school, number=begun.number, begun_at=min(line.at for line in begun.lines), ended_at=now(),
        term=term_of(config).as_told(), files=tuple(gone), kept=tuple(stay.values()),
    )  # fmt: skip


def _settled(book: Book, now: Now) -> Done | None:
    """A record that was published just before a kill ends its deletion."""
    begun = unfinished(book.events())
    found = book.signed(begun) if begun else None
    if begun is None or found is None:
        return None
    book.note(Signed(begun.number, now(), found[0].name))
    return Done(*found)


def _lies(file: Lying) -> bool:
    try:
        return removing.is_there(file)
    except OSError:
        return True  # it cannot be said that it is gone
