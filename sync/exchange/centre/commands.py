"""The centre's commands of `station-sync exchange`: its people, and its matrix, checks and exports without a page.

`sync.exchange.commands` adds them to its own. They work beside a served exchange or without one.
"""

import argparse
import getpass
import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from exam.errors import ConfigError
from exam.language import say

if TYPE_CHECKING:
    from sync.exchange.centre.collecting import Collecting
    from sync.exchange.centre.shelves import Shelves
    from sync.exchange.centre.words import CentreDay
    from sync.exchange.register import Register
    from sync.exchange.storing import Store

# ruff: noqa: PLC0415 - each command loads only what it uses

_DONE, _FAILED = 0, 1
Command = Callable[[argparse.Namespace], int]
OpenStore = Callable[[argparse.Namespace], "Store | None"]


class Add(Protocol):
    """How a command is added to those of the exchange."""

    def __call__(self, name: str, command: Command, ru: str, en: str) -> argparse.ArgumentParser: ...


class _Open(Struct, frozen=True):
    """An exchange's folder, opened to be read."""

    register: "Register"
    shelves: "Shelves"
    collecting: "Collecting"
    schools: list[str]


def add_to(add: Add, add_store: Callable[[argparse.ArgumentParser], None], open_store: OpenStore) -> None:
    """`add_store` gives a command the options that `open_store` reads."""
    _add_people(add)

    def reading(
        name: str, command: Callable[[argparse.Namespace, OpenStore], int], ru: str, en: str
    ) -> argparse.ArgumentParser:
        found = add(name, lambda arguments: command(arguments, open_store), ru, en)
        found.add_argument("--school", metavar="CODE", help=say("только эта школа", "this school alone"))
        found.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help=say("только этот день", "this day alone"))
        add_store(found)
        return found

    matrix = reading("matrix", _matrix, "матрица: школа — аудитории — участники", "schools, rooms, participants")
    form = matrix.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=say("один документ JSON", "one JSON document"))
    form.add_argument("--csv", action="store_true", help=say("таблица для Excel", "a table for spreadsheets"))
    reading("verify", _verify, "пересчитать SHA-256 принятого", "re-hash what was received")
    export = reading("export", _export, "скопировать принятое в папку с проверкой", "copy what was received, verified")
    export.add_argument("out", type=Path, metavar="OUT", help=say("куда", "where to"))


def _add_people(add: Add) -> None:
    admit = add("add-operator", _add_operator, "завести сотрудника центра", "admit a person at the centre")
    admit.add_argument("name", metavar="NAME")
    making = say("составить пароль и показать один раз", "make up a password, and print it once")
    admit.add_argument("--generate", action="store_true", help=making)
    replacing = say("задать новый пароль взамен прежнего", "set a new password; the old one is void at once")
    admit.add_argument("--replace", action="store_true", help=replacing)
    add("operators", _operators, "сотрудники центра", "the people at the centre")
    remove = add("remove-operator", _remove_operator, "закрыть сотруднику вход", "shut a person out")
    remove.add_argument("name", metavar="NAME")


def _add_operator(arguments: argparse.Namespace) -> int:
    from sync.exchange.centre import operators
    from sync.exchange.centre.audit import Audit
    from sync.exchange.database import opened

    password = operators.made_up() if arguments.generate else _typed_password()
    with opened(arguments.folder) as database:
        operators.Operators(database).add(arguments.name, password, replace=arguments.replace)
    Audit(arguments.folder).note(_this_user(), "operator_added", arguments.name)
    if arguments.generate:
        _print(say(f"Пароль {arguments.name}, показывается один раз: {password}",
                   f"Password of {arguments.name}, shown once: {password}"))  # fmt: skip
    else:
        _print(say(f"Сотрудник {arguments.name} заведён.", f"Operator {arguments.name} was admitted."))
    return _DONE


def _typed_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(say("Пароль: ", "Password: "))
    if getpass.getpass(say("Ещё раз: ", "Once more: ")) != password:
        raise ConfigError("Пароли не совпали. Повторите.", "The passwords differ. Try again.", code="bad_password")
    return password


def _operators(arguments: argparse.Namespace) -> int:
    from sync.exchange.centre.operators import Operators
    from sync.exchange.database import opened

    with opened(arguments.folder) as database:
        for one in Operators(database).all():
            _print(f"{one.name}  {one.made_at.astimezone():%d.%m.%Y %H:%M}")
    return _DONE


def _remove_operator(arguments: argparse.Namespace) -> int:
    from sync.exchange.centre.audit import Audit
    from sync.exchange.centre.operators import Operators
    from sync.exchange.database import opened

    with opened(arguments.folder) as database:
        Operators(database).remove(arguments.name)
    Audit(arguments.folder).note(_this_user(), "operator_removed", arguments.name)
    return _DONE


def _matrix(arguments: argparse.Namespace, open_store: OpenStore) -> int:
    from sync.exchange.centre import tables

    with _opened(arguments, open_store) as found:
        days = _days(found, arguments)
        if arguments.csv:
            for piece in tables.matrix_csv(days):
                sys.stdout.write(piece)
        elif arguments.json:
            sys.stdout.write(tables.matrix_json(list(days)).decode())
        else:
            for day in days:
                _print_day(day)
    return _DONE


def _days(found: _Open, arguments: argparse.Namespace) -> "Iterator[CentreDay]":
    for code in [arguments.school] if arguments.school else found.schools:
        if arguments.date:
            yield found.collecting.day(code, arguments.date)
        else:
            yield from found.collecting.days(code)


def _print_day(day: "CentreDay") -> None:
    from sync.exchange.centre.markup import visible
    from sync.exchange.centre.tables import STAGES
    from sync.school.model import Mark

    signs = {Mark.YES: "+", Mark.NO: "-", Mark.OPEN: "…", Mark.NOT_NEEDED: "·"}
    _print(f"{day.school}  {day.exam_date:%d.%m.%Y}  {day.standing}  {visible(day.school_name)}".rstrip())
    for row in day.rows:
        squares = "".join(signs[row.cells[stage].centre.mark] for stage in STAGES)
        differs = "" if row.is_agreed else say("  расходится со школой", "  differs from the school's")
        _print(f"  {row.person.number:>4}  {squares}  {visible(row.full_name)}{differs}")
    for path in day.missing:
        _print(say(f"  не пришло: {visible(path)}", f"  not here: {visible(path)}"))
    for odd in day.oddities:
        _print(f"  {visible(odd.file)}: {visible(say(odd.reason.ru, odd.reason.en))}")


def _verify(arguments: argparse.Namespace, open_store: OpenStore) -> int:
    from sync.exchange.centre.audit import Audit
    from sync.exchange.centre.checking import Scope, begun, check

    with _opened(arguments, open_store) as found:
        scope = Scope(arguments.school, arguments.date)
        Audit(arguments.folder).note(_this_user(), "checked", _what(arguments))
        uploads = scope.uploads(found.register, found.schools)
        done = check(found.shelves, uploads, begun(scope, _this_user()), told=lambda _: None, keep_on=lambda: None)
    _print(say(f"Проверено файлов: {done.files + done.faults}, целы {done.files}.",
               f"Files checked: {done.files + done.faults}, right: {done.files}."))  # fmt: skip
    for wrong in done.wrong:
        sys.stderr.write(f"{wrong.place}: {say(wrong.reason.ru, wrong.reason.en)}\n")
    return _FAILED if done.faults else _DONE


def _export(arguments: argparse.Namespace, open_store: OpenStore) -> int:
    from sync.exchange.centre.audit import Audit
    from sync.exchange.centre.checking import Scope
    from sync.exchange.centre.exporting import export

    with _opened(arguments, open_store) as found:
        uploads = Scope(arguments.school, arguments.date).uploads(found.register, found.schools)
        Audit(arguments.folder).note(_this_user(), "exported", f"{_what(arguments)} → {arguments.out}")
        done = export(found.shelves, uploads, arguments.out, datetime.now(UTC).astimezone())
    _print(say(f"Скопировано с проверкой: {done.files}. Опись: {done.inventory}",
               f"Copied and verified: {done.files}. Inventory: {done.inventory}"))  # fmt: skip
    for one in done.problems:
        reason = say(one.problem.ru, one.problem.en) if one.problem else ""
        sys.stderr.write(f"{one.file}: {reason}\n")
    return _FAILED if done.problems else _DONE


@contextmanager
def _opened(arguments: argparse.Namespace, open_store: OpenStore) -> Iterator[_Open]:
    from sync.exchange.accounts import Accounts
    from sync.exchange.centre.collecting import Collecting
    from sync.exchange.centre.knowledge import Knowledge
    from sync.exchange.centre.shelves import Shelves
    from sync.exchange.database import opened
    from sync.exchange.register import Register
    from sync.exchange.yard import Yard

    store = open_store(arguments)
    try:
        with opened(arguments.folder) as database:
            register, shelves = Register(database), Shelves(Yard(arguments.folder), store)
            schools = sorted({*Accounts(database).codes(), *register.settled()})
            yield _Open(register, shelves, Collecting(register, Knowledge(database, shelves)), schools)
    finally:
        if store is not None:
            store.close()


def _what(arguments: argparse.Namespace) -> str:
    return f"{arguments.school or '*'} {arguments.date or '*'}"


def _this_user() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"system:{name}"


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wanted = say(f"«{text}»: ожидается дата ГГГГ-ММ-ДД", f"“{text}”: expected a date YYYY-MM-DD")
        raise argparse.ArgumentTypeError(wanted) from None


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
