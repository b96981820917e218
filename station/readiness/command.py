"""`station ready`: whether the room is, a line for each thing, with what to do. Exit code 1 when something is red."""

import argparse
import json
import sys

from exam.language import say
from station.config import find, load
from station.usage import Add

_SIGNS = {"ok": "✓", "warn": "!", "bad": "✕", "off": "–"}


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    add("ready", "готова ли аудитория", "is the room ready?", _act)


def _act(arguments: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415 - the command line is read without it

    from station.readiness.lights import is_ready, lights_of  # noqa: PLC0415
    from station.readiness.looking import look  # noqa: PLC0415

    lights = lights_of(look(load(find(getattr(arguments, "config", None)))))
    if arguments.json:
        found = {"ready": is_ready(lights), "lights": msgspec.to_builtins(lights)}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        for light in lights:
            advice = f" → {light.advice}" if light.advice else ""
            sys.stdout.write(f"{_SIGNS[light.state]} {title(light.code)}: {light.text}{advice}\n")
    return 0 if is_ready(lights) else 1


def title(code: str) -> str:
    """What a light is about."""
    return {
        "date": say("Дата", "Date"),
        "clock": say("Часы", "Clock"),
        "zone": say("Часовой пояс", "Time zone"),
        "config": say("Настройки", "Settings"),
        "roster": say("Список", "Roster"),
        "microphone": say("Микрофон", "Microphone"),
        "rehearsal": say("Проба звука", "Test recording"),
        "disk": say("Диск", "Disk"),
        "copy": say("Вторая копия", "Second copy"),
        "sleep": say("Сон", "Sleep"),
        "daemon": say("Станция", "Station"),
        "page": say("Страница", "Page"),
        "pedal": say("Педаль", "Pedal"),
        "delivery": say("Отправка", "Delivery"),
    }[code]
