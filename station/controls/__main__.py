"""The process: `python -m station.controls SETTING`. Hears pedal and keys, says gestures. Ends when its input does."""

import logging
import os
import select
import signal
import sys
from collections.abc import Sequence

import msgspec

from exam.errors import Transient
from station.controls.devices import steady_ms
from station.controls.gestures import Gestures, Key, Made
from station.controls.listening import Listening
from station.controls.wire import PULSE_S, Pressed, Said, Seen, Setting, Told

_LOOK_MS = 3000  # where no udev tells that something was plugged in, or that it may be read now
_NS_PER_MS = 1_000_000
_READ_BYTES = 1 << 16


class Controls:
    """One loop over the daemon's pipe, udev and the devices."""

    def __init__(self, setting: Setting) -> None:
        self._input, self._unread = sys.stdin.fileno(), b""
        self._listening, self._gestures = Listening(setting), Gestures()
        self._seen, self._said_at, self._looked_at = Seen(present=False), -_LOOK_MS, -_LOOK_MS

    def run(self) -> None:
        """Until the daemon closes the pipe."""
        while self._turn():
            pass

    def _turn(self) -> bool:
        self._wait()
        now = steady_ms()  # before what has come is asked for: nothing is due that a release already made up for
        ready = self._ready(0)
        self._hear([descriptor for descriptor in ready if descriptor in self._listening.descriptors], now)
        is_told = self._input not in ready or self._heed(now)
        if self._listening.plugs.fileno() in ready or now - self._looked_at >= _LOOK_MS:
            self._look(now)
        self._show(now)
        return is_told

    def _wait(self) -> None:
        pulse = min(self._said_at + round(PULSE_S * 1000), self._looked_at + _LOOK_MS)
        deadline = self._gestures.deadline
        until = pulse if deadline is None else min(pulse, deadline)
        self._ready(max(0, until - steady_ms()))

    def _ready(self, timeout_ms: int) -> set[int]:
        poll = select.poll()
        for descriptor in (self._input, self._listening.plugs.fileno(), *self._listening.descriptors):
            poll.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(timeout_ms)}

    def _hear(self, descriptors: list[int], now: int) -> None:
        keys: list[Key] = []
        for descriptor in descriptors:
            try:
                heard, is_torn = self._listening.read(descriptor, now)
            except Transient:
                self._make(self._gestures.gone(self._listening.close(descriptor), now))
                continue
            if is_torn:
                self._make(self._gestures.gone(self._listening.path(descriptor), now))
            keys += heard
        for key in sorted(keys, key=lambda key: key.at):
            self._make(self._gestures.key(key, now))
        self._make(self._gestures.due(now))

    def _heed(self, now: int) -> bool:
        """The room's state; False when nobody will tell it any more."""
        piece = os.read(self._input, _READ_BYTES)
        *lines, self._unread = (self._unread + piece).split(b"\n")
        for line in lines:
            self._gestures.tell(msgspec.json.decode(line, type=Told).state, now)
        return bool(piece)

    def _look(self, now: int) -> None:
        self._looked_at = now
        gone, resting = self._listening.look(now)
        for device in gone:
            self._make(self._gestures.gone(device, now))
        for key in resting:
            self._make(self._gestures.key(key, now))

    def _show(self, now: int) -> None:
        seen = Seen(present=self._listening.is_whole, holding=self._gestures.holding is not None)
        if seen != self._seen or now - self._said_at >= round(PULSE_S * 1000):
            self._seen, self._said_at = seen, now
            _say(seen)

    @staticmethod
    def _make(made: Sequence[Made]) -> None:
        for gesture in made:
            _say(Pressed(gesture.button, gesture.gesture, gesture.at * _NS_PER_MS))


def _say(said: Said) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(said) + b"\n")


def main(arguments: list[str]) -> int:
    """Listen until the daemon closes the pipe; Ctrl+C is the daemon's to heed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    Controls(msgspec.json.decode(arguments[0], type=Setting)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
