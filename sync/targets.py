"""`[target]` of `sync.toml`: the kinds of targets, what each has to be told, and what is wrong with it.

`tier`: who holds the bytes there, where receipts do not say it.

Part of `sync.config`, which resolves paths; `sync.cli` builds a transport of it.
"""

import base64
import re
import stat
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct, structs

from exam import oswords, settings
from exam.settings import wrong
from sync.model import KEY_BYTES, Tier


class Tus(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url`: the creation address. `ca_file`: the certificate of a server that made its own; `fingerprint`: the SHA-256
    of the one certificate that is the server's, hexadecimal, instead."""

    kind: Literal["tus"]
    url: str
    token_file: str | None = None
    server_key: str | None = None
    ca_file: str | None = None
    fingerprint: str | None = None
    tier: Tier | None = None


class WebDav(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url`: a folder there. A user with a password, or a token, or neither."""

    kind: Literal["webdav"]
    url: str
    user: str = ""
    password_file: str | None = None
    token_file: str | None = None
    ca_file: str | None = None
    tier: Tier | None = None


class Sftp(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url`: sftp://host:port/folder. `host_key`: as in known_hosts, "ssh-ed25519 AAAA…"; else the first one met."""

    kind: Literal["sftp"]
    url: str
    user: str
    key_file: str | None = None
    password_file: str | None = None
    host_key: str | None = None
    tier: Tier | None = None


class S3(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`url`: the endpoint. `credentials_file`: the access key and the secret key, two words."""

    kind: Literal["s3"]
    url: str
    bucket: str
    credentials_file: str
    prefix: str = ""
    region: str = "us-east-1"
    ca_file: str | None = None
    tier: Tier | None = None


class Folder(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`folder`: a drive or a network share, which must be there: it is not made."""

    kind: Literal["folder"]
    folder: str
    tier: Tier | None = None


class Manual(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`folder`: where ready ZIP files of at most `zip_megabytes` are put for a person to hand over."""

    kind: Literal["manual"]
    folder: str = "to-hand-over"
    zip_megabytes: int = 500
    tier: Tier | None = None


Target = Tus | WebDav | Sftp | S3 | Folder | Manual
KINDS: Mapping[str, type[Target]] = {
    "tus": Tus,
    "webdav": WebDav,
    "sftp": Sftp,
    "s3": S3,
    "folder": Folder,
    "manual": Manual,
}

_SCHEMES: Mapping[type, frozenset[str]] = {
    Tus: frozenset({"http", "https"}),
    WebDav: frozenset({"http", "https"}),
    S3: frozenset({"http", "https"}),
    Sftp: frozenset({"sftp"}),
}
_CODINGS = {"ascii": "ASCII", "utf-8-sig": "UTF-8"}
_PATHS = ("token_file", "password_file", "key_file", "credentials_file", "ca_file", "folder")


def read(path: Path, told: Mapping[str, Any]) -> Target:
    """The section as its kind's record: the kind is judged before its keys are. Raises ConfigError."""
    kind = KINDS.get(str(told.get("kind")))
    if kind is None:
        known = ", ".join(f'"{name}"' for name in KINDS)
        raise wrong(path, "target.kind", f"ожидается одно из: {known}", f"expected one of {known}")
    section = msgspec.defstruct("Section", [("target", kind)])
    found: Target = structs.asdict(settings.convert(path, {"target": told}, section))["target"]
    return _resolved(path, path.absolute().parent, found)


def _resolved(path: Path, base: Path, told: Target) -> Target:
    """The target with absolute paths. Raises ConfigError for what cannot be meant."""
    changes: dict[str, str] = {}
    if hasattr(told, "url"):
        changes["url"] = url_of(path, "target.url", told.url, _SCHEMES[type(told)])
    for name in _PATHS:
        if value := getattr(told, name, None):
            changes[name] = str(base / value)
    if isinstance(told, Tus) and told.fingerprint is not None:
        changes["fingerprint"] = _fingerprint(path, told)
    if isinstance(told, Manual) and told.zip_megabytes < 1:
        raise wrong(path, "target.zip_megabytes", "ожидается число от 1", "expected a number from 1 on")
    return structs.replace(told, **changes)


def _fingerprint(path: Path, told: Tus) -> str:
    """As the library takes it. Raises ConfigError for none, and where something else than it would decide."""
    digits = (told.fingerprint or "").replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        ru = "ожидается SHA-256 сертификата: 64 шестнадцатеричные цифры"
        raise wrong(path, "target.fingerprint", ru, "expected a certificate's SHA-256: 64 hexadecimal digits")
    if told.ca_file or not told.url.startswith("https:"):
        ru, en = "указывается с адресом https://… и без ca_file", "belongs with an address https://… and no ca_file"
        raise wrong(path, "target.fingerprint", ru, en)
    return digits


def address(target: Target) -> str:
    """What the target is called: deliveries to one address are never taken for deliveries to another."""
    match target:
        case S3():
            return f"{target.url}/{target.bucket}/{target.prefix}".rstrip("/")
        case Folder() | Manual():
            return target.folder
        case _:
            return target.url


def server_key(path: Path, target: Target) -> bytes | None:
    """The pinned public key of a server that signs receipts. Raises ConfigError."""
    if not isinstance(target, Tus) or target.server_key is None:
        return None
    try:
        key = base64.b64decode(target.server_key, validate=True)
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


def secret(config: Path, key: str, file: str | None, *, words: int = 1) -> list[str]:
    """The `words` of a secret's file, [""] where none is named.

    Raises ConfigError when the file is missing, holds something else, or is readable by others.
    """
    if file is None:
        return [""]
    found = _private_text(config, key, Path(file), "ascii").split()
    if len(found) != words or not all(re.fullmatch(r"[!-~]+", word) for word in found):
        raise wrong(
            config, f"target.{key}", f"в файле {file} ожидается слов: {words}", f"{file}: words expected: {words}"
        )
    return found


def password(config: Path, key: str, file: str | None) -> str:
    """The one line of a password's file as it stands, blanks and Cyrillic too; "" where none is named.

    Raises ConfigError as `secret` does.
    """
    if file is None:
        return ""
    # Editors of Windows begin a text with a mark of its coding, and end its line with two signs.
    line = re.sub(r"\r?\n\Z", "", _private_text(config, key, Path(file), "utf-8-sig"))
    if not line or not _is_line(line):
        ru, en = f"в файле {file} ожидается одна строка с паролем", f"{file}: one line with the password is expected"
        raise wrong(config, f"target.{key}", ru, en)
    return line


def _is_line(text: str) -> bool:
    return not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in text)


def _private_text(config: Path, key: str, path: Path, coding: str) -> str:
    key = f"target.{key}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_bytes().decode(coding)
    except (OSError, UnicodeDecodeError) as error:
        ru, en = oswords.both(error) if isinstance(error, OSError) else (_CODINGS[coding],) * 2
        raise wrong(
            config, key, f"ключ доступа {path} не читается ({ru})", f"the secret {path} cannot be read ({en})"
        ) from error
    check_private(config, key, path, mode)
    return text


def check_private(config: Path, key: str, path: Path, mode: int) -> None:
    """Raise ConfigError when others may read the file."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise wrong(
            config,
            key,
            f"ключ доступа {path} открыт другим пользователям; выполните: chmod 600 {path}",
            f"the secret {path} is open to other users; run: chmod 600 {path}",
        )


def url_of(path: Path, key: str, url: str, schemes: Collection[str]) -> str:
    """The address, without a slash at its end. Raises ConfigError, naming file and key, for one that cannot be."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound, parts = False, SplitResult("", "", "", "", "")
    if not sound or parts.username is not None or parts.query or parts.fragment:
        scheme = max(schemes)
        raise wrong(
            path,
            key,
            f"ожидается адрес вида {scheme}://сервер/папка, без имени и пароля внутри",
            f"expected an address like {scheme}://server/folder, without a name or password in it",
        )
    return url.rstrip("/")
