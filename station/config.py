"""station.toml: one room's configuration, checked whole before anything starts. Read by the composition root only."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from exam import names, settings
from exam.audio import AudioFormat
from exam.errors import ConfigError, Rejected
from exam.names import FirstName
from exam.settings import wrong
from station.audibility.findings import Voice
from station.audibility.thresholds import Thresholds

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
    """`station`: which computer of this room it is; 2 when it goes on for one that died during the day."""

    number: str
    roster: str = "roster.csv"
    station: Annotated[int, Meta(ge=1, le=9)] = 1


class Naming(_Section, frozen=True):
    first_name: FirstName = "initial"


class Capture(_Section, frozen=True):
    """`seats`: of two microphones, whose each is, in the order of channels."""

    device: Annotated[str, Meta(min_length=1)]
    channels: Annotated[int, Meta(ge=1, le=2)] = 1
    sample_rate: Annotated[int, Meta(ge=8000, le=96000)] = 48000
    pre_roll_s: Annotated[float, Meta(ge=0, le=60)] = 5.0
    seats: tuple[Voice, Voice] = ("interlocutor", "participant")

    @property
    def shape(self) -> AudioFormat:
        return AudioFormat(self.sample_rate, self.channels)


class Storage(_Section, frozen=True):
    """`second_folder`: a live mirror, on another disk; empty for none.
    `hours` a day may last and `reserve_gb` beside it: a disk with less free space refuses to open the day."""

    folder: str = "recordings"
    second_folder: str = ""
    hours: Annotated[float, Meta(gt=0, le=24)] = 10.0
    reserve_gb: Annotated[float, Meta(ge=0)] = 1.0

    @property
    def reserve_bytes(self) -> int:
        return round(self.reserve_gb * 1e9)


class Delivery(_Section, frozen=True):
    """`voices`: of two microphones, both in one channel or each in its own; the master always keeps them apart."""

    format: DeliveryFormat = "mp3"
    voices: Literal["mixed", "separate"] = "mixed"


class Web(_Section, frozen=True):
    """The page. `port` 0: there is none. `pin_file`: with the PIN that closing and export ask for; empty: none is.
    `sync_config`: the agent's, whose deliveries the page tells of; empty: it does not."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8265
    pin_file: str = ""
    sync_config: str = ""


PAGE_KEYS = ("KEY_SPACE", "KEY_ENTER", "KEY_KPENTER", "KEY_TAB", "KEY_ESC", "KEY_F8")
"""What the room page does something by."""
KeyName = Annotated[str, Meta(pattern=r"^((KEY|BTN)_[A-Z0-9_]+)?$")]


class Keys(_Section, frozen=True):
    """Keys of a keyboard by evdev's names, which then act in every program's window; empty for none."""

    main: KeyName = ""
    pause: KeyName = ""
    stop: KeyName = ""


class Controls(_Section, frozen=True):
    """What the room is driven by beside its pedal, which is learnt and not configured."""

    keys: Keys = Keys()


class _File(_Section, frozen=True, kw_only=True):
    """What stands in the file."""

    school: School
    exam: Exam
    room: Room
    capture: Capture
    naming: Naming = Naming()
    storage: Storage = Storage()
    delivery: Delivery = Delivery()
    web: Web = Web()
    controls: Controls = Controls()
    quality: Thresholds = Thresholds()


class Config(_File, frozen=True, kw_only=True):
    """One room. `path` is the file it came from; relative paths in it are relative to that file's folder."""

    path: Path

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.school.time_zone)

    @property
    def station(self) -> str:
        """What recorded: the word of the manifests."""
        place = f"{self.school.code}-{self.room.number}"
        return place if self.room.station == 1 else f"{place}-{self.room.station}"

    @property
    def seats(self) -> tuple[Voice, ...]:
        """Whose each microphone is; empty where there is one for both."""
        return self.capture.seats if self.capture.channels > 1 else ()

    @property
    def roster(self) -> Path:
        return self._beside(self.room.roster)

    @property
    def sync_config(self) -> Path | None:
        """The agent's configuration, where the page is to tell of deliveries."""
        return self._beside(self.web.sync_config) if self.web.sync_config else None

    @property
    def recordings(self) -> Path:
        return self._beside(self.storage.folder)

    @property
    def day_folder(self) -> Path:
        """Where this room's day is recorded."""
        return self.recordings / names.day_folder(self.exam.date, self.room.number)

    @property
    def second_day_folder(self) -> Path | None:
        """Where its mirror is, if the school wants one."""
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
    told = settings.convert(path, settings.read(path), _File)
    config = Config(**msgspec.structs.asdict(told), path=path)
    _check_meaning(config)
    return config


def _check_meaning(config: Config) -> None:
    """What types alone cannot tell."""
    try:
        names.check_place(config.room.number, config.school.code)
    except Rejected as error:
        raise wrong(config.path, "room.number, school.code", error.ru, error.en) from error
    try:
        ZoneInfo(config.school.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise wrong(
            config.path,
            "school.time_zone",
            f"часовой пояс «{config.school.time_zone}» неизвестен; ожидается, например, Asia/Tomsk",
            f"“{config.school.time_zone}” is unknown; expected, for example, Asia/Tomsk",
        ) from error
    if len(set(config.capture.seats)) < len(config.capture.seats):
        raise wrong(
            config.path,
            "capture.seats",
            'ожидается место каждого микрофона: ["interlocutor", "participant"] или наоборот',
            'expected the seat of each microphone: ["interlocutor", "participant"] or the other way round',
        )
    for button, key in msgspec.structs.asdict(config.controls.keys).items():
        if key in PAGE_KEYS:
            raise wrong(
                config.path,
                f"controls.keys.{button}",
                f"клавишу {key} слышит сама страница: одно нажатие подействовало бы дважды; возьмите другую (KEY_F9)",
                f"{key} is heard by the page itself: one press would act twice; take another one (KEY_F9)",
            )
    if config.second_day_folder == config.day_folder:
        raise wrong(
            config.path,
            "storage.second_folder",
            "та же папка, что storage.folder; ожидается папка на другом диске или пусто",
            "the same folder as storage.folder; expected one on another disk, or empty",
        )
