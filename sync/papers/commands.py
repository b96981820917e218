"""`station-sync papers …`: the headquarters' papers as new files; scores checked, and settled where experts differ.

Entered by `sync.cli`, which turns the errors raised here into words and exit codes.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exam import durable
from exam.errors import ConfigError, Rejected
from exam.language import say
from sync import config as configuration
from sync.config import Config

if TYPE_CHECKING:
    from sync.papers.judging import Judged
    from sync.papers.personal import Personal
    from sync.school.model import SchoolDay

# ruff: noqa: PLC0415 - each command loads only what it uses

DONE, FAILED = 0, 1
_FOR_ALL, _PRIVATE = 0o640, 0o600
_SHOWN = 30

Command = Callable[[argparse.Namespace], int]


def add_to(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Give `parser` the commands; each takes what `common` does. Chosen, one stands under `command`, to be called."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, ru: str, en: str, *suffixes: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, parents=[common], help=say(ru, en), description=say(ru, en))
        found.set_defaults(command=command)
        found.add_argument("--date", type=date.fromisoformat, metavar="ISO", help=say("день экзамена", "the exam day"))
        found.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
        if suffixes:
            told = say("новый файл: ", "a new file: ") + ", ".join(suffixes)
            found.add_argument("--out", type=_ending(*suffixes), required=True, metavar="FILE", help=told)
        return found

    add("room-sheets", _room_sheets, "ведомость учёта всех аудиторий", "the sheets of all rooms", ".pdf", ".xlsx")
    acts = add("acts", _acts, "акты (прил. 10, 13), заполненные по журналу", "acts, pre-filled", ".pdf", ".docx")
    whose = say("только этого участника", "of this participant alone")
    acts.add_argument("--participant", type=int, metavar="N", help=whose)
    form = add("form-c1", _form_c1, "черновик формы С-1", "a draft of form С-1", ".xlsx")
    scores = say("таблица баллов: XLSX или CSV", "a table of scores: XLSX or CSV")
    form.add_argument("--scores", type=Path, metavar="FILE", help=scores)
    check = add("check", _check, "проверить баллы", "check scores")
    settle = add("settle", _settle, "чьи баллы считать, если эксперты разошлись", "whose scores count")
    for reading in (check, settle):
        reading.add_argument("scores", type=Path, metavar="FILE", help=scores)
    second = say("таблица второго эксперта", "the second expert's table")
    for reading, is_needed in ((form, False), (check, False), (settle, True)):
        reading.add_argument("--second", type=Path, metavar="FILE", required=is_needed, help=second)
    settle.add_argument("--participant", type=int, required=True, metavar="N")
    settle.add_argument("--counts", choices=["first", "second"], required=True, help=say("чьи баллы", "whose scores"))
    settle.add_argument("--by", required=True, metavar="WHO", help=say("кто решил", "who decided"))
    settle.add_argument("--reason", required=True, metavar="TEXT", help=say("почему", "why"))
    add("labels", _labels, "наклейки с QR-кодом на протоколы", "labels with QR codes for protocols", ".pdf")


def _ending(*suffixes: str) -> Callable[[str], Path]:
    def path(text: str) -> Path:
        if Path(text).suffix.lower() not in suffixes:
            told = ", ".join(suffixes)
            raise argparse.ArgumentTypeError(say(f"«{text}» — ожидается {told}", f"“{text}”: expected {told}"))
        return Path(text)

    return path


def _room_sheets(arguments: argparse.Namespace) -> int:
    from sync.papers import rooms, rooms_pdf, rooms_xlsx

    config = _config(arguments)
    told = rooms.sheets_of(_day(config, arguments), config.zone)
    made = rooms_pdf.draw(told) if _is(arguments.out, ".pdf") else rooms_xlsx.write(told)
    return _publish(arguments, made, _PRIVATE)


def _acts(arguments: argparse.Namespace) -> int:
    from sync.papers import act_docx, act_pdf
    from sync.papers.acts import acts_of

    config = _config(arguments)
    day = _day(config, arguments)
    made, refused = acts_of(day, _personal(config, day), config.region)
    if arguments.participant is not None:
        made = [act for act in made if act.number == arguments.participant]
        refused = [one for one in refused if one.number == arguments.participant]
    for one in refused:
        _warn(say(f"Не составлен: {one.reason.ru}", f"Not made: {one.reason.en}"))
    if not made and not refused:
        raise Rejected(
            "Актов составлять не по кому: досрочно не завершал и удалён никто не был. Отметить: station-sync package "
            "outcome.",
            "There is nobody to make an act of: nobody ended early or was removed. To note: station-sync package "
            "outcome.",
            code="no_acts",
        )
    for act in made:
        for hint in (*_left_open(act.open), *(say(hint.ru, hint.en) for hint in act.hints)):
            _warn(f"№ {act.number} {act.name}: {hint}")
    if made:
        _publish(arguments, (act_pdf.draw if _is(arguments.out, ".pdf") else act_docx.write)(made), _PRIVATE)
    return FAILED if refused else DONE


def _left_open(fields: tuple[str, ...]) -> list[str]:
    listed = ", ".join(fields)
    return [say(f"впишите от руки: {listed}", f"to be filled in by hand: {listed}")] if fields else []


def _form_c1(arguments: argparse.Namespace) -> int:
    from sync.papers import form_c1, form_c1_xlsx

    config = _config(arguments)
    day = _day(config, arguments)
    personal = _personal(config, day)
    scores = None
    if arguments.scores is not None:
        judged = _judged(config, day, personal, arguments)
        _tell_what_is_wrong(judged)
        if not judged.is_good:
            raise Rejected(
                "Черновик С-1 не составлен: сначала исправьте баллы.",
                "The draft of form С-1 was not made: mend the scores first.",
                code="bad_scores",
            )
        scores = judged.standing
    elif arguments.second is not None:
        raise ConfigError("К --second нужна и --scores.", "--second takes --scores, too.")
    form = form_c1.form_of(day, personal, scores, ate=config.ate)
    return _publish(arguments, form_c1_xlsx.write(form), _PRIVATE)


def _check(arguments: argparse.Namespace) -> int:
    config = _config(arguments)
    day = _day(config, arguments)
    judged = _judged(config, day, _personal(config, day), arguments)
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(judged), indent=2).decode())
    else:
        _tell_what_is_wrong(judged)
        if judged.is_good:
            passed, marked = sum(score.passed for score in judged.standing.values()), len(judged.standing)
            ru = f"Баллы верны: участников {marked}, зачёт {passed}, незачёт {marked - passed}."
            _print(say(ru, f"The scores are right: {marked} participants, {passed} passed, {marked - passed} failed."))
    return DONE if judged.is_good else FAILED


def _settle(arguments: argparse.Namespace) -> int:
    from sync.papers.judging import settled
    from sync.papers.verdicts import Verdicts

    config = _config(arguments)
    day = _day(config, arguments)
    judged = _judged(config, day, _personal(config, day), arguments)
    word = settled(
        day, judged, arguments.participant, arguments.counts,
        by=arguments.by, reason=arguments.reason, noted_at=datetime.now(UTC),
    )  # fmt: skip
    Verdicts(config.state).add(word)
    if arguments.json:
        _print(msgspec.json.format(msgspec.json.encode(word), indent=2).decode())
    else:
        _print(say("Записано.", "Noted."))
    return DONE


def _labels(arguments: argparse.Namespace) -> int:
    from sync.papers import labels_pdf
    from sync.papers.labels import labels_of

    config = _config(arguments)
    day = _day(config, arguments)
    running = f"{day.school_name or day.school} · {day.exam_date:%d.%m.%Y}"
    return _publish(arguments, labels_pdf.draw(labels_of(day), running), _FOR_ALL)


def _judged(
    config: Config, day: "SchoolDay", personal: Mapping[int, "Personal"], arguments: argparse.Namespace
) -> "Judged":
    from sync.papers.judging import judge
    from sync.papers.reading import read
    from sync.papers.verdicts import Verdicts

    files = [arguments.scores, *([arguments.second] if arguments.second is not None else [])]
    tables = {str(file): read(file) for file in files}
    if len(tables) < len(files):
        raise Rejected(
            "Дважды назван один файл: таблиц двух экспертов должно быть две.",
            "One file is named twice: two experts have two tables.",
            code="same_file",
        )
    return judge(day, tables, personal, Verdicts(config.state).of(day.exam_date))


def _tell_what_is_wrong(judged: "Judged") -> None:
    from sync.papers.judging import in_words

    lines = list(in_words(judged))
    for line in lines[:_SHOWN]:
        _warn(line)
    if len(lines) > _SHOWN:
        more = len(lines) - _SHOWN
        _warn(say(f"…и ещё {more}; все: --json", f"…and {more} more; all of them: --json"))


def _publish(arguments: argparse.Namespace, content: bytes, mode: int) -> int:
    target: Path = arguments.out
    try:
        durable.publish(target, content, mode=mode)
    except FileExistsError:
        raise Rejected(
            f"Файл {target} уже есть и не тронут. Назовите другой.",
            f"{target} exists and was left alone. Name another.",
            code="exists",
        ) from None
    told = {"file": str(target.absolute()), "size": len(content)}
    _print(msgspec.json.encode(told).decode() if arguments.json else say(f"Готово: {target}", f"Made: {target}"))
    return DONE


def _is(path: Path, suffix: str) -> bool:
    return path.suffix.lower() == suffix


def _personal(config: Config, day: "SchoolDay") -> Mapping[int, "Personal"]:
    from sync.papers import personal

    return personal.load(config.personal, [row.person for row in day.rows])


def _day(config: Config, arguments: argparse.Namespace) -> "SchoolDay":
    from sync.school.gathering import gather

    return gather(config, arguments.date)


def _config(arguments: argparse.Namespace) -> Config:
    return configuration.load(configuration.find(getattr(arguments, "config", None)))


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _warn(text: str) -> None:
    sys.stderr.write(" ".join(text.split()) + "\n")
