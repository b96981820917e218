"""A whole exam day as fast as the machine goes: the real service with a made-up microphone and clock. A program of its
own, so that its memory is the station's alone and it can be killed.

    python tests/faults/long_day.py STATION_TOML SECONDS

Records SECONDS of sound, every participant of the roster in turn, the last one still speaking at the end. Prints what
it measured as one line of JSON, then waits to be killed.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from unittest import mock

import numpy as np

from exam.clock import NS_PER_S, Reading, steady_ns
from station import client, config, service
from station.messages import Block

_SAMPLES = 200
_SHARE_SPOKEN = 0.9  # of each participant's time; then the review
_PERIOD_S = 60


class Clock:
    """The machine's clocks `ahead_ns` from its start, which lies in the past: in the end they are the machine's."""

    behind_s = 0.0
    ahead_ns = 0

    def __init__(self, zone: tzinfo) -> None:
        self._wall = datetime.now(zone) - timedelta(seconds=self.behind_s)
        self._ns = steady_ns() - round(self.behind_s * NS_PER_S)

    def now(self) -> datetime:
        return self._wall + timedelta(microseconds=Clock.ahead_ns // 1000)

    def monotonic_ns(self) -> int:
        return self._ns + Clock.ahead_ns

    def read(self) -> Reading:
        return Reading(self.monotonic_ns(), self.monotonic_ns(), round(self.now().timestamp() * NS_PER_S))


class Microphone:
    """Delivers the next block whenever it is asked, up to `until_ns` of the made-up time."""

    until_ns = 0
    due = os.eventfd(0)

    def __init__(self, spec: object, clock: Clock) -> None:
        self._rate, self._clock, self._frame = spec.sample_rate, clock, 0  # type: ignore[attr-defined]
        self._sound = sound(self._rate)

    def fileno(self) -> int:
        return self.due

    def receive(self) -> Sequence[Block]:
        if Clock.ahead_ns >= Microphone.until_ns:
            os.eventfd_read(self.due)
            return ()
        first, frames = self._frame, self._rate // 10
        self._frame += frames
        Clock.ahead_ns = self._frame * NS_PER_S // self._rate
        at = 2 * first % len(self._sound)
        data = self._sound[at : at + 2 * frames]
        return (Block(1, first, self._clock.monotonic_ns(), overflow=False, data=data),)

    def tend(self) -> tuple[()]:
        return ()

    def close(self) -> None:
        pass


def sound(rate: int) -> bytes:
    """What the microphone hears each minute: noise without a zero, at −40 dBFS."""
    return np.random.default_rng(5).integers(1, 600, _PERIOD_S * rate, dtype=np.int16).tobytes()


class Person:
    """Presses what is to be pressed, and looks at the memory from time to time; the day waits for the answers."""

    def __init__(self, configuration: config.Config, seconds: float) -> None:
        self._socket = client.socket_path(configuration.school.code, configuration.room.number)
        self._seconds, self._people = seconds, list(service.rules_of(configuration).roster)
        self._rss_kib: list[int] = []

    def work(self) -> None:
        self._listen(1.0)
        while not self._socket.exists():
            time.sleep(0.05)
        began = time.monotonic()
        self._ask("open")
        slot = (self._seconds - 2) / len(self._people)
        for place, number in enumerate(self._people):
            start = 1 + place * slot
            self._listen(start)
            self._ask("start", participant=number, variant="1")
            for task in (1, 2, 3, 4):
                self._listen(start + slot * _SHARE_SPOKEN * task / 5)
                self._ask("mark", task=task)
            if number != self._people[-1]:
                self._listen(start + slot * _SHARE_SPOKEN)
                self._ask("stop")
                self._listen(start + slot * (1 + _SHARE_SPOKEN) / 2)
                self._ask("accept")
        self._listen(self._seconds)
        took = time.monotonic() - began
        while self._ask("status")["publishing"]:
            time.sleep(0.1)
        published = time.monotonic() - began
        measured = {"took_s": took, "published_s": published, "rss_kib": self._rss_kib}
        print(json.dumps(measured), flush=True)  # noqa: T201 - the answer

    def _ask(self, command: str, **arguments: object) -> dict[str, object]:
        return client.ask(self._socket, command, arguments)

    def _listen(self, until_s: float) -> None:
        """Let the day go on up to this second."""
        until_ns, step_ns = round(until_s * NS_PER_S), round(self._seconds / _SAMPLES * NS_PER_S)
        while Clock.ahead_ns < until_ns:
            Microphone.until_ns = min(until_ns, Clock.ahead_ns + step_ns)
            os.eventfd_write(Microphone.due, 1)
            while Clock.ahead_ns < Microphone.until_ns:
                time.sleep(0.005)
            self._rss_kib.append(resident_kib())


def resident_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def main() -> None:
    configuration, seconds = config.load(Path(sys.argv[1])), float(sys.argv[2])
    Clock.behind_s = seconds
    threading.Thread(target=Person(configuration, seconds).work, daemon=True).start()
    with mock.patch.object(service, "SystemClock", Clock), mock.patch.object(service, "Microphone", Microphone):
        service.run(configuration)


if __name__ == "__main__":
    main()
