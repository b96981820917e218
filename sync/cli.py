"""`station-sync`: the commands; the only place that turns errors into words and exit codes.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration.
"""

import argparse
import importlib
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from exam import oswords
from exam.durable import TEMPORARY_PREFIX
from exam.errors import ConfigError, ExamError
from exam.language import say
from sync import config as configuration
from sync import wording
from sync.config import Config
from sync.handing import commands as by_hand

if TYPE_CHECKING:
    from sync.agent import Agent

DONE, FAILED, WRONG_USAGE = 0, 1, 2
_LISTED = 3
_LINE_LETTERS = 4096


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. `argv` without the program's name."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = _parser(argv).parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except ConfigError as error:
        return _refuse(str(error), WRONG_USAGE)
    except ExamError as error:
        return _refuse(str(error), FAILED)
    except OSError as error:
        place = f" {_place(str(error.filename))}" if error.filename else ""
        ru = f"Ошибка ввода-вывода{place}: {oswords.ru(error)}. Записи целы; проверьте место на диске и права."
        en = f"Input/output error{place}: {error.strerror}. Recordings are untouched; check disk space and permissions."
        return _refuse(say(ru, en), FAILED)


def _place(name: str) -> str:
    """What a person knows of: not a name that we made up for an unfinished file."""
    return str(Path(name).parent) if Path(name).name.startswith(TEMPORARY_PREFIX) else name


_OTHERS = (
    ("office", "sync.office.commands", "открыть страницу Штаба", "open the headquarters' page"),
    (
        "package",
        "sync.school.commands",
        "комплект школьного дня: чего не хватает; передать",
        "a school's day: what lacks; release it",
    ),
    (
        "scans",
        "sync.scans.commands",
        "сканы протоколов и других бумаг дня",
        "scans of protocols and the day's other papers",
    ),
    (
        "papers",
        "sync.papers.commands",
        "ведомости, акты, форма С-1, проверка баллов",
        "room sheets, acts, form С-1, scores",
    ),
    (
        "drive",
        "sync.drives.commands",
        "день на накопителе: записать, принять, квитанции",
        "a day by drive: write, take in, receipts",
    ),
    (
        "experts",
        "sync.experts.commands",
        "эксперты: распределение записей, проигрыватель",
        "experts: who listens to what, the player",
    ),
    (
        "retention",
        "sync.retention.commands",
        "что можно удалить и почему нельзя; удалить",
        "what may be deleted and why not; delete",
    ),
    ("exchange", "sync.exchange.commands", "встроенный файловый обмен", "the embedded file exchange"),
)
"""Commands of their own modules, which are loaded only for whoever asks for one."""


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", type=Path, metavar="FILE", help=say("файл sync.toml", "the sync.toml to use"))
    common.add_argument("--version", action="version", version=f"station-sync {metadata.version('exam-station')}")
    parser = argparse.ArgumentParser(
        prog="station-sync",
        parents=[common],
        description=say("Доставка записей экзамена с доказательством.", "Delivers exam recordings, with proof."),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], ru: str, en: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        return found

    add("run", _run, "отправлять всё, что появляется, до остановки", "deliver whatever appears, until stopped")
    add("once", _once, "отправить всё сейчас, в любой час", "deliver everything now, whatever the hour")
    status = add("status", _status, "где что находится", "where everything is")
    verify = add("verify", _verify, "проверить доказательства доставки", "check the proofs of delivery")
    for reading in (status, verify):
        reading.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    pair = add("pair", _pair, "связать этот компьютер со Штабом", "pair this computer with the headquarters")
    about = say("приглашение из Штаба или файл с ним; иначе спросит", "the invitation or its file; else asked for")
    pair.add_argument("invitation", metavar="INVITATION", nargs="*", help=about)
    pair.add_argument("--room", default="", metavar="N", help=say("номер аудитории", "the room's number"))
    by_hand.add_to(add)
    for name, module, ru, en in _OTHERS:
        group = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        if name in argv:
            importlib.import_module(module).add_to(group, common)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    if by_hand.applies(config := _config(arguments)):
        return by_hand.run(config)
    from sync.telling import told  # noqa: PLC0415 - each command loads only what it uses

    with told(config):
        _deliver(arguments, lambda agent: agent.run())
    return DONE


def _once(arguments: argparse.Namespace) -> int:
    if by_hand.applies(config := _config(arguments)):
        return by_hand.once(config)
    complete = _deliver(arguments, lambda agent: agent.once())
    if complete:
        return DONE
    from sync import report  # noqa: PLC0415 - each command loads only what it uses

    missing = report.status(_config(arguments), datetime.now(_local_zone())).package.missing
    listed = "; ".join(f"{one.path}: {one.reason.rstrip('.')}" for one in missing[:_LISTED])
    ru = f"Не доставлено: {len(missing)}. {listed}. Подробно: station-sync status."
    return _refuse(say(ru, f"Not delivered: {len(missing)}. {listed}. In full: station-sync status."), FAILED)


def _deliver(arguments: argparse.Namespace, work: Callable[["Agent"], bool | None]) -> bool | None:
    """Build the agent, bottom up; let it work; let go in the opposite order."""
    from exam.clock import SystemClock  # noqa: PLC0415
    from sync.agent import Agent  # noqa: PLC0415
    from sync.ledger import Ledger  # noqa: PLC0415
    from sync.life import Stop, alone, stops  # noqa: PLC0415
    from sync.notify import Notifier  # noqa: PLC0415
    from sync.pace import Pace  # noqa: PLC0415
    from sync.progress import Progress  # noqa: PLC0415
    from sync.receipts import Receipts  # noqa: PLC0415
    from sync.transports.building import build  # noqa: PLC0415

    config = _config(arguments)
    _warn_of_plain_http(config)
    transport = build(config)
    stop = Stop()
    for number in stops():
        signal.signal(number, lambda *_: stop.ask())
    with alone(config.state), closing(transport), closing(Ledger(config.state)) as ledger:
        receipts = Receipts(config.state, configured_key=config.server_key, tier=config.tier)
        clock = SystemClock(_local_zone())
        agent = Agent(
            config, transport, ledger, receipts, clock=clock, pace=Pace(clock), stop=stop, listener=Progress(),
            notifier=Notifier(config.state, config.notify.command, config.notify.webhook),
        )  # fmt: skip
        return work(agent)


def _status(arguments: argparse.Namespace) -> int:
    from sync import overview, report  # noqa: PLC0415

    now = datetime.now(_local_zone())
    found = report.status(_config(arguments), now)
    if arguments.json:
        return _print_json(found)
    for line in overview.lines(found, now):
        _print(wording.line(line))
    return DONE


def _pair(arguments: argparse.Namespace) -> int:
    from sync import pairing  # noqa: PLC0415

    words = " ".join(arguments.invitation)
    if not words:
        sys.stderr.write(say("Приглашение: ", "Invitation: "))
        sys.stderr.flush()
        words = sys.stdin.readline(_LINE_LETTERS)
    try:
        file = configuration.find(getattr(arguments, "config", None))
    except ConfigError:
        file = Path("sync.toml")
    for line in pairing.account(pairing.pair(words.strip(), file, room=arguments.room)):
        _print(line)
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    from sync import report  # noqa: PLC0415

    found = report.verify(_config(arguments))
    if arguments.json:
        _print_json(found)
    else:
        _print(say(f"Проверено доставок: {found.checked}.", f"Deliveries checked: {found.checked}."))
    for breach in found.breaches:
        _refuse(f"{breach.path}: {breach.reason}", FAILED)
    return FAILED if found.breaches else DONE


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _warn_of_plain_http(config: Config) -> None:
    """Names and voices of minors: beyond this machine they belong into TLS."""
    parts = urlsplit(config.address)
    if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        _refuse(
            say(
                f"Внимание: {config.address} без шифрования; используйте https, если сеть не только ваша.",
                f"Warning: {config.address} is not encrypted; use https unless the network is yours alone.",
            ),
            DONE,
        )


def _local_zone() -> tzinfo:
    return datetime.now(UTC).astimezone().tzinfo or UTC


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _print_json(content: object) -> int:
    _print(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
    return DONE


def _refuse(text: str, code: int) -> int:
    """One line on stderr; returns `code`."""
    sys.stderr.write(wording.line(" ".join(text.split())) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
