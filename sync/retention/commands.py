"""`station-sync retention`: what may be deleted and why not; `retention delete`: the only command that deletes.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from exam.errors import Rejected
from exam.language import say
from sync import config as configuration
from sync.config import Config

if TYPE_CHECKING:
    from sync.retention.deleting import Done, Remains
    from sync.retention.judging import Proof, Verdict

# ruff: noqa: PLC0415 - each command loads only what it uses

DONE = 0
_NAME_AT_MOST = 100


class _File(Struct, frozen=True):
    path: str
    size: int
    dated: date
    deletable: bool
    keep_until: date | None
    reason: str | None
    proofs: "tuple[Proof, ...]"


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` the commands; without one it tells what may be deleted."""
    parser.set_defaults(command=_tell)
    parser.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    about = say("удалить то, что доказано и чей срок прошёл", "delete what is proved and past its date")
    deleting = parser.add_subparsers(metavar="COMMAND").add_parser(
        "delete", parents=[common], help=about, description=about
    )
    deleting.set_defaults(command=_delete)
    deleting.add_argument("--by", required=True, metavar="NAME", help=say("кто удаляет", "who deletes"))
    sure = say("удалить на самом деле; без этого — только показать", "really delete; without it, only show")
    deleting.add_argument("--confirm", action="store_true", help=sure)


def _tell(arguments: argparse.Namespace) -> int:
    from sync.retention.deleting import look, remains, term_of

    config = _config(arguments)
    now = _clock(config)
    verdicts, begun = look(config, now), remains(config)
    if arguments.json:
        going = [each for each in verdicts if each.deletable]
        told = {
            "today": now().date(), **term_of(config).as_told(), "deletable": len(going),
            "bytes": sum(each.file.size for each in going), "unfinished": begun,
            "files": [_as_json(each) for each in verdicts],
        }  # fmt: skip
        _print(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
        return DONE
    _print_all(_lines(verdicts))
    _print_all(_begun(begun))
    _print(_total(verdicts))
    return DONE


def _delete(arguments: argparse.Namespace) -> int:
    from sync.retention.deleting import check_rights, delete, look, remains

    config, by = _config(arguments), _name(arguments.by)
    now = _clock(config)
    if not arguments.confirm:
        going = [each for each in look(config, now) if each.deletable]
        _print_all(_lines(going))
        _print_all(_begun(remains(config)))
        _print(_total(going))
        if going:
            check_rights(config, (each.file for each in going))
            _print(
                say(
                    "Ничего не удалено. Удалить навсегда: та же команда с --confirm.",
                    "Nothing was deleted. To delete for ever: the same command with --confirm.",
                )
            )
        return DONE
    return _tell_done(delete(config, by, now))


def _tell_done(done: "Done | None") -> int:
    if done is None:
        _print(
            say("Удалять нечего: почему, скажет station-sync retention.", "Nothing to delete: station-sync retention")
        )
        return DONE
    gone, kept = done.record.files, done.record.kept
    size = sum(each.size for each in gone)
    ru = f"Удалено файлов: {len(gone)} ({size / 1e6:.1f} МБ). Подписанная запись об этом: {done.file}"
    _print(say(ru, f"Files deleted: {len(gone)} ({size / 1e6:.1f} MB). Signed for in {done.file}"))
    if kept:
        names = "; ".join(f"{each.path}: {say(each.reason.ru, each.reason.en)}" for each in kept)
        raise Rejected(
            f"Остались на месте: {names}. Остальное удалено и записано.",
            f"Still there: {names}. Everything else was deleted and noted.",
            code="kept",
        )
    return DONE


def _lines(verdicts: "Iterable[Verdict]") -> Iterator[str]:
    for folder, group in groupby(verdicts, key=lambda each: str(Path(each.file.place).parent)):
        yield folder
        for each in group:
            word = say("можно", "may go") if each.reason is None else say("нельзя", "stays")
            why = f": {say(each.reason.ru, each.reason.en)}" if each.reason else f" ({_proof(each)})"
            yield f"    {word}  {Path(each.file.path).name}{why}"


def _proof(verdict: "Verdict") -> str:
    proof = verdict.proofs[0]
    if proof.kind == "receipt":
        return say(f"квитанция РЦОИ {proof.id}", f"the centre's receipt {proof.id}")
    return say(f"передача № {proof.id}, {proof.by}", f"hand-over {proof.id}, {proof.by}")


def _begun(begun: "Remains | None") -> Iterator[str]:
    if begun is None:
        return
    finish = "station-sync retention delete --by … --confirm"
    ru = f"! Удаление № {begun.number} прервано: записано файлов {begun.noted}, ещё лежат {len(begun.there)}. "
    en = f"! Deletion {begun.number} was cut short: {begun.noted} files noted, {len(begun.there)} still there. "
    yield say(ru + f"Завершить: {finish}", en + f"To finish it: {finish}")
    for place in begun.there:
        yield f"    {place}"


def _total(verdicts: "Iterable[Verdict]") -> str:
    going = [each for each in verdicts if each.deletable]
    size = sum(each.file.size for each in going) / 1e6
    ru = f"Можно удалить файлов: {len(going)} ({size:.1f} МБ)."
    return say(ru, f"Files that may be deleted: {len(going)} ({size:.1f} MB).")


def _as_json(verdict: "Verdict") -> _File:
    reason = say(verdict.reason.ru, verdict.reason.en) if verdict.reason else None
    file = verdict.file
    return _File(
        file.place, file.size, file.dated, verdict.deletable, verdict.keep_until, reason, verdict.proofs
    )  # fmt: skip


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > _NAME_AT_MOST or not name.isprintable():
        raise Rejected(
            f"--by: ожидается имя до {_NAME_AT_MOST} знаков.", f"--by: expected a name, {_NAME_AT_MOST} signs at most.",
            code="bad_name",
        )  # fmt: skip
    return name


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _clock(config: Config) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC).astimezone(config.zone)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _print_all(lines: Iterable[str]) -> None:
    for line in lines:
        _print(line)
