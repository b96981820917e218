"""The command line of `station`: the only place that turns errors into words and exit codes.

0 done, 1 refused or failed, 2 wrong usage or configuration, 3 the daemon is not running. Commands to the daemon
import neither numpy nor sounddevice: heavy modules are imported by the commands that need them.
"""

import argparse
import io
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exam import oswords
from exam.errors import ConfigError, ExamError, Fatal, Rejected
from exam.language import say
from exam.regulation import ALL_TASKS
from station import asking, client, opening, prompting, summary, teaching
from station.config import Config, find, load
from station.exporting import command as export
from station.readiness import command as ready
from station.roomsheet import command as room_sheet
from station.usage import WRONG_USE, Add, Parser, listened, time_of_day, yes_no

_DONE, _FAILED, _NOT_RUNNING = 0, 1, 3
_POLL_S = 0.5


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter gets the rest of the answer
    parser = _parser()
    arguments, unknown = parser.parse_known_args(words)
    if unknown:
        parser.error(say("неизвестные аргументы: ", "unrecognized arguments: ") + " ".join(unknown))
    try:
        code: int = arguments.act(arguments)
    except ConfigError as error:
        return _complain(error, WRONG_USE)
    except client.NotRunning as error:
        return _complain(error, _NOT_RUNNING)
    except ExamError as error:
        return _complain(error, _FAILED)
    except (BrokenPipeError, KeyboardInterrupt):
        return _FAILED
    except OSError as error:
        text = oswords.shown(error) + (f": {error.filename}" if error.filename else "")
        return _complain(
            Fatal(
                f"Не получилось: {text}. Проверьте права и место на диске; записанное не тронуто.",
                f"Failed: {text}. Check rights and disk space; what was recorded is untouched.",
            ),
            _FAILED,
        )
    return code


def _complain(error: ExamError, code: int) -> int:
    print(" ".join(str(error).split()), file=sys.stderr)  # noqa: T201 - the one line for a person
    return code


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's answer


# -- commands --------------------------------------------------------------------------------------------------


def _config(arguments: argparse.Namespace) -> Config:
    return load(find(getattr(arguments, "config", None)))


def _run(arguments: argparse.Namespace) -> int:
    from station import service  # noqa: PLC0415 - heavy: only the daemon needs it

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    service.run(_config(arguments))
    return _DONE


def _tell(command: str, *keys: str) -> Callable[[argparse.Namespace], int]:
    """A command to the daemon: the named arguments are sent along."""

    def act(arguments: argparse.Namespace) -> int:
        sent = {key: getattr(arguments, key) for key in keys if getattr(arguments, key) is not None}
        status = _ask(arguments, command, sent)
        _show(status, as_json=arguments.json)
        return _DONE

    return act


def _ask(arguments: argparse.Namespace, command: str, sent: Mapping[str, Any] | None = None) -> dict[str, Any]:
    config = _config(arguments)
    return client.ask(client.listening(config.school.code, config.room.number, config.path), command, dict(sent or {}))


def _close(arguments: argparse.Namespace) -> int:
    """Close, then wait until every recording is hashed, encoded and published."""
    status = _ask(arguments, "close")
    shown = -1
    while arguments.wait and (status["publishing"] or status["stream"]):
        if len(status["publishing"]) not in {0, shown} and not arguments.json:
            shown = len(status["publishing"])
            _say(say(f"День закрыт. Осталось оформить записей: {shown}…", f"Closed. Recordings to publish: {shown}…"))
        if any(alarm["code"] == "not_published" for alarm in status["alarms"]):
            raise Rejected(*[_alarm_text(status, "not_published")] * 2, code="not_published")
        time.sleep(_POLL_S)
        status = _ask(arguments, "status")
    _show(status, as_json=arguments.json)
    return _DONE


def _alarm_text(status: Mapping[str, Any], code: str) -> str:
    return next(str(alarm["text"]) for alarm in status["alarms"] if alarm["code"] == code)


def _outcome(arguments: argparse.Namespace) -> int:
    chosen = None if arguments.outcome == "clear" else arguments.outcome
    sent = {"participant": arguments.participant, "outcome": chosen, "at": arguments.at, "note": arguments.note or ""}
    _show(_ask(arguments, "outcome", sent), as_json=arguments.json)
    return _DONE


def _status(arguments: argparse.Namespace) -> int:
    _show(_ask(arguments, "status"), as_json=arguments.json)
    return _DONE


def _devices(arguments: argparse.Namespace) -> int:
    from station.capture import microphone  # noqa: PLC0415 - only this command needs it

    found = microphone.devices()
    if arguments.json:
        listed = [{field: getattr(device, field) for field in device.__struct_fields__} for device in found]
        _say(json.dumps(listed, ensure_ascii=False))
        return _DONE
    for device in found:
        _say(f"{device.name}\t{device.identity or '-'}\t{device.channels}\t{device.sample_rate}")
    if not found:
        _say(say("Ни одного микрофона не найдено.", "No microphone found."))
    return _DONE


def _verify(arguments: argparse.Namespace) -> int:
    import msgspec  # noqa: PLC0415 - only this command needs it

    from station import proof, sides  # noqa: PLC0415 - only this command needs it
    from station.verify import verify  # noqa: PLC0415 - only this command needs it

    folder = Path(arguments.folder) if arguments.folder else sides.day_folder(_config(arguments))
    if arguments.heads:
        rows = proof.rows(folder)
        _say(
            json.dumps(msgspec.to_builtins(rows), ensure_ascii=False) if arguments.json else _lines(proof.printed(rows))
        )
        return _DONE
    claims = [claim for given in arguments.head for claim in given]
    report = verify(folder, claims)
    found = msgspec.to_builtins(report) | {"ok": report.ok}
    _say(json.dumps(found, ensure_ascii=False) if arguments.json else _lines(proof.told(report, len(claims))))
    return _DONE if report.ok else _FAILED


def _heads(text: str) -> Any:
    from station import proof  # noqa: PLC0415 - only `verify` needs it

    return proof.heads(text)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _papers(command: str, *keys: str) -> Callable[[argparse.Namespace], int]:
    """A command about the papers: to the daemon, else to the folder itself."""

    def act(arguments: argparse.Namespace) -> int:
        sent = {key: getattr(arguments, key) for key in keys if getattr(arguments, key) is not None}
        try:
            _show(_ask(arguments, command, sent), as_json=arguments.json)
        except client.NotRunning:
            from station import paperwork  # noqa: PLC0415 - heavy: only without a daemon

            paperwork.tell(_config(arguments), command, sent)
        return _DONE

    return act


def _import(arguments: argparse.Namespace) -> int:
    from station import paperwork  # noqa: PLC0415 - heavy: only this command needs it

    sent = {key: getattr(arguments, key) for key in ("participant", "started_at", "source")}
    paperwork.import_file(_config(arguments), Path(arguments.file), sent)
    _say(say("Запись принята.", "The recording is taken."))
    return _DONE


def _recover(arguments: argparse.Namespace) -> int:
    from station import paperwork, sides  # noqa: PLC0415 - heavy: only this command needs it

    config = _config(arguments)
    folder = Path(arguments.folder) if arguments.folder else sides.day_folder(config)
    paperwork.recover(config, folder)
    _say(say(f"Папка {folder} приведена в порядок.", f"{folder} is in order."))
    return _DONE


def _merge(arguments: argparse.Namespace) -> int:
    from station import paperwork  # noqa: PLC0415 - heavy: only this command needs it

    paperwork.merge_in(_config(arguments), Path(arguments.folder))
    _say(say("Папки объединены.", "The folders are one."))
    return _DONE


# -- words -----------------------------------------------------------------------------------------------------


def _show(status: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        _say(json.dumps(status, ensure_ascii=False))
        return
    _say(_headline(status))
    for alarm in status["alarms"]:
        _say(f"! {alarm['text']}")
    if status["verdict"] is not None:
        _say(_lines(_verdict(status["verdict"])))


def _verdict(told: Mapping[str, Any]) -> Sequence[str]:
    import msgspec  # noqa: PLC0415 - only after a take

    from station.audibility.findings import Verdict  # noqa: PLC0415 - only after a take
    from station.audibility.telling import lines_of  # noqa: PLC0415 - only after a take

    return lines_of(msgspec.convert(told, type=Verdict))


def _headline(status: Mapping[str, Any]) -> str:
    state = {
        "closed": say("День не открыт", "The day is not open"),
        "idle": say("Готово. Общая запись идёт", "Ready. The stream is recording"),
        "recording": say("ИДЁТ ЗАПИСЬ", "RECORDING"),
        "paused": say("ПАУЗА, общая запись идёт", "PAUSED, the stream goes on"),
        "review": say("Остановлено, ждёт решения", "Stopped, awaiting a decision"),
    }[status["state"]]
    names = {person["number"]: person["name"] for person in status["participants"]}
    who = f": {names[status['participant']]}" if status["participant"] in names else ""
    stream = status["stream"]
    where = f"  [{stream['file']}, {stream['frames']}]" if stream else ""
    return f"{state}{who}{where}"


# -- the parser ------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    common = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    common.add_argument("--config", metavar="FILE", help=say("файл настроек", "configuration file"))
    common.add_argument("--version", action="version", version=f"station {version('exam-station')}")
    about = say("Запись итогового собеседования в аудитории", "Records the oral exam in a room")
    parser = Parser(prog="station", description=about, parents=[common])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, ru: str, en: str, act: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=say(ru, en), description=say(ru, en), parents=[common])
        command.add_argument("--json", action="store_true", help=say("ответ в JSON", "answer in JSON"))
        command.set_defaults(act=act)
        return command

    _add_day(add)
    _add_take(add)
    _add_papers(add)
    _add_repairs(add)
    _add_looks(add)
    for part in (prompting, opening, teaching, room_sheet, export, ready, summary):
        part.add_to(add)
    return parser


def _add_day(add: Add) -> None:
    add("run", "работать: записывать эту аудиторию", "the daemon, in the foreground", _run)
    add("open", "начать день: общая запись пошла", "begin the day's stream", _tell("open"))
    close = add("close", "закончить день и оформить все записи", "end the day's stream", _close)
    close.add_argument(
        "--no-wait", dest="wait", action="store_false", help=say("не ждать оформления", "do not wait for publishing")
    )


def _add_take(add: Add) -> None:
    start_keys = ("participant", "variant", "end_previous", "other_room", "earlier_s")
    start = add("start", "начать запись участника", "begin a participant's take", _tell("start", *start_keys))
    start.add_argument(
        "--participant", type=int, required=True, metavar="N", help=say("№ в списке", "number in roster")
    )
    start.add_argument("--variant", metavar="V")
    start.add_argument("--end-previous", action="store_true")
    already = say("сколько секунд уже говорят", "for so many seconds they have been speaking already")
    start.add_argument("--earlier", dest="earlier_s", type=float, metavar="SECONDS", help=already)
    start.add_argument("--other-room", action="store_true")
    mark = add("mark", "началось задание 1–4", "task 1..4 begins", _tell("mark", "task"))
    mark.add_argument("task", type=int, choices=ALL_TASKS)
    add("pause", "пауза участника (общая запись идёт)", "pause the take", _tell("pause"))
    resume = add("resume", "продолжить после паузы", "resume the take", _tell("resume", "earlier_s"))
    resume.add_argument("--earlier", dest="earlier_s", type=float, metavar="SECONDS", help=already)
    add("stop", "закончить ответ участника", "stop the take", _tell("stop"))
    accept = add("accept", "запись хорошая", "the recording is good", _tell("accept", "listened"))
    accept.add_argument("--listened", type=listened, metavar="SECONDS|declined")
    retake = add(
        "retake", "запись плохая: ответит ещё раз", "the take is bad", _tell("retake", "reason", "variant", "consent")
    )
    retake.add_argument("--reason", required=True)
    retake.add_argument("--variant", metavar="V")
    retake.add_argument("--consent", type=yes_no, metavar="yes|no")
    add("cancel", "начали случайно", "an accidental start", _tell("cancel"))


def _add_papers(add: Add) -> None:
    outcome = add("outcome", "отметка об участнике", "a participant's outcome", _outcome)
    outcome.add_argument("--participant", type=int, required=True, metavar="N")
    outcome.add_argument("outcome", choices=["absent", "early_end", "removed", "written", "extra_date", "clear"])
    outcome.add_argument("--at", type=time_of_day, metavar="HH:MM:SS")
    outcome.add_argument("--note", metavar="TEXT")
    reassign = add(
        "reassign", "запись другого участника", "the take is another's", _tell("reassign", "take", "to", "reason")
    )
    reassign.add_argument("--take", required=True, metavar="NAME")
    reassign.add_argument("--to", type=int, required=True, metavar="N")
    reassign.add_argument("--reason", required=True)
    correct = add(
        "correct", "вариант введён неверно", "the variant was wrong", _tell("correct", "take", "variant", "reason")
    )
    correct.add_argument("--take", required=True, metavar="NAME")
    correct.add_argument("--variant", required=True, metavar="V")
    correct.add_argument("--reason", required=True)


def _add_repairs(add: Add) -> None:
    recut = add(
        "recut",
        "вырезать запись из общей",
        "a new take cut from the stream",
        _papers("recut", "participant", "first", "last"),
    )
    recut.add_argument("--participant", type=int, required=True, metavar="N")
    recut.add_argument("--from", dest="first", type=time_of_day, required=True, metavar="HH:MM:SS")
    recut.add_argument("--to", dest="last", type=time_of_day, required=True, metavar="HH:MM:SS")
    bring = add(
        "import", "принять запись диктофона или конференции", "a dictaphone's or conference's recording", _import
    )
    bring.add_argument("file", metavar="FILE")
    bring.add_argument("--participant", type=int, required=True, metavar="N")
    bring.add_argument("--started-at", type=time_of_day, required=True, metavar="HH:MM:SS")
    bring.add_argument("--source", choices=["dictaphone", "conference", "other_pc"], default="dictaphone")
    clock = add(
        "clock", "сказать, сколько времени на самом деле", "what time it is really", _papers("clock", "now", "day")
    )
    clock.add_argument("now", type=time_of_day, metavar="HH:MM:SS")
    clock.add_argument(
        "--date", dest="day", metavar="YYYY-MM-DD", help=say("если не дата экзамена", "if not the exam's")
    )
    merge = add("merge", "добавить день другого компьютера аудитории", "join the other computer's day", _merge)
    merge.add_argument("folder", metavar="FOLDER")
    recover = add("recover", "привести папку в порядок после сбоя", "what start-up does, by hand", _recover)
    recover.add_argument("folder", nargs="?", metavar="FOLDER")


def _add_looks(add: Add) -> None:
    add("status", "что сейчас происходит", "the room at a glance", _status)
    add("devices", "микрофоны этого компьютера", "microphones of this computer", _devices)
    verify = add("verify", "проверить записи на диске", "check the invariants on disk", _verify)
    verify.add_argument("folder", nargs="?", metavar="FOLDER")
    asking.add_to(add)
    heads = verify.add_mutually_exclusive_group()
    about = say("контрольный код с бумаги или файл с ними", "a head from paper, or a file of them")
    heads.add_argument("--head", type=_heads, action="append", default=[], metavar="HASH|FILE", help=about)
    heads.add_argument("--heads", action="store_true", help=say("коды дня для бумаги", "the day's heads for paper"))


if __name__ == "__main__":
    sys.exit(main())
