"""The child: `python -m station.listening.child SETTING`, of low priority. Ends when its input does."""

import os
import select
import sys

import msgspec

from exam.errors import Rejected
from station.listening.live import Live
from station.listening.reading import Tapes
from station.listening.takes import Takes
from station.messages import Heard, Judged
from station.situation import Setting, Situation

_NICENESS = 5
_READ_BYTES = 1 << 20


class _Situations:
    """The latest situation: one that is out of date interests nobody."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._rest = descriptor, b""
        self.is_over = False

    def next(self, *, waits: bool) -> Situation | None:
        """None when nothing new has come and it was not waited for, or nothing will come any more."""
        latest = None
        while self._has_come(waits=waits and latest is None):
            piece = os.read(self._descriptor, _READ_BYTES)
            if not piece:
                self.is_over = True
                return None
            *lines, self._rest = (self._rest + piece).split(b"\n")
            latest = lines[-1] if lines else latest
        return msgspec.json.decode(latest, type=Situation) if latest is not None else None

    def _has_come(self, *, waits: bool) -> bool:
        return bool(select.select([self._descriptor], [], [], None if waits else 0)[0])


def _say(said: Heard | Judged) -> None:
    os.write(sys.stdout.fileno(), msgspec.json.encode(said) + b"\n")


def _listen(setting: Setting) -> None:
    situations, tapes = _Situations(sys.stdin.fileno()), Tapes()
    live, takes = Live(setting, tapes), Takes(setting, tapes)
    situation, is_behind = None, False
    while not situations.is_over:
        new = situations.next(waits=not is_behind)
        if new is not None:
            situation = new
            if (heard := live.look(situation)) is not None:
                _say(heard)
        if situation is not None:
            is_behind, verdicts = takes.work(situation)
            for judged in verdicts:
                _say(judged)


def main(arguments: list[str]) -> int:
    """Listen until the station closes the pipe. A disk that fails ends it with one line: the station starts another."""
    os.nice(_NICENESS)
    try:
        _listen(msgspec.json.decode(arguments[0], type=Setting))
    except (Rejected, OSError) as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
