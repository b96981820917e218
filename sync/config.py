"""`sync.toml`: read, checked, resolved. Whatever is wrong is said with file, key and what was expected."""

import os
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from exam import settings
from exam.errors import ConfigError, Rejected
from exam.names import check_place
from exam.settings import wrong
from sync import targets
from sync.model import Tier
from sync.targets import Target

VARIABLE = "SYNC_CONFIG"
_PLACES = (Path("sync.toml"), Path("/etc/station/sync.toml"))


class School(Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class Watch(Struct, frozen=True, forbid_unknown_fields=True):
    recordings: tuple[str, ...] = ("recordings",)
    scans: str = "scans"


class State(Struct, frozen=True, forbid_unknown_fields=True):
    folder: str = "state"


class Send(Struct, frozen=True, forbid_unknown_fields=True):
    """`window`: "HH:MM-HH:MM" by this machine's clock, over midnight too; empty: always.

    `release`: whether the day's package waits for the organizer; recordings travel in either case.
    """

    window: str = ""
    streams: bool = True
    release: Literal["auto", "manual"] = "manual"


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    school: School
    target: dict[str, Any]
    watch: Watch = Watch()
    state: State = State()
    send: Send = Send()


class Window(Struct, frozen=True):
    """The hours in which `run` sends; `start == end` is the whole day."""

    start: time = time(0)
    end: time = time(0)

    def contains(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


class Config(Struct, frozen=True, kw_only=True):
    """Everything the agent is told, paths absolute."""

    file: Path
    school: str
    recordings: tuple[Path, ...]
    scans: Path
    target: Target
    server_key: bytes | None
    state: Path
    window: Window
    streams: bool
    release: Literal["auto", "manual"]

    @property
    def address(self) -> str:
        """What the target is called."""
        return targets.address(self.target)

    @property
    def tier(self) -> Tier | None:
        return self.target.tier


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
    return Config(
        file=path,
        school=_school(path, told.school.code),
        recordings=_folders(path, base, told.watch.recordings),
        scans=base / told.watch.scans,
        target=target,
        server_key=targets.server_key(path, target),
        state=_state(path, base, told),
        window=_window(path, told.send.window),
        streams=told.send.streams,
        release=told.send.release,
    )


def _school(path: Path, code: str) -> str:
    try:
        check_place("1", code)
    except Rejected as error:
        raise wrong(path, "school.code", error.ru, error.en) from error
    return code


def _folders(path: Path, base: Path, names: Sequence[str]) -> tuple[Path, ...]:
    if not names:
        raise wrong(path, "watch.recordings", "ожидается хотя бы одна папка", "expected at least one folder")
    return tuple(base / name for name in dict.fromkeys(names))


def _state(path: Path, base: Path, told: _File) -> Path:
    state = Path(os.path.normpath(base / told.state.folder))
    for name in told.watch.recordings:
        if state.is_relative_to(os.path.normpath(base / name)):
            raise wrong(
                path,
                "state.folder",
                f"ожидается папка вне {base / name}: в папке записей отправка ничего не пишет",
                f"expected a folder outside {base / name}: nothing is written among the recordings",
            )
    return state


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
