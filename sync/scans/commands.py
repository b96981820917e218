"""The command `scans`: what there is of scans, whose they are, what is set aside.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

import msgspec

from exam.errors import ConfigError, Rejected
from exam.language import say
from sync import config as configuration
from sync.config import Config
from sync.scans.model import Belongs, Key, PaperKind, Scans

if TYPE_CHECKING:
    from exam.roster import Roster

DONE, FAILED = 0, 1
_KINDS = get_args(PaperKind)

Command = Callable[[argparse.Namespace], int]


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` what can be done with scans; without any of it, it tells what there is."""
    parser.set_defaults(command=_list)
    parser.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    actions = parser.add_subparsers(metavar="ACTION")
    file = say("скан, путь от папки сканов", "a scan, its path below the folder of scans")

    def act(name: str, command: Command, ru: str, en: str) -> argparse.ArgumentParser:
        found = actions.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        found.add_argument("file", metavar="FILE", help=file)
        return found

    assign = act("assign", _assign, "сказать, чей это скан", "say whose scan it is")
    whose = say("номер участника в списке школы", "the participant's number in the roster")
    assign.add_argument("--participant", type=int, metavar="N", help=whose)
    kinds = say("вид бумаги; без ключа — протокол", "the kind of paper; a protocol unless told")
    assign.add_argument("--kind", choices=_KINDS, default="protocol", help=kinds)
    assign.add_argument("--room", metavar="R", help=say("номер аудитории", "the room's number"))
    aside = act("set-aside", _set_aside, "не считать: дубль, чужой лист", "not to count: a double, a foreign sheet")
    aside.add_argument("--reason", required=True, metavar="TEXT", help=say("почему", "why"))
    act("back", _back, "отменить решение о скане", "take back what was decided about a scan")


def _list(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    roster = _roster(config)
    found = _look(config, roster)
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for line in lines(found, roster):
            _print(line)
    return FAILED if found.problems or found.unassigned else DONE


def lines(found: Scans, roster: "Roster") -> list[str]:
    """What there is, in the reader's language, one line for each file that needs a person, and the numbers."""
    protocols = len({paper.participant for paper in found.papers if paper.kind == "protocol"})
    others = sum(paper.kind != "protocol" for paper in found.papers)
    told = [say(f"Протоколы: {protocols} из {len(roster)}; других бумаг: {others}.",
                f"Protocols: {protocols} of {len(roster)}; other papers: {others}.")]  # fmt: skip
    told += [f"{one.file or '—'}: {say(one.reason.ru, one.reason.en)}." for one in found.problems]
    for one in found.unassigned:
        likely = ", ".join(f"№ {number} {roster[number].full_name}" for number in one.candidates)
        hint = say(f"; возможно: {likely}", f"; perhaps: {likely}") if likely else ""
        told.append(f"{one.file}: " + say("не назначен", "not assigned") + hint + ".")
    told += [f"{one.file}: " + say("отложен", "set aside") + f" ({one.reason})." for one in found.aside]
    if found.waiting:
        told.append(say("Ещё копируются или не открыты: ", "Still being copied, or not opened: ")
                    + ", ".join(found.waiting) + ".")  # fmt: skip
    return told


def _assign(arguments: argparse.Namespace) -> int:
    from sync.scans.decisions import Decisions  # noqa: PLC0415 - each command loads only what it uses

    config = _config(arguments)
    roster = _roster(config)
    number = cast("int | None", arguments.participant)
    if number is not None and number not in roster:
        raise Rejected(
            f"Участника № {number} нет в списке {config.roster}.",
            f"There is no participant {number} in the roster {config.roster}.",
            code="stranger",
        )
    file, sha256 = _one(config, roster, arguments.file)
    belongs = Belongs(arguments.kind, participant=number, room=arguments.room)
    Decisions(config.state).assign(file, sha256, belongs, _now())
    whose = f"№ {number} {roster[number].full_name}" if number is not None else arguments.kind
    _print(say(f"{file}: назначен, {whose}.", f"{file}: assigned, {whose}."))
    return DONE


def _set_aside(arguments: argparse.Namespace) -> int:
    from sync.scans.decisions import Decisions  # noqa: PLC0415

    config = _config(arguments)
    file, sha256 = _one(config, _roster(config), arguments.file)
    Decisions(config.state).set_aside(file, sha256, arguments.reason, _now())
    _print(say(f"{file}: отложен; сам файл не тронут.", f"{file}: set aside; the file itself is untouched."))
    return DONE


def _back(arguments: argparse.Namespace) -> int:
    from sync.scans.decisions import Decisions  # noqa: PLC0415

    config = _config(arguments)
    file, sha256 = _one(config, _roster(config), arguments.file)
    Decisions(config.state).take_back(file, sha256, _now())
    _print(say(f"{file}: решение отменено.", f"{file}: what was decided is taken back."))
    return DONE


def _one(config: Config, roster: "Roster", given: str) -> Key:
    """The scan that is meant. Raises Rejected when there is none of that name."""
    found = _look(config, roster)
    groups = (found.papers, found.problems, found.unassigned, found.aside)
    known: dict[str, Key] = {_nfc(one.file): (one.file, one.sha256) for group in groups for one in group if one.file}
    for name in (given, _below(config.scans, Path(given))):
        if (key := known.get(_nfc(name))) is not None:
            return key
    if given in found.waiting:
        raise Rejected(
            f"Файл {given} ещё копируется: повторите через несколько секунд.",
            f"{given} is still being copied: try again in a few seconds.",
            code="not_settled",
        )
    raise Rejected(
        f"В папке {config.scans} нет скана {given}. Какие есть: station-sync scans.",
        f"There is no scan {given} in {config.scans}. What there is: station-sync scans.",
        code="no_scan",
    )


def _below(folder: Path, given: Path) -> str:
    """The path below the folder; empty when it is not there."""
    whole, folder = given.absolute(), folder.absolute()
    return whole.relative_to(folder).as_posix() if whole.is_relative_to(folder) else ""


def _nfc(text: str) -> str:
    """As people type: a disk may hold a name's letters and marks apart."""
    return unicodedata.normalize("NFC", text)


def _look(config: Config, roster: "Roster") -> Scans:
    from sync.scans.looking import look  # noqa: PLC0415

    return look(config, roster)


def _roster(config: Config) -> "Roster":
    from exam import roster  # noqa: PLC0415

    if config.roster is None:
        raise ConfigError(
            f"{config.file}: school.roster: укажите список участников школы: без него не сказать, чьи это сканы.",
            f"{config.file}: school.roster: name the school's roster: without it nobody can say whose the scans are.",
        )
    return roster.load(config.roster)


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _now() -> datetime:
    return datetime.now(UTC)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
