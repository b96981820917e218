"""`station-sync exchange …`: the exchange's commands. `sync.cli` adds them to its own, and turns errors into words."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from exam.errors import ConfigError
from exam.language import say
from sync.exchange import roomcommands
from sync.exchange.centre import commands as centre
from sync.model import Tier

if TYPE_CHECKING:
    import ssl

    from sync.exchange.storing import Store

# ruff: noqa: PLC0415 - each command loads only what it uses

_DONE = 0
_DEFAULT_HOST, _DEFAULT_PORT = "127.0.0.1", 8464
_KEEP_UNFINISHED_DAYS = 14.0
_MOST_DAYS = 36_500.0
_GB = 10**9
_MOST_GB = 1e9
"""Beyond these no date can be told, and no number be kept."""


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` the commands; each takes what `common` does. Chosen, one stands under `command`, to be called."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], ru: str, en: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.add_argument("--folder", type=Path, required=True, help=say("папка обмена", "the exchange's folder"))
        found.set_defaults(command=command)
        return found

    _add_serve(add("serve", _serve, "принимать файлы школ", "receive the schools' files"))
    school = add("add-school", _add_school, "завести школу, выдать ключ доступа", "admit a school, print its token")
    school.add_argument("code", metavar="CODE")
    replacing = say("выдать новый ключ взамен прежнего", "issue a new token; the old one is void at once")
    school.add_argument("--replace", action="store_true", help=replacing)
    limit = say("сколько гигабайт может занять школа; 0: сколько угодно", "gigabytes the school may have; 0: any")
    school.add_argument("--quota-gb", type=_gigabytes, metavar="N", help=limit)
    quota = add("quota", _quota, "сколько школа заняла и сколько может", "what a school has, and may have")
    quota.add_argument("code", metavar="CODE")
    quota.add_argument("gigabytes", type=_gigabytes, nargs="?", metavar="N", help=limit)
    packages = add("packages", _packages, "что принято", "what has been received")
    packages.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    roomcommands.add_to(add)
    centre.add_to(add, _add_store, _store)


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default=_DEFAULT_HOST)
    serve.add_argument("--port", type=int, default=_DEFAULT_PORT)
    tier = say("чей это обмен: штаба школы или РЦОИ", "whose it is: a school's headquarters or the regional centre")
    serve.add_argument(
        "--tier", choices=[name for name in get_args(Tier) if name != "folder"], default="hub", help=tier
    )
    own = say("шифровать своим сертификатом, сделанным один раз", "encrypt, by a certificate of its own, made once")
    serve.add_argument("--tls", action="store_true", help=own)
    certificate = say("другой сертификат (PEM)", "another certificate (PEM)")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help=certificate)
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help=say("его ключ (0600)", "its key (0600)"))
    keeping = say("дней хранить брошенную отправку", "days an abandoned upload is kept")
    serve.add_argument("--keep-unfinished-days", type=_days, default=_KEEP_UNFINISHED_DAYS, metavar="N", help=keeping)
    _add_store(serve)


def _add_store(command: argparse.ArgumentParser) -> None:
    storing = say("где файлы лежат: в папке или в хранилище S3", "where files lie for good: in the folder or in an S3")
    command.add_argument("--store", choices=["folder", "s3"], default="folder", help=storing)
    bucket = say("адрес и ключи хранилища (TOML, 0600)", "the storage's address and keys (TOML, 0600)")
    command.add_argument("--s3-config", type=Path, metavar="FILE", help=bucket)


def _serve(arguments: argparse.Namespace) -> int:
    from sync.exchange.serve import serve

    files = _certificate(arguments)
    serve(
        arguments.folder,
        arguments.host,
        arguments.port,
        arguments.tier,
        tls=_context(*files) if files else None,
        fingerprint=_fingerprint(files[0]) if files else None,
        keep_unfinished_days=arguments.keep_unfinished_days,
        store=_store(arguments),
    )
    return _DONE


def _store(arguments: argparse.Namespace) -> "Store | None":
    if (arguments.store == "s3") != (arguments.s3_config is not None):
        raise ConfigError(
            "--store s3 и --s3-config указываются вместе.", "--store s3 and --s3-config belong together.", code="bad_s3"
        )
    if arguments.s3_config is None:
        return None
    from sync.exchange.storing_s3 import open_store

    return open_store(arguments.s3_config)


def _certificate(arguments: argparse.Namespace) -> tuple[Path, Path] | None:
    """Certificate and key to encrypt with, if that is asked for."""
    given = [path for path in (arguments.tls_cert, arguments.tls_key) if path is not None]
    if arguments.tls and given:
        ru, en = "--tls указывается без --tls-cert и --tls-key.", "--tls goes without --tls-cert and --tls-key."
        raise ConfigError(ru, en, code="bad_tls")
    if len(given) == 1:
        raise ConfigError(
            "--tls-cert и --tls-key указываются вместе.", "--tls-cert and --tls-key belong together.", code="bad_tls"
        )
    if arguments.tls:
        from sync.exchange.certificate import ensure
        from sync.exchange.yard import Yard

        return ensure(Yard(arguments.folder.resolve()), arguments.host)
    return (arguments.tls_cert, arguments.tls_key) if given else None


def _context(certificate: Path, key: Path) -> "ssl.SSLContext":
    from sync.exchange.tls import context

    return context(certificate, key)


def _fingerprint(certificate: Path) -> str:
    from sync.exchange.certificate import fingerprint

    return fingerprint(certificate)


def _add_school(arguments: argparse.Namespace) -> int:
    from sync.exchange.accounts import add_school

    quota = None if arguments.quota_gb is None else _bytes(arguments.quota_gb)
    token = add_school(arguments.folder, arguments.code, replace=arguments.replace, quota=quota)
    _print(
        say(
            f"Ключ доступа школы {arguments.code}, показывается один раз: {token}",
            f"Token of school {arguments.code}, shown once: {token}",
        )
    )
    return _DONE


def _quota(arguments: argparse.Namespace) -> int:
    from sync.exchange.packages import allow, allowance

    if arguments.gigabytes is not None:
        allow(arguments.folder, arguments.code, _bytes(arguments.gigabytes))
    found = allowance(arguments.folder, arguments.code)
    used = f"{found.used / _GB:.2f}"
    if found.quota is None:
        _print(say(f"Школа {found.school}: {used} ГБ, без квоты.", f"School {found.school}: {used} GB, no quota."))
    else:
        of = f"{found.quota / _GB:.2f}"
        _print(say(f"Школа {found.school}: {used} ГБ из {of}.", f"School {found.school}: {used} GB of {of}."))
    return _DONE


def _packages(arguments: argparse.Namespace) -> int:
    from sync.exchange.packages import packages

    stored = packages(arguments.folder)
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(stored), indent=2).decode())
        return _DONE
    for one in stored:
        _print("  ".join(str(value) for value in msgspec.structs.astuple(one)))
    return _DONE


def _positive(text: str, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= most:
        ru, en = (
            f"«{text}»: ожидается число больше нуля, до {most:.0f}",
            f"“{text}”: expected a number above zero, up to",
        )
        raise argparse.ArgumentTypeError(say(ru, f"{en} {most:.0f}"))
    return number


def _days(text: str) -> float:
    return _positive(text, _MOST_DAYS)


def _gigabytes(text: str) -> float:
    return 0.0 if text == "0" else _positive(text, _MOST_GB)


def _bytes(gigabytes: float) -> int:
    return round(gigabytes * _GB)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
