"""The agent in this process, against a server in memory."""

from datetime import UTC

from impostor import Impostor
from school import School, Target

from exam.clock import SystemClock
from exam.errors import ExamError
from sync import config
from sync.agent import Agent
from sync.ledger import Ledger
from sync.life import Stop
from sync.pace import Pace
from sync.plan import Item, Row
from sync.receipts import Receipts
from sync.transports.tus import Tus


class Silence:
    """Listens, says nothing, remembers the setbacks."""

    def __init__(self) -> None:
        self.setbacks: list[ExamError] = []

    def queued(self, rows: list[Row]) -> None: ...
    def moved(self, item: Item, offset: int) -> None: ...
    def settled(self, row: Row) -> None: ...
    def setback(self, item: Item, error: ExamError, wait_s: float) -> None:  # noqa: ARG002 - the protocol's
        self.setbacks.append(error)


def deliver(school: School, impostor: Impostor, **target: str) -> tuple[bool, list[Row], Silence]:
    """One `once`, without waiting between tries."""
    school.send_to(Target(impostor.port, school.base), **target)
    told = config.load(school.base / "sync.toml")
    told.state.mkdir(exist_ok=True)
    opened, silence = Ledger(told.state), Silence()
    clock = SystemClock(UTC)
    receipts = Receipts(told.state, configured_key=told.server_key, tier=told.tier)
    try:
        agent = Agent(
            told, Tus(told.address, "token"), opened, receipts,
            clock=clock, pace=Pace(clock, lambda low, _high: low), stop=Stop(), listener=silence,
        )  # fmt: skip
        complete = agent.once()
        return complete, sorted(opened.rows().values(), key=lambda row: row.path), silence
    finally:
        opened.close()
