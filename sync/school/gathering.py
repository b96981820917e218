"""Everything known of a school's day, read from disk: rooms' records, manifests, the roster, decisions, the ledger.

The one way to a `SchoolDay`, for commands and pages; reads only. What cannot be read becomes a fault, nothing is raised
for it, everything else goes on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace

from exam import fixity, manifest, oswords, roomday, roster
from exam.errors import ConfigError, ExamError, Rejected
from exam.roomday import RoomDay
from sync import ledger, wording
from sync.config import Config
from sync.model import ItemState, Tier
from sync.naming import candidates, is_part
from sync.plan import Reason, Row
from sync.receipts import Receipts
from sync.scans.looking import look
from sync.scans.model import Scans
from sync.school.assembling import Evidence, assemble
from sync.school.cells import Arrival
from sync.school.decisions import Headquarters
from sync.school.model import Fault, File, Mark, SchoolDay
from sync.school.papers import papers_of
from sync.school.rooms import Recorded, latest, takes_of
from sync.states import ARRIVED, DONE, REFUSED
from sync.watch import check_file

_DAY_FOLDER = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})_[^_]+")
_HASHES_KEPT = 4096
_ELSEWHERE: dict[Tier, Reason] = {
    "hub": Reason("принято в Штабе, в РЦОИ ещё нет", "at the headquarters, not yet at the centre"),
    "folder": Reason("лежит в папке или на накопителе, в РЦОИ ещё нет", "in a folder, not yet at the centre"),
}


def gather(config: Config, exam_date: date | None = None, *, scan_seconds: float | None = None) -> SchoolDay:
    """The day of `exam_date`, else the configured one, else the latest there is.

    `scan_seconds`: go on opening new scans for about so long, None: open them all. Raises ConfigError where the roster
    is not configured or wrong, Rejected where no day is known, Fatal when the ledger cannot be read.
    """
    if config.roster is None:
        raise ConfigError(
            f"{config.file}: school.roster: для сбора комплекта нужен список участников всей школы",
            f"{config.file}: school.roster: packaging a day takes the whole school's roster",
        )
    day = exam_date or config.exam.date or _latest(config)
    found = _Found(config, day)
    found.look()
    people = roster.load(config.roster)
    scans = _scans(config, people, day, scan_seconds)
    rows = ledger.read(config.state)
    return assemble(
        Evidence(
            school=config.school,
            school_name=config.school_name,
            exam_date=day,
            scheme=config.exam.scheme,
            recording=config.exam.recording,
            papers_way=config.papers,
            streams=config.streams,
            roster=people,
            records=found.records,
            recorded=found.recorded,
            papers=papers_of(
                scans.papers,
                takes_of(latest(found.records), found.recorded),
                people,
                school=config.school,
                exam_date=day,
            ),
            scans=scans,
            decisions=Headquarters(config.state).of(day),
            arrivals=_arrivals(config, rows),
            faults=[*_emptied(rows, day, found.recorded), *found.faults],
        )
    )


def _emptied(rows: Sequence[Row], day: date, recorded: Sequence[Recorded]) -> Iterator[Fault]:
    """All that arrived was taken from here since: then what lacks below is no news, and nothing to be mended."""
    arrived = {row.sha256 for row in rows if row.state in DONE and _is_of(row, day)}
    if arrived and not recorded:
        yield Fault(
            "emptied",
            Reason(
                f"переданных файлов этого дня здесь больше нет ({len(arrived)}): удалены по сроку хранения или убраны. "
                "Что передано, сказано в переданном комплекте; новую версию по пустым папкам не передавайте",
                f"the day's files that were delivered are no longer here ({len(arrived)}): deleted after their "
                "retention, or taken away. The released package tells what was delivered; release no new version of "
                "empty folders",
            ),
        )


def _is_of(row: Row, day: date) -> bool:
    """Whether it is a recording of this day."""
    return row.kind in {"participant", "stream"} and _date_of(Path(row.path).parent) == day


def _scans(config: Config, people: roster.Roster, day: date, seconds: float | None) -> Scans:
    if config.papers == "by_hand" and not config.scans.is_dir():
        return Scans()
    return look(config, people, exam_date=day, seconds=seconds)


class _Found:
    """What one look at the day folders finds."""

    def __init__(self, config: Config, day: date) -> None:
        self._config, self._day = config, day
        self.records: list[RoomDay] = []
        self.faults: list[Fault] = []
        self._seen: dict[str, Recorded | None] = {}

    @property
    def recorded(self) -> list[Recorded]:
        return [one for one in self._seen.values() if one is not None]

    def look(self) -> None:
        for folder in self._config.recordings:
            for day in self._within(folder, _days):
                if _date_of(day) == self._day:
                    for path in self._within(day, _manifests):
                        self._look_at(path)

    def _within(self, folder: Path, listed: Callable[[Path], list[Path]]) -> list[Path]:
        try:
            return listed(folder)
        except OSError as error:
            why_ru, why_en = oswords.both(error)
            self._note("damaged", folder, f"папка не читается: {why_ru}; проверьте права и диск",
                       f"the folder cannot be read: {why_en}; check permissions and the disk")  # fmt: skip
            return []

    def _look_at(self, path: Path) -> None:
        try:
            self._read(path)
        except (ExamError, OSError) as error:
            self._note("damaged", path, str(error), str(error))

    def _read(self, path: Path) -> None:
        check_file(path)
        sha256 = fixity.sha256_of(path)
        if sha256 in self._seen:
            self._read_again(path.parent, sha256)
            return
        self._seen[sha256] = None
        told = roomday.load(path) if roomday.is_room_day(path.name) else manifest.load(path)
        if told.school != self._config.school:
            ru = f"это файл другой школы ({told.school}): уберите его из папки записей"
            self._note("other_school", path, ru, f"a file of another school ({told.school}): take it away")
        elif told.exam_date == self._day and isinstance(told, RoomDay):
            self.records.append(told)
        elif told.exam_date == self._day and not isinstance(told, RoomDay):
            file = File(path.name, sha256, path.stat().st_size)
            self._seen[sha256] = Recorded(told, file, here=_is_here(path.parent, told))

    def _read_again(self, folder: Path, sha256: str) -> None:
        """The same manifest in another folder: the recording may lie beside this one alone."""
        known = self._seen[sha256]
        if known is not None and not known.here:
            self._seen[sha256] = replace(known, here=_is_here(folder, known.told))

    def _note(self, code: str, path: Path, ru: str, en: str) -> None:
        shown = f"{path.parent.name}/{path.name}"
        self.faults.append(Fault(code, Reason(f"{shown}: {ru}", f"{shown}: {en}"), file=shown))


def content_of(folder: Path, name: str, sha256: str, size: int) -> Path | None:
    """The file in `folder` that holds this content: under its name, or as it lies where that was taken; None: not here.

    Whatever was hashed once is not read again until it changes.
    """
    for candidate in candidates(name, sha256):
        path = folder / candidate
        try:
            status = path.lstat()
            if (
                status.st_size == size
                and _hashed(path, (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)) == sha256
            ):
                return path
        except OSError:
            continue
    return None


@lru_cache(_HASHES_KEPT)
def _hashed(path: Path, _identity: tuple[int, int, int]) -> str:
    return fixity.sha256_of(path)


def _is_here(folder: Path, told: manifest.Manifest) -> bool:
    copy = told.deliveries[0] if told.deliveries else None
    name, sha256, size = (copy.file, copy.sha256, copy.size) if copy else (told.audio.file, told.sha256, told.size)
    return content_of(folder, name, sha256, size) is not None


def _latest(config: Config) -> date:
    days = [_date_of(day) for folder in config.recordings for day in _days(folder)]
    known = [day for day in days if day is not None]
    if not known:
        raise Rejected(
            "Дня экзамена ещё нет: в папках записей пусто. Укажите дату в [exam] date или дождитесь записей.",
            "There is no exam day yet: nothing was recorded. Set [exam] date, or wait for recordings.",
            code="no_day",
        )
    return max(known)


def _days(folder: Path) -> list[Path]:
    """The folders in a watched folder, none where that is not there yet. Raises OSError."""
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return []


def _manifests(folder: Path) -> list[Path]:
    """Raises OSError."""
    found = (path for path in folder.iterdir() if path.name.endswith(manifest.SUFFIX))
    return sorted(path for path in found if not is_part(path.name) and not path.name.startswith("."))


def _date_of(folder: Path) -> date | None:
    found = _DAY_FOLDER.fullmatch(folder.name)
    try:
        return date.fromisoformat(found["date"]) if found else None
    except ValueError:
        return None


def _arrivals(config: Config, rows: Sequence[Row]) -> dict[str, Arrival]:
    """How far each content is, by its SHA-256: of several ways the one that came farthest."""
    receipts = Receipts(config.state, configured_key=config.server_key, tier=config.tier)
    found: dict[str, Arrival] = {}
    for row in sorted(rows, key=lambda row: row.state is ItemState.DELIVERED):
        if row.sha256:
            found[row.sha256] = _arrival(row, receipts)
    return found


def _arrival(row: Row, receipts: Receipts) -> Arrival:
    receipt = receipts.stored(row.sha256) if row.state is ItemState.DELIVERED else None
    if receipt is not None:
        elsewhere = _ELSEWHERE.get(receipt.tier)
        return Arrival(Mark.YES, elsewhere, Mark.OPEN if elsewhere else Mark.YES)
    if row.state is ItemState.HANDED_OVER:
        given = Reason("передано человеком, подтверждения РЦОИ нет", "handed over by a person, not acknowledged")
        return Arrival(Mark.YES, given, Mark.OPEN)
    if row.state in ARRIVED:
        return Arrival(Mark.YES, _in_words(row), Mark.OPEN)
    stuck = row.state in REFUSED or row.state is ItemState.NEEDS_HUMAN
    return Arrival(Mark.NO if stuck else Mark.OPEN, row.reason or _in_words(row), Mark.NO if stuck else Mark.OPEN)


def _in_words(row: Row) -> Reason:
    return Reason(*wording.both(row.state))
