"""Every input device that may be read, heard at once, until a key goes down: what learning a pedal needs."""

import select
from collections.abc import Callable, Sequence

from msgspec import Struct

from exam.errors import Rejected, Transient
from station.controls.devices import Listened, Node, Plugs, steady_ms

_TWICE_MS = 1_000  # a second press so soon is the first one's contact
_LET_GO_MS = 4_000  # the daemon does within a second
_LOOK_MS = 500


class Pressed(Struct, frozen=True):
    """What was pressed: a key of a device."""

    node: Node
    code: int

    @property
    def learnt_as(self) -> tuple[str, int]:
        return self.node.device, self.code


class Ears:
    """Opened by and by as they are plugged in. `mine`: vendor:product of devices that are pedals, which are grabbed."""

    def __init__(self, mine: frozenset[str]) -> None:
        self._mine, self._plugs = mine, Plugs()
        self._open: dict[int, Listened] = {}
        self._last: tuple[tuple[str, int], int] | None = None
        self.nodes: Sequence[Node] = []
        self._missed: Transient | None = None

    def await_daemon(self) -> None:
        """Until every device that may be read can be had. Raises Rejected when somebody does not let go."""
        end = steady_ms() + _LET_GO_MS
        self._look()
        while self._missed is not None:
            if steady_ms() > end:
                raise Rejected(
                    f"Педаль занята другой программой или другой станцией: {self._missed}. Закройте её и повторите.",
                    f"The pedal is held by another program or station: {self._missed}. Close it and try again.",
                    code="busy",
                )
            select.select([], [], [], _LOOK_MS / 1000)
            self._look()

    def next_press(self, within_ms: int, counts: Callable[[Node], bool]) -> Pressed | None:
        """The next key that goes down, on a device that counts; None when none does."""
        end = steady_ms() + within_ms
        while (left := end - steady_ms()) > 0:
            ready, _, _ = select.select(list(self._open), [], [], min(left, _LOOK_MS) / 1000)
            for descriptor in ready:
                pressed = self._read(descriptor)
                if pressed is not None and counts(pressed.node):
                    return pressed
            self._look()
        return None

    def close(self) -> None:
        for one in self._open.values():
            one.close()

    def _read(self, descriptor: int) -> Pressed | None:
        one = self._open[descriptor]
        try:
            strokes, _ = one.read()
        except Transient:
            self._open.pop(descriptor).close()
            return None
        for stroke in strokes:
            pressed = Pressed(one.node, stroke.code)
            is_again = self._last is not None and self._last[0] == pressed.learnt_as
            is_bounce = is_again and self._last is not None and stroke.at - self._last[1] < _TWICE_MS
            self._last = pressed.learnt_as, stroke.at
            if stroke.value == 1 and not is_bounce:
                return pressed
        return None

    def _look(self) -> None:
        self._missed, self.nodes = None, self._plugs.nodes()
        for descriptor, one in list(self._open.items()):
            if one.node not in self.nodes:
                self._open.pop(descriptor).close()
        for node in set(self.nodes) - {one.node for one in self._open.values()}:
            if not node.is_readable:
                continue
            try:
                one = Listened(node, grabs=node.device in self._mine)
            except Transient as error:
                self._missed = error
            else:
                self._open[one.fileno()] = one
