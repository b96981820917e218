"""`station learn-pedal` on the command line; what hears the pedal is loaded only then."""

import argparse

from exam.language import say
from station.config import find, load
from station.usage import Add


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("learn-pedal", "научить педали: нажмите её один раз", "teach the pedal: press it once", _act)
    command.add_argument("--yes", action="store_true", help=say("это точно педаль", "it is a pedal for certain"))


def _act(arguments: argparse.Namespace) -> int:
    from station.controls import learning  # noqa: PLC0415 - evdev, which no other command needs

    config = load(find(getattr(arguments, "config", None)))
    learning.learn_for(config, is_sure=arguments.yes, as_json=arguments.json)
    return 0
