"""What a press of a pedal or key means in each state. Pure; asked where the command is decided, so that presses and
commands have one order."""

from collections.abc import Mapping

from exam.errors import Rejected
from station.session import commands as ask
from station.session.commands import Button, Command, Gesture, Press
from station.session.day import State

MEANINGS: Mapping[tuple[State, Button, Gesture], Command] = {
    (State.CLOSED, "main", "short"): ask.Start(),
    (State.IDLE, "main", "short"): ask.Start(),
    (State.REVIEW, "main", "short"): ask.Start(),
    (State.RECORDING, "main", "short"): ask.MarkTask(),
    (State.RECORDING, "main", "hold"): ask.Stop(),
    (State.RECORDING, "pause", "short"): ask.Pause(),
    (State.RECORDING, "pause", "hold"): ask.Stop(),
    (State.RECORDING, "stop", "hold"): ask.Stop(),
    (State.PAUSED, "main", "short"): ask.Resume(),
    (State.PAUSED, "main", "hold"): ask.Stop(),
    (State.PAUSED, "pause", "short"): ask.Resume(),
    (State.PAUSED, "pause", "hold"): ask.Stop(),
    (State.PAUSED, "stop", "hold"): ask.Stop(),
}
"""Where nothing stands a press does nothing. A stop is always a hold: a resting foot must not end an interview."""


def meant(state: State, press: Command) -> Command:
    """The command a press stands for; any other stands for itself. Raises Rejected where a press stands for none."""
    if not isinstance(press, Press):
        return press
    command = MEANINGS.get((state, press.button, press.gesture))
    if command is not None:
        return command
    ru, en = _BESIDE[press.gesture] if state in {State.RECORDING, State.PAUSED} else _NOTHING_RUNS
    raise Rejected(ru, en, code="idle_press")


_BESIDE: Mapping[Gesture, tuple[str, str]] = {
    "short": (
        "Чтобы закончить ответ, удерживайте 3 секунды. Запись продолжается.",
        "To end the take hold for 3 seconds. Recording goes on.",
    ),
    "hold": ("Ничего не изменилось, запись продолжается.", "Nothing has changed, recording goes on."),
}
_NOTHING_RUNS = (
    "Сейчас никто не записывается: нажатие ничего не изменило.",
    "Nobody is being recorded: the press has changed nothing.",
)
