"""`station export`: the day onto a drive, with progress, and what is there then in one line."""

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from exam.errors import Rejected
from exam.language import say
from station.config import find, load
from station.progress import Progress
from station.usage import Add

if TYPE_CHECKING:
    from station.exporting.carrying import Carried, Step
    from station.exporting.choosing import Left
    from station.exporting.inventory import Entry

_JSON_EVERY_S = 0.5
_LISTED = 3


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("export", "скопировать день на накопитель с проверкой", "a verified copy of the day", _act)
    command.add_argument("folder", type=Path, metavar="FOLDER", help=say("папка накопителя", "the drive's folder"))


def _act(arguments: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415 - the command line is read without it

    from station.exporting import carrying  # noqa: PLC0415

    config = load(find(getattr(arguments, "config", None)))
    screen = _Screen(as_json=arguments.json)
    try:
        carried = carrying.carry(config, arguments.folder, screen.tell, screen.warn)
    finally:
        screen.clear()
    if arguments.json:
        told = {name: getattr(carried, name) for name in ("folder", "left", "too_large", "put_by", "inventory")}
        files = {name: [_file(entry) for entry in getattr(carried, name)] for name in ("copied", "equal")}
        found = {**told, **files, "same_disk": carried.same_disk, "ok": carried.ok}
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(line + "\n" for line in _lines(carried))
    if carried.left:
        raise _incomplete(carried)
    return 0


def _file(entry: "Entry") -> dict[str, str | int]:
    return {"file": entry.file, "size": entry.size, "sha256": entry.sha256}


def _lines(carried: "Carried") -> list[str]:
    """What was done, the outcome last."""
    lines = [f"! {left.file}: {left.text}" for left in (*carried.left, *carried.too_large)]
    if carried.same_disk:
        lines.append(
            say(
                "! Эта папка на том же диске, что и записи: при его поломке пропадёт и копия.",
                "! This folder is on the recordings' own disk: should that fail the copy is lost, too.",
            )
        )
    size = _size(sum(entry.size for entry in carried.copied))
    lines.append(
        say(
            f"Скопировано и проверено файлов: {len(carried.copied)} ({size}), были там раньше: "
            f"{len(carried.equal)}, папка {carried.folder}, опись {carried.inventory[0]}. Теперь «безопасное "
            "извлечение».",
            f"Copied and proved: {len(carried.copied)} files ({size}), there before: {len(carried.equal)}, "
            f"folder {carried.folder}, inventory {carried.inventory[0]}. Now eject the drive.",
        )
    )
    return lines


def _size(size: int) -> str:
    if size >= 1e9:  # noqa: PLR2004 - a gigabyte
        return f"{size / 1e9:.1f} " + say("ГБ", "GB")
    return f"{size / 1e6:.1f} " + say("МБ", "MB")


def _incomplete(carried: "Carried") -> Rejected:
    named = "; ".join(f"{left.file}: {left.text}" for left in carried.left[:_LISTED])
    count = len(carried.left)
    return Rejected(
        f"На накопителе не всё, не хватает {count}: {named}. Остальное скопировано; потом повторите.",
        f"Not everything is on the drive, {count} missing: {named}. The rest is copied; repeat later.",
        code="incomplete",
    )


class _Screen:
    """How far it has come: a line on a terminal; with `as_json`, elsewhere, a JSON object a line on stderr."""

    def __init__(self, *, as_json: bool) -> None:
        self._line, self._as_json = Progress(), as_json and not sys.stderr.isatty()
        self._began, self._said = time.monotonic(), -math.inf

    def warn(self, left: "Left") -> None:
        self._line.clear()
        sys.stderr.write(f"! {left.file}: {left.text}\n")

    def tell(self, step: "Step") -> None:
        now = time.monotonic()
        left_s = _left_s(step, now - self._began)
        self._line.tell(_words(step, left_s))
        if self._as_json and now - self._said >= _JSON_EVERY_S:
            self._said = now
            told = {"file": step.file, "number": step.number, "files": step.files, "done": step.done,
                    "whole": step.whole, "left_s": left_s}  # fmt: skip
            sys.stderr.write(json.dumps({"progress": told}, ensure_ascii=False) + "\n")
            sys.stderr.flush()

    def clear(self) -> None:
        self._line.clear()


def _left_s(step: "Step", passed_s: float) -> int | None:
    """Seconds that remain at the pace so far; None while that is not known."""
    if not step.done or passed_s < 1.0:
        return None
    return round(passed_s * (step.whole - step.done) / step.done)


def _words(step: "Step", left_s: int | None) -> str:
    percent = 100 * step.done // max(1, step.whole)
    left = "" if left_s is None else say(f", осталось {_time(left_s)}", f", {_time(left_s)} left")
    return f"{percent} %{left}  {step.number}/{step.files}  {step.file}"


def _time(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
