"""`station learn-pedal`: the technician presses the pedal, the station remembers which it was.

Until all is heard nothing is written: Ctrl+C leaves everything as it was. The running daemon lets go of its pedal
meanwhile and takes up the new one by itself.
"""

import contextlib
import grp
import json
import os
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from exam.errors import ExamError, Rejected
from exam.language import say
from station.config import Config
from station.controls import pedals
from station.controls.devices import Node, name_of
from station.controls.ears import Ears, Pressed
from station.controls.pedals import KNOWN, Learnt, Pedal

_FIRST_MS = 60_000
_NEXT_MS = 8_000
_GROUP = "station"


def learn_for(config: Config, *, is_sure: bool, as_json: bool) -> None:
    """Learn the pedal of this room. `is_sure`: whatever is pressed is one. Raises ExamError when nothing is learnt."""
    out = sys.stderr if as_json else sys.stdout

    def tell(text: str) -> None:
        out.write(text + "\n")
        out.flush()

    file = pedals.file_of(config.path)
    with pedals.learning(config.path), _typing_nothing():
        buttons = learn(tell, _mine(file), is_sure=is_sure or _asked)
        learnt = zip(pedals.ORDER, buttons, strict=False)
        pedals.save(file, Pedal(tuple(Learnt(button, each.node.device, each.code) for button, each in learnt)))
    rules = _rules([pressed.node for pressed in buttons])
    if as_json:
        sys.stdout.write(json.dumps(_document(file, buttons, rules), ensure_ascii=False) + "\n")
        return
    tell(say(f"Готово: {file}. Станция возьмёт педаль сама.", f"Done: {file}. The station takes it by itself."))
    if rules:
        tell(_permission(rules))


def _mine(file: Path) -> frozenset[str]:
    """Devices that are pedals for certain."""
    with contextlib.suppress(ExamError):
        before = pedals.load(file)
        return frozenset(KNOWN) | (before.devices if before is not None else frozenset())
    return frozenset(KNOWN)


def _document(file: Path, buttons: Sequence[Pressed], rules: Sequence[str]) -> dict[str, object]:
    told = [
        {"button": button, "device": each.node.device, "name": each.node.name, "key": name_of(each.code)}
        for button, each in zip(pedals.ORDER, buttons, strict=False)
    ]
    return {"file": str(file), "buttons": told, "rules": list(rules)}


# -- listening -------------------------------------------------------------------------------------------------


def learn(tell: Callable[[str], None], mine: frozenset[str], is_sure: "bool | Callable[[str], bool]") -> list[Pressed]:
    """The buttons in the order in which they were pressed. Raises Rejected when there is nothing to be learnt."""
    with contextlib.ExitStack() as stack:
        ears = stack.enter_context(contextlib.closing(Ears(mine)))
        ears.await_daemon()
        _check_readable(ears.nodes, mine)
        tell(say("Нажмите педаль один раз (Ctrl+C — ничего не менять)…", "Press the pedal once (Ctrl+C: no change)…"))
        first = ears.next_press(_FIRST_MS, lambda _: True)
        if first is None:
            raise _nothing_heard(ears.nodes)
        _check_pedal(first.node, mine, is_sure)
        buttons = [first]
        tell(_heard(first, 0))
        for number in range(1, len(pedals.ORDER)):
            tell(_ask_for(number))
            pressed = ears.next_press(_NEXT_MS, lambda node: node.device in mine | {first.node.device})
            if pressed is None or pressed.learnt_as in [known.learnt_as for known in buttons]:
                break
            buttons.append(pressed)
            tell(_heard(pressed, number))
        return buttons


# -- checking --------------------------------------------------------------------------------------------------


def _check_readable(nodes: Sequence[Node], mine: frozenset[str]) -> None:
    closed = [node for node in nodes if not node.is_readable]
    pedals_closed = [node for node in closed if node.device in mine]
    if pedals_closed:
        raise _no_permission(pedals_closed)
    if closed and len(closed) == len(nodes):
        raise _no_permission([node for node in closed if not node.is_built_in])


def _no_permission(nodes: Sequence[Node]) -> Rejected:
    seen = ", ".join(_listed(nodes)) or "—"
    rules = "; ".join(_rule_lines(nodes)) if len({node.device for node in nodes}) == 1 else ""
    ru, en = (f" Правило udev для неё: {rules}", f" Its udev rule: {rules}") if rules else ("", "")
    return Rejected(
        f"Нет прав слушать устройства ввода ({seen}). Запустите от администратора: sudo station learn-pedal.{ru}",
        f"No permission to listen to input devices ({seen}). As root: sudo station learn-pedal.{en}",
        code="no_permission",
    )


def _nothing_heard(nodes: Sequence[Node]) -> Rejected:
    heard = ", ".join(_listed([node for node in nodes if node.is_readable])) or "—"
    closed = ", ".join(_listed([node for node in nodes if not node.is_readable])) or "—"
    return Rejected(
        f"За минуту ничего не нажато. Слушались: {heard}; нет прав: {closed}. Проверьте провод; педаль без прав — "
        "sudo station learn-pedal.",
        f"Nothing was pressed within a minute. Listened to: {heard}; no permission: {closed}. Check the cable; "
        "without permission: sudo station learn-pedal.",
        code="nothing_heard",
    )


def _check_pedal(node: Node, mine: frozenset[str], is_sure: "bool | Callable[[str], bool]") -> None:
    """Raises Rejected for a keyboard that was pressed by mistake: the station would take all of it away."""
    if node.is_built_in:
        raise Rejected(
            f"Нажата встроенная клавиатура ({node.name}), а не педаль: её станция не займёт. Повторите и нажмите "
            "педаль; клавиши клавиатуры задаются в [controls] keys.",
            f"That was the built-in keyboard ({node.name}), no pedal: the station will not take it. Press the pedal; "
            "keys of a keyboard are set in [controls] keys.",
            code="not_a_pedal",
        )
    if node.device in mine or not node.is_ordinary:
        return
    question = say(
        f"«{node.name}» ({node.device}) называет себя обычной клавиатурой или мышью: станция займёт её целиком. "
        "Это точно педаль? [да/нет] ",
        f"“{node.name}” ({node.device}) says it is an ordinary keyboard or mouse: the station will take all of it. "
        "Is it really a pedal? [yes/no] ",
    )
    if not (is_sure(question) if callable(is_sure) else is_sure):
        raise Rejected(
            f"Педаль не изменена: «{node.name}» ({node.device}) — обычная клавиатура или мышь. Если это педаль: "
            "station learn-pedal --yes.",
            f"Nothing changed: “{node.name}” ({node.device}) is an ordinary keyboard or mouse. If it is a pedal: "
            "station learn-pedal --yes.",
            code="not_a_pedal",
        )


def _asked(question: str) -> bool:
    """A person's answer; nobody's is no."""
    if not sys.stdin.isatty():
        return False
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"да", "д", "yes", "y"}


@contextlib.contextmanager
def _typing_nothing() -> Iterator[None]:
    """What a pedal typed into the terminal meanwhile is forgotten."""
    try:
        yield
    finally:
        if sys.stdin.isatty():
            termios.tcflush(sys.stdin, termios.TCIFLUSH)


# -- words -----------------------------------------------------------------------------------------------------


def _heard(pressed: Pressed, number: int) -> str:
    does = (
        say("старт, задания, стоп удержанием", "start, tasks, stop by holding"),
        say("пауза", "pause"),
        say("стоп удержанием", "stop by holding"),
    )[number]
    return f"  {number + 1}: {pressed.node.name} ({pressed.node.device}), {name_of(pressed.code)} — {does}"


def _ask_for(number: int) -> str:
    seconds = _NEXT_MS // 1000
    return (
        say(
            f"Есть вторая педаль (пауза)? Нажмите её. Нет — подождите {seconds} с или нажмите первую ещё раз.",
            f"Is there a second one (pause)? Press it. If not, wait {seconds} s or press the first again.",
        ),
        say(
            f"Есть третья (стоп)? Нажмите её. Нет — подождите {seconds} с.",
            f"Is there a third (stop)? Press it. If not, wait {seconds} s.",
        ),
    )[number - 1]


def _listed(nodes: Sequence[Node]) -> list[str]:
    return sorted({f"{node.name} {node.device}" for node in nodes})


# -- permission ------------------------------------------------------------------------------------------------


def _group() -> str:
    """Whose group the daemon is of: the service's, where it is installed, else that of whoever asks."""
    with contextlib.suppress(KeyError):
        return grp.getgrnam(_GROUP).gr_name
    return grp.getgrgid(int(os.environ.get("SUDO_GID", os.getgid()))).gr_name


def _rule_lines(nodes: Sequence[Node]) -> list[str]:
    return [pedals.rule(device, _group()) for device in sorted({node.device for node in nodes})]


def _rules(nodes: Sequence[Node]) -> list[str]:
    """The rules that are missing for the daemon to read them: only root reads what the daemon may not."""
    group = _group()
    if os.geteuid() != 0 or group == "root":
        return []
    number = grp.getgrnam(group).gr_gid
    return _rule_lines([node for node in nodes if Path(node.path).stat().st_gid != number])


def _permission(rules: Sequence[str]) -> str:
    file = "/etc/udev/rules.d/73-exam-pedal.rules"
    return "\n".join(
        [
            say(
                f"Чтобы станция могла её слушать, впишите в {file} и подключите педаль заново:",
                f"For the station to listen to it put this into {file} and plug the pedal in again:",
            ),
            *rules,
        ]
    )
