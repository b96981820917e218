"""What is not acknowledged yet, onto a drive: each file read back from it, the list and the note last.

A call that was cut short is repeated and goes on in the same folder; nothing there is written over. Called by
`commands`.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from exam import copying, durable, windows
from exam import drive as drives_of
from exam.copying import NotTheSame, SourceFailed
from exam.drive import Drive
from exam.errors import Rejected
from exam.language import say
from sync import ledger
from sync.config import Config
from sync.drives import sealing
from sync.drives.model import (
    LIST,
    NOTE,
    DriveFile,
    DriveList,
    DriveNote,
    Left,
    folder_name,
    stored_plain,
    stored_sealed,
)
from sync.drives.records import Begun, Carried, Drives, Made, Stored
from sync.model import ItemState
from sync.plan import Found, Key, Reason
from sync.schedule import exam_day
from sync.school.outgoing import scan

READ_ME = "ПРОЧТИ.txt"
_PAPERS_BYTES = 4 << 20
_WAYS = 2  # onto the drive, and back from it
_LISTED = 3

Tell = Callable[[int, int], None]
"""Told how many of how many bytes were written or read back."""


class Written(Struct, frozen=True):
    """A finished drive."""

    note: DriveNote
    folder: Path
    carried: Carried
    left: tuple[Left, ...]


class Order(Struct, frozen=True):
    """What a person asks for: whom the files are encrypted to (none: plain), and who answers for it."""

    by: str
    recipients: tuple[str, ...] = ()
    everything: bool = False


def write(config: Config, path: Path, order: Order, key: str, *, now: datetime, tell: Tell) -> Written:
    """Write the day onto the drive at `path`. `key`: what the note is authenticated with.

    Raises Rejected as the drive refuses or there is nothing to carry, ConfigError for a wrong recipient.
    """
    recipients = sealing.recipients_of(order.recipients)
    found, left, arrived = _to_carry(config, everything=order.everything)
    if not found:
        raise _nothing(left)
    drives = Drives(config.state)
    drives_of.opened(path, ".", _ours(config))  # refused before anything is noted
    begun = _on(drives, path, order, found) or drives.begin(
        lambda number: _new(config.school, number, found, order, now)
    )
    drive = drives_of.opened(path, begun.folder, _ours(config))
    with drives_of.held(drive):
        drive.prepare()
        journey = _Journey(drive, drives, begun, recipients, tell)
        before = set(journey.files)
        left += journey.carry(found, arrived)
        note = _finished(drive, drives.one(begun.number)) if before == set(journey.files) else None
        if note is None:
            note = _close(journey, config, key, now)
            drives.add(Made(begun.number, note.sha256, now))
    return Written(note, drive.folder, drives.one(begun.number), tuple(left))


def _ours(config: Config) -> list[Path]:
    return [*config.recordings, config.scans, config.state]


def _to_carry(config: Config, *, everything: bool) -> tuple[list[Found], list[Left], set[Key]]:
    """What there is and is not acknowledged, what cannot go, and what is there already."""
    arrived = {row.key for row in ledger.read(config.state) if row.state is ItemState.DELIVERED}
    seen = scan(config, streams=config.streams).found
    wanted = [one for one in seen if everything or one.item.key not in arrived]
    sound = [one for one in wanted if one.problem is None]
    return sound, [Left(one.item.path, one.problem) for one in wanted if one.problem is not None], arrived


def _on(drives: Drives, path: Path, order: Order, found: Sequence[Found]) -> Begun | None:
    """What an earlier call began on this very drive and did not finish, or finished with just these files."""
    wanted = {one.item.key for one in found}
    for one in reversed(drives.all().values()):
        is_same = one.made is None or {(file.path, file.sha256) for file in one.files} == wanted
        is_ours = is_same and one.lost is None and one.begun.recipients == order.recipients
        if is_ours and (path / one.begun.folder).is_dir():
            return one.begun
    return None


def _finished(drive: Drive, known: Carried) -> DriveNote | None:
    """The note of a drive that is whole and was finished before; None where it is to be written."""
    try:
        note = msgspec.json.decode((drive.folder / NOTE).read_bytes(), type=DriveNote)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return note if known.made is not None and known.made.note_sha256 == note.sha256 else None


def _new(school: str, number: int, found: Sequence[Found], order: Order, now: datetime) -> Begun:
    day = max((exam_day(one.item.path) or date.min for one in found), default=now.date())
    return Begun(number, folder_name(school, day, number), day, order.recipients, order.by, now)


class _Journey:
    """One call: what lies on the drive so far."""

    def __init__(self, drive: Drive, drives: Drives, begun: Begun, recipients: Sequence[Any], tell: Tell) -> None:
        self.drive, self.begun, self.recipients = drive, begun, recipients
        self._drives, self._tell = drives, tell
        self.files = {(file.path, file.sha256): file for file in drives.one(begun.number).files}
        self._size, self._done = 0, 0

    def carry(self, found: Sequence[Found], arrived: AbstractSet[Key]) -> list[Left]:
        """Every file that is not there yet; what cannot go. A manifest goes only with what it tells of, or after it.

        Raises Rejected as the drive refuses.
        """
        missing = {one.item.key for one in found if not self._is_there(one)}
        self.drive.check_room([*(one.item.size for one in found if one.item.key in missing), _PAPERS_BYTES])
        self._size = _WAYS * sum(one.item.size for one in found)
        left = []
        for one in found:
            reason = self._refusal(one, arrived) if one.item.key in missing else None
            if reason is not None:
                left.append(Left(one.item.path, reason))
            if one.item.key not in self.files:
                self._size -= _WAYS * one.item.size
            elif one.item.key not in missing:
                self._moved(_WAYS * one.item.size)
        return left

    def _refusal(self, one: Found, arrived: AbstractSet[Key]) -> Reason | None:
        """Put the file onto the drive; why it could not go. Raises Rejected as the drive refuses."""
        there = self.files.keys() | arrived
        if (one.after is not None and one.after not in there) or not one.needs <= {sha256 for _, sha256 in there}:
            return _NOT_ALONE
        if not self.drive.fits(one.item.size):
            return _too_large(self.drive)
        before = self._done
        try:
            self._store(one)
        except SourceFailed:
            self._done = before
            return _CHANGED
        except FileExistsError:
            return _TAKEN
        return None

    def _moved(self, size: int) -> None:
        self._done += size
        self._tell(min(self._done, self._size), self._size)

    def _is_there(self, one: Found) -> bool:
        """Whether an earlier call put it there; read back, as drives forget."""
        file = self.files.get(one.item.key)
        path = self.drive.folder / file.stored if file else None
        with self.drive.refusals():
            is_there = bool(file and path and path.is_file() and copying.proved(path, _quietly) == file.stored_sha256)
        if file and not is_there:
            del self.files[one.item.key]
        return is_there

    def _store(self, one: Found) -> None:
        """Raises Rejected as the drive refuses, SourceFailed, FileExistsError where every name is taken."""
        item = one.item
        file = DriveFile(item.path, item.kind, item.size, item.sha256, item.path, item.sha256)
        with self.drive.refusals():
            file = self._seal(one, file) if self.recipients else self._copy(one, file)
        self._drives.add(Stored(self.begun.number, file))
        self.files[item.key] = file

    def _copy(self, one: Found, file: DriveFile) -> DriveFile:
        """Under its name, or marked where other content has that: an older drive's, another computer's."""
        durable.make_folder((self.drive.folder / file.path).parent)
        for stored in stored_plain(file):
            target = self.drive.folder / stored
            if not target.exists():
                copying.copy(Path(one.file), target, file.sha256, self._moved)
            elif copying.proved(target, _quietly) != file.sha256:
                continue  # else a call put it there that was killed before it could be noted
            return replace(file, stored=stored)
        raise FileExistsError

    def _free(self) -> Path:
        """The next number that no file bears, noted or not."""
        order = len(self.files) + 1
        while (target := self.drive.folder / stored_sealed(order)).exists():
            order += 1
        return target

    def _seal(self, one: Found, file: DriveFile) -> DriveFile:
        """Encrypted, under a number; proved by what the drive gives back."""
        target = self._free()
        temporary = durable.temporary_in(target.parent)
        try:
            with _opened(Path(one.file)) as opened, temporary.open("xb") as sealed:
                plain = _Hashing(opened, self._moved)
                written = _Hashing(sealed, _quietly)
                sealing.encrypt(plain, written, self.recipients)
            if plain.sha256 != file.sha256:
                raise SourceFailed("sha256")
            durable.sync(temporary)
            if copying.proved(temporary, self._moved) != written.sha256:
                raise NotTheSame
            durable.move_without_replacing(temporary, target)
        finally:
            with suppress(OSError):  # the drive may be gone, and the file with it
                temporary.unlink(missing_ok=True)
        return replace(file, stored=target.name, stored_sha256=written.sha256)


class _Hashing:
    """A file being read or written, and the SHA-256 of what went through."""

    def __init__(self, file: IO[bytes], tell: copying.Tell) -> None:
        self._file, self._tell, self._digest = file, tell, hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Raises SourceFailed."""
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise SourceFailed(str(error.strerror)) from error
        self._digest.update(piece)
        self._tell(len(piece))
        return piece

    def write(self, piece: bytes) -> int:
        """Raises OSError."""
        self._digest.update(piece)
        return self._file.write(piece)

    def flush(self) -> None:
        """Raises OSError."""
        self._file.flush()


def _opened(file: Path) -> IO[bytes]:
    """Raises SourceFailed."""
    try:
        return file.open("rb")
    except OSError as error:
        raise SourceFailed(str(error.strerror)) from error


def _close(journey: _Journey, config: Config, key: str, now: datetime) -> DriveNote:
    """The list, what a person should know, and the note last."""
    drive, begun = journey.drive, journey.begun
    files = tuple(journey.files.values())
    listed = msgspec.json.format(msgspec.json.encode(DriveList(files)), indent=1)
    if journey.recipients:
        sealed = io.BytesIO()
        sealing.encrypt(io.BytesIO(listed), sealed, journey.recipients)
        listed = sealed.getvalue()
    note = DriveNote(
        school=config.school, exam_date=begun.exam_date, number=begun.number, made_at=now,
        encrypted=begun.encrypted, files=len(files), size=sum(file.size for file in files),
        list_sha256=hashlib.sha256(listed).hexdigest(),
    ).sealed(key)  # fmt: skip
    with drive.refusals():
        for name, content in (
            (note.list_name, listed),
            (READ_ME, windows.text(_read_me(note))),
            (NOTE, note.written),
        ):
            copying.put(content, drive.folder / name, continues=True)
    return note


def _read_me(note: DriveNote) -> Iterator[str]:
    yield say("Записи итогового собеседования", "Recordings of the oral exam")
    yield say(f"Школа {note.school}, {note.exam_date:%d.%m.%Y}, накопитель № {note.number}",
              f"School {note.school}, {note.exam_date}, drive no. {note.number}")  # fmt: skip
    yield say(f"Файлов: {note.files}. Описание: {LIST}.", f"Files: {note.files}. List: {LIST}.")
    if note.encrypted:
        yield say("Файлы зашифрованы: прочтёт только РЦОИ.", "The files are encrypted: only the centre can read them.")
    yield say("Здесь имена и голоса несовершеннолетних: храните под замком, о пропаже сообщите сразу.",
              "Names and voices of minors: keep it locked away, report a loss at once.")  # fmt: skip


def _too_large(drive: Drive) -> Reason:
    return Reason(f"больше, чем вмещает {drive.kind}: нужен накопитель с exFAT или NTFS",
                  f"larger than {drive.kind} can hold: take a drive with exFAT or NTFS")  # fmt: skip


_TAKEN = Reason("под этим именем на накопителе лежит другой файл: возьмите другой накопитель",
                "another file has this name on the drive: take another drive")  # fmt: skip
_CHANGED = Reason("файл не читается или изменён: station-sync status скажет больше",
                  "the file cannot be read or was changed: see station-sync status")  # fmt: skip
_NOT_ALONE = Reason("того, о чём этот файл говорит, нет ни на накопителе, ни у получателя",
                    "what this file tells of is neither on the drive nor at the receiver's")  # fmt: skip


def _nothing(left: Sequence[Left]) -> Rejected:
    if not left:
        return Rejected(
            "Везти нечего: всё подтверждено получателем или ещё не готово (station-sync status).",
            "There is nothing to carry: all is acknowledged, or not ready yet (station-sync status).",
            code="nothing_to_carry",
        )
    ru = "; ".join(f"{one.path}: {one.reason.ru}" for one in left[:_LISTED])
    en = "; ".join(f"{one.path}: {one.reason.en}" for one in left[:_LISTED])
    return Rejected(f"Ни один файл не годится ({len(left)}). {ru}.", f"No file will do ({len(left)}). {en}.",
                    code="nothing_to_carry")  # fmt: skip


def _quietly(_size: int) -> None:
    """Reading what lies there already is no progress."""
