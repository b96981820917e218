"""`station-sync package …`: the school's day for the organizer, and what the organizer decides about it.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exam.errors import Rejected
from exam.language import say
from exam.regulation import Outcome
from sync import config as configuration
from sync.config import Config

if TYPE_CHECKING:
    from sync.school.decisions import Decision
    from sync.school.model import SchoolDay

# ruff: noqa: PLC0415 - each command loads only what it uses

DONE, INCOMPLETE = 0, 1
_CLEAR = "clear"
_LETTERS = 10


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` what can be done with a package; without any of it, it tells how the day stands."""
    parser.set_defaults(command=_tell)
    parser.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    parser.add_argument("--date", type=date.fromisoformat, metavar="ISO", help=say("день экзамена", "the exam's day"))
    parser.add_argument(
        "--out", type=Path, metavar="FILE.csv|.pdf", help=say("отчёт: таблица или PDF", "the report: a table or PDF")
    )
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], ru: str, en: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        found.add_argument("--by", required=True, metavar="WHO", help=say("кто решил", "who decided"))
        found.add_argument("--date", type=date.fromisoformat, metavar="ISO", default=argparse.SUPPRESS,
                           help=say("день экзамена", "the exam's day"))  # fmt: skip
        return found

    why = say("почему", "why")
    releasing = add("release", _release, "передать комплект в РЦОИ", "release the package to the centre")
    releasing.add_argument("--incomplete", metavar="REASON", help=say("почему, хотя не всё есть", "why, if incomplete"))
    outcome = add("outcome", _outcome, "отметить неявку и другое из Штаба", "note an outcome at the headquarters")
    outcome.add_argument("--participant", type=int, required=True, metavar="N")
    outcome.add_argument("outcome", choices=[*Outcome, _CLEAR])
    outcome.add_argument("--at", metavar="HH:MM:SS", help=say("время", "the time"))
    outcome.add_argument("--note", default="", metavar="TEXT")
    choose = add("choose", _choose, "выбрать запись участника", "choose a participant's recording")
    choose.add_argument("--take", required=True, metavar="NAME", help=say("имя файла без окончания", "the name"))
    began = say("когда начата, если имя одно у двух записей", "when it began, if two bear the name")
    choose.add_argument("--started", metavar="HH:MM:SS", help=began)
    choose.add_argument("--reason", required=True, help=why)
    settle = add("settle", _settle, "подтвердить за аудиторию", "answer for a room")
    settle.add_argument("--room", required=True)
    settle.add_argument("--reason", required=True, help=why)
    papers = add("papers", _papers, "бумаги переданы на руки", "the papers were handed over on paper")
    papers.add_argument("--to", required=True, metavar="WHOM", help=say("кому", "to whom"))
    papers.add_argument("--note", default="", metavar="TEXT")


def _tell(arguments: argparse.Namespace) -> int:
    from sync.school import telling

    day = _day(arguments)
    if arguments.out is not None:
        _write(arguments.out, day)
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(day), indent=2).decode())
    else:
        for line in telling.lines(day):
            _print(line)
    return DONE if day.is_complete else INCOMPLETE


def _release(arguments: argparse.Namespace) -> int:
    from sync.school.releasing import release

    config = _config(arguments)
    made = release(config, _day(arguments), by=arguments.by, now=datetime.now(config.zone),
                   incomplete=arguments.incomplete)  # fmt: skip
    _print(say(f"Комплект передан: {made.file}, версия {made.version}, файлов {len(made.files)}.",
               f"Released: {made.file}, version {made.version}, {len(made.files)} files."))  # fmt: skip
    return DONE


def _outcome(arguments: argparse.Namespace) -> int:
    from sync.school.decisions import Told

    day = _day(arguments)
    if day.row(arguments.participant) is None:
        raise Rejected(
            f"Участника № {arguments.participant} нет в списке.",
            f"There is no participant {arguments.participant} on the list.",
            code="unknown_participant",
        )
    told = None if arguments.outcome == _CLEAR else Outcome(arguments.outcome)
    return _note(arguments, Told(day.exam_date, arguments.participant, told, _time(arguments.at), arguments.note,
                                 arguments.by, datetime.now(UTC)))  # fmt: skip


def _choose(arguments: argparse.Namespace) -> int:
    from sync.school.decisions import Chosen

    day, started = _day(arguments), _time(arguments.started)
    found = [(row, take) for row in day.rows for take in row.takes if take.stem == arguments.take]
    if started is not None:
        found = [(row, take) for row, take in found if f"{take.started_at:%H:%M:%S}" == started]
    if not found:
        raise Rejected(
            f"Записи «{arguments.take}» в этом дне нет. Имена покажет station-sync package --json.",
            f"There is no recording “{arguments.take}” in this day. station-sync package --json shows the names.",
            code="unknown_take",
        )
    if len(found) > 1:
        begun = ", ".join(f"{take.started_at:%H:%M:%S}" for _, take in found)
        raise Rejected(
            f"Записей с именем «{arguments.take}» несколько, начаты в {begun}. Скажите, какая: --started ЧЧ:ММ:СС.",
            f"Several recordings are called “{arguments.take}”, begun at {begun}. Say which: --started HH:MM:SS.",
            code="two_takes",
        )
    ((row, take),) = found
    return _note(arguments, Chosen(day.exam_date, row.person.number, take.stem, arguments.by, arguments.reason,
                                   datetime.now(UTC), take.started_at))  # fmt: skip


def _settle(arguments: argparse.Namespace) -> int:
    from sync.school.decisions import Settled

    day = _day(arguments)
    known = dict.fromkeys([*(room.number for room in day.rooms), *(room for row in day.rows for room in row.rooms)])
    if arguments.room not in known:
        raise Rejected(
            f"Аудитории «{arguments.room}» в этом дне нет. Есть: {', '.join(known)}.",
            f"There is no room “{arguments.room}” in this day. There are: {', '.join(known)}.",
            code="unknown_room",
        )
    return _note(arguments, Settled(day.exam_date, arguments.room, arguments.by, arguments.reason, datetime.now(UTC)))


def _papers(arguments: argparse.Namespace) -> int:
    from sync.school.decisions import PapersGiven

    day = _day(arguments)
    return _note(arguments, PapersGiven(day.exam_date, arguments.by, arguments.to, arguments.note, datetime.now(UTC)))


def _note(arguments: argparse.Namespace, decision: "Decision") -> int:
    from sync.school.decisions import Headquarters

    Headquarters(_config(arguments).state).add(decision)
    _print(say("Записано.", "Noted."))
    return DONE


def _time(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%H:%M:%S").strftime("%H:%M:%S")  # noqa: DTZ007 - a time of the school's day
    except ValueError:
        raise Rejected(
            f"Время «{text}»: ожидается вид 10:41:05.", f"Time “{text}”: expected as in 10:41:05.", code="bad_time"
        ) from None


def _write(path: Path, day: "SchoolDay") -> None:
    from exam import durable, windows
    from sync.school import report_pdf, telling

    kinds = {".csv": lambda: windows.table(telling.table(day)), ".pdf": lambda: report_pdf.draw(day)}
    if path.suffix.lower() not in kinds:
        raise Rejected(f"{path}: ожидается .csv или .pdf.", f"{path}: expected .csv or .pdf.", code="bad_suffix")
    try:
        durable.publish(path.absolute(), kinds[path.suffix.lower()](), mode=0o600)
    except FileExistsError:
        raise Rejected(
            f"Файл {path} уже есть и не перезаписывается: назовите отчёт иначе.",
            f"{path} is there and is not written over: name the report otherwise.",
            code="exists",
        ) from None


def _day(arguments: argparse.Namespace) -> "SchoolDay":
    from sync.school.gathering import gather

    return gather(_config(arguments), arguments.date)


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
