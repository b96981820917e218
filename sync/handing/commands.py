"""The commands of handing over: `pack`, `handed-over`, `take-back`, `handovers`; and what `run` and `once` do instead.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from exam.errors import ConfigError, Rejected
from exam.language import say
from sync import config as configuration
from sync.config import Config
from sync.targets import Manual

if TYPE_CHECKING:
    from sync.handing.records import Entry
    from sync.handing.work import Outcome, Work

DONE, FAILED = 0, 1
_SHOW_EVERY_S = 0.5
_LISTED = 5

Command = Callable[[argparse.Namespace], int]


class Add(Protocol):
    """Adds a command to those of the program."""

    def __call__(self, name: str, command: Command, ru: str, en: str) -> argparse.ArgumentParser: ...


def add_to(add: Add) -> None:
    """The commands, added to the others."""
    packing = add(
        "pack", _pack, "собрать ZIP с описью для передачи человеком", "pack ZIPs with an inventory for a person"
    )
    again = say("готовые архивы удалены нарочно: собрать заново", "finished archives were deleted on purpose: anew")
    packing.add_argument("--again", action="store_true", help=again)
    given = add("handed-over", _handed_over, "записать, что архивы переданы", "record that archives were handed over")
    given.add_argument("zips", nargs="*", metavar="ZIP", help=say("имя или путь", "a name or a path"))
    given.add_argument("--all", action="store_true", help=say("все, что ждут передачи", "all that wait"))
    given.add_argument("--by", required=True, metavar="WHO", help=say("кто сдал", "who handed over"))
    given.add_argument("--to", required=True, metavar="WHOM", help=say("кто принял", "who received"))
    way = say("как: личный кабинет, накопитель, почта…", "how: web site, drive, mail…")
    given.add_argument("--way", required=True, help=way)
    at = say("когда, если не сейчас: 2026-02-11T18:30", "when, if not now: 2026-02-11T18:30")
    given.add_argument("--at", type=_moment, metavar="ISO", help=at)
    given.add_argument("--note", default="", metavar="TEXT", help=say("примечание", "a note"))
    back = add("take-back", _take_back, "запись о передаче ошибочна", "a record of handing over was a mistake")
    back.add_argument("number", type=int, metavar="N", help=say("номер записи", "the record's number"))
    back.add_argument("--by", required=True, metavar="WHO", help=say("кто исправил", "who corrects"))
    back.add_argument("--reason", required=True, metavar="TEXT", help=say("почему", "why"))
    listed = add("handovers", _handovers, "что и кому передано", "what was handed over, and to whom")
    listed.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))


def applies(config: Config) -> bool:
    """Whether a person hands over, and no program sends."""
    return isinstance(config.target, Manual)


def run(config: Config) -> int:
    """Pack whatever was recorded, until stopped."""
    _work(config).run()
    return DONE


def once(config: Config) -> int:
    """Pack everything now; done only when everything is handed over, too."""
    outcome = _packed(config)
    if outcome.waiting:
        names = ", ".join(each.zip for each in outcome.waiting[:_LISTED])
        ru = f"Не передано архивов: {len(outcome.waiting)} ({names}). После передачи: station-sync handed-over --all …"
        en = f"Not handed over: {len(outcome.waiting)} ({names}). Afterwards: station-sync handed-over --all …"
        sys.stderr.write(say(ru, en) + "\n")
    return DONE if outcome.all_handed_over else FAILED


def _pack(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    outcome = _packed(config, again=arguments.again)
    for each in outcome.waiting:
        _print(f"{each.zip}  {each.size / 1e6:.1f} {say('МБ', 'MB')}  {each.sha256}")
    if outcome.waiting:
        place = config.address
        ru = f"Ждут передачи: {len(outcome.waiting)}, в {place}; опись там же. После передачи: station-sync handed-over"
        en = f"Waiting: {len(outcome.waiting)} in {place}, with an inventory. Afterwards: station-sync handed-over"
        _print(say(ru, en))
    return FAILED if outcome.unpacked else DONE


def _packed(config: Config, *, again: bool = False) -> "Outcome":
    from sync.life import Stopped  # noqa: PLC0415 - each command loads only what it uses

    try:
        outcome = _work(config).pack(again=again)
    except Stopped:
        raise Rejected(
            "Остановлено. Готовые архивы целы; station-sync pack продолжит.",
            "Stopped. Finished archives are whole; station-sync pack goes on.",
            code="stopped",
        ) from None
    if outcome.unpacked:
        ru = f"Не упаковано файлов: {outcome.unpacked}. Каких и почему: station-sync status и опись рядом с архивами."
        en = f"Files not packed: {outcome.unpacked}. Which and why: station-sync status, and the inventory."
        sys.stderr.write(say(ru, en) + "\n")
    return outcome


def _handed_over(arguments: argparse.Namespace) -> int:
    from sync.handing.giving import Act, in_words  # noqa: PLC0415
    from sync.life import Stopped  # noqa: PLC0415

    if arguments.all == bool(arguments.zips):
        raise ConfigError("Назовите архивы или укажите --all, одно из двух.", "Name archives or --all, one of the two.")
    act = Act(arguments.by, arguments.to, arguments.way, arguments.note, arguments.at)
    try:
        record = _work(_config(arguments)).hand_over(None if arguments.all else arguments.zips, act)
    except Stopped:
        raise Rejected("Остановлено, ничего не записано.", "Stopped, nothing is recorded.", code="stopped") from None
    if record is None:
        _print(say("Записывать нечего: всё это уже записано как переданное.", "Nothing to record: it is on record."))
        return DONE
    names = ", ".join(parcel.zip for parcel in record.zips)
    _print(
        say(f"Записано под № {record.number}: {names}; ", f"Recorded as {record.number}: {names}; ") + in_words(record)
    )
    return DONE


def _take_back(arguments: argparse.Namespace) -> int:
    if _work(_config(arguments)).take_back(arguments.number, arguments.by, arguments.reason):
        ru = f"Запись № {arguments.number} отмечена ошибочной; её архивы снова ждут передачи."
        _print(say(ru, f"Record {arguments.number} is marked as a mistake; its archives wait again."))
    else:
        _print(say("Эта запись уже отмечена ошибочной.", "That record is marked as a mistake already."))
    return DONE


def _handovers(arguments: argparse.Namespace) -> int:
    from sync.handing.giving import FILE, Handovers  # noqa: PLC0415

    config = _config(arguments)
    handovers = Handovers(config.state)
    entries = handovers.entries()
    if arguments.json:
        content = [_as_json(entry) for entry in entries]
        _print(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
    else:
        for entry in entries:
            _tell(entry)
    torn = handovers.torn()
    if torn:
        lines = ", ".join(map(str, torn))
        raise Rejected(
            f"{config.state / FILE}: строки {lines} не читаются, остальные целы. Сверьте с бумажной описью.",
            f"{config.state / FILE}: lines {lines} cannot be read, the others are whole. Compare the paper inventory.",
            code="torn_lines",
        )
    return DONE


def _tell(entry: "Entry") -> None:
    from sync.handing.giving import in_words  # noqa: PLC0415

    _print(f"№ {entry.record.number}  {in_words(entry.record)}")
    for parcel in entry.record.zips:
        _print(f"    {parcel.zip}  {parcel.sha256}")
    if entry.taken_back is not None:
        back = entry.taken_back
        _print("    " + say(f"ОШИБОЧНАЯ ЗАПИСЬ: {back.by}: {back.reason}", f"A MISTAKE: {back.by}: {back.reason}"))


def _as_json(entry: "Entry") -> dict[str, object]:
    record = msgspec.to_builtins(entry.record)
    record.pop("event")
    for parcel in record["zips"]:
        parcel["files"] = [path for path, _ in parcel["files"]]
    back = entry.taken_back
    record["taken_back"] = {"at": back.at, "by": back.by, "reason": back.reason} if back else None
    return dict(record)


class _Shown:
    """What a person at a terminal or in the journal sees: a line for each event, on a terminal a live one beside."""

    def __init__(self) -> None:
        self._name, self._size, self._done, self._shown_at = "", 0, 0, 0.0
        self._is_live = sys.stderr.isatty()

    def began(self, name: str, size: int) -> None:
        self._name, self._size, self._done = name, size, 0

    def moved(self, size: int) -> None:
        self._done += size
        if self._is_live and time.monotonic() - self._shown_at >= _SHOW_EVERY_S:
            self._shown_at = time.monotonic()
            part = min(100 * self._done // max(self._size, 1), 100)
            sys.stderr.write(f"\r\x1b[K{self._name}  {part} %")
            sys.stderr.flush()

    def said(self, text: str) -> None:
        sys.stderr.write(("\r\x1b[K" if self._is_live else "") + " ".join(text.split()) + "\n")
        sys.stderr.flush()


def _work(config: Config) -> "Work":
    from sync.handing.work import Work  # noqa: PLC0415
    from sync.life import Stop, stops  # noqa: PLC0415

    stop = Stop()
    for number in stops():
        signal.signal(number, lambda *_: stop.ask())
    return Work(config, _Shown(), stop)


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _moment(text: str) -> datetime:
    """A time a person names is by this machine's clock unless it says otherwise."""
    return datetime.fromisoformat(text).astimezone()


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
