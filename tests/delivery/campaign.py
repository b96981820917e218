"""Random faults while a school delivers: an agent, a line, a server, each struck again and again."""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rig.wallclock import WallClock
from school import School, noise, sha256, wait_for
from wire import Fault, Wire

from exam.errors import ExamError
from sync import ledger
from sync.model import ItemState
from sync.naming import candidates
from sync.plan import Row

SWIFT = Path(__file__).with_name("swift.py")
DAY_S = 24 * 3600
STRUCK_WITHIN_S = 120.0
STALL_S = 2.5
"""Longer than the swift agent waits for an answer."""


class Agent:
    """The school's agent, as a program of its own: killed, started again, its clock set."""

    def __init__(self, school: School) -> None:
        self._school, self._log = school, school.base / "agent.log"
        self.clock = WallClock(school.base)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(SWIFT), "run", "--config", str(self._school.base / "sync.toml")]
        with self._log.open("ab") as log:
            environment = os.environ | {"EXAM_LANGUAGE": "en"} | self.clock.environment
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def check(self) -> None:
        """AssertionError, with the end of what it printed, when it has ended by itself."""
        assert self._process is not None
        assert self._process.poll() is None, self.told()

    def told(self, since: int = -3000) -> str:
        """What it printed, from this byte on."""
        return self._log.read_bytes()[since:].decode(errors="replace")

    def stuck(self) -> str:
        """What it printed last, and where it is."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)
        time.sleep(1.0)  # nothing tells that it has printed
        return self.told(-6000)

    def printed(self) -> int:
        """Bytes so far."""
        return self._log.stat().st_size

    @contextmanager
    def running(self) -> Iterator["Agent"]:
        self.start()
        try:
            yield self
        finally:
            self.kill()


class Held(Protocol):
    """What lies at the far end, finished: path -> SHA-256."""

    def held(self) -> dict[str, str]: ...


@dataclass
class Shore:
    """The far end as its disk tells it. `place`: where the school's day folders lie there."""

    place: Path
    _known: dict[tuple[str, int, int, int], str] = field(default_factory=dict)

    def held(self) -> dict[str, str]:
        """Path below the place -> SHA-256 of what lies there."""
        found = {}
        for path in self.place.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.name.startswith("."):
                    found[path.relative_to(self.place).as_posix()] = self._digest(path)
        return found

    def _digest(self, path: Path) -> str:
        status = path.stat()
        mark = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        if mark not in self._known:
            self._known[mark] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._known[mark]


Kinds = dict[str, Callable[[], None]]
"""By name, what strikes once and returns when it has struck, and is over where it must be ended."""


class Server(Protocol):
    """A far end that can be killed."""

    def outage(self) -> AbstractContextManager[None]:
        """Killed (SIGKILL) for the time of the block, then started again on the same port and data."""


class Campaign:
    """One school's delivery, and what has befallen it."""

    def __init__(self, school: School, agent: Agent, wire: Wire, shore: Held, seed: int) -> None:
        self.school, self.agent, self.wire, self.shore = school, agent, wire, shore
        self.chance = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.struck: Counter[str] = Counter()
        self.astray = 0
        self.order: list[str] = []
        self._recorded = 0

    def rage(self, kinds: Kinds, order: Sequence[str]) -> None:
        for kind in order:
            self.order.append(kind)
            kinds[kind]()
            self.struck[kind] += 1
            self.agent.check()
            self.nothing_is_falsely_delivered()

    def record(self, size: int | None = None) -> None:
        """One more participant."""
        self._recorded += 1
        sizes = [self.chance.randint(1, 3_000), self.chance.randint(10_000, 300_000), self.chance.randint(1, 1_000_000)]
        self.school.record(f"Ким {self._recorded}", noise(size or self.chance.choice(sizes), self._recorded))

    def on_the_line(self, fault: Fault) -> None:
        """Plan a fault of the line and give the agent something to send until it has struck."""
        self.wire.fault = fault
        deadline = time.monotonic() + STRUCK_WITHIN_S
        self.record()
        while not fault.struck.wait(1.0):
            assert time.monotonic() < deadline, f"{self.order[-5:]} did not strike\n{self.agent.stuck()}"
            self.record(400_000)

    def amid_transfer(self) -> None:
        """Return while something is on its way, at any moment of it."""
        enough = self.wire.sent + self.chance.randint(1, 200_000)
        self.record(500_000)
        wait_for(lambda: self.wire.sent >= enough, STRUCK_WITHIN_S)

    def rows(self) -> list[Row]:
        return ledger.read(self.school.state)

    @contextmanager
    def is_told(self, word: str) -> Iterator[None]:
        """What begins in the block ends only when the agent has told a person about it."""
        printed = self.agent.printed()
        yield
        deadline = time.monotonic() + STRUCK_WITHIN_S
        while word not in self.agent.told(printed):
            assert time.monotonic() < deadline, self.agent.stuck()
            self.record(10_000)
            time.sleep(0.2)

    def nothing_is_falsely_delivered(self) -> None:
        """What the ledger calls delivered lay at the far end before it was looked for."""
        delivered = [row for row in self.rows() if row.state is ItemState.DELIVERED]
        held = self.shore.held()
        false = [row.path for row in delivered if not _there(row, held)]
        assert not false, f"called delivered, but not there: {false}\n{self.agent.told()}"

    def everything_arrives(self, within_s: float = 240.0) -> None:
        """AssertionError unless each file ends up there once, under its name, with nothing beside it."""
        expected = {
            path.relative_to(self.school.recordings).as_posix(): sha256(path.read_bytes())
            for path in sorted(self.school.day.iterdir())
        }
        deadline = time.monotonic() + within_s
        while not self._all_delivered(len(expected)):
            self.agent.check()
            assert time.monotonic() < deadline, self._lacking()
            time.sleep(0.1)
        self.nothing_is_falsely_delivered()
        held = self.shore.held()
        lost = {path for path, digest in expected.items() if held.get(path) != digest}
        assert not lost, f"lost: {lost}"
        # A byte damaged in a name on an open line: noticed and sent anew, and what lies there is not ours to delete.
        self.astray = len(held.keys() - expected.keys())
        assert self.astray <= self.struck["flipped byte, sent"], held.keys() - expected.keys()
        assert set(held.values()) <= set(expected.values()), "something lies there that nobody sent"
        verdict = self.school.run("verify")
        assert verdict.returncode == 0, verdict.stderr

    def table(self) -> str:
        lines = [f"{kind:<28}{count:>5}   delivered once, proved" for kind, count in sorted(self.struck.items())]
        lines.append(f"{'all':<28}{self.struck.total():>5}   0 lost, 0 doubled, 0 falsely delivered")
        return "\n".join([*lines, f"{'damaged names, sent anew':<28}{self.astray:>5}"])

    def _all_delivered(self, count: int) -> bool:
        with contextlib.suppress(ExamError):
            rows = self.rows()
            return len(rows) == count and all(row.state is ItemState.DELIVERED for row in rows)
        return False

    def _lacking(self) -> str:
        lacking = [f"{row.path} {row.state} {row.reason}" for row in self.rows() if row.state != ItemState.DELIVERED]
        return "\n".join([*lacking[:20], self.agent.stuck()])


def _there(row: Row, held: dict[str, str]) -> bool:
    folder, _, name = row.path.rpartition("/")
    return any(held.get(f"{folder}/{one}") == row.sha256 for one in candidates(name, row.sha256))


def of_the_line(campaign: Campaign) -> Kinds:
    """What any line does to any protocol."""
    chance = campaign.chance

    def up(kind: str, **more: float) -> Callable[[], None]:
        return lambda: campaign.on_the_line(Fault(kind, after=_any_byte(chance, 300_000), **more))  # type: ignore[arg-type]

    def down(kind: str, **more: float) -> Callable[[], None]:
        return lambda: campaign.on_the_line(Fault(kind, after=chance.randint(0, 1200), up=False, **more))  # type: ignore[arg-type]

    return {
        "cut by FIN, sending": up("fin"),
        "cut by FIN, answering": down("fin"),
        "cut by RST, sending": up("rst"),
        "cut by RST, answering": down("rst"),
        "stall, sending": up("stall", stall_s=STALL_S),
        "stall, answering": down("stall", stall_s=STALL_S),
        "flipped byte, sent": up("flip"),
        "flipped byte, answered": down("flip"),
    }


def _any_byte(chance: random.Random, most: int) -> int:
    """As often among the first bytes, where a request begins, as among the many of a file."""
    return chance.choice([chance.randint(0, 1500), chance.randint(0, most)])


def of_the_answers(campaign: Campaign, methods: Sequence[bytes]) -> Kinds:
    """What something between the agent and the server answers instead of it, or keeps to itself."""
    chance = campaign.chance

    def refuse(status: int, more: str) -> Callable[[], None]:
        answer = f"HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n{more}\r\n".encode()
        return lambda: campaign.on_the_line(Fault("refuse", method=chance.choice(methods), answer=answer))

    def swallow(method: bytes) -> Callable[[], None]:
        return lambda: campaign.on_the_line(Fault("swallow", method=method))

    again = "Retry-After: 1\r\n"
    told = {500: "", 502: "", 503: again, 507: again, 401: "", 404: "", 409: "", 423: again}
    return {f"answer {status}": refuse(status, more) for status, more in told.items()} | {
        f"lost reply to {method.decode()}": swallow(method) for method in methods
    }


def of_the_programs(campaign: Campaign, server: Server) -> Kinds:
    """What happens to the two computers."""
    school, agent, chance = campaign.school, campaign.agent, campaign.chance

    def kill_agent() -> None:
        campaign.amid_transfer()
        agent.kill()
        campaign.nothing_is_falsely_delivered()
        agent.start()

    def kill_server() -> None:
        campaign.amid_transfer()
        with server.outage():
            campaign.record()

    def set_clock() -> None:
        agent.clock.set(chance.choice([-DAY_S, DAY_S, 0]))
        campaign.amid_transfer()

    def lose_names() -> None:
        gone = school.base / "no-names"
        gone.touch()
        with campaign.is_told("No connection"):
            campaign.wire.fault = Fault("rst")  # a connection that lives needs no name
        campaign.wire.fault = None
        gone.unlink()

    return {
        "SIGKILL of the agent": kill_agent,
        "SIGKILL of the server": kill_server,
        "clock a day off": set_clock,
        "names gone": lose_names,
    }
