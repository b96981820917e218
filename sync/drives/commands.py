"""`station-sync drive …`: a day by flash drive, from the rooms, to the hub and centre, receipts back.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from exam import durable
from exam.errors import ConfigError, ExamError, Rejected
from exam.language import say
from sync import config as configuration
from sync import wording
from sync.config import Config

if TYPE_CHECKING:
    from sync.drives.reading import Found
    from sync.drives.receiving import Taken
    from sync.drives.records import Carried

# ruff: noqa: PLC0415 - each command loads only what it uses

DONE, FAILED = 0, 1
_SHOW_EVERY_S = 0.5
_MOST_KEYS_BYTES = 64 << 10

Command = Callable[[argparse.Namespace], int]


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` the commands; each takes what `common` does. Chosen, one stands under `command`, to be called."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, ru: str, en: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        return found

    where = say("папка накопителя (/media/…)", "where the drive is mounted (/media/…)")
    _add_export(add("export", _export, "день на накопитель для Штаба или РЦОИ", "the day onto a drive"), where)
    collect = add("import", _import, "накопитель аудитории — в Штаб", "a room's drive to the headquarters")
    _add_receive(add("receive", _receive, "принять накопитель школы в обмен", "take a school's drive in"), where)
    receipts = add("receipts", _receipts, "забрать квитанции с накопителя", "fetch the receipts from a drive")
    for reading in (collect, receipts):
        reading.add_argument("drive", type=Path, metavar="DRIVE", help=where)
    listed = add("list", _list, "какие накопители записаны", "the drives that were written")
    listed.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    lost = add("lost", _lost, "накопитель утерян: что на нём было", "a drive is lost: what it held")
    lost.add_argument("--by", required=True, metavar="NAME", help=say("кто сообщил", "who says so"))
    lost.add_argument("--note", required=True, metavar="TEXT", help=say("где и когда", "where and when"))
    slip = add("slip", _slip, "лист передачи «сдал / принял»", "the hand-over slip")
    slip.add_argument("--out", type=_pdf, required=True, metavar="FILE.pdf", help=say("новый файл", "a new file"))
    for numbered in (lost, slip):
        numbered.add_argument("number", type=int, metavar="N", help=say("номер накопителя", "the drive's number"))
    key = add("new-key", _new_key, "РЦОИ: ключ, которым читают накопители", "the centre's key to read drives with")
    key.add_argument("file", type=Path, metavar="FILE", help=say("новый файл закрытого ключа", "a new file for it"))


def _add_export(export: argparse.ArgumentParser, where: str) -> None:
    export.add_argument("drive", type=Path, metavar="DRIVE", help=where)
    export.add_argument("--by", required=True, metavar="NAME", help=say("кто отвечает", "who answers for it"))
    to = say("зашифровать этому открытому ключу", "encrypt to this public key")
    export.add_argument("--to", action="append", default=[], metavar="age1…", help=to)
    several = say("файл открытых ключей, по одному в строке", "a file of public keys, one a line")
    export.add_argument("--recipients", type=Path, metavar="FILE", help=several)
    everything = say("и то, что уже доставлено", "what is delivered already, too")
    export.add_argument("--all", action="store_true", help=everything)
    token = say("файл с ключом доступа школы", "the file of the school's token")
    export.add_argument("--token-file", type=Path, metavar="FILE", help=token)
    slip = say("сразу лист передачи", "the hand-over slip, too")
    export.add_argument("--slip", type=_pdf, metavar="FILE.pdf", help=slip)


def _add_receive(receive: argparse.ArgumentParser, where: str) -> None:
    receive.add_argument("drive", type=Path, metavar="DRIVE", help=where)
    receive.add_argument("--folder", type=Path, required=True, help=say("папка обмена", "the exchange's folder"))
    url = say("адрес обмена, если он не здесь", "the exchange's address, if it is elsewhere")
    receive.add_argument("--url", metavar="URL", help=url)
    identity = say("закрытый ключ (drive new-key)", "the secret key (drive new-key)")
    receive.add_argument("--identity", type=Path, metavar="FILE", help=identity)
    school = say("только этой школы", "of this school alone")
    receive.add_argument("--school", metavar="CODE", help=school)


def _pdf(text: str) -> Path:
    if Path(text).suffix.lower() != ".pdf":
        raise argparse.ArgumentTypeError(say(f"«{text}» — ожидается .pdf", f"“{text}”: expected .pdf"))
    return Path(text)


def _export(arguments: argparse.Namespace) -> int:
    from sync.drives import telling
    from sync.drives.writing import Order, write

    config = _config(arguments)
    if arguments.slip is not None and arguments.slip.exists():
        raise _exists(arguments.slip)
    order = Order(arguments.by, _recipients(arguments), arguments.all)
    key = _key(config, arguments.token_file)
    with _owned(config), _Bar() as bar:
        made = write(config, arguments.drive, order, key, now=datetime.now(config.zone), tell=bar.tell)
    _warn(telling.left(made.left))
    _print(telling.written(made))
    if arguments.slip is not None:
        _draw(config, made.carried, arguments.slip)
    return FAILED if made.left else DONE


def _recipients(arguments: argparse.Namespace) -> tuple[str, ...]:
    """In one order, each once: a repeated call goes on with the same drive."""
    found = [text.strip() for text in arguments.to]
    if arguments.recipients is not None:
        try:
            with arguments.recipients.open("rb") as file:
                lines = file.read(_MOST_KEYS_BYTES).decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            ru, en = f"{arguments.recipients}: не читается.", f"{arguments.recipients}: cannot be read."
            raise ConfigError(ru, en) from error
        found += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not found:  # nobody who asked for encryption may get a plain drive
            raise ConfigError(f"{arguments.recipients}: нет ни одного ключа.", f"{arguments.recipients}: no key in it.")
    return tuple(sorted(set(found)))


def _key(config: Config, file: Path | None) -> str:
    from sync import targets
    from sync.drives.model import key_of
    from sync.targets import Tus

    if file is None and isinstance(config.target, Tus) and config.target.token_file is not None:
        file = Path(config.target.token_file)
    if file is None:
        raise ConfigError(
            "Чтобы получатель узнал накопитель школы, нужен её ключ доступа: укажите --token-file.",
            "For the receiver to know the school's drive its token is needed: name it by --token-file.",
            code="no_token",
        )
    return key_of(targets.secret(config.file, "token_file", str(file))[0])


def _import(arguments: argparse.Namespace) -> int:
    from sync.drives import telling
    from sync.drives.collecting import collect

    config = _config(arguments)
    with _owned(config):
        found = collect(arguments.drive.absolute(), config.imported, config.school)
    _warn(telling.left(found.refused))
    _print(telling.collected(found))
    return FAILED if found.refused else DONE


def _receive(arguments: argparse.Namespace) -> int:
    from sync.drives import reading, receiving, sealing, telling
    from sync.drives.owning import left_to_owner_of
    from sync.exchange import errand

    folder = arguments.folder.resolve()
    identity = sealing.identity_from(arguments.identity) if arguments.identity is not None else None
    address = errand.address_of(folder, arguments.url)

    def keys_of(school: str) -> list[str]:
        return errand.keys_of(folder, school) if arguments.school in {None, school} else []

    refused = False
    ours = folder / receiving.FILE, folder / receiving.STAGING
    with left_to_owner_of(folder, *ours), receiving.staging(folder):
        for place in reading.notes_on(arguments.drive):
            try:
                taken = _taken(reading.opened(place, keys_of), folder, address, identity)
            except Rejected as error:
                _warn([str(error)])
                refused = True
                continue
            _warn(telling.left(taken.refused))
            for line in telling.taken(taken):
                _print(line)
            refused |= bool(taken.refused) or not taken.receipts
    return FAILED if refused else DONE


def _taken(found: "Found", folder: Path, address: Any, identity: Any | None) -> "Taken":
    from sync.drives.receiving import Taking
    from sync.exchange import errand
    from sync.transports.tus import Tus

    with (
        errand.token_for(folder, found.note.school) as token,
        closing(Tus(address.url, token, fingerprint=address.fingerprint)) as transport,
        _Bar() as bar,
    ):
        return Taking(found, folder, transport, identity).take(datetime.now().astimezone(), bar.tell)


def _receipts(arguments: argparse.Namespace) -> int:
    from sync.drives import telling
    from sync.drives.returning import take_back

    config = _config(arguments)
    with _owned(config):
        found = take_back(config, arguments.drive)
    _warn(telling.left(found.refused))
    for line in telling.returned(found):
        _print(line)
    return FAILED if found.refused else DONE


def _list(arguments: argparse.Namespace) -> int:
    from sync import ledger
    from sync.drives import telling
    from sync.drives.records import Drives
    from sync.model import ItemState
    from sync.returned import ReturnedFiles

    config = _config(arguments)
    drives = Drives(config.state).all().values()
    arrived = {row.key for row in ledger.read(config.state) if row.state is ItemState.DELIVERED}
    arrived |= ReturnedFiles(config.state).keys()
    if arguments.json:
        content = msgspec.json.encode([telling.as_json(one, arrived) for one in drives])
        sys.stdout.write(msgspec.json.format(content, indent=2).decode() + "\n")
    for one in () if arguments.json else drives:
        _print(telling.listed(one, arrived))
    return DONE


def _lost(arguments: argparse.Namespace) -> int:
    from sync.drives import telling
    from sync.drives.records import Drives, Missing

    config = _config(arguments)
    drives = Drives(config.state)
    drive = drives.one(arguments.number)
    with _owned(config):
        drives.add(Missing(arguments.number, arguments.by, arguments.note, datetime.now(config.zone)))
    for line in telling.lost(drive):
        _print(line)
    return DONE


def _slip(arguments: argparse.Namespace) -> int:
    from sync.drives.records import Drives

    config = _config(arguments)
    _draw(config, Drives(config.state).one(arguments.number), arguments.out)
    return DONE


def _draw(config: Config, drive: "Carried", out: Path) -> None:
    from sync.drives.slip import Slip, draw

    number = drive.begun.number
    if drive.made is None:
        raise Rejected(
            f"Накопитель № {number} не дописан: повторите station-sync drive export.",
            f"Drive no. {number} is unfinished: repeat station-sync drive export.",
            code="unfinished",
        )
    try:
        durable.publish(out, draw(Slip(config.school, config.school_name, drive, drive.made.note_sha256)))
    except FileExistsError:
        raise _exists(out) from None
    _print(say(f"Лист передачи: {out}", f"The hand-over slip: {out}"))


def _new_key(arguments: argparse.Namespace) -> int:
    from sync.drives import sealing

    secret, public = sealing.new_identity()
    try:
        durable.publish(arguments.file, f"# public key: {public}\n{secret}\n".encode(), mode=0o600)
    except FileExistsError:
        raise _exists(arguments.file) from None
    ru = f"Закрытый ключ: {arguments.file}; сделайте его копию, без него накопители не прочесть. Школам — открытый:"
    _print(say(ru, f"The secret key: {arguments.file}; keep a copy, no drive can be read without it. For schools:"))
    _print(public)
    return DONE


class _Bar:
    """How much of how much, on a terminal alone. A context manager: a call that is broken off is told as that."""

    def __init__(self) -> None:
        self._is_live, self._shown_at = sys.stderr.isatty(), 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
        if kind is KeyboardInterrupt:
            raise Rejected(
                "Остановлено. Что готово, то цело; повторите команду, и она продолжит.",
                "Stopped. What is finished is whole; repeat the command, and it goes on.",
                code="stopped",
            ) from None

    def tell(self, done: int, size: int) -> None:
        if self._is_live and time.monotonic() - self._shown_at >= _SHOW_EVERY_S:
            self._shown_at = time.monotonic()
            sys.stderr.write(f"\r\x1b[K{100 * done // max(size, 1)} %  {wording.amount(size)}")
            sys.stderr.flush()


def _exists(path: Path) -> ExamError:
    return Rejected(
        f"Файл {path} уже есть и не тронут. Назовите другой.",
        f"{path} exists and was left alone. Name another.",
        code="exists",
    )


def _owned(config: Config) -> AbstractContextManager[None]:
    from sync.drives.owning import left_to_owner_of

    return left_to_owner_of(config.state, config.state, config.imported)


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stderr.write(wording.line(" ".join(line.split())) + "\n")


def _print(text: str) -> None:
    sys.stdout.write(wording.line(text) + "\n")
