"""`station summary`: the end of the day, who was expected, recorded and accepted, who is missing, what is delivered.

From the journal, with a running daemon or without; imports nothing heavy before it is asked.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from exam.language import say
from station.config import Config, find, load
from station.usage import Add

if TYPE_CHECKING:
    from station.delivering import Deliveries
    from station.tally import Tally

_LISTED = 5


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    add("summary", "итог дня: кто записан, кого не хватает", "the day's end: who is recorded, who is missing", _act)


def _act(arguments: argparse.Namespace) -> int:
    told = summary_of(load(find(getattr(arguments, "config", None))))
    lines = [json.dumps(told, ensure_ascii=False)] if arguments.json else _lines(told)
    sys.stdout.writelines(line + "\n" for line in lines)
    return 0


def summary_of(config: Config) -> dict[str, Any]:
    """What `--json` prints. Raises Rejected where there is no day, ConfigError where the roster is wrong."""
    from exam import roster  # noqa: PLC0415 - the command line is read without them
    from station import daybook, delivering, sides, tally  # noqa: PLC0415

    day = daybook.read(sides.day_folder(config)).day
    found = tally.tally(day, roster.load(config.roster), config.room.number)
    deliveries = delivering.asked(config.sync_config) if config.sync_config is not None else None
    return {
        "state": str(day.state),
        **_counted(found),
        "unpublished": list(tally.still_due(day, config.exam.recording)),
        "delivery": None if deliveries is None else _delivered(deliveries),
    }


def _counted(found: "Tally") -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    from station.tally import Standing  # noqa: PLC0415

    return {
        "expected": found.expected,
        "recorded": found.recorded,
        "accepted": found.count(Standing.ACCEPTED),
        "missing": [row.number for row in found.missing],
        "participants": msgspec.to_builtins(found.rows),
    }


def _delivered(deliveries: "Deliveries") -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    told: dict[str, Any] = msgspec.to_builtins(deliveries)
    return told


def _lines(told: dict[str, Any]) -> list[str]:
    names = {row["number"]: row["name"] for row in told["participants"]}
    lines = [
        say(
            f"В списке аудитории: {told['expected']}, записано: {told['recorded']}, принято: {told['accepted']}.",
            f"On the room's list: {told['expected']}, recorded: {told['recorded']}, accepted: {told['accepted']}.",
        )
    ]
    lines += [
        say(
            f"! № {number} {names[number]}: нет ни записи, ни отметки",
            f"! {number} {names[number]}: neither recording nor mark",
        )
        for number in told["missing"]
    ]
    if told["unpublished"]:
        waiting = ", ".join(told["unpublished"][:_LISTED])
        lines.append(say(f"! Ещё не оформлено: {waiting}", f"! Not published yet: {waiting}"))
    return lines + _delivery_lines(told["delivery"])


def _delivery_lines(told: dict[str, Any] | None) -> list[str]:
    if told is None:
        return []
    if told["error"]:
        return [say("! Отправка: ", "! Delivery: ") + told["error"]]
    count = f"{told['delivered']}/{told['files']}"
    return [say(f"Доставлено с квитанцией: {count}.", f"Delivered with a receipt: {count}.")]
