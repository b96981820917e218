"""TOML settings read into typed records; whatever is wrong is said with file, key and what was expected.

Both programs' configuration modules stand on this one.
"""

import re
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
import tomli
from msgspec import Struct

from exam import oswords
from exam.errors import ConfigError

T = TypeVar("T", bound=Struct)


def read(path: Path) -> dict[str, Any]:
    """The document as it stands. Raises ConfigError when it cannot be read or is not TOML."""
    try:
        return tomli.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            f"{path}: файл настроек не читается: {oswords.ru(error)}.",
            f"{path}: the configuration cannot be read: {error.strerror}.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: ожидается текст в UTF-8.", f"{path}: expected UTF-8 text.") from error
    except tomli.TOMLDecodeError as error:
        raise ConfigError(f"{path}: это не TOML: {error}.", f"{path}: not TOML: {error}.") from error


def convert(path: Path, document: dict[str, Any], record: type[T]) -> T:
    """The document as a `record`. Raises ConfigError naming the key: unknown, missing, or of a wrong type."""
    try:
        return msgspec.convert(document, record)
    except msgspec.ValidationError as error:
        raise _translated(path, str(error), document, record) from error


def wrong(path: Path, key: str, ru: str, en: str) -> ConfigError:
    """The value of `key` is not what it must be: `ru`, `en` say what was expected."""
    return ConfigError(f"{path}: {key}: {ru.rstrip('.')}.", f"{path}: {key}: {en.rstrip('.')}.")


_TYPES = {
    "str": ("строка", "a string"),
    "int": ("целое число", "a whole number"),
    "float": ("число", "a number"),
    "bool": ("true или false", "true or false"),
    "date": ("дата вида 2026-02-11", "a date like 2026-02-11"),
    "array": ("список [...]", "a list [...]"),
    "object": ("раздел [...]", "a section [...]"),
    "null": ("ничего", "nothing"),
}


def _translated(path: Path, message: str, document: dict[str, Any], record: type[Struct]) -> ConfigError:
    """msgspec's finding in our words; it says: text - at `$.place`."""
    text, _, place = message.partition(" - at ")
    key = re.sub(r"^\$\.?|\[\.\.\.\]", "", place.strip("`"))
    word = (re.findall(r"`([^`]*)`", text) or re.findall(r"'([^']*)'", text) or [""])[0]
    if "unknown field" in text:
        return wrong(path, _join(key, word), *_unknown(record, key))
    if "missing required field" in text:
        return wrong(path, _join(key, word), "ключ обязателен", "the key is required")
    given = _given(document, key)
    if ", got" in text:
        ru, en = zip(*(_TYPES.get(kind, (kind, kind)) for kind in word.split(" | ")), strict=True)
        return wrong(path, key, f"{given}ожидается " + " или ".join(ru), f"{given}expected " + " or ".join(en))
    return wrong(path, key, *_bound(record, key, given, text))


def _join(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _unknown(record: type[Struct], section: str) -> tuple[str, str]:
    known = ", ".join(_section(record, section).__struct_encode_fields__)
    return f"неизвестный ключ; ожидается один из: {known}", f"unknown key; expected one of: {known}"


def _bound(record: type[Struct], key: str, given: str, text: str) -> tuple[str, str]:
    """A value of the right type outside its choices or limits."""
    section, _, name = key.rpartition(".")
    kinds = {field.encode_name: field.type for field in msgspec.structs.fields(_section(record, section))}
    kind = kinds.get(name)
    choices = _choices(kind)
    if choices:
        listed = ", ".join(f'"{choice}"' for choice in choices)
        return f"{given}ожидается одно из: {listed}", f"{given}expected one of: {listed}"
    limit = text.removeprefix("Expected ").replace("`", "")
    if limit.startswith("Invalid"):
        limit = getattr(kind, "__name__", "?")
    ru, en = limit, limit
    for word, (russian, english) in _TYPES.items():
        ru, en = re.sub(rf"\b{word}\b", russian, ru), re.sub(rf"\b{word}\b", english, en)
    return f"{given}ожидается {ru}", f"{given}expected {en}"


def _choices(kind: Any) -> tuple[object, ...]:
    """The words a Literal allows, also where it may be left out."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(choice for part in get_args(kind) for choice in _choices(part))


def _section(record: type[Struct], section: str) -> type[Struct]:
    """The record of a section, also of one within another; the last that is known."""
    for part in section.split("."):
        kinds = {field.encode_name: field.type for field in msgspec.structs.fields(record)}
        kind = kinds.get(part)
        if not (isinstance(kind, type) and issubclass(kind, Struct)):
            break
        record = kind
    return record


def _given(document: dict[str, Any], key: str) -> str:
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else f"«{value}» — "
