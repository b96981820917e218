"""`sync.toml`: read, checked, resolved. Whatever is wrong is said with file, key and what was expected."""

import math
import os
from collections.abc import Sequence
from datetime import UTC, datetime, time, tzinfo
from datetime import date as date_
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from exam import settings
from exam.errors import ConfigError, Rejected
from exam.names import check_place
from exam.settings import wrong
from sync import targets
from sync.model import Tier
from sync.schedule import Window
from sync.targets import Folder, Manual, Target

VARIABLE = "SYNC_CONFIG"
_LEAST_MBIT = 0.1  # with less, one block takes longer than servers wait for one
_PLACES = (Path("sync.toml"), Path("/etc/station/sync.toml"))


class School(Struct, frozen=True, forbid_unknown_fields=True):
    """`roster`: the whole school's list, needed at the headquarters alone; `time_zone`: the school's, else this
    machine's."""

    code: str
    name: str = ""
    roster: str = ""
    time_zone: str = ""


class Exam(Struct, frozen=True, forbid_unknown_fields=True):
    """As in `station.toml`, for the headquarters: the day it packages."""

    date: date_ | None = None
    scheme: Literal[1, 2] = 2
    recording: Literal["stream", "personal", "both"] = "both"


class Package(Struct, frozen=True, forbid_unknown_fields=True):
    """`papers`: whether protocols travel as scans, which are then required, or on paper."""

    papers: Literal["scans", "by_hand"] = "scans"


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long files are kept: through the day `until`, or so many `days` after the exam; neither: for ever."""

    until: date_ | None = None
    days: Annotated[int, Meta(ge=1)] | None = None


class Papers(Struct, frozen=True, forbid_unknown_fields=True):
    """`personal`: the table of documents, birth dates, categories of ОВЗ, kept here alone; `region`, `ate`: as they are
    to stand on acts (two digits) and in form С-1."""

    personal: str = ""
    region: str = ""
    ate: str = ""


class Watch(Struct, frozen=True, forbid_unknown_fields=True):
    """`imported`: where rooms' drives are copied to; it counts as one of the recordings' folders once it exists."""

    recordings: tuple[str, ...] = ("recordings",)
    scans: str = "scans"
    imported: str = "imported"


class State(Struct, frozen=True, forbid_unknown_fields=True):
    folder: str = "state"


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """`window`: "HH:MM-HH:MM" by this machine's clock, over midnight too; empty: always. `limit_mbit`: at most so many
    megabits a second leave, 0: as many as can.

    `release`: whether the day's package waits for the organizer; recordings travel in either case.
    """

    window: str = ""
    limit_mbit: float = 0.0
    streams: bool = True
    release: Literal["auto", "manual"] = "manual"


class Notify(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told when a day has arrived or needs a person: a program and its arguments, a web address."""

    command: tuple[str, ...] = ()
    webhook: str = ""


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    school: School
    target: dict[str, Any]
    watch: Watch = Watch()
    state: State = State()
    send: Send = Send()
    notify: Notify = Notify()
    exam: Exam = Exam()
    package: Package = Package()
    retention: Retention = Retention()
    papers: Papers = Papers()


class Config(Struct, frozen=True, kw_only=True):
    """Everything the agent is told, paths absolute. `limit`: bytes a second, 0 for none."""

    file: Path
    school: str
    school_name: str
    roster: Path | None
    zone: tzinfo
    exam: Exam
    papers: Literal["scans", "by_hand"]
    personal: Path | None
    region: str
    ate: str
    watched: tuple[Path, ...]
    imported: Path
    scans: Path
    target: Target
    server_key: bytes | None
    state: Path
    window: Window
    limit: float
    streams: bool
    release: Literal["auto", "manual"]
    notify: Notify
    retention: Retention

    @property
    def address(self) -> str:
        """What the target is called."""
        return targets.address(self.target)

    @property
    def tier(self) -> Tier | None:
        return self.target.tier

    @property
    def recordings(self) -> tuple[Path, ...]:
        """The folders in which recordings lie now."""
        return (*self.watched, self.imported) if self.imported.is_dir() else self.watched


def find(given: Path | None) -> Path:
    """The configuration file to use: as given, `$SYNC_CONFIG`, `./sync.toml`, `/etc/station/sync.toml`."""
    if given is not None:
        return given
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for place in _PLACES:
        if place.exists():
            return place
    raise ConfigError(
        "Не найден файл настроек sync.toml: укажите его ключом --config или переменной SYNC_CONFIG.",
        "No configuration file sync.toml: name it by --config or by the variable SYNC_CONFIG.",
    )


def load(path: Path) -> Config:
    """Read and check a configuration. Raises ConfigError naming the file, the key, and what was expected."""
    raw = settings.read(path)
    told = settings.convert(path, raw, _File)
    target = targets.read(path, told.target)
    base = path.absolute().parent
    if isinstance(target, Folder | Manual):  # among the recordings, what was never sent would be found there
        _outside(path, "target.folder", Path(target.folder), base, told)
    return Config(
        file=path,
        school=_school(path, told.school.code),
        school_name=told.school.name,
        roster=base / told.school.roster if told.school.roster else None,
        zone=_zone(path, told.school.time_zone),
        exam=told.exam,
        papers=told.package.papers,
        personal=_personal(path, told.papers.personal, base, told),
        region=_region(path, told.papers.region),
        ate=told.papers.ate,
        watched=_folders(path, base, told.watch.recordings),
        imported=_outside(path, "watch.imported", base / told.watch.imported, base, told),
        scans=base / told.watch.scans,
        target=target,
        server_key=targets.server_key(path, target),
        state=_outside(path, "state.folder", base / told.state.folder, base, told),
        window=_window(path, told.send.window),
        limit=_limit(path, told.send.limit_mbit),
        streams=told.send.streams,
        release=told.send.release,
        notify=_notify(path, told.notify),
        retention=_retention(path, told.retention),
    )


def _school(path: Path, code: str) -> str:
    try:
        check_place("1", code)
    except Rejected as error:
        raise wrong(path, "school.code", error.ru, error.en) from error
    return code


def _zone(path: Path, name: str) -> tzinfo:
    if not name:
        return datetime.now(UTC).astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong(
            path, "school.time_zone", f"«{name}»: ожидается пояс вида Asia/Tomsk", f"“{name}”: expected Asia/Tomsk"
        ) from error


def _folders(path: Path, base: Path, names: Sequence[str]) -> tuple[Path, ...]:
    if not names:
        raise wrong(path, "watch.recordings", "ожидается хотя бы одна папка", "expected at least one folder")
    return tuple(base / name for name in dict.fromkeys(names))


def _outside(path: Path, key: str, folder: Path, base: Path, told: _File) -> Path:
    """The folder that `key` names. Raises ConfigError when it lies among the recordings."""
    for name in [*told.watch.recordings, *([] if key == "watch.imported" else [told.watch.imported])]:
        if folder.resolve().is_relative_to((base / name).resolve()):
            raise wrong(
                path,
                key,
                f"ожидается папка вне {base / name}: в папке записей отправка ничего не пишет",
                f"expected a folder outside {base / name}: nothing is written among the recordings",
            )
    return Path(os.path.normpath(folder))


def _personal(path: Path, name: str, base: Path, told: _File) -> Path | None:
    """Nothing of it may ever travel, so it lies in no folder that is sent."""
    if not name:
        return None
    file = _outside(path, "papers.personal", base / name, base, told)
    if file.resolve().is_relative_to((base / told.watch.scans).resolve()):
        ru = f"ожидается файл вне {base / told.watch.scans}: из папки сканов всё отправляется"
        en = f"expected a file outside {base / told.watch.scans}: whatever lies among the scans is sent"
        raise wrong(path, "papers.personal", ru, en)
    return file


def _region(path: Path, text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and len(text) == 2):  # noqa: PLR2004 - two cells on the forms
        raise wrong(path, "papers.region", f'«{text}» — ожидаются две цифры, например "70"', "expected two digits")
    return text


def _window(path: Path, text: str) -> Window:
    if not text:
        return Window()
    try:
        start, end = text.split("-")
        return Window(_hour(start), _hour(end))
    except ValueError as error:
        raise wrong(
            path,
            "send.window",
            f'«{text}» — ожидаются часы вида "18:00-23:30"',
            f'“{text}”: expected hours like "18:00-23:30"',
        ) from error


def _hour(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - an hour of the day, by this machine's clock


def _limit(path: Path, mbit: float) -> float:
    if mbit and not _LEAST_MBIT <= mbit < math.inf:
        raise wrong(path, "send.limit_mbit", "ожидается 0 или число от 0.1", "expected 0 or a number from 0.1 on")
    return mbit * 1e6 / 8


def _is_safe(url: str) -> bool:
    """Encrypted, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or local)


def _retention(path: Path, told: Retention) -> Retention:
    if told.until is not None and told.days is not None:
        raise wrong(path, "retention", "ожидается until или days, одно из двух", "expected until or days, one of them")
    return told


def _notify(path: Path, told: Notify) -> Notify:
    if told.webhook and not _is_safe(told.webhook):
        raise wrong(path, "notify.webhook", "ожидается адрес https://…", "expected an address https://…")
    return told
