"""station.toml: one room's configuration, checked whole before anything starts. Read by the composition root only."""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import tomli
from msgspec import Meta, Struct, field

from exam import names
from exam.audio import AudioFormat
from exam.errors import ConfigError, ExamError
from exam.names import FirstName

VARIABLE = "STATION_CONFIG"
PLACES = (Path("station.toml"), Path("/etc/station/station.toml"))

Recording = Literal["stream", "personal", "both"]
DeliveryFormat = Literal["wav", "flac", "mp3", "m4a"]

_Positive = Annotated[int, Meta(ge=1)]


class _Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: an unknown key is a mistake, not a wish."""


class School(_Section, frozen=True):
    code: str
    time_zone: str
    name: str = ""


class Exam(_Section, frozen=True):
    date: date
    scheme: Annotated[int, Meta(ge=1, le=2)] = 2
    recording: Recording = "both"


class Room(_Section, frozen=True):
    number: str
    roster: str = "roster.csv"


class Naming(_Section, frozen=True):
    first_name: FirstName = "initial"


class Capture(_Section, frozen=True):
    device: Annotated[str, Meta(min_length=1)]
    channels: Annotated[int, Meta(ge=1, le=2)] = 1
    sample_rate: Annotated[int, Meta(ge=8000, le=96000)] = 48000
    pre_roll_s: Annotated[float, Meta(ge=0, le=60)] = 5.0

    @property
    def shape(self) -> AudioFormat:
        return AudioFormat(self.sample_rate, self.channels)


class Storage(_Section, frozen=True):
    folder: str = "recordings"
    second_folder: str = ""


class Delivery(_Section, frozen=True):
    format: DeliveryFormat = "mp3"


class Web(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8265


class Config(_Section, frozen=True):
    """One room. `path` is the file it came from; relative paths in it are relative to that file's folder."""

    school: School
    exam: Exam
    room: Room
    capture: Capture
    naming: Naming = Naming()
    storage: Storage = Storage()
    delivery: Delivery = Delivery()
    web: Web = Web()
    path: Path = field(default=Path("station.toml"), name="-path")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.school.time_zone)

    @property
    def roster(self) -> Path:
        return self._beside(self.room.roster)

    @property
    def recordings(self) -> Path:
        return self._beside(self.storage.folder)

    @property
    def day_folder(self) -> Path:
        """Where this room's day is recorded."""
        return self.recordings / names.day_folder(self.exam.date, self.room.number)

    @property
    def second_day_folder(self) -> Path | None:
        """Where its mirror is, if one is configured."""
        if not self.storage.second_folder:
            return None
        return self._beside(self.storage.second_folder) / self.day_folder.name

    def _beside(self, path: str) -> Path:
        return (self.path.parent / path).absolute()


def find(chosen: str | None) -> Path:
    """The configuration file: as asked, else $STATION_CONFIG, ./station.toml, /etc/station/station.toml."""
    if chosen or os.environ.get(VARIABLE):
        return Path(chosen or os.environ[VARIABLE])
    for place in PLACES:
        if place.exists():
            return place
    tried = ", ".join(str(place) for place in PLACES)
    raise ConfigError(
        f"Не найден файл настроек: нет ни одного из {tried}. Укажите его: --config ФАЙЛ.",
        f"No configuration file: none of {tried} exists. Name it: --config FILE.",
    )


def load(path: Path) -> Config:
    """Read and check a configuration. Raises ConfigError naming file, key and what was expected."""
    try:
        document = tomli.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(path, f"не читается: {error.strerror}", f"cannot be read: {error.strerror}") from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, f"это не TOML: {error}", f"not TOML: {error}") from error
    try:
        config = msgspec.convert({**document, "-path": path}, type=Config)
    except msgspec.ValidationError as error:
        raise _wrong(path, *explain(str(error))) from error
    _check_meaning(config)
    return config


_UNKNOWN = re.compile(r"Object contains unknown field `(?P<key>.+?)`(?: - at `\$\.?(?P<place>.*)`)?")
_MISSING = re.compile(r"Object missing required field `(?P<key>.+?)`(?: - at `\$\.?(?P<place>.*)`)?")
_INVALID = re.compile(r"(?P<what>.+?) - at `\$\.?(?P<place>.*)`")


def explain(problem: str) -> tuple[str, str]:
    """A validation message of msgspec in the reader's words, Russian and English, naming the key."""
    if found := _UNKNOWN.fullmatch(problem):
        key = _key(found)
        return f"неизвестный ключ {key}. Уберите его или исправьте опечатку", f"unknown key {key}. Mend or remove it"
    if found := _MISSING.fullmatch(problem):
        return f"нет обязательного ключа {_key(found)}", f"required key {_key(found)} is missing"
    if found := _INVALID.fullmatch(problem):
        key, what = f"[{found['place'].replace('.', '] ', 1)}", found["what"]
        return f"ключ {key}: неверное значение ({what})", f"key {key}: wrong value ({what})"
    return problem, problem


def _key(found: re.Match[str]) -> str:
    return f"[{found['place']}] {found['key']}" if found["place"] else f"[{found['key']}]"


def _check_meaning(config: Config) -> None:
    """What types alone cannot tell."""
    try:
        names.check_place(config.room.number, config.school.code)
    except ExamError as error:
        raise _wrong(config.path, error.ru.rstrip("."), error.en.rstrip(".")) from error
    try:
        ZoneInfo(config.school.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        zone = config.school.time_zone
        raise _wrong(
            config.path,
            f"ключ [school] time_zone: часовой пояс «{zone}» неизвестен; пример: Asia/Tomsk",
            f"key [school] time_zone: “{zone}” is unknown; for example Asia/Tomsk",
        ) from error
    if config.second_day_folder == config.day_folder:
        raise _wrong(
            config.path,
            "ключ [storage] second_folder: копия должна лежать в другой папке, лучше на другом диске",
            "key [storage] second_folder: the copy must be in another folder, best on another disk",
        )


def _wrong(path: Path, ru: str, en: str) -> ConfigError:
    return ConfigError(f"Настройки {path}: {ru}.", f"Configuration {path}: {en}.")


def place_of(config: Config) -> dict[str, Any]:
    """The words every recording of this room bears."""
    return {"exam_date": config.exam.date, "room": config.room.number, "school": config.school.code}
