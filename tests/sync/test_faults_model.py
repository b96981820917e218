"""Whatever the far end claims and whenever the agent dies: `delivered` is proved, and what is honest is delivered."""

import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from unittest import mock

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from liar import FLAKY, LIES, Killed, Liar, Mortal, Time
from school import School, Target, noise

from exam.errors import Fatal
from sync import config, ledger, watch
from sync.agent import Agent
from sync.model import ItemState
from sync.pace import Pace
from sync.receipts import Receipts

SIZES = (0, 1, 999, 2500)
MEMORY = Path("/dev/shm")  # noqa: S108 - every step syncs the ledger: on a disk that is what the test would measure
LIVES = 5
CALLS_AN_ITEM = 12
"""Calls to an honest target that deliver one item, wherever it stood before."""


class Silence:
    """Listens, says nothing."""

    def queued(self, rows: object) -> None: ...
    def moved(self, item: object, offset: int) -> None: ...
    def settled(self, row: object) -> None: ...
    def setback(self, item: object, error: object, wait_s: float) -> None: ...


class Flaky(RuleBasedStateMachine):
    """The way to the target is bad, the agent mortal; the target itself is honest."""

    lies = FLAKY

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.school = School(Path(self._folder.name))
        self.school.day.mkdir(parents=True)
        self.school.send_to(Target(1, self.school.base), server_key="")
        text = (self.school.base / "sync.toml").read_text().replace('server_key = ""\n', "")
        (self.school.base / "sync.toml").write_text(text)
        self.told = config.load(self.school.base / "sync.toml")
        self.told.state.mkdir()
        self.liar, self.time = Liar(), Time()
        self.liar.meddle = self._meddle
        self.right: dict[str, bytes] = {}
        self.tampered: set[str] = set()
        stub = SimpleNamespace(time_ns=lambda: time.time_ns() + self.time.monotonic_ns())
        self._watching = mock.patch.object(watch, "time", stub)
        self._watching.start()

    @initialize()
    def begin(self) -> None:
        self.record(1, SIZES[-1])

    @rule(number=st.integers(1, 4), size=st.sampled_from(SIZES))
    def record(self, number: int, size: int) -> None:
        stem = f"11.02.2026_265_701020_Ким {number}"
        if f"{stem}.json" not in self.right:
            self.school.record(f"Ким {number}", noise(size, number))
            for suffix in (".wav", ".json"):
                self.right[stem + suffix] = (self.school.day / (stem + suffix)).read_bytes()

    @rule(chance=st.randoms(use_true_random=False))
    def change(self, chance: object) -> None:
        """A recording becomes another of the same size, loses its end, or is gone."""
        for path in self._some(chance):
            content = self.right[path.name]
            with suppress(FileNotFoundError):
                become = [bytes(reversed(content)), content[:-1]]
                chance.choice([path.unlink, *(partial(path.write_bytes, one) for one in become)])()  # type: ignore[attr-defined]

    @rule()
    def restore(self) -> None:
        for name, content in self.right.items():
            path = self.school.day / name
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)

    @rule()
    def forget(self) -> None:
        self.liar.forget()

    @rule(chance=st.randoms(use_true_random=False))
    def damage_a_receipt(self, chance: object) -> None:
        for path in sorted(self.told.state.glob("receipts/*"))[:1]:
            self.tampered.add(path.stem)
            chance.choice([path.unlink, partial(path.write_bytes, b"{}")])()  # type: ignore[attr-defined]

    @rule(seed=st.integers(0, 2**32))
    def work(self, seed: int) -> None:
        """A few lives of the agent, among lies, each to its end or its death."""
        chance = Random(seed)  # noqa: S311 - faults, not secrets
        for _ in range(LIVES):
            self.liar.plan(chance.choices(self.lies, k=8))
            with suppress(Fatal, Killed):
                self._live(chance.choice([None, None, None, chance.randint(0, 20)]))
                self._healed()
            self.delivered_is_proved()
        self.liar.plan([])

    def calm(self) -> None:
        """The faults cease: everything arrives, in few calls, and stays."""
        self.restore()
        before = self.liar.calls
        assert self._live() or self._live(), [(row.path, row.state, row.reason) for row in ledger.read(self.told.state)]
        assert self.liar.calls - before <= 2 * CALLS_AN_ITEM * len(self.right)
        arrived = set(self.liar.stored.values())
        assert all(content in arrived for content in self.right.values())
        settled = self.liar.calls
        assert self._live()
        assert self.liar.calls == settled, "what is delivered needs nothing more"

    @invariant()
    def delivered_is_proved(self) -> None:
        receipts = Receipts(self.told.state)
        for row in ledger.read(self.told.state):
            if row.state is ItemState.DELIVERED:
                assert row.sha256 in self.liar.ever, f"{row.path} was never there"
                assert row.sha256 in self.tampered or receipts.proves(row.sha256, row.size), row.path

    def teardown(self) -> None:
        try:
            self.calm()
            self.delivered_is_proved()
        finally:
            self._watching.stop()
            self._folder.cleanup()

    def _live(self, dies_in: int | None = None) -> bool:
        with closing(Mortal(self.told.state)) as opened:
            opened.dies_in = dies_in
            agent = Agent(
                self.told, self.liar, opened, Receipts(self.told.state),
                clock=self.time, pace=Pace(self.time, lambda low, _high: low), stop=self.time.stop(),
                listener=Silence(),
            )  # fmt: skip
            return agent.once()

    def _healed(self) -> None:
        """Damaged receipts have been asked for again, but for files that are gone."""
        self.tampered -= {row.sha256 for row in ledger.read(self.told.state) if row.present}

    def _some(self, chance: object) -> list[Path]:
        names = [name for name in sorted(self.right) if name.endswith(".wav")]
        return [self.school.day / name for name in chance.sample(names, min(len(names), 1))]  # type: ignore[attr-defined]

    def _meddle(self, path: str) -> None:
        name = path.rpartition("/")[2]
        (self.school.day / name).write_bytes(bytes(reversed(self.right[name])))


class Lying(Flaky):
    """The target itself lies as well."""

    lies = LIES


_SETTINGS = settings(deadline=None, max_examples=25, stateful_step_count=15, suppress_health_check=list(HealthCheck))
TestFlaky = Flaky.TestCase
TestFlaky.settings = _SETTINGS
TestLying = Lying.TestCase
TestLying.settings = _SETTINGS
