"""`station check`: asks for the verdict on any sound file, and shows it. Imports numpy only to judge."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from exam.language import say
from station.usage import Add, picture


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("check", "проверить звук любых файлов", "the verdict on any sound files", _act)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    drawn = say("картинка на одну страницу, .png или .svg", "a one-page picture, .png or .svg")
    command.add_argument("--plot", type=picture, metavar="FILE", help=drawn)
    command.set_defaults(wrong=command.error)


def _act(arguments: argparse.Namespace) -> int:
    """0 when every file could be judged, whatever was found: a verdict advises."""
    from station import checking  # noqa: PLC0415 - heavy, and the command line is read without it

    if arguments.plot and len(arguments.files) > 1:
        arguments.wrong(say("--plot рисует один файл; назовите один", "--plot draws one file; name one"))
    found = []
    for checked in checking.check_all(arguments.files, getattr(arguments, "config", None), arguments.plot):
        found.append(checked)
        if not checked.ok:
            _show(checked.lines, sys.stderr)
        elif not arguments.json:
            _show(checked.lines, sys.stdout)
    if arguments.json:
        _show([checking.as_json(found)], sys.stdout)
    return 0 if all(checked.ok for checked in found) else 1


def _show(lines: Sequence[str], out: IO[str]) -> None:
    out.writelines(line + "\n" for line in lines)
    out.flush()
