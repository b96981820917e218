"""A whole exam day, unattended, at real time: virtual microphone, recorded human speech, real station, exchange, agent.

Three participants, two of them sharing surname and initial; one retake, one absent, one pause, one started by
mistake and reassigned. Ends with a table; exit 0 only if every invariant, hash and receipt holds.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig import speech
from rig.sound import SoundServer

from showing import programs, verdict
from showing.school import School

ROSTER = """№;Фамилия;Имя;Отчество;Класс;Аудитория;+30 мин
1;Иванов;Иван;Сергеевич;9А;265;
2;Иванов;Игорь;Павлович;9А;265;да
3;Петрова;Анна;Олеговна;9Б;265;
4;Сидоров;Пётр;Ильич;9Б;265;
"""
_SPEECH_S = 150
_DELIVERY_S = 60


class Day:
    """The scenario: each step is a command of `station`, then some seconds of talk. `pace` scales the talk."""

    def __init__(self, school: School, pace: float) -> None:
        self._school, self._pace, self._began = school, pace, time.monotonic()

    def play(self) -> None:
        self.do("open", why="начинаем день")
        self._first()
        self._mistaken()
        self._retaken()
        self.do("outcome", "--participant", "4", "absent", why="Сидоров не пришёл")
        self.do("close", why="день закончен, оформляем записи")

    def _first(self) -> None:
        self.talk(2)
        self.do("start", "--participant", "1", "--variant", "12", why="Иванов Иван, вариант 12")
        self.talk(4)
        self.do("mark", "1", why="задание 1")
        self.talk(5)
        self.do("pause", why="пауза")
        self.talk(4)
        self.do("resume", why="продолжаем")
        self.do("mark", "2", why="задание 2")
        self.talk(5)
        self.do("stop", why="ответ окончен")
        self.do("accept", "--listened", "4.0", why="участник прослушал: слышно хорошо")

    def _mistaken(self) -> None:
        self.talk(3)
        self.do("start", "--participant", "2", "--variant", "7", why="выбран Иванов Игорь, а отвечает Петрова")
        self.talk(8)
        self.do("stop", why="ответ окончен")
        self.do("accept", "--listened", "declined", why="слушать не стала")
        self.do("reassign", "--take", self.take(2), "--to", "3", "--reason", "начали не того", why="это Петрова Анна")

    def _retaken(self) -> None:
        self.talk(3)
        self.do("start", "--participant", "2", "--variant", "5", why="теперь сам Иванов Игорь")
        self.talk(6)
        self.do("stop", why="ответ окончен")
        self.do("retake", "--reason", "шум в коридоре", "--variant", "9", "--consent", "yes", why="повтор")
        self.talk(3)
        self.do("start", "--participant", "2", "--variant", "9", why="другой вариант")
        self.talk(8)
        self.do("stop", why="ответ окончен")
        self.do("accept", "--listened", "6.5", why="слышно хорошо")

    def do(self, *words: str, why: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} с  station {' '.join(words):<58} {why}", flush=True)
        self._school.call("station", *words)

    def talk(self, seconds: float) -> None:
        """The people in the room speak; real time is what is being shown."""
        time.sleep(seconds * self._pace)

    def take(self, participant: int) -> str:
        """The file of a participant's last take."""
        status: dict[str, Any] = json.loads(self._school.call("station", "status", "--json"))
        people = {person["number"]: person for person in status["participants"]}
        return str(people[participant]["takes"][-1]["file"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run --demo", description="Целый день экзамена без участия человека.")
    parser.add_argument("--folder", type=Path, help="где показать (по умолчанию временная папка)")
    parser.add_argument("--pace", type=float, default=1.0, help="доля обычной длительности разговоров")
    parser.add_argument("--spoil", choices=sorted(verdict.SPOILS), help="испортить что-то перед проверкой")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exam-day-") as temporary:
        school = School((chosen.folder or Path(temporary)).absolute())
        school.write(device="pulse", roster=ROSTER)
        try:
            _play(school, chosen.pace)
        except (subprocess.CalledProcessError, programs.NotReady) as error:
            print(f"День не удался: {error}", file=sys.stderr)
            return 1
        if chosen.spoil:
            verdict.SPOILS[chosen.spoil](school)
        return verdict.show(school)


def _play(school: School, pace: float) -> None:
    print("Готовлю записанную речь…", flush=True)
    talk = speech.conversation(_SPEECH_S, seed=2026)
    with SoundServer() as server:
        room = server.add_microphone("room")
        with programs.exchange(school) as url:
            school.admit(url)
            with programs.agent(school), programs.station(school, server.environment):
                server.await_listener()
                server.play(talk, room)
                Day(school, pace).play()
                _await(lambda: verdict.is_delivered(school))


def _await(true: Callable[[], bool]) -> None:
    """The agent works by itself; it is only waited for."""
    deadline = time.monotonic() + _DELIVERY_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
