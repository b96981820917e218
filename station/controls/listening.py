"""What is listened to just now: the learnt pedal, grabbed whole, and the keys asked for on other devices, shared.

Used by the controls' process alone. Devices come and go; one that may not be read, or that somebody else holds, is
tried again whenever anything about it changes, and every few seconds.
"""

import logging
from collections.abc import Mapping, Sequence

from exam.errors import Transient
from exam.language import say
from station.controls.devices import Listened, Node, Plugs, Stroke
from station.controls.gestures import Key
from station.controls.wire import Setting
from station.session.commands import Button

_log = logging.getLogger(__name__)


class Listening:
    """The open devices, by descriptor."""

    def __init__(self, setting: Setting) -> None:
        self._setting, self.plugs = setting, Plugs()
        self._open: dict[int, Listened] = {}
        self._told = set[Node]()

    @property
    def descriptors(self) -> Sequence[int]:
        return list(self._open)

    @property
    def is_whole(self) -> bool:
        """Whether every button of the pedal is there to be pressed."""
        pedal = self._setting.pedal
        there = {(one.node.device, code) for one in self._open.values() for code in one.node.keys}
        return pedal is not None and all((button.device, button.code) in there for button in pedal.buttons)

    def look(self, now: int) -> tuple[Sequence[str], Sequence[Key]]:
        """Follow what is plugged in: names of devices that are gone; keys that were down already on new ones."""
        self.plugs.forget()
        nodes = {node for node in self.plugs.nodes() if self._is_wanted(node)}
        gone = [self.close(descriptor) for descriptor, one in list(self._open.items()) if one.node not in nodes]
        resting: list[Key] = []
        for node in nodes - {one.node for one in self._open.values()}:
            try:
                resting += self._begin(node, now)
            except Transient as error:
                self._tell(node, error)
        return gone, resting

    def read(self, descriptor: int, now: int) -> tuple[Sequence[Key], bool]:
        """What was pressed on a device, in order; whether some of it was lost. Raises Transient: it is gone."""
        one = self._open[descriptor]
        strokes, is_torn = one.read()
        if is_torn:
            return self._keys(one.node, [Stroke(code, 2, now) for code in one.resting()]), True
        return self._keys(one.node, strokes), False

    def path(self, descriptor: int) -> str:
        return self._open[descriptor].node.path

    def close(self, descriptor: int) -> str:
        """Let go of a device; its name."""
        one = self._open.pop(descriptor)
        one.close()
        return one.node.path

    def _begin(self, node: Node, now: int) -> Sequence[Key]:
        one = Listened(node, grabs=self._is_of_pedal(node))
        try:
            resting = self._keys(node, [Stroke(code, 2, now) for code in one.resting()])
        except Transient:
            one.close()
            raise
        self._open[one.fileno()] = one
        self._told.discard(node)
        return resting

    def _is_of_pedal(self, node: Node) -> bool:
        return self._setting.pedal is not None and node.device in self._setting.pedal.devices

    def _is_wanted(self, node: Node) -> bool:
        return self._is_of_pedal(node) or bool(self._buttons(node))

    def _buttons(self, node: Node) -> Mapping[int, Button]:
        """What its keys do, by their codes."""
        if self._is_of_pedal(node) and self._setting.pedal is not None:
            return {each.code: each.button for each in self._setting.pedal.buttons if each.device == node.device}
        return {code: button for code, button in self._setting.keys.items() if code in node.keys}

    def _keys(self, node: Node, strokes: Sequence[Stroke]) -> Sequence[Key]:
        buttons = self._buttons(node)
        return [
            Key(node.path, buttons[stroke.code], stroke.value, stroke.at)
            for stroke in strokes
            if stroke.code in buttons
        ]

    def _tell(self, node: Node, error: Transient) -> None:
        """Why a device is not listened to, once."""
        if node not in self._told:
            self._told.add(node)
            _log.warning(
                say(
                    "педаль или клавиатура не слушается: %s. Запись идёт; права на неё даёт station learn-pedal",
                    "a pedal or keyboard is not listened to: %s. Recording goes on; see station learn-pedal",
                ),
                error,
            )
