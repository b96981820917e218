"""The page under attack from the same computer, while a room is recorded: not one frame is lost."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import requests
from rig.hostile import Attacker, answer
from rig.marker import align, marker
from rig.visitor import Visitor
from rooms import RATE, frames_of, room

pytestmark = pytest.mark.real
TAIL = np.zeros(RATE, np.int16)


def crowd(attacker: Attacker) -> None:
    with attacker.crowd(200, b"GET / HTTP/1.1\r\nHost: x"):
        pass


def bodies(attacker: Attacker) -> None:
    attacker.ask("POST", "/enter", {"Content-Length": "60000"}, b"token=" + b"x" * 59994)
    attacker.ask("POST", "/api/command", {"Host": "evil.example"}, b"[" * 60000)


def unread(attacker: Attacker) -> None:
    """Asks for much and reads nothing."""
    with attacker.crowd(8, attacker.request("GET", "/api/room") * 50):
        pass


def pages(attacker: Attacker) -> None:
    """Handshakes, and a socket that talks without end."""
    with attacker.crowd(40, attacker.handshake()) as opened:
        for connection in opened[:1]:
            with contextlib.suppress(OSError):
                answer(connection, until_end=False)
                for _ in range(200):
                    connection.sendall(b"\x81\x80\x00\x00\x00\x00" * 50)


class Attack(threading.Thread):
    """The same again and again until it is over; `turns` it took."""

    def __init__(self, attack: Callable[[Attacker], None], attacker: Attacker, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._attack, self._attacker, self._over = attack, attacker, over
        self.turns = 0

    def run(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):  # cut off, as it should be
                self._attack(self._attacker)
            self.turns += 1


def answers(visitor: Visitor) -> bool:
    with contextlib.suppress(requests.RequestException):
        return visitor.get("/api/room").status_code == requests.codes.ok
    return False


@pytest.mark.parametrize("seconds", [8, pytest.param(300, marks=pytest.mark.slow)])
def test_not_one_frame_is_lost_under_attack(tmp_path: Path, seconds: int) -> None:
    played = marker(seconds, seed=seconds)
    with room(tmp_path, page=True) as here:
        visitor = here.visitor()
        port = int(visitor.url.rpartition(":")[2])
        visitor.order("open")
        visitor.order("start", participant=1, variant="1")
        playback = here.server.play(np.concatenate([played, TAIL]), here.microphone)
        over = threading.Event()
        attackers = [Attacker(port), Attacker(port, visitor.headers["Cookie"])]
        attacks = [Attack(each, who, over) for each in (crowd, bodies, unread, pages) for who in attackers]
        for attack in attacks:
            attack.start()
        try:
            playback.wait(seconds + 30)
        finally:
            over.set()
            for attack in attacks:
                attack.join()
        assert all(attack.turns for attack in attacks), [attack.turns for attack in attacks]
        here.await_(lambda: answers(visitor))
        stream = here.folder / here.do("stop")["stream"]["file"]
        here.do("accept")
        here.do("close")
        heard = align(frames_of(stream), played)
        assert heard.unbroken, heard.discontinuities
        assert (heard.marker_first, heard.marker_end) == (0, len(played))
        assert here.run("verify").returncode == 0
