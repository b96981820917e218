"""How the command line is used: the kinds of its arguments, and wrong usage said in one line."""

import argparse
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from exam.language import say
from station.session.commands import TIME_OF_DAY

WRONG_USE = 2
"""Exit code of wrong usage or configuration."""


Add = Callable[[str, str, str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]
"""Adds a command by its name and what it does, in both languages, and what carries it out; its parser."""


class Parser(argparse.ArgumentParser):
    """Says wrong usage in one line."""

    def error(self, message: str) -> NoReturn:
        help_ = f"{self.prog} --help"
        self.exit(
            WRONG_USE,
            say(f"Команда задана неверно: {message}. Справка: {help_}\n", f"Wrong usage: {message}. See {help_}\n"),
        )


def listened(text: str) -> float | str:
    """Seconds, or `declined`."""
    if text == "declined":
        return text
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(say("ожидается число секунд или declined", "expected seconds or declined"))
    return seconds


def time_of_day(text: str) -> str:
    """HH:MM:SS."""
    if not re.fullmatch(TIME_OF_DAY, text):
        raise argparse.ArgumentTypeError(
            say(f"«{text}» — ожидается время вида 09:05:00", f"“{text}”: expected a time like 09:05:00")
        )
    return text


def yes_no(text: str) -> bool:
    """yes or no."""
    if text not in {"yes", "no"}:
        raise argparse.ArgumentTypeError(say("ожидается yes или no", "expected yes or no"))
    return text == "yes"


def picture(text: str) -> Path:
    """A file name that ends in .png or .svg."""
    if Path(text).suffix.lower() not in {".png", ".svg"}:
        raise argparse.ArgumentTypeError(
            say(f"«{text}» — картинка бывает .png или .svg", f"“{text}”: a picture ends in .png or .svg")
        )
    return Path(text)
