"""`station-sync experts …`: recordings to experts and back, the folder with the player, recordings for an appeal.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exam.errors import ConfigError, Rejected
from exam.language import say
from sync import config as configuration
from sync.config import Config

if TYPE_CHECKING:
    from sync.experts.book import Book
    from sync.experts.exporting import Export, Wanted
    from sync.experts.records import Copied, Given
    from sync.school.model import SchoolDay

# ruff: noqa: PLC0415 - each command loads only what it uses

DONE, FAILED = 0, 1
_ALL = "all"

Command = Callable[[argparse.Namespace], int]


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` the commands; each takes what `common` does. Chosen, one stands under `command`, to be called."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, ru: str, en: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        found.add_argument(
            "--date", type=date.fromisoformat, metavar="ISO", help=say("день экзамена", "the exam's day")
        )
        return found

    _add_dealing(add)
    status = add("status", _status, "что у кого и что просрочено", "who has what, and what is overdue")
    status.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    folder = say("папка или накопитель, уже существующие", "a folder or drive that is there")
    export = add("export", _export, "папка с записями и проигрывателем", "a folder of recordings with a player")
    export.add_argument("name", metavar="NAME", help=say("эксперт", "the expert"))
    export.add_argument("folder", type=Path, metavar="FOLDER", help=folder)
    appeal = add("appeal", _appeal, "записи участника для апелляции", "a participant's recordings for an appeal")
    appeal.add_argument("--participant", type=int, required=True, metavar="N")
    appeal.add_argument("--reason", required=True, metavar="TEXT", help=say("основание", "on what grounds"))
    appeal.add_argument("--by", required=True, metavar="NAME", help=say("кто выдал", "who gave them out"))
    appeal.add_argument("folder", type=Path, metavar="FOLDER", help=folder)


def _add_dealing(add: Callable[[str, Command, str, str], argparse.ArgumentParser]) -> None:
    dealing = add("distribute", _distribute, "распределить записи между экспертами", "give recordings to experts")
    dealing.add_argument("--experts", default="", metavar="NAMES", help=say("через запятую", "separated by commas"))
    due = say("вернуть до (по умолчанию — 5 дней после экзамена)", "to be back by (5 days after the exam)")
    dealing.add_argument("--due", type=date.fromisoformat, metavar="ISO", help=due)
    second = say("второй эксперт для --participants", "a second reader for --participants")
    dealing.add_argument("--second-reader", metavar="NAME", help=second)
    dealing.add_argument("--participants", type=_numbers, metavar="N,N", help=say("номера", "numbers"))
    moving = add("reassign", _reassign, "передать запись другому эксперту", "give a recording to another expert")
    moving.add_argument("participant", type=int, metavar="N", help=say("участник", "the participant"))
    moving.add_argument("--to", required=True, metavar="NAME")
    moving.add_argument("--from", dest="expert", metavar="NAME", help=say("если слушают двое", "if two listen"))
    moving.add_argument("--reason", required=True, metavar="TEXT", help=say("почему", "why"))
    back = add("returned", _returned, "эксперт вернул протоколы", "an expert handed protocols back")
    back.add_argument("name", metavar="NAME", help=say("эксперт", "the expert"))
    whose = say("номера участников через запятую или all", "numbers of participants, or all")
    back.add_argument("--participants", type=_numbers_or_all, required=True, metavar="N,N|all", help=whose)


def _distribute(arguments: argparse.Namespace) -> int:
    from sync.experts.book import name_of, names_of
    from sync.experts.dealing import voices
    from sync.experts.finding import lengths

    second = name_of(arguments.second_reader) if arguments.second_reader else None
    if (second is None) != (arguments.participants is None):
        raise ConfigError(
            "--second-reader ИМЯ и --participants 1,2 задаются вместе: второй эксперт — только названным участникам.",
            "--second-reader NAME and --participants 1,2 go together: a second reader is for those named alone.",
        )
    config, day, book = _opened(arguments)
    found, lacking = voices(day, lengths(day, config.recordings))
    with book.turn():
        given = book.distribute(
            found,
            names_of(arguments.experts),
            due=arguments.due,
            second=second,
            participants=arguments.participants or (),
        )
    _tell_given(day, given)
    for one in lacking:
        if not one.is_lawful:
            _print(f"! № {one.participant}: {say(one.reason.ru, one.reason.en)}")
    return DONE


def _tell_given(day: "SchoolDay", given: "Sequence[Given]") -> None:
    if not given:
        _print(say("Нового нет: всё, что есть, уже распределено.", "Nothing new: all there is was given already."))
    names = {row.person.number: row.person.full_name for row in day.rows}
    for expert in dict.fromkeys(each.expert for each in given):
        mine = [each for each in given if each.expert == expert]
        minutes = round(sum(each.seconds for each in mine) / 60)
        _print(say(f"{expert}: {len(mine)} новых, {minutes} мин", f"{expert}: {len(mine)} new, {minutes} min"))
        for each in mine:
            second = say(" (второй эксперт)", " (second reader)") if each.second else ""
            _print(f"    № {each.participant} {names.get(each.participant, '')}{second}")


def _reassign(arguments: argparse.Namespace) -> int:
    _, _, book = _opened(arguments)
    with book.turn():
        moved = book.reassign(arguments.participant, arguments.to, arguments.reason, arguments.expert)
    if moved is None:
        _print(say("Запись уже у этого эксперта.", "This expert has the recording already."))
    else:
        ru = f"Участник № {moved.participant}: запись передана от {moved.expert} к {moved.to}. Выдайте её: "
        en = f"Participant {moved.participant}: from {moved.expert} to {moved.to}. Hand it out: "
        _print(say(ru, en) + "station-sync experts export")
    return DONE


def _returned(arguments: argparse.Namespace) -> int:
    _, _, book = _opened(arguments)
    with book.turn():
        new = book.returned(arguments.name, arguments.participants)
    numbers = ", ".join(map(str, new))
    if new:
        _print(say(f"Возвращены протоколы участников № {numbers}.", f"Protocols of {numbers} were handed back."))
    else:
        _print(say("Они уже отмечены возвращёнными.", "They are noted as handed back already."))
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    from sync.experts import overview
    from sync.experts.dealing import voices

    config, day, book = _opened(arguments)
    found, lacking = voices(day, {})
    told = overview.status(day, book.standing(), found, lacking, datetime.now(config.zone).date())
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        for line in overview.lines(told):
            _print(line)
    return DONE


def _export(arguments: argparse.Namespace) -> int:
    from sync.experts.exporting import Order, export, folder_name, for_expert

    config, day, book = _opened(arguments)
    expert, given = book.holder(arguments.name)
    wanted, left = for_expert(day, given)

    def note(folder: Path, page: str, files: "Sequence[Copied]") -> None:
        with book.turn():
            book.exported(expert, folder, page, files)

    order = Order(
        root=arguments.folder,
        name=folder_name(day.exam_date, say("эксперт", "expert"), expert),
        title=_title(day, say(f"Эксперт {expert}", f"Expert {expert}")),
        wanted=tuple(wanted),
        left=tuple(left),
        pages=book.standing().pages,
        note=note,
    )
    return _tell_exported(export(config, day, order))


def _appeal(arguments: argparse.Namespace) -> int:
    from sync.experts.book import name_of, words
    from sync.experts.exporting import Order, export, folder_name

    reason, by = words(arguments.reason, "--reason"), name_of(arguments.by)
    config, day, book = _opened(arguments)
    number = arguments.participant

    def note(folder: Path, page: str, files: "Sequence[Copied]") -> None:
        with book.turn():
            book.appealed(number, reason=reason, by=by, folder=folder, page=page, files=files)

    order = Order(
        root=arguments.folder,
        name=folder_name(day.exam_date, say("апелляция", "appeal"), str(number)),
        title=_title(day, say("Повторная проверка", "Checked again")),
        wanted=tuple(_takes_of(day, number)),
        manifests=True,
        pages=book.standing().pages,
        note=note,
    )
    return _tell_exported(export(config, day, order))


def _takes_of(day: "SchoolDay", number: int) -> "list[Wanted]":
    from sync.experts.exporting import for_appeal

    row = day.row(number)
    if row is None or not row.takes:
        raise Rejected(
            f"Записей участника № {number} за {day.exam_date:%d.%m.%Y} нет. Проверьте номер по списку школы.",
            f"There are no recordings of participant {number} of {day.exam_date}. Check the number in the roster.",
            code="no_recording",
        )
    return for_appeal(row)


def _tell_exported(done: "Export") -> int:
    new = sum(each.is_new for each in done.carried)
    for left in done.left:
        _print(f"! {left.name}: {say(left.reason.ru, left.reason.en)}")
    if done.others:
        names = ", ".join(done.others)
        ru = f"! В папке лежит и другое, чего этому эксперту не отдавали (не тронуто): {names}"
        _print(say(ru, f"! In the folder is something else, left alone: {names}"))
    ru = f"{done.folder}: скопировано и проверено файлов {new}, были там раньше {len(done.carried) - new}. "
    en = f"{done.folder}: {new} files copied and proved, {len(done.carried) - new} were there. "
    _print(say(ru + f"Слушать: откройте «{done.page}».", en + f"To listen open “{done.page}”."))
    _print(
        say(
            "Здесь имена и голоса несовершеннолетних: храните под замком, о пропаже сообщите сразу.",
            "Names and voices of minors: keep them locked away, report a loss at once.",
        )
    )
    if done.left:
        names = ", ".join(left.name for left in done.left)
        raise Rejected(
            f"Скопировано не всё: {names}. Причины выше; устраните и повторите команду.",
            f"Not everything was copied: {names}. The reasons are above; mend them and repeat.",
            code="incomplete",
        )
    return DONE


def _opened(arguments: argparse.Namespace) -> "tuple[Config, SchoolDay, Book]":
    from sync.experts.book import Book
    from sync.school.gathering import gather

    config = configuration.load(configuration.find(getattr(arguments, "config", None)))
    day = gather(config, arguments.date)
    return config, day, Book(config.state, day.exam_date, lambda: datetime.now(UTC).astimezone(config.zone))


def _title(day: "SchoolDay", about: str) -> str:
    return f"{about} · {day.exam_date:%d.%m.%Y} · {day.school_name or day.school}"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(part) for part in text.replace(",", " ").split()))


def _numbers_or_all(text: str) -> tuple[int, ...] | None:
    return None if text == _ALL else _numbers(text)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
