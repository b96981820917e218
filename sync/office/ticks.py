"""The organizer's ticks on «Ход подготовки», remembered: one line each, only ever added to, below the state folder."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sync.lines import Lines
from sync.office.preparation import Tick


class Ticks:
    """Those of one exam date."""

    def __init__(self, state: Path, exam_date: date) -> None:
        self._lines: Lines[Tick] = Lines(state / "office" / f"{exam_date.isoformat()}_ticks.jsonl", Tick)

    def read(self) -> Mapping[str, Tick]:
        """The last word on each step. Raises OSError."""
        return {tick.step: tick for tick in self._lines.read()[0]}

    def add(self, tick: Tick) -> None:
        """Remember it durably. Raises OSError."""
        self._lines.append(tick)
