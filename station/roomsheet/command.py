"""`station room-sheet`: the day's sheet, or a blank one for the day before, as a new file."""

import argparse
import json
import sys
from pathlib import Path

from exam import durable
from exam.errors import Rejected
from exam.language import say
from station.config import find, load
from station.usage import Add

_SUFFIXES = {".pdf", ".xlsx"}


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("room-sheet", "ведомость аудитории (PDF или XLSX)", "the room sheet (PDF or XLSX)", _act)
    told = say("новый файл .pdf или .xlsx", "a new file, .pdf or .xlsx")
    command.add_argument("--out", type=_target, required=True, metavar="FILE", help=told)
    blank = say("пустая, накануне: список без времён", "a blank one, for the day before: the list without times")
    command.add_argument("--blank", action="store_true", help=blank)


def _target(text: str) -> Path:
    if Path(text).suffix.lower() not in _SUFFIXES:
        raise argparse.ArgumentTypeError(
            say(f"«{text}» — ведомость бывает .pdf или .xlsx", f"“{text}”: a room sheet ends in .pdf or .xlsx")
        )
    return Path(text)


def _act(arguments: argparse.Namespace) -> int:
    from station.roomsheet import making  # noqa: PLC0415 - heavy, and the command line is read without it

    config, target = load(find(getattr(arguments, "config", None))), arguments.out
    _check_new(target)
    content = making.made(config, target.suffix.lower(), is_blank=arguments.blank)
    try:
        durable.publish(target, content)
    except FileExistsError:
        _check_new(target)
        raise
    told = {"file": str(target.absolute()), "size": len(content)}
    line = say(f"Ведомость: {target}", f"Room sheet: {target}")
    sys.stdout.write((json.dumps(told, ensure_ascii=False) if arguments.json else line) + "\n")
    return 0


def _check_new(target: Path) -> None:
    if target.exists():
        raise Rejected(
            f"Файл {target} уже есть и не тронут. Назовите другой.",
            f"{target} exists and was left alone. Name another.",
            code="exists",
        )
