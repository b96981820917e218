"""`sync.toml`: read, checked, resolved. Whatever is wrong is said with file, key and what was expected."""

import base64
import os
import re
import stat
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from exam import settings
from exam.errors import ConfigError, Rejected
from exam.names import check_place
from exam.settings import wrong
from sync.model import KEY_BYTES, Tier

VARIABLE = "SYNC_CONFIG"
_PLACES = (Path("sync.toml"), Path("/etc/station/sync.toml"))
_LATER_KINDS = {"webdav", "s3", "sftp", "folder", "manual"}


class School(Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class Watch(Struct, frozen=True, forbid_unknown_fields=True):
    recordings: tuple[str, ...] = ("recordings",)
    scans: str = "scans"


class Target(Struct, frozen=True, forbid_unknown_fields=True):
    """`url`: the tus creation address. `tier`: who holds the bytes there, for servers that do not sign receipts."""

    kind: Literal["tus"]
    url: str
    token_file: str | None = None
    server_key: str | None = None
    tier: Tier | None = None


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
    target: Target
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
    """Everything the agent is told, paths absolute. `token` is empty where the server wants none."""

    file: Path
    school: str
    recordings: tuple[Path, ...]
    scans: Path
    url: str
    token_file: Path | None
    server_key: bytes | None
    tier: Tier | None
    state: Path
    window: Window
    streams: bool
    release: Literal["auto", "manual"]

    def token(self) -> str:
        """The bearer token, empty where the server wants none.

        Raises ConfigError when its file is missing, empty, or readable by others.
        """
        return _token(self.file, self.token_file) if self.token_file else ""


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
    _check_kind(path, raw)
    told = settings.convert(path, raw, _File)
    base = path.absolute().parent
    return Config(
        file=path,
        school=_school(path, told.school.code),
        recordings=_folders(path, base, told.watch.recordings),
        scans=base / told.watch.scans,
        url=_url(path, told.target.url),
        token_file=base / told.target.token_file if told.target.token_file is not None else None,
        server_key=_key(path, told.target.server_key),
        tier=told.target.tier,
        state=_state(path, base, told),
        window=_window(path, told.send.window),
        streams=told.send.streams,
        release=told.send.release,
    )


def _check_kind(path: Path, raw: Mapping[str, Any]) -> None:
    """Other kinds have keys of their own, so the kind is judged before the keys are."""
    target = raw.get("target")
    kind = target.get("kind") if isinstance(target, dict) else None
    if isinstance(kind, str) and kind in _LATER_KINDS:
        raise wrong(
            path,
            "target.kind",
            f'вид «{kind}» ещё не поддерживается; ожидается "tus"',
            f'kind “{kind}” is not yet supported; expected "tus"',
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


def _url(path: Path, url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or parts.username is not None or parts.query or parts.fragment:
        raise wrong(
            path,
            "target.url",
            "ожидается адрес вида https://сервер/files, без имени и пароля внутри",
            "expected an address like https://server/files, without a name or password in it",
        )
    return url.rstrip("/")


def _key(path: Path, text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise wrong(
            path,
            "target.server_key",
            "ожидается открытый ключ Ed25519: 32 байта в base64",
            "expected an Ed25519 public key: 32 bytes as base64",
        )
    return key


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


def _token(config: Path, path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "ASCII"
        raise wrong(
            config,
            "target.token_file",
            f"ключ доступа {path} не читается ({reason})",
            f"the token {path} cannot be read ({reason})",
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise wrong(
            config,
            "target.token_file",
            f"ключ доступа {path} открыт другим пользователям; выполните: chmod 600 {path}",
            f"the token {path} is open to other users; run: chmod 600 {path}",
        )
    if not re.fullmatch(r"[!-~]+", token):
        raise wrong(
            config,
            "target.token_file",
            f"в файле {path} ожидается одно слово: ключ доступа",
            f"{path}: expected one word, the token",
        )
    return token
